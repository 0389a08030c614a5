"""Priors on means and covariances: mclust's conventions, and shrinkage for few rows in many features."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from scipy.optimize import minimize
from sklearn.covariance import OAS
from sklearn.datasets import load_iris
from sklearn.metrics import adjusted_rand_score
from sklearn.utils.estimator_checks import parametrize_with_checks

from gaussmix import AutoGaussianMixture, ConjugatePrior, GaussianMixture, ModelFileError, load_model
from gaussmix.core.conjugate_prior import ShrinkagePrior
from gaussmix.core.em import maximise
from gaussmix.core.parameters import Regularization
from gaussmix.core.rows import Coordinates
from gaussmix.core.statistics import SufficientStatistics
from gaussmix.covariance import FAMILIES, MODELS
from gaussmix.data import read_table, select_features

MATRICES = [family.identifier for family in MODELS if len(family.representation.shape(2, 3)) != 1]
IDENTIFIERS = [family.identifier for family in MODELS]
IRIS = load_iris().data


@parametrize_with_checks([GaussianMixture(2, covariance_type="EVI", prior=ConjugatePrior(0.5))])
def test_estimators_with_priors_obey_the_interface(estimator, check):
    check(estimator)


def test_the_default_prior_of_iris_gives_the_likelihood_and_bic_of_mclust():
    mixture = GaussianMixture(2, covariance_type="VEV", prior="default", random_state=0).fit(IRIS)
    assert mixture.log_likelihood_ == pytest.approx(-225.268518, abs=1e-4)
    assert mixture.bic(IRIS) == pytest.approx(580.813554, abs=2e-4)


def test_the_default_prior_of_faithful_is_as_likely_as_mclust_stops_short_of():
    X = load_faithful()
    mixture = GaussianMixture(3, covariance_type="EEE", prior="default", random_state=0).fit(X)
    # mclust's run ends at a tolerance of 1e-5, a little way before the optimum.
    assert mixture.log_likelihood_ == pytest.approx(-1126.442710, abs=0.02)


@pytest.mark.parametrize(
    ("covariance_type", "of_iris", "of_faithful"),
    [
        ("VII", -384.47867622, -1709.58082961),
        ("VEI", -345.42859053, -1231.33362240),
        ("EVI", -342.25392007, -1231.75179532),
        ("VVI", -312.90408707, -1229.21568993),
        ("EEE", -257.73937661, -1140.26093548),
        ("EEV", -220.98822999, -1139.39684258),
        ("VEV", -198.48648144, -1134.88440825),
        ("VVV", -192.69528386, -1130.50926367),
    ],
)
def test_from_the_same_labels_em_ends_where_that_of_mclust_does(covariance_type, of_iris, of_faithful):
    """Log-likelihoods of `me` with `priorControl()`, of R's mclust 6, to a tolerance of 1e-13."""
    faithful = load_faithful()
    for X, labels, expected in (
        (IRIS, np.repeat([0, 1, 2], 50), of_iris),
        (faithful, (faithful[:, 1] > 68).astype(int), of_faithful),
    ):
        groups = [X[labels == k] for k in range(labels.max() + 1)]
        mixture = GaussianMixture(
            len(groups),
            covariance_type=covariance_type,
            prior="default",
            weights_init=[len(group) / len(X) for group in groups],
            means_init=[group.mean(axis=0) for group in groups],
            tol=1e-12,
            max_iter=20_000,
        ).fit(X)
        assert mixture.log_likelihood_ == pytest.approx(expected, abs=1e-4)


def test_the_default_scale_and_mean_of_faithful_are_those_of_mclust():
    X = load_faithful()
    sums = ConjugatePrior().sums(FAMILIES["VVV"], 2, Coordinates.identity(2), X.mean(axis=0), np.cov(X.T))
    assert sums.mean == pytest.approx([3.487783, 70.897059], abs=1e-6)
    assert sums.scatter == pytest.approx(np.array([[0.651364, 6.988904], [6.988904, 92.411656]]), abs=1e-6)
    assert sums.count == 4 + 2 + 2  # dof 4


def load_faithful():
    table = read_table("faithful")
    return select_features(table).values


