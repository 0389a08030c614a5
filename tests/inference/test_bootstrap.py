"""Bootstrap errors are those of theory and of mclust, whatever the order of components."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from mclust_inference_values import ACIDITY, ACIDITY_E, ACIDITY_ERRORS, FAITHFUL_EEE, FAITHFUL_ERRORS
from scipy.stats import multivariate_normal

from gaussmix import AutoGaussianMixture, DegenerateComponentWarning, GaussianMixture, bootstrap
from gaussmix.core.stack import MixtureStack
from gaussmix.inference import resampling
from gaussmix.inference.alignment import aligned, bhattacharyya_distances
from gaussmix.inference.refits import Problem, refit

KINDS = ("nonparametric", "weighted", "parametric")


def as_early_as_mclust(parameters, family, n_rows, log_likelihood):
    """A mixture whose refits end as soon as mclust's: with a step that gains 1e-5 of the log-likelihood."""
    model = GaussianMixture.from_parameters(**parameters, covariance_type=family)
    return model.set_params(tol=1e-5 * (1.0 + log_likelihood) / n_rows, accelerate=False)


@pytest.mark.parametrize("kind", KINDS)
def test_errors_of_one_component_are_those_of_theory(kind):
    X = np.random.RandomState(0).normal(size=(500, 2)) @ [[1.0, 0.7], [0.0, 2.0]]
    model = GaussianMixture(1).fit(X)
    errors = bootstrap(model, X, n_resamples=4000, kind=kind, random_state=0).standard_errors
    variances = np.diag(model.covariances_[0])
    np.testing.assert_allclose(errors.means[0], np.sqrt(variances / 500), rtol=0.04)
    np.testing.assert_allclose(np.diag(errors.covariances[0]), variances * np.sqrt(2 / 500), rtol=0.12)
    np.testing.assert_array_equal(errors.weights, 0.0)


@pytest.mark.parametrize("kind", KINDS)
def test_errors_are_those_of_mclust_for_acidity(kind):
    # Of a standard deviation from 999 draws the relative error is 2.2 %, of the ratio of two 3.2 %.
    model = as_early_as_mclust(ACIDITY_E, "E", 155, 186)
    found = bootstrap(model, ACIDITY, n_resamples=4000, kind=kind, random_state=0).standard_errors
    ours = [found.weights[0], *found.means[:, 0], found.covariances[0]]
    np.testing.assert_allclose(ours, ACIDITY_ERRORS[kind], rtol=0.07)


def test_percentile_intervals_are_those_of_mclust_for_acidity():
    model = as_early_as_mclust(ACIDITY_E, "E", 155, 186)
    found = bootstrap(model, ACIDITY, n_resamples=4000, random_state=0).interval("percentile")
    np.testing.assert_allclose(found.lower.means[:, 0], [4.284, 6.192], atol=0.02)
    np.testing.assert_allclose(found.upper.means[:, 0], [4.467, 6.462], atol=0.02)


def test_errors_are_those_of_mclust_for_faithful_and_larger_if_refits_run_to_their_end(faithful):
    model = as_early_as_mclust(FAITHFUL_EEE, "EEE", 272, 1126)
    early = bootstrap(model, faithful, n_resamples=2000, random_state=1).standard_errors
    for name, expected in FAITHFUL_ERRORS.items():
        np.testing.assert_allclose(getattr(early, name), expected, rtol=0.1)
    model.set_params(tol=1e-8, accelerate=True)
    full = bootstrap(model, faithful, n_resamples=2000, random_state=1).standard_errors
    assert full.weights[0] > 1.1 * early.weights[0]


def test_components_are_found_again_in_any_order(fitted):
    model, _ = fitted("VVV")
    reference = model._parameters()
    generator = np.random.RandomState(0)
    means = np.vstack([reference.means, reference.means[:1], reference.means[1:]])  # two pairs of twins
    spreads = np.concatenate([reference.covariances, 4.0 * reference.covariances])
    four = type(reference).from_covariances(reference.family, np.full(4, 0.25), means, spreads)
    orders = np.array([generator.permutation(4) for _ in range(20)])
    shuffled = MixtureStack.of([four.reordered(order) for order in orders])
    found, order = aligned(shuffled, four)
    for number in range(20):
        np.testing.assert_array_equal(found[number].means, four.means)
        np.testing.assert_array_equal(found[number].covariances, four.covariances)
        np.testing.assert_array_equal(found[number].factor, four.factor)
        np.testing.assert_array_equal(orders[number][order[number]], np.arange(4))


