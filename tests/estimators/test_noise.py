"""Noise: a component with the same density everywhere."""

from __future__ import annotations

import csv
import json
import warnings
from dataclasses import replace

import numpy as np
import pytest
from scipy.special import logsumexp
from scipy.stats import multivariate_normal
from sklearn.datasets import load_iris
from sklearn.metrics import adjusted_rand_score
from sklearn.utils.estimator_checks import parametrize_with_checks

from gaussmix import (
    AutoGaussianMixture,
    DegenerateComponentWarning,
    GaussianMixture,
    ModelFileError,
    load_model,
)
from gaussmix.backends.native import INSTRUCTION_SETS, NativeBackend
from gaussmix.backends.reference import ReferenceBackend
from gaussmix.cli.main import main
from gaussmix.core.noise import Noise, moments_beside_noise, without_noise
from gaussmix.core.parameters import MixtureParameters
from gaussmix.core.rows import Coordinates, Rows
from gaussmix.covariance import FAMILIES, MODELS


def noisy_groups(n_features=2, seed=0):
    """Two Gaussians and a fifth of uniform rows."""
    generator = np.random.default_rng(seed)
    labels = np.repeat([0, 1, -1], [200, 200, 100])
    X = generator.normal(size=(500, n_features)) + 3.0 * np.where(labels == 0, -1, 1)[:, None]
    X[labels == -1] = generator.uniform(-10, 10, size=(100, n_features))
    return X, labels


@parametrize_with_checks([GaussianMixture(2, covariance_type="spherical", noise=True, max_iter=50)])
def test_an_estimator_with_noise_obeys_the_interface(estimator, check):
    check(estimator)


@pytest.mark.parametrize("covariance_type", ["full", "tied", "diag", "spherical", "EEV"])
@pytest.mark.parametrize("n_features", [2, 6])
def test_a_fifth_of_noise_is_found_beside_two_gaussians(n_features, covariance_type):
    X, labels = noisy_groups(n_features)
    mixture = GaussianMixture(2, covariance_type=covariance_type, noise=True, random_state=0).fit(X)
    assert mixture.noise_.weight == pytest.approx(0.2, abs=0.03)
    assert adjusted_rand_score(labels, mixture.predict(X)) > (0.87 if n_features == 2 else 0.98)
    assert mixture.weights_.sum() + mixture.noise_.weight == pytest.approx(1.0)
    assert np.diff(mixture.lower_bounds_).min() >= -1e-12


def test_the_density_is_that_of_gaussians_and_a_constant():
    X, _ = noisy_groups()
    mixture = GaussianMixture(2, noise=True, random_state=0).fit(X)
    joint = [
        np.log(w) + multivariate_normal(m, S).logpdf(X)
        for w, m, S in zip(mixture.weights_, mixture.means_, mixture.covariances_, strict=True)
    ]
    joint.append(np.full(len(X), np.log(mixture.noise_.weight) - mixture.noise_.log_volume))
    expected = logsumexp(joint, axis=0)
    assert mixture.score_samples(X) == pytest.approx(expected, rel=1e-10)
    assert mixture.log_likelihood_ == pytest.approx(expected.sum(), rel=1e-10)
    assert mixture.predict_proba(X) == pytest.approx(np.exp(joint - expected).T, abs=1e-12)


def test_noise_is_the_last_column_so_that_its_label_finds_it():
    X, _ = noisy_groups()
    mixture = GaussianMixture(2, noise=True, random_state=0).fit(X)
    labels, probabilities = mixture.predict(X), mixture.predict_proba(X)
    assert set(labels) == {-1, 0, 1}
    assert probabilities.shape == (500, 3)
    assert probabilities[np.arange(500), labels] == pytest.approx(probabilities.max(axis=1))
    assert mixture.assign(X).probability == pytest.approx(probabilities.max(axis=1))
    assert len(mixture.get_feature_names_out()) == 3


