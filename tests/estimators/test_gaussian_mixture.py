"""What GaussianMixture promises beyond scikit-learn's class."""

from __future__ import annotations

import copy
import pickle
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.datasets import load_digits, load_iris, load_wine
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import adjusted_rand_score
from sklearn.mixture import GaussianMixture as ScikitLearnMixture
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from gaussmix import (
    DegenerateComponentWarning,
    DegenerateCovarianceError,
    DependentFeaturesWarning,
    GaussianMixture,
)

FAMILIES = ["full", "tied", "diag", "spherical"]


def clusters(seed=0, n_rows=200, n_features=3, n_components=3, distance=8.0):
    """Well separated clusters: one optimum that every sensible start finds."""
    rng = np.random.RandomState(seed)
    means = distance * np.eye(n_components, n_features)
    labels = np.arange(n_rows) % n_components
    return means[labels] + rng.normal(size=(n_rows, n_features)), labels


def overlapping(seed=0, n_rows=300, n_features=3):
    rng = np.random.RandomState(seed)
    labels = np.arange(n_rows) % 2
    return rng.normal(size=(n_rows, n_features)) + 2.5 * labels[:, None]


# --- The same as scikit-learn from the same start -----------------------------------------------------


@pytest.mark.parametrize("covariance_type", FAMILIES)
def test_from_the_same_start_the_optimum_is_scikit_learns(covariance_type):
    X = overlapping()
    start = {"weights_init": [0.5, 0.5], "means_init": X[:2], "reg_covar": 1e-6}
    shapes = {"full": (2, 3, 3), "tied": (3, 3), "diag": (2, 3), "spherical": (2,)}
    identity = np.eye(3) if covariance_type in ("full", "tied") else 1.0
    start["precisions_init"] = np.ones(shapes[covariance_type]) * identity
    ours = GaussianMixture(2, covariance_type=covariance_type, tol=1e-13, max_iter=5000, **start).fit(X)
    theirs = ScikitLearnMixture(2, covariance_type=covariance_type, tol=1e-13, max_iter=5000, **start).fit(X)
    # The likelihood is flat at its top: parameters agree to about the root of the rounding.
    np.testing.assert_allclose(ours.weights_, theirs.weights_, atol=1e-5)
    np.testing.assert_allclose(ours.means_, theirs.means_, atol=1e-5)
    np.testing.assert_allclose(ours.covariances_, theirs.covariances_, atol=1e-5)
    assert ours.lower_bound_ == pytest.approx(theirs.score(X), rel=1e-9)
    assert ours.bic(X) == pytest.approx(theirs.bic(X), rel=1e-9)
    assert ours.aic(X) == pytest.approx(theirs.aic(X), rel=1e-9)
    np.testing.assert_allclose(ours.score_samples(X), theirs.score_samples(X), atol=1e-5)
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=1e-5)
    np.testing.assert_array_equal(ours.predict(X), theirs.predict(X))


@pytest.mark.parametrize("reg_covar", [1e-6, 0.01, 0.1, 1.0])
@pytest.mark.parametrize("covariance_type", ["full", "tied"])
def test_a_number_added_to_the_diagonal_leads_where_it_leads_in_scikit_learn(covariance_type, reg_covar):
    """Such steps do not maximise the likelihood, so on the way it can fall."""
    X = StandardScaler().fit_transform(load_wine().data)
    identity = np.eye(13) if covariance_type == "tied" else np.array([np.eye(13)] * 3)
    arguments = {
        "covariance_type": covariance_type,
        "reg_covar": reg_covar,
        "weights_init": [0.2, 0.3, 0.5],
        "means_init": X[[0, 80, 170]],
        "precisions_init": identity,
        "tol": 1e-11,
        "max_iter": 5000,
    }
    ours, theirs = (estimator(3, **arguments).fit(X) for estimator in (GaussianMixture, ScikitLearnMixture))
    assert ours.converged_
    np.testing.assert_allclose(ours.means_, theirs.means_, atol=1e-5)
    np.testing.assert_allclose(ours.covariances_, theirs.covariances_, atol=1e-5)
    assert ours.lower_bound_ == pytest.approx(theirs.score(X), rel=1e-8)


