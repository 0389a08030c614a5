"""Missing entries get what the mixture of the complete rows says of them; all others stay as they are."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import integrate, stats
from sklearn.datasets import load_iris
from sklearn.exceptions import NotFittedError
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks

from gaussmix import GaussianMixtureImputer, GaussianMixtureRegressor, SampleWeightWarning

IRIS = load_iris(as_frame=True).data.set_axis(["sl", "sw", "pl", "pw"], axis=1)


def with_gaps(table, share=0.1, seed=0):
    return table.mask(np.random.RandomState(seed).uniform(size=table.shape) < share)


GAPS = with_gaps(IRIS)


@pytest.fixture(scope="module")
def imputer():
    return GaussianMixtureImputer(2, random_state=0).fit(GAPS)


@parametrize_with_checks([GaussianMixtureImputer(), GaussianMixtureImputer(1, strategy="sample")])
def test_scikit_learns_estimator_checks_pass_without_exception(estimator, check):
    check(estimator)


def test_entries_that_are_known_stay_to_the_last_bit(imputer):
    filled = imputer.transform(GAPS)
    known = GAPS.notna().to_numpy()
    np.testing.assert_array_equal(filled[known], GAPS.to_numpy()[known])
    assert not np.isnan(filled).any()
    assert GAPS.isna().to_numpy().sum() > 50  # what was handed in is not written to
    drawn = GaussianMixtureImputer(2, strategy="sample", random_state=0).fit(GAPS).impute_many(GAPS, 3)
    for table in drawn:
        np.testing.assert_array_equal(table[known], GAPS.to_numpy()[known])


def test_means_are_those_by_numerical_integration(imputer):
    mixture = imputer.mixture_
    parts = [
        (weight, stats.multivariate_normal(mean, covariance))
        for weight, mean, covariance in zip(
            mixture.weights_, mixture.means_, mixture.covariances_, strict=True
        )
    ]
    row = np.array([5.5, np.nan, 2.8, 0.9])

    def density(y):
        return sum(weight * part.pdf([5.5, y, 2.8, 0.9]) for weight, part in parts)

    total = integrate.quad(density, -5, 15, points=[2, 3, 4])[0]
    mean = integrate.quad(lambda y: y * density(y), -5, 15, points=[2, 3, 4])[0] / total
    frame = pd.DataFrame([row], columns=IRIS.columns)
    assert imputer.transform(frame)[0, 1] == pytest.approx(mean, rel=1e-7)


def test_one_component_fills_in_what_least_squares_predicts():
    one = GaussianMixtureImputer(1).fit(GAPS)
    complete = GAPS.dropna()
    expected = LinearRegression().fit(complete[["sl", "pw"]], complete[["sw", "pl"]])
    rows = IRIS.assign(sw=np.nan, pl=np.nan)
    np.testing.assert_allclose(one.transform(rows)[:, 1:3], expected.predict(IRIS[["sl", "pw"]]), rtol=1e-9)


def test_a_column_that_is_always_missing_gets_what_the_regressor_predicts():
    complete = IRIS.iloc[:120]
    regressor = GaussianMixtureRegressor(2, random_state=0).fit(complete[["sl", "sw", "pl"]], complete["pw"])
    imputer = GaussianMixtureImputer(2, random_state=0).fit(complete)
    found = imputer.transform(IRIS.iloc[120:].assign(pw=np.nan))[:, 3]
    np.testing.assert_array_equal(found, regressor.predict(IRIS.iloc[120:, :3]))


def test_only_complete_rows_are_fitted_to(imputer):
    complete = GAPS.dropna()
    expected = GaussianMixtureImputer(2, random_state=0).fit(complete)
    assert imputer.n_complete_ == expected.n_complete_ == len(complete)
    np.testing.assert_array_equal(imputer.mixture_.means_, expected.mixture_.means_)


def test_weights_count_rows():
    complete = GAPS.dropna()
    weights = np.random.RandomState(1).randint(0, 3, len(GAPS))
    weighted = GaussianMixtureImputer(1).fit(GAPS, sample_weight=weights)
    repeated = GaussianMixtureImputer(1).fit(GAPS.iloc[np.repeat(np.arange(len(GAPS)), weights)])
    np.testing.assert_allclose(weighted.transform(GAPS), repeated.transform(GAPS), rtol=1e-8)
    assert weighted.n_complete_ < len(complete)


def test_a_row_without_any_entry_gets_the_mean_of_the_mixture(imputer):
    empty = pd.DataFrame(np.full((1, 4), np.nan), columns=IRIS.columns)
    mixture = imputer.mixture_
    np.testing.assert_allclose(imputer.transform(empty)[0], mixture.weights_ @ mixture.means_, rtol=1e-12)


def test_it_is_nearer_to_the_truth_than_column_means(imputer):
    missing = GAPS.isna().to_numpy()
    truth = IRIS.to_numpy()[missing]
    error = np.mean((imputer.transform(GAPS)[missing] - truth) ** 2)
    of_means = np.mean((SimpleImputer().fit_transform(GAPS)[missing] - truth) ** 2)
    assert error < 0.2 * of_means


def test_draws_pass_a_two_sample_test_against_what_was_hidden():
    # The truth is a mixture, and so large a table that what is fitted is hardly different from it.
    generator = np.random.RandomState(0)
    labels = generator.uniform(size=20_000) < 0.4
    table = generator.normal(size=(20_000, 3)) @ np.array([[1, 0.5, 0.8], [0, 1, 0.2], [0, 0, 0.5]])
    table[labels] += [3, -2, 4]
    gaps = table.copy()
    gaps[:6000, 2] = np.nan
    gaps[3000:9000, 0] = np.nan
    imputer = GaussianMixtureImputer(2, strategy="sample", random_state=1).fit(gaps)
    filled = imputer.transform(gaps)
    for rows, column in ((slice(0, 6000), 2), (slice(3000, 9000), 0)):
        assert stats.ks_2samp(filled[rows, column], table[rows, column]).pvalue > 0.01
    # Together with what is known, too, where conditional means fail.
    both = slice(0, 6000)
    difference = filled[both, 2] - filled[both, 1], table[both, 2] - table[both, 1]
    assert stats.ks_2samp(*difference).pvalue > 0.01
    of_means = GaussianMixtureImputer(2, random_state=1).fit_transform(gaps)
    assert stats.ks_2samp(of_means[both, 2], table[both, 2]).pvalue < 1e-6


def test_many_imputations_vary_around_the_conditional_mean(imputer):
    tables = imputer.impute_many(GAPS, 150, random_state=0)
    assert tables.shape == (150, 150, 4)
    missing = GAPS.isna().to_numpy()
    assert (tables.std(axis=0)[missing] > 0).all()
    error = (tables.mean(axis=0) - imputer.transform(GAPS))[missing] / tables.std(axis=0)[missing]
    assert np.abs(error).max() < 5 / np.sqrt(150)
    np.testing.assert_array_equal(tables, imputer.impute_many(GAPS, 150, random_state=0))


def test_tables_differ_by_how_sure_the_parameters_are():
    generator = np.random.RandomState(0)
    x = generator.normal(size=60)
    y = 2.0 * x + generator.normal(size=60)
    imputer = GaussianMixtureImputer(1, n_jobs=1).fit(np.c_[x, y])
    at = 2.5
    many = np.c_[np.full(3000, at), np.full(3000, np.nan)]
    of_line = imputer.impute_many(many, 250, random_state=0)[:, :, 1].mean(axis=1)
    # The variance of a fitted line at a point, by the textbook, and of the mean of 3,000 draws about it.
    slope, intercept = np.polyfit(x, y, 1)
    variance = np.mean((y - slope * x - intercept) ** 2)
    expected = variance * (1 / 60 + (at - x.mean()) ** 2 / (60 * x.var()) + 1 / 3000)
    assert of_line.var(ddof=1) == pytest.approx(expected, rel=4 * np.sqrt(2 / 250))
    assert of_line.mean() == pytest.approx(slope * at + intercept, abs=4 * np.sqrt(expected / 250))


def test_weights_say_how_sure_the_parameters_are():
    generator = np.random.RandomState(1)
    rows, gap = generator.normal(size=(40, 2)), np.full((500, 2), np.nan)

    def spread(**options):
        imputer = GaussianMixtureImputer(1, n_jobs=1).fit(rows, **options)
        return imputer.impute_many(gap, 60, random_state=0).mean(axis=1).std(axis=0)[0]

    hundredfold = spread(sample_weight=np.full(40, 100.0))
    assert hundredfold < 0.5 * spread()
    with pytest.warns(SampleWeightWarning):
        shares = spread(sample_weight=np.full(40, 1 / 40))
    assert shares == pytest.approx(spread(), rel=1e-6)


def test_rules_for_combining_tables_hold_for_slopes():
    """With the same parameters for each table 83 % of these intervals by Rubin's rules hold the slope."""
    held = []
    for seed in range(120):
        generator = np.random.RandomState(seed)
        table = generator.normal(size=(60, 2))
        table[:, 1] += table[:, 0]
        table[generator.permutation(60)[:36], 1] = np.nan
        imputer = GaussianMixtureImputer(1, n_jobs=1, tol=1e-4).fit(table)
        slopes, squares = [], []
        for filled in imputer.impute_many(table, 8, random_state=seed):
            found = stats.linregress(filled[:, 0], filled[:, 1])
            slopes.append(found.slope)
            squares.append(found.stderr**2)
        between = 9 / 8 * np.var(slopes, ddof=1)
        total = np.mean(squares) + between
        degrees = 7 * (total / between) ** 2
        held.append(abs(np.mean(slopes) - 1.0) < stats.t(degrees).ppf(0.975) * np.sqrt(total))
    assert np.mean(held) > 0.95 - 2.5 * np.sqrt(0.95 * 0.05 / 120)