def test_the_parameters_of_a_converged_fit_are_weighted_moments():
    X, _ = noisy_groups()
    mixture = GaussianMixture(2, noise=True, random_state=0, tol=1e-13).fit(X)
    probabilities = mixture.predict_proba(X)
    assert mixture.noise_.weight == pytest.approx(probabilities[:, 2].mean(), abs=1e-5)
    assert mixture.weights_ == pytest.approx(probabilities[:, :2].mean(axis=0), abs=1e-5)
    means = (probabilities[:, :2].T @ X) / probabilities[:, :2].sum(axis=0)[:, None]
    assert mixture.means_ == pytest.approx(means, abs=1e-4)


def test_the_volume_is_that_of_the_smaller_box():
    generator = np.random.default_rng(0)
    X = generator.uniform(-1, 1, size=(2000, 2)) @ np.diag([5.0, 0.5])
    turned = X @ (np.array([[1.0, -1.0], [1.0, 1.0]]) / np.sqrt(2.0))
    along, across = (GaussianMixture(1, noise=True).fit(rows).noise_.log_volume for rows in (X, turned))
    assert along == pytest.approx(np.log(np.ptp(X, axis=0).prod()), abs=0.01)
    assert across == pytest.approx(along, abs=0.06)


def test_a_volume_can_be_given_and_counts():
    X, _ = noisy_groups()
    mixture = GaussianMixture(2, noise=400.0, random_state=0).fit(X)
    assert mixture.noise_.log_volume == pytest.approx(np.log(400.0))
    assert GaussianMixture(2, noise=1e30, random_state=0).fit(X).noise_.weight < 1e-3


def test_units_offsets_and_repetitions_change_no_label():
    X, _ = noisy_groups()
    one = GaussianMixture(2, noise=True, random_state=0).fit(X)
    moved = X * [1e-4, 1e9] + [1e3, -4.0]
    other = GaussianMixture(2, noise=True, random_state=0).fit(moved)
    assert (one.predict(X) == other.predict(moved)).all()
    weighted = GaussianMixture(2, noise=True, means_init=one.means_).fit(X, sample_weight=np.full(500, 2.0))
    twice = np.repeat(X, 2, axis=0)
    repeated = GaussianMixture(2, noise=True, means_init=one.means_).fit(twice)
    assert weighted.noise_.weight == pytest.approx(repeated.noise_.weight, rel=1e-6)
    assert weighted.log_likelihood_ == pytest.approx(repeated.log_likelihood_, rel=1e-9)


def test_without_noise_in_the_data_hardly_any_is_found():
    X = load_iris().data
    mixture = GaussianMixture(2, noise=True, random_state=0).fit(X)
    assert mixture.noise_.weight < 0.05


def test_criteria_count_two_parameters_more_as_mclust_does():
    X, _ = noisy_groups()
    plain, noisy = (GaussianMixture(2, noise=noise, random_state=0).fit(X) for noise in (False, True))
    assert noisy.n_parameters_ == plain.n_parameters_ + 2
    assert noisy.bic(X) == pytest.approx(
        -2 * noisy.log_likelihood_ + noisy.n_parameters_ * np.log(500), rel=1e-10
    )
    assert noisy.bic(X) < plain.bic(X)
    assert plain.noise_ is None
    assert plain.predict_proba(X).shape == (500, 2)


def test_drawn_noise_lies_between_the_bounds_of_the_data():
    X, _ = noisy_groups()
    mixture = GaussianMixture(2, noise=True, random_state=0).fit(X)
    drawn, labels = mixture.sample(4000)
    assert (labels == -1).mean() == pytest.approx(mixture.noise_.weight, abs=0.03)
    noise = drawn[labels == -1]
    assert (noise >= X.min(axis=0)).all()
    assert (noise <= X.max(axis=0)).all()
    assert (labels == np.concatenate([np.sort(labels[labels >= 0]), labels[labels < 0]])).all()


def test_a_model_file_keeps_the_noise(tmp_path):
    X, _ = noisy_groups()
    mixture = GaussianMixture(2, noise=True, random_state=0).fit(X)
    mixture.save(tmp_path / "model.json")
    loaded = load_model(tmp_path / "model.json")
    assert (loaded.predict_proba(X) == mixture.predict_proba(X)).all()
    assert loaded.noise is True
    assert loaded.noise_.lower.tolist() == mixture.noise_.lower.tolist()
    assert loaded.set_params(warm_start=True).fit(X).n_iter_ <= 2