@pytest.mark.parametrize("covariance_type", FAMILIES)
def test_density_is_the_weighted_sum_of_scipys(covariance_type):
    X = overlapping()
    mixture = GaussianMixture(2, covariance_type=covariance_type, random_state=0).fit(X)
    matrices = {
        "full": lambda c: c,
        "tied": lambda c: [c, c],
        "diag": lambda c: [np.diag(v) for v in c],
        "spherical": lambda c: [v * np.eye(3) for v in c],
    }[covariance_type](mixture.covariances_)
    density = sum(
        weight * stats.multivariate_normal(mean, matrix).pdf(X)
        for weight, mean, matrix in zip(mixture.weights_, mixture.means_, matrices, strict=True)
    )
    np.testing.assert_allclose(mixture.score_samples(X), np.log(density), rtol=1e-10)


# --- Invariances of a whole default fit ---------------------------------------------------------------


@pytest.mark.parametrize("covariance_type", FAMILIES)
@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 1000))
def test_the_order_of_the_rows_does_not_matter(covariance_type, seed):
    X = overlapping(seed)
    order = np.random.RandomState(seed).permutation(len(X))
    mixture = GaussianMixture(3, covariance_type=covariance_type, random_state=0, max_iter=20)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # twenty iterations, on purpose
        one, other = copy.deepcopy(mixture).fit(X), mixture.fit(X[order])
    np.testing.assert_allclose(one.means_, other.means_, rtol=1e-6, atol=1e-6)
    np.testing.assert_array_equal(one.predict(X)[order], other.predict(X[order]))


@pytest.mark.parametrize("covariance_type", FAMILIES)
@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 1000))
def test_a_weight_is_a_repetition_and_weight_zero_is_absence(covariance_type, seed):
    X = overlapping(seed, n_rows=120)
    weights = np.random.RandomState(seed).randint(0, 4, size=len(X))
    mixture = GaussianMixture(2, covariance_type=covariance_type, random_state=0, tol=1e-10)
    weighted = copy.deepcopy(mixture).fit(X, sample_weight=weights)
    repeated = mixture.fit(np.repeat(X, weights, axis=0))
    np.testing.assert_allclose(weighted.weights_, repeated.weights_, rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(weighted.means_, repeated.means_, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(weighted.covariances_, repeated.covariances_, rtol=1e-4, atol=1e-5)
    assert weighted.lower_bound_ == pytest.approx(repeated.lower_bound_, rel=1e-10)
    assert weighted.log_likelihood_ == pytest.approx(repeated.log_likelihood_, rel=1e-10)


def test_a_row_of_weight_zero_may_hold_anything_finite():
    X = overlapping()
    far = np.vstack([X, [[1e300, -1e300, 1e300]]])
    weights = np.append(np.ones(len(X)), 0.0)
    one = GaussianMixture(2, random_state=0).fit(far, sample_weight=weights)
    other = GaussianMixture(2, random_state=0).fit(X)
    # How near to the optimum EM stops is a matter of `tol`, and where exactly, of rounding.
    np.testing.assert_allclose(one.means_, other.means_, rtol=1e-6)


def test_all_weights_multiplied_by_a_number_change_nothing():
    X = overlapping()
    weights = np.random.RandomState(0).uniform(0.5, 2, len(X))
    one = GaussianMixture(2, random_state=0).fit(X, sample_weight=weights)
    other = GaussianMixture(2, random_state=0).fit(X, sample_weight=1e-3 * weights)
    np.testing.assert_allclose(one.means_, other.means_, rtol=1e-6)  # see above
    assert one.lower_bound_ == pytest.approx(other.lower_bound_, rel=1e-12)


@pytest.mark.parametrize("covariance_type", FAMILIES)
@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 1000), exponent=st.floats(-150, 150))
def test_units_from_1e_minus_150_to_1e_150_change_no_label(covariance_type, seed, exponent):
    X, _ = clusters(seed)
    scale = 10.0**exponent
    mixture = GaussianMixture(3, covariance_type=covariance_type, random_state=0)
    one, other = copy.deepcopy(mixture).fit(X), mixture.fit(X * scale)
    np.testing.assert_array_equal(one.predict(X), other.predict(X * scale))
    np.testing.assert_allclose(other.means_ / scale, one.means_, rtol=1e-6, atol=1e-6)
    # A density has the inverse units: log-densities move by D log(scale), at most 3 * 345.
    assert other.lower_bound_ + 3 * np.log(scale) == pytest.approx(one.lower_bound_, abs=1e-9)
    np.testing.assert_allclose(
        other.score_samples(X * scale) + 3 * np.log(scale), one.score_samples(X), atol=1e-6
    )


