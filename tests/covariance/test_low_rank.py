"""Low-rank families: mixtures of probabilistic principal components and of factor analysers."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.decomposition import FactorAnalysis
from sklearn.metrics import adjusted_rand_score
from sklearn.utils.estimator_checks import parametrize_with_checks

from gaussmix import (
    AutoGaussianMixture,
    DegenerateComponentWarning,
    GaussianMixture,
    ModelFileError,
    load_model,
)
from gaussmix.cli.fit import _COVARIANCES, _LOW_RANK, _PRIORS
from gaussmix.cli.main import main
from gaussmix.core.conjugate_prior import PRIORS
from gaussmix.core.parameters import Regularization
from gaussmix.core.representation import MatrixRepresentation
from gaussmix.covariance import FAMILIES, LOW_RANK_FAMILIES, LowRankFamily
from gaussmix.covariance.low_rank import FactorAnalysisFamily, PrincipalComponentsFamily
from gaussmix.covariance.scatter import Scatters

NAMES = [family.name for family in LOW_RANK_FAMILIES]
FREE = Regularization(np.full(1, 1e-12), np.zeros(1))


def rows_with_factors(n_rows, n_features, n_factors, seed=0):
    generator = np.random.RandomState(seed)
    loadings = generator.normal(size=(n_features, n_factors))
    noise = generator.normal(size=(n_rows, n_features)) * generator.uniform(0.4, 1.5, n_features)
    return generator.normal(size=(n_rows, n_factors)) @ loadings.T + noise


def groups_with_factors(n_rows=400, n_features=12, n_factors=2, seed=0):
    generator = np.random.RandomState(seed)
    labels = np.arange(n_rows) % 3
    means = 1.5 * generator.normal(size=(3, n_features))
    loadings = generator.normal(size=(3, n_features, n_factors))
    variances = generator.uniform(0.2, 1.0, size=(3, n_features))
    factors = generator.normal(size=(n_rows, n_factors))
    X = means[labels] + np.einsum("ndq,nq->nd", loadings[labels], factors)
    return X + np.sqrt(variances[labels]) * generator.normal(size=X.shape), labels


@parametrize_with_checks([GaussianMixture(2, covariance_type="factor_analysis", max_iter=50)])
def test_an_estimator_of_low_rank_obeys_the_interface(estimator, check):
    check(estimator)


@pytest.mark.parametrize("n_features", [7, 80])
def test_a_single_component_has_the_likelihood_of_scikit_learns_factor_analysis(n_features):
    X = rows_with_factors(3 * n_features, n_features, 2)
    theirs = FactorAnalysis(2, tol=1e-12, max_iter=20000, svd_method="lapack").fit(X)
    ours = GaussianMixture(1, covariance_type="factor_analysis", n_factors=2, tol=1e-12, max_iter=5000).fit(X)
    assert ours.lower_bound_ == pytest.approx(theirs.score(X), abs=1e-6)
    assert ours.covariances_[0] == pytest.approx(theirs.get_covariance(), abs=1e-3)


@pytest.mark.parametrize(("n_rows", "n_features"), [(60, 7), (50, 90), (200, 90)])
def test_a_single_component_has_the_closed_form_of_probabilistic_principal_components(n_rows, n_features):
    X = rows_with_factors(n_rows, n_features, 3)
    values = np.linalg.eigvalsh(np.cov(X.T, bias=True))[::-1]
    noise = values[3:].mean()
    logarithms = np.log(values[:3]).sum() + (n_features - 3) * np.log(noise)
    expected = -0.5 * (n_features * (np.log(2 * np.pi) + 1) + logarithms)
    mixture = GaussianMixture(1, covariance_type="ppca", n_factors=3).fit(X)
    assert mixture.lower_bound_ == pytest.approx(expected, abs=1e-8)
    assert mixture.noise_variances_ == pytest.approx(noise)
    found = np.linalg.eigvalsh(mixture.covariances_[0])[::-1]
    assert found[:3] == pytest.approx(values[:3])


@pytest.mark.parametrize("family", [PrincipalComponentsFamily(2), FactorAnalysisFamily(2)])
@pytest.mark.parametrize(("n_rows", "n_features"), [(50, 4), (20, 100), (300, 100)])
def test_factors_covariances_and_deviance_belong_together(family, n_rows, n_features):
    X = rows_with_factors(n_rows, n_features, 2)
    S = np.cov(X.T, bias=True)
    floor = Regularization(np.full(n_features, 1e-9), np.zeros(n_features))
    found, _ = family.factors(Scatters(np.array([S, 2.0 * S])), floor)
    covariances = found.covariances()
    assert found.whitening_factors() == pytest.approx(
        MatrixRepresentation().factor(covariances), rel=1e-7, abs=1e-9
    )
    for k, scatter in enumerate((S, 2.0 * S)):
        exact = np.linalg.slogdet(covariances[k])[1] + np.trace(np.linalg.solve(covariances[k], scatter))
        # Factor analysis gives the deviance of its last turn but one.
        assert found.deviance[k] == pytest.approx(
            exact, rel=1e-2 if family.name == "factor_analysis" else 1e-9
        )
        assert found.deviance[k] >= exact - 1e-9 * abs(exact)


@pytest.mark.parametrize("name", NAMES)
def test_leading_eigenvectors_of_few_rows_are_those_of_the_matrix(name):
    X = rows_with_factors(15, 120, 2)
    S = X.T @ X
    units = np.linspace(0.5, 2.0, 120)
    values, vectors = Scatters(S[None]).leading(units[None], 4)
    expected, axes = np.linalg.eigh(S * units[:, None] * units)
    assert values[0] == pytest.approx(expected[:-5:-1])
    assert np.abs((vectors[0] * axes[:, :-5:-1]).sum(axis=0)) == pytest.approx(1.0)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("n_factors", [2, "auto"])
def test_groups_and_their_number_of_factors_are_found(name, n_factors):
    X, labels = groups_with_factors()
    mixture = GaussianMixture(3, covariance_type=name, n_factors=n_factors, random_state=0).fit(X)
    assert mixture.n_factors_ == 2
    assert adjusted_rand_score(labels, mixture.predict(X)) > 0.95
    assert np.diff(mixture.lower_bounds_).min() >= -1e-11
    assert mixture.log_likelihood_ == pytest.approx(mixture.score(X) * len(X), rel=1e-10)
    low_rank = mixture.loadings_ @ mixture.loadings_.swapaxes(1, 2)
    low_rank += mixture.noise_variances_[:, :, None] * np.eye(12)
    assert low_rank == pytest.approx(mixture.covariances_, abs=1e-9)
    full = GaussianMixture(3, random_state=0).fit(X)
    assert full.log_likelihood_ > mixture.log_likelihood_  # it contains the low-rank ones
    assert mixture.bic(X) < full.bic(X)


def test_parameters_are_counted_up_to_rotation():
    assert PrincipalComponentsFamily(3).n_parameters(2, 10) == 2 * (30 - 3 + 1)
    assert FactorAnalysisFamily(3).n_parameters(2, 10) == 2 * (30 - 3 + 10)
    # As many as a full covariance has, where noise is isotropic and there is one factor less than features.
    assert PrincipalComponentsFamily(9).n_parameters(1, 10) == 55


@pytest.mark.parametrize("name", NAMES)
def test_fewer_rows_than_features_are_an_ordinary_case(name, recwarn):
    generator = np.random.RandomState(3)
    labels = np.repeat([0, 1, 2], 12)
    X = generator.normal(size=(36, 150)) + 1.5 * generator.normal(size=(3, 150))[labels]
    mixture = GaussianMixture(3, covariance_type=name, random_state=0).fit(X)
    assert adjusted_rand_score(labels, mixture.predict(X)) == 1.0
    assert mixture.repaired_components_ == ()
    assert not recwarn.list


def test_factor_analysis_follows_the_units_of_each_feature():
    X, _ = groups_with_factors()
    scale = 10.0 ** np.arange(-6, 6)
    one, other = (
        GaussianMixture(3, covariance_type="factor_analysis", n_factors=2, random_state=0).fit(rows)
        for rows in (X, X * scale)
    )
    shift = len(X) * np.log(scale).sum()
    assert other.log_likelihood_ == pytest.approx(one.log_likelihood_ - shift, abs=1e-3)
    assert other.noise_variances_ == pytest.approx(one.noise_variances_ * scale**2, rel=1e-3)


@pytest.mark.parametrize("name", NAMES)
def test_priors_noise_and_warm_starts_go_with_low_rank(name):
    X, labels = groups_with_factors()
    settings = {"covariance_type": name, "n_factors": 2, "random_state": 0}
    with_prior = GaussianMixture(3, prior="default", **settings).fit(X)
    assert np.diff(with_prior.lower_bounds_).min() >= -1e-11
    noisy = np.concatenate([X, np.random.RandomState(0).uniform(-15, 15, size=(60, 12))])
    with_noise = GaussianMixture(3, noise=True, **settings).fit(noisy)
    assert (with_noise.predict(noisy)[400:] == -1).mean() > 0.9
    assert adjusted_rand_score(labels, with_noise.predict(noisy)[:400]) > 0.95
    mixture = GaussianMixture(3, warm_start=True, **settings).fit(X)
    before = mixture.log_likelihood_
    assert mixture.fit(X).n_iter_ <= 3
    assert mixture.log_likelihood_ >= before - 1e-6


@pytest.mark.parametrize("name", NAMES)
def test_a_model_file_keeps_the_factors(name, tmp_path):
    X, _ = groups_with_factors()
    mixture = GaussianMixture(3, covariance_type=name, random_state=0).fit(X)
    mixture.save(tmp_path / "model.json")
    loaded = load_model(tmp_path / "model.json")
    assert (loaded.predict_proba(X) == mixture.predict_proba(X)).all()
    assert loaded.n_factors == "auto"
    assert loaded.n_factors_ == mixture.n_factors_
    assert loaded.n_parameters_ == mixture.n_parameters_
    assert loaded.noise_variances_.tolist() == mixture.noise_variances_.tolist()
    products = [one.loadings_ @ one.loadings_.swapaxes(1, 2) for one in (loaded, mixture)]
    assert products[0] == pytest.approx(products[1], abs=1e-9)


@pytest.mark.parametrize(
    "damage", [('"n_factors": 2,', '"n_factors": -1,'), ('"n_factors": 2,', '"n_factors": "x",')]
)
def test_damaged_factors_in_a_model_file_are_refused(damage, tmp_path):
    X, _ = groups_with_factors()
    GaussianMixture(3, covariance_type="ppca", n_factors=2, random_state=0).fit(X).save(
        tmp_path / "model.json"
    )
    text = (tmp_path / "model.json").read_text()
    assert damage[0] in text
    (tmp_path / "model.json").write_text(text.replace(*damage))
    with pytest.raises(ModelFileError, match="damaged model file"):
        load_model(tmp_path / "model.json")


def test_what_cannot_be_is_refused_in_words():
    X, _ = groups_with_factors()
    with pytest.raises(ValueError, match="n_factors should be less than n_features"):
        GaussianMixture(2, covariance_type="ppca", n_factors=12).fit(X)
    with pytest.raises(ValueError, match="needs a number of components"):
        GaussianMixture("auto", covariance_type="ppca").fit(X)
    with pytest.raises(ValueError, match="'ppca' is none"):
        AutoGaussianMixture(covariance_types=["ppca"]).fit(X)


def test_the_command_fits_factors(tmp_path, capsys):
    X, _ = groups_with_factors()
    names = ",".join(f"f{d}" for d in range(12))
    np.savetxt(tmp_path / "rows.csv", X, delimiter=",", header=names, comments="")
    folder = tmp_path / "found"
    arguments = [
        "fit",
        str(tmp_path / "rows.csv"),
        "--covariance",
        "ppca",
        "--output",
        str(folder),
        "--no-report",
    ]
    assert main(arguments) == 2
    assert "give -k" in capsys.readouterr().err
    assert main([*arguments, "-k", "3", "--factors", "2", "--standardize"]) == 0
    model = load_model(folder)
    assert model.covariance_type == "factor_analysis"  # what it is in the data's own units
    assert model.n_factors_ == 2


def test_the_command_knows_the_names_of_families_and_priors():
    assert set(_LOW_RANK) == set(NAMES) == set(_COVARIANCES) - (set(FAMILIES) - set(NAMES))
    assert list(_PRIORS) == list(PRIORS)


@pytest.mark.parametrize("n_components", [1, 2])
@pytest.mark.parametrize("what", ["constant", "discrete"])
def test_ppca_holds_its_noise_at_the_floor_and_warns(what, n_components):
    X = rows_with_factors(60, 3, 1)
    if what == "constant":
        X[:, 2] = 7.0
    else:
        X = np.repeat(X[:3], 10, axis=0)
    with pytest.warns(DegenerateComponentWarning):
        mixture = GaussianMixture(n_components, covariance_type="ppca", random_state=0).fit(X)
    assert (mixture.noise_variances_ > 0).all()
    assert np.linalg.eigvalsh(mixture.covariances_).min() > 0


def test_a_truth_value_is_no_number_of_factors():
    with pytest.raises(ValueError, match="n_factors should be a number"):
        GaussianMixture(1, covariance_type="ppca", n_factors=True).fit(rows_with_factors(60, 3, 1))


def test_a_family_without_its_m_step_cannot_be_made():
    class Incomplete(LowRankFamily):
        def _n_noise(self, n_features):
            return 1

    with pytest.raises(TypeError, match="factors"):
        Incomplete()