@pytest.mark.parametrize("damage", [('"weight": 0', '"weight": 7'), ('"lower": [', '"lower": [1,')])
def test_damaged_noise_in_a_model_file_is_refused(damage, tmp_path):
    X, _ = noisy_groups()
    GaussianMixture(2, noise=True, random_state=0).fit(X).save(tmp_path / "model.json")
    text = (tmp_path / "model.json").read_text()
    assert damage[0] in text
    (tmp_path / "model.json").write_text(text.replace(*damage))
    with pytest.raises(ModelFileError, match="damaged model file"):
        load_model(tmp_path / "model.json")


def test_a_warm_start_goes_on_with_the_noise_that_was_found():
    X, _ = noisy_groups()
    mixture = GaussianMixture(2, noise=True, random_state=0, warm_start=True).fit(X)
    before = mixture.log_likelihood_
    assert mixture.fit(X).n_iter_ <= 2
    assert mixture.log_likelihood_ == pytest.approx(before, abs=1e-4)


def test_the_components_alone_are_a_mixture():
    X, _ = noisy_groups()
    mixture = GaussianMixture(2, noise=True, random_state=0).fit(X)
    alone = mixture.without_noise()
    assert alone.weights_.sum() == pytest.approx(1.0)
    assert alone.predict_proba(X).shape == (500, 2)
    assert mixture.noise_ is not None


def test_noise_is_compared_where_the_number_of_components_is_chosen():
    generator = np.random.default_rng(0)
    X = np.concatenate([generator.normal(size=(150, 2)), generator.normal(size=(150, 2)) + 8.0])
    X = np.concatenate([X, generator.uniform(-20, 30, size=(40, 2))])
    with_noise, without = GaussianMixture("auto").fit(X), GaussianMixture("auto", noise=False).fit(X)
    assert (with_noise.n_components_, without.noise_) == (2, None)
    assert 0.05 < with_noise.noise_.weight < 0.2
    assert GaussianMixture(2).fit(X).noise_ is None


@pytest.mark.parametrize("instruction_set", INSTRUCTION_SETS)
@pytest.mark.parametrize("n_features", [1, 3, 9, 40])
@pytest.mark.parametrize("identifier", ["VII", "VVI", "EEE", "VVV"])
def test_every_kernel_evaluates_noise_as_the_reference_does(identifier, n_features, instruction_set):
    generator = np.random.RandomState(n_features)
    family = FAMILIES[identifier]
    Z = generator.normal(size=(700, n_features))
    Z[:100] *= 30.0
    shape = family.representation.shape(3, n_features)
    factor = np.ones(shape)
    if identifier in ("EEE", "VVV"):
        factor = np.broadcast_to(np.eye(n_features), shape).copy()
    parameters = MixtureParameters.from_factor(
        family, np.array([0.3, 0.3, 0.2]), generator.normal(size=(3, n_features)), factor
    )
    density = Noise(0.2, -n_features * 2.5).beside(parameters.density())
    rows = Rows(Z, Coordinates.identity(n_features))
    moments = moments_beside_noise(family.moments)
    found, expected = (
        without_noise(backend.expect(rows, density, moments), family.moments)
        for backend in (NativeBackend(instruction_set=instruction_set), ReferenceBackend())
    )
    assert found.noise == pytest.approx(expected.noise, rel=1e-11)
    assert found.log_likelihood == pytest.approx(expected.log_likelihood, rel=1e-11)
    assert found.counts == pytest.approx(expected.counts, rel=1e-11)
    assert found.second == pytest.approx(expected.second, rel=1e-9, abs=1e-9)


def test_all_families_can_have_noise():
    X, _ = noisy_groups(3)
    for family in MODELS:
        mixture = GaussianMixture(
            2, covariance_type=family.identifier, noise=True, means_init=[[-3] * 3, [3] * 3]
        )
        assert mixture.fit(X).noise_.weight == pytest.approx(0.2, abs=0.03), family.identifier