@pytest.mark.parametrize("covariance_type", ["full", "tied", "diag"])
def test_each_column_may_have_units_of_its_own(covariance_type):
    X, _ = clusters()
    scale = np.array([1e-150, 1.0, 1e150])
    one = GaussianMixture(3, covariance_type=covariance_type, random_state=0).fit(X)
    other = GaussianMixture(3, covariance_type=covariance_type, random_state=0).fit(X * scale)
    np.testing.assert_array_equal(one.predict(X), other.predict(X * scale))
    np.testing.assert_allclose(other.means_ / scale, one.means_, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("covariance_type", FAMILIES)
@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 1000), shift=st.sampled_from([1e8, -1e8, 1e6]))
def test_an_offset_of_1e8_changes_no_label(covariance_type, seed, shift):
    """The offset leaves eight digits of the data; scikit-learn raises for three of the families."""
    X, _ = clusters(seed)
    one = GaussianMixture(3, covariance_type=covariance_type, random_state=0).fit(X)
    other = GaussianMixture(3, covariance_type=covariance_type, random_state=0).fit(X + shift)
    np.testing.assert_array_equal(one.predict(X), other.predict(X + shift))
    np.testing.assert_allclose(other.covariances_, one.covariances_, rtol=1e-5, atol=1e-5)
    assert other.lower_bound_ == pytest.approx(one.lower_bound_, abs=1e-6)