@pytest.fixture
def problem():
    """Soft clusters of rows in two features, and a prior."""
    generator = np.random.RandomState(3)
    z = generator.normal(size=(40, 2)) @ np.array([[1.0, 0.6], [0.0, 0.7]])
    z[:20] += [2.0, -1.0]
    responsibilities = generator.dirichlet([1.0, 1.0], size=40)
    prior = ConjugatePrior(shrinkage=0.7, mean=[0.3, 0.4], dof=6.0)
    return z, responsibilities, prior


def expected(z, responsibilities, means, covariances):
    """Return the expected log-likelihood of rows, but for weights."""
    return sum(
        responsibilities[:, k] @ stats.multivariate_normal(means[k], covariances[k]).logpdf(z) for k in (0, 1)
    )


def of_means(prior, means, covariances):
    each = zip(means, covariances, strict=True)
    return sum(stats.multivariate_normal(prior.mean, S / prior.shrinkage).logpdf(m) for m, S in each)


def inverse_gamma(prior, variance):
    return stats.invgamma(prior.dof / 2, scale=prior.scale / 2).logpdf(variance)


def lower(entries):
    factor = np.array([[np.exp(entries[0]), 0.0], [entries[1], np.exp(entries[2])]])
    return factor @ factor.T


CASES = {
    # number of parameters of the covariances; the covariances; the logarithm of their prior density
    "EII": (1, lambda v: [np.eye(2) * np.exp(v[0])] * 2, lambda p, S: inverse_gamma(p, S[0][0, 0])),
    "VII": (
        2,
        lambda v: [np.eye(2) * np.exp(v[0]), np.eye(2) * np.exp(v[1])],
        lambda p, S: sum(inverse_gamma(p, one[0, 0]) for one in S),
    ),
    "EEI": (2, lambda v: [np.diag(np.exp(v))] * 2, lambda p, S: inverse_gamma(p, np.diag(S[0])).sum()),
    "VVI": (
        4,
        lambda v: [np.diag(np.exp(v[:2])), np.diag(np.exp(v[2:]))],
        lambda p, S: sum(inverse_gamma(p, np.diag(one)).sum() for one in S),
    ),
    "EEE": (3, lambda v: [lower(v)] * 2, lambda p, S: stats.invwishart(p.dof, p.scale).logpdf(S[0])),
    "VVV": (
        6,
        lambda v: [lower(v[:3]), lower(v[3:])],
        lambda p, S: sum(stats.invwishart(p.dof, p.scale).logpdf(one) for one in S),
    ),
}


@pytest.mark.parametrize("identifier", CASES)
def test_the_m_step_maximises_likelihood_times_prior_as_numerical_maximisation_finds_it(problem, identifier):
    z, responsibilities, prior = problem
    number, covariances_of, log_prior_of = CASES[identifier]
    family = FAMILIES[identifier]
    scale = np.array([[1.5, 0.4], [0.4, 0.8]]) if identifier in ("EEE", "VVV") else 0.9
    prior = ConjugatePrior(prior.shrinkage, prior.mean, prior.dof, scale)

    def objective(vector):
        means, covariances = vector[:4].reshape(2, 2), covariances_of(vector[4:])
        return -(
            expected(z, responsibilities, means, covariances)
            + of_means(prior, means, covariances)
            + log_prior_of(prior, covariances)
        )

    best = minimize(objective, np.zeros(4 + number), method="BFGS", options={"gtol": 1e-8})
    sums = prior.sums(family, 2, Coordinates.identity(2), z.mean(axis=0), np.cov(z.T))
    statistics = SufficientStatistics.from_responsibilities(
        z, np.zeros((2, 2)), responsibilities, family.moments
    )
    found = maximise(statistics, family, Regularization(np.zeros(2), np.zeros(2), prior=sums))
    assert found.means.ravel() == pytest.approx(best.x[:4], abs=2e-5)
    matrices = family.representation.matrices(found.covariances, 2, 2)
    assert matrices == pytest.approx(np.array(covariances_of(best.x[4:])), abs=2e-5)
    assert found.weights == pytest.approx(responsibilities.mean(axis=0))
    # And the density of the prior is the same up to a constant.
    other = maximise(statistics, family, Regularization(np.zeros(2), np.zeros(2)))
    exact = [
        of_means(prior, one.means, S) + log_prior_of(prior, S)
        for one in (found, other)
        for S in [family.representation.matrices(one.covariances, 2, 2)]
    ]
    assert sums.log_density(found) - sums.log_density(other) == pytest.approx(exact[0] - exact[1], rel=1e-9)


