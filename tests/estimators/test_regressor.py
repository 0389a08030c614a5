"""Gaussian mixture regression predicts what the joint density says of targets, given any of the inputs."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import integrate, stats
from sklearn.datasets import load_diabetes
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression
from sklearn.utils.estimator_checks import parametrize_with_checks

from gaussmix import (
    DependentFeaturesWarning,
    GaussianMixture,
    GaussianMixtureRegressor,
    SampleWeightWarning,
)

DIABETES = load_diabetes(as_frame=True, scaled=False)
X, Y = DIABETES.data[["bmi", "bp", "s5"]], DIABETES.target


@pytest.fixture(scope="module")
def regressor():
    return GaussianMixtureRegressor(2, random_state=0).fit(X, Y)


@pytest.fixture(scope="module")
def two_targets():
    return GaussianMixtureRegressor(2, random_state=0).fit(X[["bmi", "bp"]].to_numpy(), np.c_[Y, X["s5"]])


def joint_density(mixture, points):
    """The density of a fitted mixture, by scipy."""
    return sum(
        weight * stats.multivariate_normal(mean, covariance).pdf(points)
        for weight, mean, covariance in zip(
            mixture.weights_, mixture.means_, mixture.covariances_, strict=True
        )
    )


def by_integration(mixture, row, function, low=-500, high=1000):
    """The expectation of a function of the last feature, given the others."""
    middle = mixture.means_[:, -1].tolist()

    def integral(of):
        return integrate.quad(
            lambda y: of(y) * joint_density(mixture, [*row, y]), low, high, points=middle, epsabs=0, limit=200
        )[0]

    return integral(function) / integral(lambda y: 1.0)


@parametrize_with_checks([GaussianMixtureRegressor(), GaussianMixtureRegressor(1)])
def test_scikit_learns_estimator_checks_pass_without_exception(estimator, check):
    check(estimator)


def test_mean_and_deviation_are_those_by_numerical_integration(regressor):
    rows = X.to_numpy()[[0, 17, 100]]
    mean, std = regressor.predict(X.iloc[[0, 17, 100]], return_std=True)
    for number, row in enumerate(rows):
        expected = by_integration(regressor.mixture_, row, lambda y: y)
        variance = by_integration(regressor.mixture_, row, lambda y, m=expected: (y - m) ** 2)
        assert mean[number] == pytest.approx(expected, rel=1e-7)
        assert std[number] == pytest.approx(np.sqrt(variance), rel=1e-7)


def test_of_many_rows_interval_ends_are_quantiles_by_numerical_integration(regressor):
    many = GaussianMixtureRegressor(2, random_state=0).fit(X, Y, sample_weight=np.full(len(X), 1e7))
    row = X.to_numpy()[3]
    low, high = many.predict_interval(X.iloc[[3]], level=0.8)[0]
    for end, probability in ((low, 0.1), (high, 0.9)):
        below = integrate.quad(lambda y: joint_density(many.mixture_, [*row, y]), -500, end)[0]
        whole = integrate.quad(lambda y: joint_density(many.mixture_, [*row, y]), -500, 1000)[0]
        assert below / whole == pytest.approx(probability, abs=1e-6)
    few = regressor.predict_interval(X.iloc[[3]], level=0.8)[0]
    assert few[0] < low < high < few[1]


def test_intervals_of_one_component_are_those_of_least_squares():
    rows, targets, new = X.to_numpy()[:30], Y.to_numpy()[:30], X.to_numpy()[30:60]
    low, high = GaussianMixtureRegressor(1).fit(rows, targets).predict_interval(new, level=0.9).T
    # Draper and Smith, Applied Regression Analysis, section 3.1.
    design, others = np.c_[np.ones(30), rows], np.c_[np.ones(30), new]
    coefficients, (squares,), _, _ = np.linalg.lstsq(design, targets, rcond=None)
    leverage = np.einsum("nd,de,ne->n", others, np.linalg.inv(design.T @ design), others)
    half = stats.t(26).ppf(0.95) * np.sqrt(squares / 26 * (1 + leverage))
    np.testing.assert_allclose(low, others @ coefficients - half, rtol=1e-8)
    np.testing.assert_allclose(high, others @ coefficients + half, rtol=1e-8)


def test_intervals_know_the_rows_that_components_share():
    generator = np.random.RandomState(0)
    x = generator.normal(size=(40, 1)) + np.repeat([[0.0], [100.0]], 20, axis=0)
    y = generator.normal(size=40)

    def width(covariance_type):
        fitted = GaussianMixtureRegressor(2, covariance_type=covariance_type, random_state=0).fit(x, y)
        low, high = fitted.predict_interval(fitted.mixture_.means_[:1, :1])[0]
        return (high - low) / fitted.predict(fitted.mixture_.means_[:1, :1], return_std=True)[1][0]

    def expected(rows, lost):
        return 2 * stats.t(rows - lost).ppf(0.95) * np.sqrt((1 + 1 / 20) * rows / (rows - lost))

    assert width("full") == pytest.approx(expected(20, 2), rel=1e-6)
    assert width("tied") == pytest.approx(expected(40, 3), rel=1e-6)
    assert width("diag") == pytest.approx(expected(20, 1), rel=1e-6)
    assert width("EEI") == pytest.approx(expected(40, 2), rel=1e-6)


def test_intervals_of_weights_are_those_of_repeated_rows_and_of_proportions_those_of_the_rows():
    rows, targets, weights = X.to_numpy()[:40], Y.to_numpy()[:40], np.arange(40) % 3
    new, make = X.to_numpy()[40:50], GaussianMixtureRegressor
    weighted = make(1).fit(rows, targets, sample_weight=weights).predict_interval(new)
    repeated = make(1).fit(rows.repeat(weights, axis=0), targets.repeat(weights)).predict_interval(new)
    np.testing.assert_allclose(weighted, repeated, rtol=1e-9)
    with pytest.warns(SampleWeightWarning):
        shares = make(1).fit(rows, targets, sample_weight=np.full(40, 1 / 40)).predict_interval(new)
    np.testing.assert_allclose(shares, make(1).fit(rows, targets).predict_interval(new), rtol=1e-9)


@pytest.mark.parametrize("n_rows", [15, 25, 50, 100, 300])
@pytest.mark.parametrize("n_inputs", [1, 4])
def test_ninety_percent_intervals_of_few_rows_contain_the_truth(n_rows, n_inputs):
    covered = []
    for seed in range(60):
        generator = np.random.RandomState(seed)
        inputs = generator.normal(size=(n_rows + 500, n_inputs))
        targets = inputs.sum(axis=1) + generator.normal(size=n_rows + 500)
        fitted = GaussianMixtureRegressor(1, n_jobs=1).fit(inputs[:n_rows], targets[:n_rows])
        low, high = fitted.predict_interval(inputs[n_rows:]).T
        covered.append(np.mean((low <= targets[n_rows:]) & (targets[n_rows:] <= high)))
    assert abs(np.mean(covered) - 0.9) < 3 * np.std(covered) / np.sqrt(60)


def test_one_component_is_ordinary_least_squares():
    one = GaussianMixtureRegressor(1).fit(X, Y)
    design = np.c_[np.ones(len(X)), X]
    coefficients, *_ = np.linalg.lstsq(design, Y, rcond=None)
    np.testing.assert_allclose(one.predict(X), design @ coefficients, rtol=1e-9)
    at_zero = one.predict(pd.DataFrame(np.eye(4, 3, k=-1), columns=X.columns))
    np.testing.assert_allclose(at_zero[1:] - at_zero[0], coefficients[1:], rtol=1e-8)
    np.testing.assert_allclose(at_zero[0], coefficients[0], rtol=1e-8)
    residuals = Y - design @ coefficients
    _, std = one.predict(X, return_std=True)
    np.testing.assert_allclose(std, np.sqrt(np.mean(residuals**2)), rtol=1e-9)
    assert one.score(X, Y) == pytest.approx(LinearRegression().fit(X, Y).score(X, Y))


def test_weighted_rows_of_one_component_are_weighted_least_squares():
    weights = np.random.RandomState(0).randint(0, 4, len(X)).astype(float)
    weighted = GaussianMixtureRegressor(1).fit(X, Y, sample_weight=weights)
    expected = LinearRegression().fit(X, Y, sample_weight=weights)
    np.testing.assert_allclose(weighted.predict(X), expected.predict(X), rtol=1e-8)
    assert weighted.n_complete_ == np.count_nonzero(weights)


def test_an_unknown_input_is_integrated_out(regressor):
    known = X.copy()
    known.loc[::2, "bp"] = np.nan
    known.loc[::3, ["bmi", "s5"]] = np.nan  # every sixth row has nothing left
    found = regressor.predict(known)
    mixture = regressor.mixture_
    for number in (2, 3, 6, 1):
        inputs = known.iloc[number].to_numpy()
        kept = np.flatnonzero(~np.isnan(inputs))
        features = [*kept, 3]
        reduced = GaussianMixture.from_parameters(
            mixture.weights_, mixture.means_[:, features], mixture.covariances_[:, features][:, :, features]
        )
        expected = by_integration(reduced, inputs[kept], lambda y: y)
        assert found[number] == pytest.approx(expected, rel=1e-6)
    # One component with an input left out in every row is least squares without it.
    one = GaussianMixtureRegressor(1).fit(X, Y)
    without = X.assign(bp=np.nan)
    expected = LinearRegression().fit(X[["bmi", "s5"]], Y).predict(X[["bmi", "s5"]])
    np.testing.assert_allclose(one.predict(without), expected, rtol=1e-9)


def test_rows_with_a_missing_input_are_left_out_of_the_fit():
    gaps = X.copy()
    gaps.iloc[::5, 0] = np.nan
    complete = gaps.notna().all(axis=1)
    found = GaussianMixtureRegressor(2, random_state=0).fit(gaps, Y)
    expected = GaussianMixtureRegressor(2, random_state=0).fit(X[complete], Y[complete])
    assert found.n_complete_ == complete.sum()
    np.testing.assert_array_equal(found.predict(X), expected.predict(X))


def test_many_rows_and_few_get_the_same_predictions(regressor):
    many = np.tile(X.to_numpy(), (12, 1))
    many[::7, 1] = np.nan
    plain = GaussianMixtureRegressor(2, random_state=0).fit(X.to_numpy(), Y)
    found = plain.predict_interval(many)
    for number in (0, 1, 5000, len(many) - 1):
        np.testing.assert_allclose(found[number], plain.predict_interval(many[[number]])[0], rtol=1e-9)


def test_several_targets_have_means_and_covariances_by_integration(two_targets):
    row = X[["bmi", "bp"]].to_numpy()[10]
    grid = np.stack(np.meshgrid(np.linspace(-400, 800, 801), np.linspace(0, 10, 401), indexing="ij"), -1)
    wanted = grid.reshape(-1, 2)
    probability = joint_density(two_targets.mixture_, np.c_[np.tile(row, (len(wanted), 1)), wanted])
    probability /= probability.sum()
    expected = probability @ wanted
    covariance = (wanted - expected).T * probability @ (wanted - expected)
    mean, found = two_targets.predict([row], return_cov=True)
    np.testing.assert_allclose(mean[0], expected, rtol=1e-7)
    np.testing.assert_allclose(found[0], covariance, rtol=1e-6)
    _, std = two_targets.predict([row], return_std=True)
    np.testing.assert_allclose(std[0], np.sqrt(np.diag(covariance)), rtol=1e-6)


def test_shapes_are_those_of_the_targets(regressor, two_targets):
    assert regressor.predict(X).shape == (442,)
    assert regressor.predict(X, return_cov=True)[1].shape == (442, 1, 1)
    assert regressor.predict_interval(X).shape == (442, 2)
    assert regressor.sample_y(X, 3).shape == (442, 3)
    inputs = X[["bmi", "bp"]].to_numpy()
    assert two_targets.predict(inputs).shape == (442, 2)
    assert two_targets.predict_interval(inputs).shape == (442, 2, 2)
    assert two_targets.sample_y(inputs, 3).shape == (442, 2, 3)
    assert two_targets.score_samples(inputs, np.c_[Y, X["s5"]]).shape == (442,)
    column = GaussianMixtureRegressor(1).fit(X, np.asarray(Y)[:, None])
    assert column.predict(X).shape == (442, 1)
    # Each target by itself has the interval that it has alone.
    alone = GaussianMixtureRegressor(1).fit(inputs, Y).predict_interval(inputs)
    both = GaussianMixtureRegressor(1).fit(inputs, np.c_[Y, X["s5"]]).predict_interval(inputs)
    np.testing.assert_allclose(both[:, 0], alone, rtol=1e-9)


def test_predictive_density_is_joint_over_marginal(regressor):
    joint = regressor.mixture_.score_samples(X.assign(target=Y))
    inputs = regressor.score_samples(X)
    np.testing.assert_allclose(regressor.score_samples(X, Y), joint - inputs, rtol=1e-9)
    row = X.iloc[[5]]
    grid = np.linspace(-500, 1000, 3001)
    density = np.exp(regressor.score_samples(X.iloc[np.full(3001, 5)], grid))
    assert integrate.trapezoid(density, grid) == pytest.approx(1.0, abs=1e-9)
    assert integrate.trapezoid(density * grid, grid) == pytest.approx(regressor.predict(row)[0], rel=1e-9)


def test_draws_pass_tests_against_the_predictive_distribution(regressor):
    rows = X.iloc[[3, 200]]
    draws = regressor.sample_y(rows, 4000, random_state=0)
    for number in range(2):
        grid = np.linspace(-500, 1000, 3001)
        density = np.exp(regressor.score_samples(rows.iloc[np.full(3001, number)], grid))
        cumulative = integrate.cumulative_trapezoid(density, grid, initial=0.0)
        found = stats.kstest(draws[number], lambda y, c=cumulative, g=grid: np.interp(y, g, c))
        assert found.pvalue > 0.01
    np.testing.assert_array_equal(draws, regressor.sample_y(rows, 4000, random_state=0))
    # The seed of the regressor itself repeats draws, as it does those of a mixture.
    np.testing.assert_array_equal(regressor.sample_y(rows), regressor.sample_y(rows))


def curved(n_rows, generator):
    """A parabola with errors that grow: no Gaussian mixture, but near to one."""
    x = generator.uniform(-2, 2, n_rows)
    return x[:, None], x**2 + (0.2 + 0.2 * np.abs(x)) * generator.normal(size=n_rows)


def from_mixture(n_rows, generator):
    truth = GaussianMixture.from_parameters(
        [0.4, 0.6], [[0, 0, 0], [2, 1, 4]], [np.eye(3), [[1, 0.5, 0.8], [0.5, 2, 0.5], [0.8, 0.5, 2]]]
    )
    rows, _ = truth.sample(n_rows, random_state=generator)
    return rows[:, :2], rows[:, 2]


@pytest.mark.parametrize("problem", [curved, from_mixture])
def test_ninety_percent_intervals_contain_the_truth_88_to_92_percent_of_the_time(problem):
    covered = []
    for seed in range(4):
        generator = np.random.RandomState(seed)
        fitted = GaussianMixtureRegressor(random_state=0).fit(*problem(1000, generator))
        inputs, truth = problem(4000, generator)
        low, high = fitted.predict_interval(inputs, level=0.9).T
        covered.append(np.mean((low <= truth) & (truth <= high)))
    assert 0.88 <= np.mean(covered) <= 0.92


def test_curves_and_growing_errors_are_seen():
    generator = np.random.RandomState(0)
    fitted = GaussianMixtureRegressor(random_state=0).fit(*curved(2000, generator))
    inputs, truth = curved(2000, generator)
    assert fitted.score(inputs, truth) > LinearRegression().fit(inputs, truth).score(inputs, truth) + 0.8
    mean, std = fitted.predict([[0.0], [1.8]], return_std=True)
    assert mean == pytest.approx([0.0, 3.24], abs=0.15)
    assert std == pytest.approx([0.2, 0.56], rel=0.25)


def test_units_of_inputs_and_targets_do_not_matter():
    scale = np.array([1e-100, 1e100, 1e5])
    # Powers of ten round, so the fit is not the same to the last bit.
    plain = GaussianMixtureRegressor(2, random_state=0).fit(X.to_numpy(), Y)
    scaled = GaussianMixtureRegressor(2, random_state=0).fit(X.to_numpy() * scale, Y * 1e-30)
    found = scaled.predict_interval(X.to_numpy() * scale)
    np.testing.assert_allclose(found, plain.predict_interval(X.to_numpy()) * 1e-30, rtol=1e-4)


def test_the_mixture_knows_the_names_of_inputs_and_targets(regressor):
    assert regressor.mixture_.feature_names_in_.tolist() == ["bmi", "bp", "s5", "target"]
    nameless = GaussianMixtureRegressor(1).fit(X, np.asarray(Y))
    assert nameless.mixture_.feature_names_in_.tolist() == ["bmi", "bp", "s5", "y"]
    several = GaussianMixtureRegressor(1).fit(X, np.c_[Y, Y + X["bmi"] ** 2])
    assert several.mixture_.feature_names_in_.tolist() == ["bmi", "bp", "s5", "y0", "y1"]
    framed = GaussianMixtureRegressor(1).fit(X[["bmi"]], X[["bp", "s5"]])
    assert framed.mixture_.feature_names_in_.tolist() == ["bmi", "bp", "s5"]
    assert not hasattr(GaussianMixtureRegressor(1).fit(X.to_numpy(), Y).mixture_, "feature_names_in_")


def test_the_number_of_components_is_chosen_by_bic_unless_given():
    chosen = GaussianMixtureRegressor(random_state=0).fit(X, Y)
    expected = GaussianMixture("auto", random_state=0).fit(np.c_[X, Y])
    assert len(chosen.mixture_.weights_) == len(expected.weights_)
    np.testing.assert_array_equal(chosen.mixture_.means_, expected.means_)


def test_what_is_wrong_is_said_and_what_to_do(regressor):
    with pytest.raises(NotFittedError):
        GaussianMixtureRegressor().predict(X)
    with pytest.raises(ValueError, match="ask for one of them"):
        regressor.predict(X, return_std=True, return_cov=True)
    for level in (0.0, 1.0, 90, "90 %"):
        with pytest.raises(ValueError, match="level should be a probability between 0 and 1"):
            regressor.predict_interval(X, level=level)
    for count in (0, 1.5):
        with pytest.raises(ValueError, match="n_samples should be a whole number of at least 1"):
            regressor.sample_y(X, count)
    with pytest.raises(ValueError, match="y has 2 targets, but the fit had 1"):
        regressor.score_samples(X, np.c_[Y, Y])
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        regressor.score_samples(X, Y[:-1])
    with pytest.raises(ValueError, match="Input y contains NaN"):
        GaussianMixtureRegressor().fit(X, np.where(Y > 100, np.nan, Y))
    with pytest.raises(ValueError, match="infinity"):
        regressor.predict(X.replace(X.iloc[0, 0], np.inf))
    with pytest.raises(ValueError, match="n_components"):
        GaussianMixtureRegressor(0).fit(X, Y)


def test_too_few_complete_rows_are_counted_and_the_columns_with_gaps_named():
    gaps = X.copy()
    gaps.iloc[2:, 1] = np.nan
    gaps.iloc[:7, 2] = np.nan
    gaps.iloc[0, 2] = 4.0
    message = r"n_samples = 442 only 1 has no missing entry, but at least 3 .*'bp' \(440 missing\), 's5' \(6 "
    with pytest.raises(ValueError, match=message):
        GaussianMixtureRegressor(3).fit(gaps, Y)
    with pytest.raises(ValueError, match=r"only 1 has .* and a positive weight, but at least 2 .*Take more"):
        GaussianMixtureRegressor(1).fit(X[:3], Y[:3], sample_weight=[1, 0, 0])


@pytest.mark.parametrize("seed", range(20))
def test_a_constant_input_is_reported_and_does_no_harm(seed):
    # Some seeds start at the optimum, so that EM's only step is lost in rounding.
    with pytest.warns(DependentFeaturesWarning, match=" = 1. "):
        found = GaussianMixtureRegressor(1, random_state=seed).fit(X.assign(one=1.0), Y)
    expected = GaussianMixtureRegressor(1, random_state=seed).fit(X, Y)
    np.testing.assert_allclose(found.predict(X.assign(one=1.0)), expected.predict(X), rtol=1e-7)


def test_the_distribution_of_a_row_says_the_same_as_the_predictions(regressor, two_targets):
    row = X.iloc[[7]]
    distribution = regressor.predict_distribution(row)
    assert distribution.feature_names == ("target",)
    assert distribution.mean()[0] == pytest.approx(regressor.predict(row)[0])
    assert distribution.std()[0] == pytest.approx(regressor.predict(row, return_std=True)[1][0])
    assert distribution.logpdf(150.0) == pytest.approx(regressor.score_samples(row, [150.0])[0])
    inputs = X[["bmi", "bp"]].to_numpy()[7]
    both = two_targets.predict_distribution(inputs)
    assert both.feature_names is None
    np.testing.assert_allclose(both.cov(), two_targets.predict([inputs], return_cov=True)[1][0], rtol=1e-9)
    # Any part of the inputs will do.
    part = two_targets.predict_distribution([inputs[0], np.nan])
    np.testing.assert_allclose(part.mean(), two_targets.predict([[inputs[0], np.nan]])[0], rtol=1e-9)
    with pytest.raises(ValueError, match="one row, but there are 442"):
        regressor.predict_distribution(X)


def test_a_fit_that_fails_leaves_a_fitted_regressor_as_it_was():
    fitted = GaussianMixtureRegressor(2, random_state=0).fit(X, Y)
    before = fitted.predict(X)
    with pytest.raises(ValueError, match="minimum of 2"):
        fitted.fit(X[["bmi"]][:1], Y[:1])
    with pytest.raises(ValueError, match="only 0 have no missing entry"):
        fitted.fit(X[["bmi"]].assign(bmi=np.nan), Y)
    np.testing.assert_array_equal(fitted.predict(X), before)


def test_targets_with_the_name_of_an_input_have_one_of_their_own():
    frame = pd.DataFrame(X.to_numpy(), columns=["a", "y", "y_"])
    model = GaussianMixtureRegressor(2, random_state=0).fit(frame, Y.to_numpy())
    assert model.mixture_.distribution_.feature_names == ("a", "y", "y_", "y__")
    assert model.predict_distribution(frame[:1]).feature_names == ("y__",)