@pytest.mark.parametrize("covariance_type", FAMILIES)
def test_single_precision_data_give_the_same_mixture_in_single_precision(covariance_type):
    X, _ = clusters()
    one = GaussianMixture(3, covariance_type=covariance_type, random_state=0).fit(X)
    other = GaussianMixture(3, covariance_type=covariance_type, random_state=0).fit(X.astype(np.float32))
    assert other.means_.dtype == other.covariances_.dtype == np.float32
    assert other.predict_proba(X.astype(np.float32)).dtype == np.float32
    np.testing.assert_array_equal(one.predict(X), other.predict(X.astype(np.float32)))
    np.testing.assert_allclose(other.means_, one.means_, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(other.covariances_, one.covariances_, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("covariance_type", ["diag", "spherical"])
def test_single_precision_never_makes_a_variance_by_cancellation(covariance_type):
    """scikit-learn issue 30382: 112 where the regularisation alone, 0.1, is right."""
    X = np.array([[9999.0], [0.0]], dtype=np.float32)
    mixture = GaussianMixture(2, covariance_type=covariance_type, reg_covar=0.1, random_state=0).fit(X)
    np.testing.assert_allclose(mixture.covariances_.ravel(), [0.1, 0.1], rtol=1e-6)


def test_single_precision_attributes_are_doubles_where_single_precision_cannot_hold_them():
    X = (1e-25 * clusters()[0]).astype(np.float32)
    mixture = GaussianMixture(3, random_state=0).fit(X)
    assert mixture.covariances_.dtype == np.float64
    assert (np.linalg.eigvalsh(mixture.covariances_) > 0).all()


@pytest.mark.parametrize("layout", ["fortran", "sliced", "reversed", "read-only"])
def test_any_memory_layout_gives_the_same_mixture(layout):
    X, _ = clusters()
    reference = GaussianMixture(3, random_state=0).fit(X)
    padded = np.zeros((len(X), 6))
    padded[:, ::2] = X
    view = {
        "fortran": np.asfortranarray(X),
        "sliced": padded[:, ::2],
        "reversed": X[::-1].copy()[::-1],
        "read-only": X.copy(),
    }[layout]
    view.flags.writeable = layout != "read-only"
    other = GaussianMixture(3, random_state=0).fit(view)
    np.testing.assert_array_equal(other.means_, reference.means_)
    np.testing.assert_array_equal(other.predict(view), reference.predict(X))


@pytest.mark.parametrize("covariance_type", FAMILIES)
def test_the_number_of_threads_changes_no_bit(covariance_type):
    X = np.random.RandomState(0).normal(size=(60_000, 4)) + 3 * np.arange(60_000)[:, None] % 3
    mixtures = [
        GaussianMixture(3, covariance_type=covariance_type, random_state=0, n_jobs=n_jobs).fit(X)
        for n_jobs in (1, 2, 5)
    ]
    for other in mixtures[1:]:
        np.testing.assert_array_equal(other.means_, mixtures[0].means_)
        np.testing.assert_array_equal(other.covariances_, mixtures[0].covariances_)
        assert other.lower_bounds_ == mixtures[0].lower_bounds_


# --- Starts and stops ---------------------------------------------------------------------------------


@pytest.mark.parametrize("init_params", ["kmeans", "k-means++", "random_from_data"])
def test_every_start_but_the_random_one_finds_separated_clusters(init_params):
    X, labels = clusters(n_components=3)
    mixture = GaussianMixture(3, init_params=init_params, random_state=1, n_init=5).fit(X)
    assert adjusted_rand_score(labels, mixture.predict(X)) == 1.0


def test_a_plateau_is_not_taken_for_convergence():
    """scikit-learn issue 10122: at its default tolerance EM stops far from the optimum."""
    rng = np.random.RandomState(2)
    X = np.r_[rng.normal(0, 1, (250, 1)), rng.normal(2, 1, (750, 1))]
    optimum = ScikitLearnMixture(2, random_state=0, tol=1e-12, max_iter=20_000).fit(X)
    early = ScikitLearnMixture(2, random_state=0).fit(X)
    ours = GaussianMixture(2, random_state=0).fit(X)
    assert early.score(X) < optimum.score(X) - 1e-3
    assert ours.score(X) > optimum.score(X) - 2e-5


def test_lower_bound_is_the_score_of_the_returned_parameters_even_unconverged():
    """scikit-learn's lower_bound_ is that of the parameters one step before."""
    X = overlapping()
    for max_iter in (0, 1, 3):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            mixture = GaussianMixture(3, max_iter=max_iter, random_state=0).fit(X)
        assert mixture.lower_bound_ == pytest.approx(mixture.score(X), rel=1e-13)
        assert mixture.log_likelihood_ == pytest.approx(mixture.score_samples(X).sum(), rel=1e-12)


def test_a_fit_that_did_not_converge_warns_once_where_the_user_called():
    with pytest.warns(ConvergenceWarning, match="did not converge") as caught:
        GaussianMixture(3, max_iter=2, n_init=3, random_state=0).fit(overlapping())
    assert len(caught) == 1
    assert caught[0].filename == __file__


def test_given_means_decide_which_rows_the_other_parameters_start_from():
    X, labels = clusters()
    means = np.array([X[labels == k].mean(axis=0) for k in (2, 0, 1)])
    mixture = GaussianMixture(3, means_init=means, max_iter=0).fit(X)
    np.testing.assert_allclose(mixture.means_, means, rtol=1e-12)
    np.testing.assert_array_equal(mixture.predict(X), np.array([1, 2, 0])[labels])
    np.testing.assert_allclose(mixture.covariances_[0], np.cov(X[labels == 2].T, bias=True), rtol=1e-6)


def test_arrays_given_as_a_start_are_not_changed():
    X, _ = clusters()
    means = X[:3].astype(np.float32)
    mixture = GaussianMixture(3, means_init=means, weights_init=[0.2, 0.3, 0.5]).fit(X)
    assert mixture.means_init is means
    assert mixture.weights_init == [0.2, 0.3, 0.5]


def test_warm_start_goes_on_where_the_last_fit_ended():
    X = overlapping()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        # Leaps are taken from the path of the same fit, so only plain EM goes on as if nothing had happened.
        plain = {"random_state": 0, "accelerate": False}
        whole = GaussianMixture(2, max_iter=6, **plain).fit(X)
        parts = GaussianMixture(2, max_iter=3, warm_start=True, **plain).fit(X).fit(X)
    np.testing.assert_allclose(parts.means_, whole.means_, rtol=1e-10)


# --- Collapse -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("covariance_type", FAMILIES)
def test_a_collapse_is_repaired_reported_and_warned_of_once(covariance_type):
    X = np.vstack([np.zeros((20, 2)), np.ones((20, 2))])
    with pytest.warns(DegenerateComponentWarning, match=r"component\(s\) \[0, 1\]") as caught:
        mixture = GaussianMixture(2, covariance_type=covariance_type, random_state=0).fit(X)
    assert len(caught) == 1
    assert mixture.repaired_components_ == (0, 1)
    assert adjusted_rand_score(np.arange(40) >= 20, mixture.predict(X)) == 1.0
    assert np.isfinite(mixture.lower_bound_)


def test_a_constant_column_is_named_in_the_warning():
    frame = pd.DataFrame(overlapping(), columns=["a", "b", "c"]).assign(site=7.0)
    with pytest.warns(DependentFeaturesWarning, match="site = 7"):
        mixture = GaussianMixture(2, random_state=0).fit(frame)
    plain = GaussianMixture(2, random_state=0).fit(frame[["a", "b", "c"]])
    np.testing.assert_array_equal(mixture.predict(frame), plain.predict(frame[["a", "b", "c"]]))


def test_digits_with_their_empty_pixels_fit_with_ten_components():
    X = load_digits().data
    with pytest.warns(DependentFeaturesWarning):
        mixture = GaussianMixture(10, random_state=0).fit(X)
    assert np.isfinite(mixture.lower_bound_)
    assert len(np.unique(mixture.predict(X))) == 10


def test_regularisation_of_zero_raises_scikit_learns_error_on_a_collapse():
    X = np.vstack([np.zeros((20, 2)), np.ones((20, 2))])
    with pytest.raises(DegenerateCovarianceError, match="some components have ill-defined empirical"):
        GaussianMixture(2, reg_covar=0, random_state=0).fit(X)
    with pytest.raises(ValueError, match="passing float64 data instead of float32"):
        GaussianMixture(2, reg_covar=0, random_state=0).fit(X.astype(np.float32))


def test_the_default_regularisation_does_not_depend_on_units():
    """scikit-learn issue 14398: an absolute 1e-6 swamps data in small units."""
    X, _ = clusters()
    small = GaussianMixture(3, random_state=0).fit(1e-4 * X)
    np.testing.assert_allclose(
        small.covariances_ / 1e-8,
        GaussianMixture(3, random_state=0).fit(X).covariances_,
        rtol=1e-6,
        atol=1e-6,
    )


def test_a_row_far_out_does_not_lift_the_floor_above_the_spread_of_the_others():
    X = np.append(np.random.RandomState(0).normal(size=999), 1e6)[:, None]
    with pytest.warns(DegenerateComponentWarning, match=r"component\(s\) \[1\]"):  # the row alone
        mixture = GaussianMixture(2, random_state=0).fit(X)
    assert mixture.covariances_[0] == pytest.approx(X[:-1].var(), rel=1e-6)


@pytest.mark.parametrize("distance", [1e4, 1e6])
def test_groups_far_apart_do_not_lift_the_floor_above_the_spread_within(distance):
    rng = np.random.RandomState(0)
    X = np.r_[rng.normal(0, 1, 300), rng.normal(distance, 1, 300), rng.normal(distance + 10, 1, 300)][:, None]
    mixture = GaussianMixture(3, random_state=0).fit(X)
    assert mixture.repaired_components_ == ()
    expected = [X[start : start + 300].var() for start in (0, 300, 600)]
    np.testing.assert_allclose(mixture.covariances_.ravel(), expected, rtol=0.01)


def test_identical_rows_do_not_break_a_fit():
    with pytest.warns(DegenerateComponentWarning):
        mixture = GaussianMixture(3, random_state=0).fit(np.full((30, 2), 5.0))
    np.testing.assert_allclose(mixture.weights_ @ mixture.means_, [5.0, 5.0])


# --- Methods ------------------------------------------------------------------------------------------


def test_sample_takes_a_random_state_and_draws_from_the_mixture():
    """scikit-learn issue 10539."""
    mixture = GaussianMixture.from_parameters(
        [0.3, 0.7], [[0.0, 0.0], [10.0, 5.0]], [[[2.0, 0.5], [0.5, 1.0]], [[1.0, -0.3], [-0.3, 0.5]]]
    )
    X, labels = mixture.sample(100_000, random_state=1)
    np.testing.assert_array_equal(mixture.sample(5, random_state=3)[0], mixture.sample(5, random_state=3)[0])
    assert not np.array_equal(mixture.sample(5, random_state=3)[0], mixture.sample(5, random_state=4)[0])
    # Five standard errors of a share, a mean and a covariance of some 30,000 rows.
    assert np.mean(labels == 0) == pytest.approx(0.3, abs=5 * np.sqrt(0.21 / 1e5))
    for k in range(2):
        np.testing.assert_allclose(X[labels == k].mean(axis=0), mixture.means_[k], atol=5 * 1.5 / 170)
        np.testing.assert_allclose(np.cov(X[labels == k].T), mixture.covariances_[k], atol=5 * 3 / 170)
    assert stats.kstest(X[labels == 1][:, 0], stats.norm(10, 1).cdf).pvalue > 1e-4


@pytest.mark.parametrize("covariance_type", FAMILIES)
def test_samples_of_huge_and_tiny_units_are_finite_and_of_the_right_size(covariance_type):
    X, _ = clusters()
    for scale in (1e-150, 1e150):
        drawn, _ = GaussianMixture(3, covariance_type=covariance_type).fit(X * scale).sample(1000, 0)
        np.testing.assert_allclose(drawn.std(axis=0) / scale, X.std(axis=0), rtol=0.2)


def test_icl_is_bic_with_the_doubt_about_labels_as_a_penalty():
    X = overlapping()
    mixture = GaussianMixture(2, random_state=0).fit(X)
    doubt = -np.log(mixture.predict_proba(X).max(axis=1)).sum()
    assert mixture.icl(X) == pytest.approx(mixture.bic(X) + 2 * doubt, rel=1e-12)


def test_icl_of_iris_is_mclusts_negative():
    """mclust 6: the ICL of VVV with two components is -574.019 on iris."""
    iris = load_iris().data
    mixture = GaussianMixture(2, random_state=0, n_init=5, tol=1e-9, max_iter=5000).fit(iris)
    assert mixture.icl(iris) == pytest.approx(574.019, abs=2e-3)


def test_assign_returns_label_probability_and_density_together():
    X = overlapping()
    mixture = GaussianMixture(2, random_state=0).fit(X)
    found = mixture.assign(X)
    np.testing.assert_array_equal(found.label, mixture.predict(X))
    np.testing.assert_allclose(found.probability, mixture.predict_proba(X).max(axis=1), rtol=1e-13)
    np.testing.assert_allclose(found.log_density, mixture.score_samples(X), rtol=1e-13)


def test_transform_gives_responsibilities_as_a_named_frame():
    frame = pd.DataFrame(overlapping(), columns=["a", "b", "c"])
    mixture = GaussianMixture(2, random_state=0).set_output(transform="pandas")
    found = mixture.fit_transform(frame)
    assert list(found.columns) == ["gaussianmixture0", "gaussianmixture1"]
    np.testing.assert_array_equal(found.to_numpy(), mixture.predict_proba(frame))
    assert isinstance(mixture.set_output(transform="polars").transform(frame), pl.DataFrame)


def test_pandas_and_polars_frames_give_the_mixture_of_their_values():
    X = overlapping()
    reference = GaussianMixture(2, random_state=0).fit(X)
    for frame in (pd.DataFrame(X, columns=["a", "b", "c"]), pl.DataFrame(X, schema=["a", "b", "c"])):
        mixture = GaussianMixture(2, random_state=0).fit(frame)
        np.testing.assert_array_equal(mixture.means_, reference.means_)
        assert mixture.feature_names_in_.tolist() == ["a", "b", "c"]
        with pytest.raises(ValueError, match="feature names should match"):
            mixture.predict(frame[["c", "b", "a"]])


def test_it_works_in_pipelines_and_searches_and_survives_pickling():
    X = overlapping()
    search = GridSearchCV(
        make_pipeline(StandardScaler(), GaussianMixture(random_state=0)),
        {"gaussianmixture__n_components": [1, 2], "gaussianmixture__covariance_type": FAMILIES},
        cv=3,
    ).fit(X)
    assert search.best_params_["gaussianmixture__n_components"] == 2
    again = pickle.loads(pickle.dumps(search.best_estimator_))
    np.testing.assert_array_equal(again.predict(X), search.predict(X))


def test_attributes_set_by_hand_make_a_fitted_mixture():
    """scikit-learn issue 7822: the way its users build a mixture from known parameters."""
    built = GaussianMixture(2)
    built.weights_ = np.array([0.5, 0.5])
    built.means_ = np.array([[0.0, 0.0], [5.0, 5.0]])
    built.precisions_cholesky_ = np.array([np.eye(2), 2 * np.eye(2)])
    expected = GaussianMixture.from_parameters([0.5, 0.5], built.means_, [np.eye(2), np.eye(2) / 4])
    X = np.random.RandomState(0).normal(2.5, 3, size=(50, 2))
    np.testing.assert_allclose(built.score_samples(X), expected.score_samples(X), rtol=1e-12)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([0.5, 0.4], [[0.0], [1.0]], [[[1.0]], [[1.0]]]), "should be normalized"),
        (([0.5, 0.5], [[0.0], [1.0]], [[[1.0]], [[-1.0]]]), "symmetric, positive-definite"),
        (([0.5, 0.5], [[0.0], [1.0]], [[[1.0]]]), "'full covariance' should have the shape of"),
        (([1.0], [0.0], [[[1.0]]]), "means should have the shape"),
        (([0.5, 0.5], [[0.0], [np.nan]], [[[1.0]], [[1.0]]]), "contains NaN"),
    ],
)
def test_impossible_parameters_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        GaussianMixture.from_parameters(*arguments)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([1.0, 2.0], r"sample_weight.shape == \(2,\), expected \(300,\)"),
        (-np.ones(300), "Negative values .* row 0"),
        (np.zeros(300), "at least one non-zero number"),
        (np.full(300, np.inf), "infinity"),
        (np.full(300, 1e307), r"at most 1e\+100"),
        (np.full(300, 1e-320), "larger than 1e-100"),
        (np.append(np.ones(1), np.zeros(299)), "Expected n_samples >= n_components"),
    ],
)
def test_impossible_sample_weights_are_refused(weights, message):
    with pytest.raises(ValueError, match=message):
        GaussianMixture(2).fit(overlapping(), sample_weight=weights)