@pytest.mark.parametrize("prior", ["default", "shrinkage"])
@pytest.mark.parametrize("identifier", IDENTIFIERS)
def test_what_em_raises_never_falls_and_the_likelihood_is_that_of_the_data(identifier, prior):
    if prior == "shrinkage" and not ShrinkagePrior().suits(FAMILIES[identifier]):
        with pytest.raises(ValueError, match="no more than those"):
            GaussianMixture(2, covariance_type=identifier, prior=prior).fit(IRIS)
        return
    mixture = GaussianMixture(
        3, covariance_type=identifier, prior=prior, means_init=IRIS[[0, 60, 120]], max_iter=300
    ).fit(IRIS)
    assert np.diff(mixture.lower_bounds_).min() >= -1e-11
    assert mixture.log_likelihood_ == pytest.approx(mixture.score(IRIS) * len(IRIS), rel=1e-10)
    assert mixture.lower_bound_ == pytest.approx(mixture.lower_bounds_[-1], rel=1e-12)


def test_a_prior_keeps_covariances_from_collapsing_on_few_rows():
    X = np.random.RandomState(0).normal(size=(8, 3))
    mixture = GaussianMixture(4, prior="default", spikes="allow", random_state=0).fit(X)
    assert mixture.repaired_components_ == ()
    assert np.linalg.eigvalsh(mixture.covariances_).min() > 0.005


def test_units_and_offsets_change_nothing_but_the_units():
    scale, shift = np.array([1e-3, 1e6, 1.0, 2.0]), np.array([1e5, 0.0, -3.0, 1e3])
    one = GaussianMixture(3, prior="default", random_state=0).fit(IRIS)
    other = GaussianMixture(3, prior="default", random_state=0).fit(IRIS * scale + shift)
    volume = len(IRIS) * np.log(scale).sum()
    assert other.log_likelihood_ == pytest.approx(one.log_likelihood_ - volume, rel=1e-7)
    assert other.means_ == pytest.approx(one.means_ * scale + shift, rel=1e-5)


def test_weights_are_repetitions_beside_a_prior_too():
    weights = np.arange(len(IRIS)) % 3
    init = IRIS[[1, 61, 121]]
    weighted = GaussianMixture(3, prior="default", means_init=init).fit(IRIS, sample_weight=weights)
    repeated = GaussianMixture(3, prior="default", means_init=init).fit(np.repeat(IRIS, weights, axis=0))
    assert weighted.means_ == pytest.approx(repeated.means_, rel=1e-8)


def test_a_strong_prior_decides_alone():
    prior = ConjugatePrior(shrinkage=1e9, mean=[1.0, 2.0, 3.0, 4.0], dof=1e9, scale=1e9)
    mixture = GaussianMixture(2, prior=prior, random_state=0).fit(IRIS)
    assert mixture.means_ == pytest.approx(np.tile([1.0, 2.0, 3.0, 4.0], (2, 1)), abs=1e-5)
    assert mixture.covariances_ == pytest.approx(np.tile(np.eye(4), (2, 1, 1)), abs=1e-3)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"shrinkage": -1.0}, "shrinkage should be a number of zero or more"),
        ({"dof": 0.0}, "dof should be a positive number"),
        ({"mean": [np.nan]}, "mean should hold a finite number"),
        ({"scale": [[1.0, 2.0], [2.0, 1.0]]}, "positive definite"),
        ({"scale": -1.0}, "scale should be positive"),
    ],
)
def test_a_senseless_prior_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        ConjugatePrior(**arguments)


@pytest.mark.parametrize(
    ("prior", "covariance_type", "message"),
    [
        (ConjugatePrior(mean=[1.0]), "full", "mean has 1 numbers for 4 features"),
        (ConjugatePrior(scale=np.eye(3)), "full", "scale has the shape"),
        (ConjugatePrior(scale=np.eye(4)), "diag", "is a matrix"),
        (ConjugatePrior(scale=np.ones(4)), "spherical", "should be a number"),
    ],
)
def test_a_prior_that_does_not_fit_the_data_is_refused(prior, covariance_type, message):
    with pytest.raises(ValueError, match=message):
        GaussianMixture(2, prior=prior, covariance_type=covariance_type).fit(IRIS)


