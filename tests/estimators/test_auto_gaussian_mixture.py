"""The mixture that chooses is itself a fitted mixture, and says what it chose among."""

from __future__ import annotations

import threading
import time
import warnings

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.utils.estimator_checks import parametrize_with_checks

from gaussmix import AutoGaussianMixture, DegenerateCovarianceError, GaussianMixture, load_model
from gaussmix.selection import Clock, SelectionTable, fit_grid

X = load_iris().data


@pytest.fixture(scope="module")
def mixture():
    return AutoGaussianMixture(range(1, 4), random_state=0).fit(X)


@parametrize_with_checks(
    [AutoGaussianMixture([1, 2], covariance_types=["EII", "VVI", "VVV"]), GaussianMixture("auto")]
)
def test_scikit_learns_estimator_checks_pass_without_exception(estimator, check):
    check(estimator)


def test_iris_s_best_models_are_mclust_s(mixture):
    # mclust 6: VEV 2 -561.7285, VEV 3 -562.5522, VVV 2 -574.0178.
    compared = [row for row in mixture.selection_.ranking if row.sound and not row.noise]
    best = sorted(compared, key=lambda row: row.bic)[:3]
    models = [("VEV", 2), ("VEV", 3), ("VVV", 2)]
    assert [(row.covariance_type, row.n_components) for row in best] == models
    assert [row.bic for row in best] == pytest.approx([561.7285, 562.5522, 574.0178], abs=0.01)
    assert (mixture.covariance_type_, mixture.n_components_) == ("VEV", 2)
    assert mixture.runners_up_[0] == compared[1]


def test_bic_weights_are_posterior_probabilities_of_the_models(mixture):
    bics = np.array([row.bicc for row in mixture.selection_ if row.sound])
    expected = np.exp(-bics / 2 + bics.min() / 2)
    found = [row.bic_weight for row in mixture.selection_ if row.sound]
    assert found == pytest.approx(expected / expected.sum())


def test_it_does_all_that_its_chosen_mixture_does(mixture, tmp_path):
    best = mixture.best_estimator_
    assert isinstance(best, GaussianMixture)
    for name in ("predict", "predict_proba", "score_samples", "transform", "score", "bic", "aic", "icl"):
        np.testing.assert_array_equal(getattr(mixture, name)(X), getattr(best, name)(X), err_msg=name)
    np.testing.assert_array_equal(mixture.sample(5)[0], best.sample(5)[0])
    np.testing.assert_array_equal(mixture.assign(X).label, best.predict(X))
    fitted = {name for name in dir(best) if name.endswith("_") and name[0] != "_"}
    fitted -= {"selection_", "runners_up_"}
    for name in fitted:
        assert np.array_equal(getattr(mixture, name), getattr(best, name)), name
    mixture.save(tmp_path / "model.json")
    np.testing.assert_array_equal(load_model(tmp_path / "model.json").score_samples(X), best.score_samples(X))


@pytest.mark.parametrize("criterion", ["bic", "icl", "aic"])
def test_the_criterion_is_minimised(criterion):
    chosen = AutoGaussianMixture(range(1, 4), criterion=criterion, random_state=0).fit(X)
    sound = [row for row in chosen.selection_ if row.sound]
    least = min(sound, key=lambda row: getattr(row, criterion))
    assert (chosen.covariance_type_, chosen.n_components_) == (least.covariance_type, least.n_components)
    assert getattr(chosen, criterion)(X) == pytest.approx(getattr(least, criterion), rel=1e-9)


def test_a_callable_criterion_is_given_fitted_mixtures_and_the_data():
    def most_components(model, data):
        assert isinstance(model, GaussianMixture)
        assert model.predict(data).shape == (150,)
        return -len(model.weights_)

    chosen = AutoGaussianMixture(
        range(1, 4), covariance_types=["diag", "tied"], criterion=most_components, random_state=0
    ).fit(X)
    assert chosen.n_components_ == 3
    assert chosen.covariance_type_ in ("diag", "tied")


def test_cross_validation_sees_through_components_that_fit_noise():
    generator = np.random.default_rng(0)
    data = np.concatenate([generator.normal(size=(100, 2)), generator.normal(size=(100, 2)) + 5])
    chosen = AutoGaussianMixture(range(1, 8), covariance_types=["VVV"], criterion="cv", random_state=0).fit(
        data
    )
    assert chosen.n_components_ == 2
    # Held-out rows are less likely than those that were fitted to.
    for row in chosen.selection_:
        if row.sound:
            assert row.criterion > -2 * row.log_likelihood


def test_a_number_of_components_may_be_chosen_in_a_fixed_family():
    fixed = GaussianMixture("auto", random_state=0).fit(X)
    # mclust 6, family VVV: BIC -829.9782, -574.0178, -580.8399 for 1, 2 and 3 components.
    assert len(fixed.weights_) == 2
    bics = [fixed.selection_.cell("full", number).bic for number in (1, 2, 3)]
    assert bics == pytest.approx([829.9782, 574.0178, 580.8399], abs=0.01)
    assert fixed.runners_up_[0].n_components == 3
    with pytest.raises(ValueError, match="means_init is for a number of components"):
        GaussianMixture("auto", means_init=X[:2]).fit(X)


def test_a_single_feature_has_the_two_families_that_are_left():
    chosen = AutoGaussianMixture(random_state=0).fit(X[:, :1])
    assert set(chosen.selection_["covariance_type"]) == {"E", "V"}
    with pytest.raises(ValueError, match="'EII'"):
        AutoGaussianMixture(covariance_types=["E"]).fit(X)