@pytest.mark.parametrize("failure", ["bad values", "bad weights", "collapse", "interrupt"])
def test_a_failed_fit_leaves_a_fitted_mixture_as_it_was(failure):
    X = overlapping()
    mixture = GaussianMixture(2, random_state=0).fit(X)
    labels = mixture.predict(X)
    arguments = {
        "bad values": {"X": np.full((10, 5), np.inf)},
        "bad weights": {"X": np.ones((10, 5)), "sample_weight": -np.ones(10)},
        "collapse": {"X": np.ones((10, 5))},
        "interrupt": {"X": np.random.RandomState(0).normal(size=(50, 5))},
    }[failure]
    if failure == "collapse":
        mixture.set_params(reg_covar=0)
    if failure == "interrupt":
        mixture.set_params(random_state=InterruptingState())
    with pytest.raises(KeyboardInterrupt if failure == "interrupt" else ValueError):
        mixture.fit(**arguments)
    np.testing.assert_array_equal(mixture.predict(X), labels)
    assert mixture.n_features_in_ == 3


class InterruptingState(np.random.RandomState):
    """Ctrl-C in the middle of a start."""

    def uniform(self, *args, **kwargs):
        raise KeyboardInterrupt


def test_covariances_set_by_hand_are_what_sample_draws_from():
    """As in scikit-learn, whose users widen a fitted mixture this way."""
    mixture = GaussianMixture(2, random_state=0).fit(overlapping())
    narrow = mixture.sample(20_000, random_state=0)[0].std(axis=0)
    mixture.covariances_ = mixture.covariances_ * 100
    wide = mixture.sample(20_000, random_state=0)[0].std(axis=0)
    assert (wide > 4 * narrow).all()
    built = GaussianMixture(2)
    built.weights_, built.means_ = np.array([0.5, 0.5]), np.zeros((2, 1))
    built.covariances_ = np.full((2, 1, 1), 9.0)
    assert built.sample(20_000, random_state=0)[0].std() == pytest.approx(3.0, rel=0.03)