@pytest.mark.parametrize(
    "prior", [None, "default", "shrinkage", ConjugatePrior(0.1, [1, 2, 3, 4], 9, np.eye(4).tolist())]
)
def test_a_model_file_keeps_the_prior(prior, tmp_path):
    mixture = GaussianMixture(2, prior=prior, random_state=0).fit(IRIS)
    mixture.save(tmp_path / "model.json")
    loaded = load_model(tmp_path / "model.json")
    assert loaded.prior == prior
    assert loaded.fit(IRIS).log_likelihood_ == mixture.log_likelihood_


@pytest.mark.parametrize("entry", ['"bayes"', "3", '{"dof": -1}', '{"mean": [1]}', '{"scale": [[1]]}'])
def test_a_damaged_prior_in_a_model_file_is_refused(entry, tmp_path):
    GaussianMixture(2, random_state=0).fit(IRIS).save(tmp_path / "model.json")
    text = (tmp_path / "model.json").read_text()
    (tmp_path / "model.json").write_text(text.replace('"prior": null', f'"prior": {entry}'))
    with pytest.raises(ModelFileError, match="damaged model file"):
        load_model(tmp_path / "model.json")


def test_the_choice_of_a_model_can_have_a_prior():
    mixture = AutoGaussianMixture(
        [1, 2, 3], covariance_types=["VEV", "EEE"], prior="default", random_state=0
    ).fit(IRIS)
    assert (mixture.covariance_type_, mixture.n_components_) == ("VEV", 2)
    assert mixture.bic(IRIS) == pytest.approx(580.813554, abs=1e-3)


def test_the_strength_of_shrinkage_is_that_of_the_oracle():
    p, n = 30, 50
    covariance = 0.5 ** np.abs(np.subtract.outer(np.arange(p), np.arange(p)))
    squares, trace = (covariance**2).sum(), p
    oracle = ((1 - 2 / p) * squares + trace**2) / ((n + 1 - 2 / p) * squares + (1 - n / p) * trace**2)
    strength = ShrinkagePrior.strength(covariance, 1e9)
    assert strength / (strength + n) == pytest.approx(oracle, rel=1e-6)


def test_shrinkage_estimates_a_covariance_as_well_as_oas_where_variances_are_equal():
    p, errors = 40, []
    covariance = 0.6 ** np.abs(np.subtract.outer(np.arange(p), np.arange(p)))
    generator = np.random.RandomState(0)
    for _ in range(10):
        X = generator.multivariate_normal(np.zeros(p), covariance, 30)
        found = GaussianMixture(1, prior="shrinkage").fit(X).covariances_[0]
        errors.append([((S - covariance) ** 2).sum() for S in (found, OAS().fit(X).covariance_)])
    ours, theirs = np.mean(errors, axis=0)
    assert ours < 1.15 * theirs


@pytest.mark.parametrize("covariance_type", ["full", "tied"])
def test_shrinkage_finds_groups_in_fewer_rows_than_features(covariance_type):
    generator = np.random.RandomState(1)
    labels = np.repeat([0, 1, 2], 15)
    X = generator.normal(size=(45, 60)) + 1.2 * generator.normal(size=(3, 60))[labels]
    mixture = GaussianMixture(3, covariance_type=covariance_type, prior="shrinkage", random_state=0).fit(X)
    assert adjusted_rand_score(labels, mixture.predict(X)) == 1.0
    assert mixture.repaired_components_ == ()


@pytest.mark.parametrize("dof", [1e6, 1e12])
@pytest.mark.parametrize("covariance_type", ["full", "diag", "VII", "VVE"])
def test_a_prior_that_outweighs_the_rows_can_be_fitted(covariance_type, dof):
    mixture = GaussianMixture(
        2, covariance_type=covariance_type, prior=ConjugatePrior(dof=dof), random_state=0
    ).fit(load_iris().data)
    assert np.isfinite(mixture.log_likelihood_)
    assert np.isfinite(mixture.means_).all()