@pytest.mark.parametrize("wrong", [[], [0], [1.5]])
def test_what_is_not_a_number_of_components_is_refused(wrong):
    with pytest.raises(ValueError, match="n_components"):
        AutoGaussianMixture(wrong).fit(X)


def test_what_is_not_a_covariance_type_is_refused():
    with pytest.raises(ValueError, match="'sphere' is none"):
        AutoGaussianMixture(covariance_types=["sphere"]).fit(X)
    with pytest.raises(NotFittedError):
        AutoGaussianMixture().save("nowhere")


def test_when_time_is_up_the_best_so_far_is_taken_and_said():
    with pytest.warns(ConvergenceWarning, match="max_seconds=1e-06 was reached"):
        chosen = AutoGaussianMixture(max_seconds=1e-6, random_state=0).fit(X)
    messages = [row.message for row in chosen.selection_]
    assert sum("max_seconds" in (message or "") for message in messages) == len(messages) - 1
    assert chosen.predict(X).shape == (150,)


def test_an_interrupted_fit_leaves_a_fitted_mixture_as_it_was(monkeypatch):
    fitted = AutoGaussianMixture([2], covariance_types=["VVV"], random_state=0).fit(X)
    before = fitted.means_.copy()

    def interrupted(*arguments):
        raise KeyboardInterrupt

    fitted.set_params(criterion=interrupted)
    with pytest.raises(KeyboardInterrupt):
        fitted.fit(X[:, :2])
    np.testing.assert_array_equal(fitted.means_, before)
    assert fitted.n_features_in_ == 4
    assert fitted.predict(X).shape == (150,)


def test_a_cancelled_search_ends_at_once():
    clock = Clock()
    data = np.random.default_rng(0).normal(size=(20_000, 8))
    timer = threading.Timer(0.3, lambda: setattr(clock, "cancelled", True))
    timer.start()
    from gaussmix.covariance import MODELS

    begun = time.perf_counter()
    found = fit_grid(
        data, None, families=MODELS, numbers=range(1, 10), reg_covar=None, tol=1e-7, max_iter=1000,
        generator=np.random.RandomState(0), n_threads=2, clock=clock,
    )  # fmt: skip
    assert found.timed_out
    assert time.perf_counter() - begun < 3


def test_the_number_of_threads_does_not_change_a_bit():
    data = np.random.default_rng(0).normal(size=(3000, 8))
    data[:1000] += 2
    one, two = (AutoGaussianMixture([2, 3], n_jobs=n, random_state=0).fit(data) for n in (1, 2))
    np.testing.assert_array_equal(one.selection_["bic"], two.selection_["bic"])
    np.testing.assert_array_equal(one.means_, two.means_)


def test_nothing_is_warned_of_models_that_were_not_chosen():
    data = np.concatenate([np.random.default_rng(3).normal(size=(60, 2)), np.full((15, 2), 1.5)])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        AutoGaussianMixture(range(1, 4), covariance_types=["VVV"], random_state=0).fit(data)


def test_without_a_floor_singular_models_are_reported_and_only_all_of_them_are_an_error():
    data = np.column_stack([X, X[:, 0]])
    chosen = AutoGaussianMixture(range(1, 3), reg_covar=0, random_state=0).fit(data)
    assert "singular" in chosen.selection_.cell("VVV", 1).message
    assert chosen.selection_.cell("EEI", 2).sound
    with pytest.raises(DegenerateCovarianceError):
        AutoGaussianMixture(range(1, 3), covariance_types=["VVV"], reg_covar=0).fit(data)


@pytest.mark.parametrize("backend", ["pandas", "polars", "pyarrow"])
def test_the_table_becomes_a_frame(mixture, backend):
    frame = mixture.selection_.to_frame(backend)
    assert type(frame).__module__.split(".")[0] == backend
    assert frame.shape == (len(mixture.selection_), len(SelectionTable.columns))
    assert list(frame["bic"][:3]) is not None
    assert "VEV" in repr(mixture.selection_)
    with pytest.raises(KeyError, match="no column"):
        mixture.selection_["nothing"]


def test_progress_is_shown_in_lines(capsys):
    AutoGaussianMixture(range(1, 3), verbose=1, random_state=0).fit(X)
    assert "models fitted: 20 of 28" in capsys.readouterr().out


def test_a_single_covariance_type_can_be_named():
    assert (
        AutoGaussianMixture([1, 2], covariance_types="EII", random_state=0).fit(X).covariance_type_ == "EII"
    )


def test_a_criterion_that_never_returns_a_number_is_refused():
    with pytest.raises(ValueError, match="criterion returned NaN for every model"):
        AutoGaussianMixture([1, 2], criterion=lambda model, rows: float("nan")).fit(X)


def test_a_mixture_that_chooses_its_number_says_which():
    mixture = GaussianMixture("auto", random_state=0).fit(X)
    assert mixture.n_components_ == len(mixture.weights_)
    assert not hasattr(mixture.set_params(n_components=2).fit(X), "n_components_")


def test_fit_predict_is_fit_and_then_predict():
    data = np.concatenate([np.random.default_rng(0).normal(m, 1.0, size=(40, 2)) for m in (0.0, 7.0)])
    weights = np.resize([1.0, 2.0], len(data))
    mixture = AutoGaussianMixture([1, 2], covariance_types=["EII", "VVV"], random_state=0)
    labels = mixture.fit_predict(data, sample_weight=weights)
    again = AutoGaussianMixture([1, 2], covariance_types=["EII", "VVV"], random_state=0)
    np.testing.assert_array_equal(labels, again.fit(data, sample_weight=weights).predict(data))
    assert mixture.log_likelihood_ == again.log_likelihood_ != again.fit(data).log_likelihood_