def test_warm_start_with_another_shape_is_refused_with_what_changed():
    X = overlapping()
    mixture = GaussianMixture(2, random_state=0, warm_start=True).fit(X)
    with pytest.raises(ValueError, match=r"2 component\(s\) in 3 feature\(s\), but now there are 3 and 3"):
        mixture.set_params(n_components=3).fit(X)
    with pytest.raises(ValueError, match="now there are 2 and 2"):
        mixture.set_params(n_components=2).fit(X[:, :2])
    with pytest.raises(ValueError, match="Fit again after changing covariance_type"):
        mixture.set_params(covariance_type="diag").fit(X)


def test_predicting_after_changing_the_covariance_type_is_refused():
    X = overlapping()
    mixture = GaussianMixture(2, random_state=0).fit(X)
    with pytest.raises(ValueError, match="Fit again after changing covariance_type"):
        mixture.set_params(covariance_type="diag").predict(X)
    with pytest.raises(ValueError, match="covariance_type should be one of full, tied, diag, spherical"):
        mixture.set_params(covariance_type="nonsense").predict(X)


@pytest.mark.parametrize("scale", [1e160, 1e-160])
def test_features_whose_variance_no_double_holds_are_named(scale):
    X = overlapping()
    X[:, 1] *= scale
    with pytest.raises(ValueError, match=r"Feature 1 has a standard deviation of .* other units"):
        GaussianMixture(2).fit(X)