def test_the_command_labels_noise_and_describes_the_rest(tmp_path, capsys):
    X, _ = noisy_groups()
    np.savetxt(tmp_path / "rows.csv", X, delimiter=",", header="a,b", comments="")
    folder = tmp_path / "found"
    arguments = [
        "fit",
        str(tmp_path / "rows.csv"),
        "-k",
        "2",
        "--noise",
        "--output",
        str(folder),
        "--no-report",
    ]
    assert main(arguments) == 0
    assert "are noise" in capsys.readouterr().out
    with open(folder / "labels.csv", newline="") as file:
        labels = [int(row[1]) for row in list(csv.reader(file))[1:]]
    assert len(labels) == 500
    assert 60 < labels.count(-1) < 130


@pytest.mark.parametrize("covariance_type", ["full", "tied", "diag", "EEV", "VEI", "factor_analysis", "ppca"])
def test_a_constant_column_hardly_changes_the_noise(covariance_type):
    X, _ = noisy_groups()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DegenerateComponentWarning)
        for value in (0.0, 7.0):
            beside = np.column_stack([X, np.full(len(X), value)])
            plain, other = (
                GaussianMixture(2, covariance_type=covariance_type, noise=True, random_state=0).fit(rows)
                for rows in (X, beside)
            )
            assert other.noise_.weight == pytest.approx(plain.noise_.weight, abs=0.02)


@pytest.mark.parametrize("covariance_type", ["full", "tied", "diag", "spherical", "EEV", "factor_analysis"])
@pytest.mark.parametrize("jitter", [0.0, 1e-9])
def test_collinear_features_do_not_turn_every_row_into_noise(covariance_type, jitter):
    X, _ = noisy_groups()
    sums = X.sum(axis=1) + jitter * np.random.default_rng(0).normal(size=len(X))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DegenerateComponentWarning)
        mixture = GaussianMixture(2, covariance_type=covariance_type, noise=True, random_state=0).fit(
            np.column_stack([X, sums])
        )
    assert mixture.noise_.weight == pytest.approx(0.2, abs=0.03)


def test_every_model_with_noise_that_is_saved_can_be_loaded(tmp_path):
    for seed in range(60):
        X = np.random.default_rng(seed).normal(size=(60, 2))
        mixture = GaussianMixture(1, noise=True, random_state=0).fit(X)
        if mixture.weights_[0] / (1.0 - mixture.noise_.weight) > 1.0:  # by rounding
            break
    assert mixture.weights_[0] / (1.0 - mixture.noise_.weight) > 1.0
    mixture.save(tmp_path / "model.json")
    assert (load_model(tmp_path / "model.json").predict_proba(X) == mixture.predict_proba(X)).all()


def test_weights_that_do_not_sum_to_one_with_noise_are_refused(tmp_path):
    X, _ = noisy_groups()
    mixture = GaussianMixture(2, noise=True, random_state=0).fit(X)
    mixture.noise_ = replace(mixture.noise_, weight=mixture.noise_.weight + 0.1)
    mixture.save(tmp_path / "model.json")
    with pytest.raises(ModelFileError, match=r"sum to 1\.1, not to 1"):
        load_model(tmp_path / "model.json")


def test_a_one_that_could_mean_true_is_refused():
    X, _ = noisy_groups()
    with pytest.raises(ValueError, match=r"pass True .* or 1\.0"):
        GaussianMixture(2, noise=1).fit(X)
    with pytest.raises(ValueError, match=r"pass True .* or 1\.0"):
        AutoGaussianMixture(noise=1).fit(X)


def test_the_command_prints_the_criteria_of_the_whole_mixture(tmp_path, capsys):
    X, _ = noisy_groups()
    np.savetxt(tmp_path / "rows.csv", X, delimiter=",", header="a,b", comments="")
    folder, rows = str(tmp_path / "found"), str(tmp_path / "rows.csv")
    assert main(["fit", rows, "-k", "2", "--noise", "--output", folder, "--no-report", "--json"]) == 0
    summary = json.loads(capsys.readouterr().out)["summary"]
    assert main(["score", folder, rows, "--json"]) == 0
    scores = json.loads(capsys.readouterr().out)
    for name in ("log_likelihood", "bic", "aic", "icl"):
        assert summary[name] == pytest.approx(scores[name], rel=1e-9)