def test_gaps_of_one_row_are_drawn_together():
    one = GaussianMixtureImputer(1, strategy="sample", random_state=0).fit(GAPS)
    drawn = one.transform(IRIS.iloc[[0] * 20_000].assign(sl=np.nan, pl=np.nan))
    complete = GAPS.dropna()
    inputs, targets = complete[["sw", "pw"]], complete[["sl", "pl"]]
    residuals = targets - LinearRegression().fit(inputs, targets).predict(inputs)
    expected = np.corrcoef(residuals.T)[0, 1]
    assert np.corrcoef(drawn[:, [0, 2]].T)[0, 1] == pytest.approx(expected, abs=0.02)


def test_a_seed_repeats_the_draws_and_another_does_not():
    first, same, other = (
        GaussianMixtureImputer(2, strategy="sample", random_state=seed).fit(GAPS) for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(first.transform(GAPS), same.transform(GAPS))
    assert (first.transform(GAPS) != other.transform(GAPS)).any()


def test_frames_come_out_as_frames_with_names():
    imputer = GaussianMixtureImputer(1, add_indicator=True).set_output(transform="pandas")
    found = imputer.fit_transform(GAPS)
    assert found.columns.tolist() == [*IRIS.columns, *(f"missingindicator_{name}" for name in IRIS.columns)]
    assert (found.index == GAPS.index).all()
    np.testing.assert_array_equal(found.iloc[:, 4:].to_numpy(), GAPS.isna().to_numpy())
    plain = GaussianMixtureImputer(1).fit(GAPS)
    assert plain.get_feature_names_out().tolist() == IRIS.columns.tolist()
    assert plain.mixture_.feature_names_in_.tolist() == IRIS.columns.tolist()


def test_indicators_are_of_columns_with_gaps_in_the_fit():
    gaps = IRIS.copy()
    gaps.iloc[3, 1] = np.nan
    imputer = GaussianMixtureImputer(1, add_indicator=True).fit(gaps)
    found = imputer.transform(GAPS)
    assert found.shape == (150, 5)
    np.testing.assert_array_equal(found[:, 4], GAPS["sw"].isna())


def test_single_precision_stays_single():
    single = GAPS.to_numpy().astype(np.float32)
    found = GaussianMixtureImputer(1, add_indicator=True).fit(single).transform(single)
    assert found.dtype == np.float32
    double = GaussianMixtureImputer(1, add_indicator=True).fit_transform(single.astype(np.float64))
    np.testing.assert_allclose(found, double, rtol=1e-6)


def test_it_serves_at_the_head_of_a_pipeline():
    labels = load_iris().target
    model = make_pipeline(GaussianMixtureImputer(1), LinearRegression()).fit(GAPS, labels)
    assert model.score(GAPS, labels) > 0.9


def test_what_is_wrong_is_said_and_what_to_do(imputer):
    with pytest.raises(NotFittedError):
        GaussianMixtureImputer().transform(GAPS)
    with pytest.raises(ValueError, match="'strategy' parameter"):
        GaussianMixtureImputer(strategy="median").fit(GAPS)
    for count in (0, 2.5):
        with pytest.raises(ValueError, match="n_imputations should be a whole number of at least 1"):
            imputer.impute_many(GAPS, count)
    with pytest.raises(ValueError, match="infinity"):
        imputer.transform(GAPS.fillna(np.inf))
    with pytest.raises(ValueError, match="feature names"):
        imputer.transform(GAPS[["sw", "sl", "pl", "pw"]])


def test_too_few_complete_rows_are_counted_and_the_columns_with_gaps_named():
    empty = GAPS.assign(sw=np.nan)
    message = r"n_samples = 150 only 0 have no missing entry, but at least 2 .*'sw' \(150 missing\)"
    with pytest.raises(ValueError, match=message):
        GaussianMixtureImputer().fit(empty)
    with pytest.raises(ValueError, match=r"most gaps: 1 \(150 missing\)"):
        GaussianMixtureImputer().fit(empty.to_numpy())


def test_a_fit_that_fails_leaves_a_fitted_imputer_as_it_was(imputer):
    before = imputer.transform(GAPS)
    with pytest.raises(ValueError, match="only 0 have no missing entry"):
        imputer.fit(GAPS[["sl", "sw"]].assign(sw=np.nan))
    np.testing.assert_array_equal(imputer.transform(GAPS), before)


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_frames_may_say_missing_in_their_own_way(library):
    columns = {name: [None if np.isnan(v) else float(v) for v in GAPS[name]] for name in GAPS}
    frame = pd.DataFrame(columns).astype("Float64") if library == "pandas" else pl.DataFrame(columns)
    found = GaussianMixtureImputer(1).set_output(transform=library).fit_transform(frame)
    assert isinstance(found, type(frame))
    np.testing.assert_allclose(found.to_numpy(), GaussianMixtureImputer(1).fit_transform(GAPS), rtol=1e-12)