def test_distances_are_bhattacharyyas_whatever_the_units(fitted):
    model, _ = fitted("VVV")
    one = model._parameters()
    scale = np.array([1e-6, 1.0, 1e9])
    other = type(one).from_covariances(
        one.family, one.weights, one.means * scale, one.covariances * scale[:, None] * scale
    )
    found = bhattacharyya_distances(one, MixtureStack.of([one]))[0]
    # -log of the integral of the root of the product of both densities, by sampling from the first.
    X = np.random.RandomState(0).multivariate_normal(one.means[0], one.covariances[0], 200_000)
    first, second = (multivariate_normal(one.means[k], one.covariances[k]).logpdf(X) for k in (0, 1))
    np.testing.assert_allclose(found[0, 1], -np.log(np.exp(0.5 * (second - first)).mean()), rtol=0.02)
    np.testing.assert_allclose(np.diag(found), 0.0, atol=1e-12)
    np.testing.assert_allclose(bhattacharyya_distances(other, MixtureStack.of([other]))[0], found, rtol=1e-9)


def test_refits_from_starts_in_another_order_are_put_in_the_first(faithful):
    problem = Problem.of(GaussianMixture(3, random_state=0).fit(faithful), faithful)
    batch = resampling.RowResampling(problem.rows, np.random.RandomState(0)).draw(30)
    swapped = problem.mixture.reordered(np.array([2, 0, 1]))
    straight, turned = (
        aligned(refit(problem, batch, MixtureStack.of([start] * 30)).mixtures, problem.mixture)
        for start in (problem.mixture, swapped)
    )
    assert (turned[1] == [1, 2, 0]).all(axis=1).mean() > 0.9
    for name in ("weights", "means", "covariances"):
        np.testing.assert_allclose(getattr(straight[0], name), getattr(turned[0], name), rtol=1e-6)


def test_a_seed_gives_the_same_bits_for_any_threads_and_batches(faithful, monkeypatch):
    model = GaussianMixture(2, random_state=0).fit(faithful)
    one = bootstrap(model, faithful, n_resamples=40, random_state=7, n_jobs=1)
    monkeypatch.setattr(resampling, "BATCH_NUMBERS", 8 * 272 * 3)
    two = bootstrap(model, faithful, n_resamples=40, random_state=7, n_jobs=2)
    np.testing.assert_array_equal(one.draws.means, two.draws.means)
    np.testing.assert_array_equal(one.draws.covariances, two.draws.covariances)


def test_intervals_are_the_quantiles_that_their_names_say(faithful):
    model = GaussianMixture(2, random_state=0).fit(faithful)
    found = bootstrap(model, faithful, n_resamples=400, confidence_level=0.9, random_state=0)
    draws, estimate = found.draws.means, found.estimate.means
    low, high = np.quantile(draws, [0.05, 0.95], axis=0)
    percentile = found.interval()
    np.testing.assert_allclose(percentile.lower.means, low)
    np.testing.assert_allclose(percentile.upper.means, high)
    basic = found.interval("basic")
    np.testing.assert_allclose(basic.lower.means, 2 * estimate - high)
    normal = found.interval("normal", confidence_level=0.5)
    np.testing.assert_allclose(
        normal.upper.means - normal.lower.means, 2 * 0.67448975 * draws.std(axis=0, ddof=1)
    )
    corrected = found.interval("bias_corrected")
    share_below = (draws < estimate).mean(axis=0)
    moved_up = corrected.lower.means > low
    np.testing.assert_array_equal(moved_up[share_below != 0.5], (share_below > 0.5)[share_below != 0.5])


def test_collapsed_refits_are_counted_and_left_out():
    # Three rows hold the small component up: it is lost, or left with one or two of them, in many resamples.
    generator = np.random.RandomState(0)
    X = np.concatenate([generator.normal(0, 1, (60, 1)), [[20.0], [20.1], [20.2]]])
    model = GaussianMixture(2, random_state=0, spikes="allow").fit(X)
    with pytest.warns(DegenerateComponentWarning, match="left out"):
        found = bootstrap(model, X, n_resamples=200, random_state=0)
    assert 10 < found.n_degenerate < 190
    sound = found.draws.means[~found.degenerate]
    np.testing.assert_allclose(found.standard_errors.means, sound.std(axis=0, ddof=1))
    assert f"{found.n_degenerate} resamples are left out" in found.summary()
    assert bootstrap(model, X, n_resamples=200, kind="weighted", random_state=0).n_degenerate == 0


def test_the_table_names_every_parameter(space):
    frame = pd.DataFrame(space, columns=["a", "b\x1b[31m", "c"])
    model = GaussianMixture(2, random_state=0).fit(frame)
    found = bootstrap(model, frame, n_resamples=30, random_state=0)
    table = found.to_frame()
    assert len(table) == 2 + 6 + 2 * 6 == len(found.parameters)
    row = table[
        (table.parameter == "covariance")
        & (table.component == 1)
        & (table.feature == "c")
        & (table.other_feature == "a")
    ]
    np.testing.assert_allclose(row.estimate, model.covariances_[1][2, 0])
    np.testing.assert_allclose(row.standard_error, found.standard_errors.covariances[1, 2, 0])
    assert "\x1b" not in found.summary()
    assert "30 nonparametric bootstrap resamples, 95% percentile intervals" in repr(found)


