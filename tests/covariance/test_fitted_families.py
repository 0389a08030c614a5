"""What every fitted mixture can do, it can do with any covariance family."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from scipy import stats
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_iris
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.estimator_checks import parametrize_with_checks

from gaussmix import DegenerateComponentWarning, GaussianMixture, load_model
from gaussmix.covariance import FAMILIES, MODELS
from gaussmix.data.scaling import Scaling
from gaussmix.estimators.units import in_data_units
from gaussmix.explain import summarize

IDENTIFIERS = [family.identifier for family in MODELS]
NEW = [family.identifier for family in MODELS if family.name == family.identifier]
every_model = pytest.mark.parametrize("identifier", IDENTIFIERS)


@pytest.fixture(scope="module")
def iris():
    return load_iris().data


def matrices_of(mixture):
    representation = FAMILIES[mixture.covariance_type].representation
    return representation.matrices(mixture.covariances_, *mixture.means_.shape)


@parametrize_with_checks(
    [GaussianMixture(covariance_type=name) for name in ("EII", "VEI", "EVE", "VEV", "EVV")]
)
def test_scikit_learns_estimator_checks_pass(estimator, check):
    check(estimator)


@every_model
def test_shapes_density_and_precisions(identifier, iris):
    mixture = GaussianMixture(3, covariance_type=identifier, random_state=0).fit(iris)
    letters = identifier[1:]
    expected = {"II": (3,), "EE": (3, 4, 4)}.get(letters, (3, 4) if letters[1] == "I" else (3, 4, 4))
    if identifier == "EEE":
        expected = (4, 4)
    assert mixture.covariances_.shape == mixture.precisions_.shape == expected
    matrices = matrices_of(mixture)
    density = sum(
        weight * stats.multivariate_normal(mean, matrix).pdf(iris)
        for weight, mean, matrix in zip(mixture.weights_, mixture.means_, matrices, strict=True)
    )
    np.testing.assert_allclose(np.exp(mixture.score_samples(iris)), density, rtol=1e-8)
    precisions = FAMILIES[identifier].representation.matrices(mixture.precisions_, 3, 4)
    np.testing.assert_allclose(precisions @ matrices, np.broadcast_to(np.eye(4), (3, 4, 4)), atol=1e-8)


@every_model
def test_bic_and_aic_count_the_familys_parameters(identifier, iris):
    mixture = GaussianMixture(2, covariance_type=identifier, random_state=0).fit(iris)
    n_parameters = 1 + 2 * 4 + FAMILIES[identifier].n_parameters(2, 4)
    assert mixture.n_parameters_ == n_parameters
    log_likelihood = mixture.score_samples(iris).sum()
    assert mixture.bic(iris) == pytest.approx(n_parameters * np.log(150) - 2 * log_likelihood)
    assert mixture.aic(iris) == pytest.approx(2 * n_parameters - 2 * log_likelihood)


@every_model
def test_em_climbs_and_converges(identifier, iris):
    for X in (iris, load_breast_cancer().data):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DegenerateComponentWarning)
            # On a long ridge rounding decides how many leaps are taken: EVE needs 800 to 1300 iterations.
            mixture = GaussianMixture(4, covariance_type=identifier, random_state=0, max_iter=5000).fit(X)
        assert mixture.converged_
        steps = np.diff(mixture.lower_bounds_)
        assert steps.min() >= -1e-10
        assert np.linalg.eigvalsh(matrices_of(mixture)).min() > 0


@pytest.mark.parametrize("name", ["full", "tied", "diag", "spherical"])
def test_both_names_give_the_same_bits(name, iris):
    one = GaussianMixture(3, covariance_type=name, random_state=0).fit(iris)
    other = GaussianMixture(3, covariance_type=FAMILIES[name].identifier, random_state=0).fit(iris)
    np.testing.assert_array_equal(one.covariances_, other.covariances_)
    np.testing.assert_array_equal(one.predict_proba(iris), other.predict_proba(iris))


@pytest.mark.parametrize("identifier", ["E", "V"])
def test_e_and_v_are_for_one_feature(identifier, iris):
    one = iris[:, [2]]
    mixture = GaussianMixture(2, covariance_type=identifier, random_state=0).fit(one)
    longer = GaussianMixture(2, covariance_type=identifier + "II", random_state=0).fit(one)
    np.testing.assert_array_equal(mixture.covariances_, longer.covariances_)
    assert mixture.n_parameters_ == {"E": 4, "V": 5}[identifier]
    message = rf"{identifier}' is for a single feature, but there are 4. Its counterpart .* '{identifier}II'"
    with pytest.raises(ValueError, match=message):
        GaussianMixture(2, covariance_type=identifier).fit(iris)
    with pytest.raises(ValueError, match="single feature"):
        GaussianMixture.from_parameters([1.0], [[0.0, 0.0]], [1.0], covariance_type=identifier)


@every_model
def test_in_one_dimension_a_family_is_that_of_equal_or_of_varying_variances(identifier, iris):
    how = {"random_state": 0, "tol": 1e-12, "spikes": "allow"}  # which are judged by a component's own matrix
    mixture = GaussianMixture(3, covariance_type=identifier, **how).fit(iris[:, [0]])
    plain = GaussianMixture(3, covariance_type=identifier[0], **how).fit(iris[:, [0]])
    assert mixture.n_parameters_ == plain.n_parameters_ or identifier in {"VVI", "VVV", "EEI"}
    np.testing.assert_allclose(matrices_of(mixture), matrices_of(plain), rtol=1e-4)


@every_model
def test_model_files_bring_everything_back_bit_for_bit(identifier, iris, tmp_path):
    mixture = GaussianMixture(3, covariance_type=identifier, random_state=0).fit(iris)
    mixture.save(tmp_path / "model.json")
    again = load_model(tmp_path / "model.json")
    assert again.covariance_type == identifier
    np.testing.assert_array_equal(again.score_samples(iris), mixture.score_samples(iris))
    np.testing.assert_array_equal(again.covariances_, mixture.covariances_)


@every_model
def test_draws_have_the_covariances_of_the_components(identifier, iris):
    mixture = GaussianMixture(2, covariance_type=identifier, random_state=0).fit(iris)
    rows, labels = mixture.sample(20_000, random_state=1)
    for k, matrix in enumerate(matrices_of(mixture)):
        drawn = np.cov(rows[labels == k].T)
        size = np.sqrt(np.diag(matrix))
        # Entries of a correlation matrix of n rows err by about 1 / sqrt(n).
        assert np.abs((drawn - matrix) / size / size[:, None]).max() < 6 / np.sqrt((labels == k).sum())


@every_model
def test_warm_starts_go_on_where_they_were(identifier, iris):
    # Searches and leaps do not go on where another fit ended.
    plain = {"init_params": "kmeans", "moves": None, "accelerate": False, "random_state": 0}
    mixture = GaussianMixture(3, covariance_type=identifier, warm_start=True, max_iter=3, **plain)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # three iterations a fit, on purpose
        for _ in range(20):
            mixture.fit(iris)
    whole = GaussianMixture(3, covariance_type=identifier, max_iter=60, **plain).fit(iris)
    assert mixture.lower_bound_ == pytest.approx(whole.lower_bound_, abs=1e-4)


@pytest.mark.parametrize("identifier", NEW)
def test_precisions_can_be_given_to_start_from(identifier, iris):
    mixture = GaussianMixture(2, covariance_type=identifier, random_state=0).fit(iris)
    again = GaussianMixture(
        2,
        covariance_type=identifier,
        weights_init=mixture.weights_,
        means_init=mixture.means_,
        precisions_init=mixture.precisions_,
    ).fit(iris)
    assert again.n_iter_ < 10
    assert again.lower_bound_ == pytest.approx(mixture.lower_bound_, abs=1e-5)


@pytest.mark.parametrize("identifier", NEW)
def test_a_weight_is_a_repetition(identifier, iris):
    weights = np.random.RandomState(0).randint(0, 4, size=150)
    repeated = np.repeat(iris, weights, axis=0)
    mixture = GaussianMixture(2, covariance_type=identifier, means_init=iris[[0, 100]], tol=1e-10)
    weighted = mixture.fit(iris, sample_weight=weights).predict_proba(iris)
    np.testing.assert_allclose(weighted, mixture.fit(repeated).predict_proba(iris), atol=1e-4)


@pytest.mark.parametrize("identifier", NEW)
@pytest.mark.parametrize("exponent", [-330, 330])
def test_units_from_1e_minus_100_to_1e_100_change_no_label(identifier, exponent, iris):
    mixture = GaussianMixture(3, covariance_type=identifier, random_state=0)
    labels = mixture.fit(iris).predict(iris)
    rescaled = np.ldexp(iris, exponent)
    np.testing.assert_array_equal(mixture.fit(rescaled).predict(rescaled), labels)


@pytest.mark.parametrize("identifier", ["EEI", "VEI", "EVI", "VEE", "EVV"])
def test_each_column_may_have_units_of_its_own(identifier, iris):
    scale = np.array([1e-6, 1.0, 1e3, 1e6])
    # One of the starts measures in the data's units, so EM may come to the optimum from another side.
    mixture = GaussianMixture(3, covariance_type=identifier, tol=1e-11, max_iter=2000, random_state=0)
    one, other = clone(mixture).fit(iris), clone(mixture).fit(iris * scale)
    np.testing.assert_allclose(other.predict_proba(iris * scale), one.predict_proba(iris), atol=1e-5)


@pytest.mark.parametrize("identifier", NEW)
def test_single_precision_data_give_the_same_mixture_in_single_precision(identifier, iris):
    one = GaussianMixture(3, covariance_type=identifier, random_state=0).fit(iris.astype(np.float32))
    other = GaussianMixture(3, covariance_type=identifier, random_state=0).fit(iris)
    assert one.covariances_.dtype == np.float32
    assert one.score(iris.astype(np.float32)) == pytest.approx(other.score(iris), abs=1e-4)


@pytest.mark.parametrize("identifier", NEW)
def test_a_repeated_point_and_a_constant_column_do_not_stop_a_fit(identifier):
    rng = np.random.RandomState(0)
    X = np.vstack([rng.normal(size=(50, 3)), np.full((20, 3), 9.0)])
    X = np.column_stack([X, np.full(70, 3.0)])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DegenerateComponentWarning)
        mixture = GaussianMixture(2, covariance_type=identifier, random_state=0).fit(X)
    assert np.isfinite(mixture.lower_bound_)
    # Families of equal volume give the point a wide component, which takes some of the others' rows.
    at_point = mixture.predict(X[-1:])[0]
    assert (mixture.predict(X[:50]) != at_point).sum() >= 40


@every_model
def test_a_number_as_reg_covar_is_a_least_variance_in_all_directions(identifier, iris):
    mixture = GaussianMixture(4, covariance_type=identifier, random_state=0, reg_covar=0.05).fit(iris)
    if identifier[1:] in {"EI", "VI"} and identifier not in {"EEI", "VVI"}:
        return  # added to scatter: the least variance is then that of a volume
    assert np.linalg.eigvalsh(matrices_of(mixture)).min() >= 0.05 * (1 - 1e-9)


@every_model
def test_standardised_fits_are_mapped_to_the_datas_units(identifier, iris):
    scaling = Scaling(iris.mean(axis=0), iris.std(axis=0))
    z = (iris - scaling.location) / scaling.scale
    mixture = GaussianMixture(3, covariance_type=identifier, random_state=0).fit(z)
    mapped = in_data_units(mixture, scaling)
    np.testing.assert_allclose(mapped.predict_proba(iris), mixture.predict_proba(z), atol=1e-9)
    assert mapped.score(iris) == pytest.approx(mixture.score(z) - np.log(scaling.scale).sum())


@pytest.mark.parametrize("identifier", NEW)
def test_summaries_name_the_family_and_what_it_means(identifier, iris):
    mixture = GaussianMixture(2, covariance_type=identifier, random_state=0).fit(iris)
    summary = summarize(mixture, iris)
    assert summary.covariance_identifier == identifier
    assert summary.covariance_meaning == FAMILIES[identifier].meaning