@pytest.mark.parametrize("family", ["tied", "diag", "spherical", "VEV", "ppca"])
def test_arrays_have_the_shape_of_the_fitted_attributes(fitted, family):
    model, X = fitted(family)
    found = bootstrap(model, X, n_resamples=3, random_state=0)
    assert found.draws.covariances.shape == (3, *model.covariances_.shape)
    np.testing.assert_allclose(found.estimate.covariances, model.covariances_, rtol=1e-12)
    frame = found.to_frame("pyarrow")
    assert frame.num_rows == len(found.parameters)


def test_a_chosen_model_single_precision_and_far_units_work(space):
    chosen = AutoGaussianMixture(2, covariance_types=["EEE", "VVV"], random_state=0).fit(space)
    assert bootstrap(chosen, space, n_resamples=10, random_state=0).n_degenerate == 0
    single = space.astype(np.float32)
    model = GaussianMixture(2, random_state=0).fit(single)
    assert bootstrap(model, single, n_resamples=10, random_state=0).draws.means.dtype == np.float64
    far = space * [1e-9, 1.0, 1e9] + [0.0, 1e8, 0.0]
    near = bootstrap(GaussianMixture(2, random_state=0, tol=1e-10).fit(space), space, random_state=0)
    moved = bootstrap(GaussianMixture(2, random_state=0, tol=1e-10).fit(far), far, random_state=0)
    order = [0, 1] if abs(moved.estimate.weights[0] - near.estimate.weights[0]) < 0.01 else [1, 0]
    np.testing.assert_allclose(
        moved.standard_errors.means[order] / [1e-9, 1.0, 1e9], near.standard_errors.means, rtol=1e-3
    )


def test_progress_is_told_in_lines(faithful, capsys):
    model = GaussianMixture(2, random_state=0).fit(faithful)
    bootstrap(model, faithful, n_resamples=500, random_state=0, verbose=2)
    lines = capsys.readouterr().out.splitlines()
    assert lines == [f"resamples: {done} of 500" for done in (200, 400, 500)]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"kind": "jackknife"}, "kind should be one of nonparametric, weighted, parametric"),
        ({"n_resamples": 1}, "n_resamples should be a number from 2 on"),
        ({"confidence_level": 95}, "between 0 and 1"),
        ({"sample_weight": [-1.0] * 272}, "Negative values"),
    ],
)
def test_arguments_that_mean_nothing_are_refused(faithful, arguments, message):
    model = GaussianMixture(2, random_state=0).fit(faithful)
    with pytest.raises(ValueError, match=message):
        bootstrap(model, faithful, **arguments)


def test_a_mixture_with_noise_is_refused(faithful):
    model = GaussianMixture(2, noise=True, random_state=0).fit(faithful)
    with pytest.raises(ValueError, match="has noise beside its components"):
        bootstrap(model, faithful)


def test_other_rows_and_intervals_are_refused(faithful):
    model = GaussianMixture(2, random_state=0).fit(faithful)
    with pytest.raises(ValueError, match="features"):
        bootstrap(model, faithful[:, :1])
    with pytest.raises(ValueError, match="rows that the mixture was fitted to"):
        bootstrap(model, faithful[:1])
    with pytest.raises(ValueError, match="method should be one of"):
        bootstrap(model, faithful, n_resamples=5).interval("bca")


def test_what_is_no_mixture_is_refused():
    with pytest.raises(TypeError, match="GaussianMixture or AutoGaussianMixture of gaussmix, but is a int"):
        bootstrap(3, np.zeros((10, 2)))


def test_errors_of_covariances_are_those_of_other_units_however_small(faithful):
    unit = 2.0**-500  # whose fourth power is no double
    found = [
        bootstrap(GaussianMixture(2, random_state=0).fit(X), X, n_resamples=20, random_state=0)
        for X in (faithful, faithful * unit)
    ]
    one, other = (each.standard_errors.covariances for each in found)
    np.testing.assert_allclose(other / unit / unit, one, rtol=1e-4)
    one, other = (each.interval("normal").upper.covariances for each in found)
    np.testing.assert_allclose(other / unit / unit, one, rtol=1e-4)


def test_a_mixture_of_another_package_is_told_apart(faithful):
    from sklearn.mixture import GaussianMixture as ScikitLearnMixture

    with pytest.raises(TypeError, match="of gaussmix, but is a GaussianMixture of sklearn"):
        bootstrap(ScikitLearnMixture(2).fit(faithful), faithful)
