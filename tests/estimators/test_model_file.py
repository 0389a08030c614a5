"""Model files: readable, exact, and hostile until checked."""

from __future__ import annotations

import json
import os
import stat
import sys

import numpy as np
import pandas as pd
import pytest

from gaussmix import GaussianMixture, ModelFileError, load_model
from gaussmix.initialization import SplitAndMerge, Stability

FAMILIES = ["full", "tied", "diag", "spherical"]


@pytest.fixture
def fitted():
    X = np.random.RandomState(0).normal(size=(200, 3)) + 4 * (np.arange(200) % 2)[:, None]
    return GaussianMixture(2, random_state=5, tol=1e-9).fit(X)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.json"


def assert_same_arrays(one, other):
    for name in ("weights_", "means_", "covariances_", "precisions_cholesky_"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
        assert getattr(one, name).dtype == getattr(other, name).dtype
    # Computed from the Cholesky factors, of which the file has the rounded ones.
    np.testing.assert_allclose(one.precisions_, other.precisions_, rtol=1e-5, atol=1e-30)


def rewrite(path, change):
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document))


@pytest.mark.parametrize("scale", [1.0, 1e-150, 1e150])
@pytest.mark.parametrize("covariance_type", FAMILIES)
def test_a_mixture_comes_back_bit_for_bit(covariance_type, scale, path):
    X = scale * (np.random.RandomState(0).normal(size=(200, 3)) + 4 * (np.arange(200) % 2)[:, None])
    mixture = GaussianMixture(2, covariance_type=covariance_type, random_state=5).fit(X)
    mixture.save(path)
    again = load_model(path)
    assert_same_arrays(again, mixture)
    np.testing.assert_array_equal(again.score_samples(X), mixture.score_samples(X))
    assert again.get_params() == mixture.get_params()
    for name in ("converged_", "n_iter_", "lower_bound_", "log_likelihood_", "n_samples_", "n_parameters_"):
        assert getattr(again, name) == getattr(mixture, name)
    assert again.repaired_components_ == mixture.repaired_components_
    assert again.stability_ == mixture.stability_ is not None


def test_feature_names_come_back(fitted, path):
    X = pd.DataFrame(np.random.RandomState(0).normal(size=(50, 2)), columns=["größe", 'a "b" </script>'])
    GaussianMixture(2, random_state=0).fit(X).save(path)
    assert load_model(path).feature_names_in_.tolist() == list(X.columns)


def test_the_file_is_text_that_a_person_can_read(fitted, path):
    fitted.save(path)
    document = json.loads(path.read_text(encoding="utf-8"))
    assert document["format"] == "gaussmix-model"
    assert document["weights"] == fitted.weights_.tolist()
    assert max(len(line) for line in path.read_text().splitlines()) < 200


@pytest.mark.parametrize("n_components", [1, 3, 7])
@pytest.mark.parametrize("covariance_type", FAMILIES)
def test_a_single_precision_mixture_comes_back_bit_for_bit(covariance_type, n_components, path):
    X = np.random.RandomState(0).normal(size=(300, 3))
    X[:, 2] = X[:, 0] + 1e-2 * X[:, 2]  # nearly collinear: factors lose digits
    X = X.astype(np.float32)
    mixture = GaussianMixture(n_components, covariance_type=covariance_type, random_state=0).fit(X)
    mixture.save(path)
    again = load_model(path)
    assert_same_arrays(again, mixture)
    np.testing.assert_array_equal(again.score_samples(X), mixture.score_samples(X))
    assert again.predict_proba(X).dtype == np.float32


@pytest.mark.parametrize("gap", [0.035, np.inf])
def test_how_the_starts_compared_comes_back_and_is_valid_json(fitted, path, gap):
    fitted.stability_ = Stability(n_starts=24, n_agreeing=12, gap=gap, n_moves=2, n_spikes=1)
    fitted.save(path)
    json.loads(path.read_text(), parse_constant=pytest.fail)  # Infinity and NaN are not JSON
    assert load_model(path).stability_ == fitted.stability_


def test_a_file_that_does_not_say_how_the_starts_compared_is_read(fitted, path):
    fitted.save(path)

    def as_of_old(document):
        del document["result"]["stability"]
        for name in ("moves", "spikes", "accelerate"):
            del document["settings"][name]

    rewrite(path, as_of_old)
    again = load_model(path)
    assert again.stability_ is None
    assert (again.moves, again.spikes, again.accelerate) == ("auto", "avoid", True)


def test_settings_of_the_search_come_back_but_for_moves_of_the_users_own(path):
    X = np.random.RandomState(0).normal(size=(40, 2))
    GaussianMixture(2, moves=None, spikes="allow", accelerate=False, random_state=0).fit(X).save(path)
    again = load_model(path)
    assert (again.moves, again.spikes, again.accelerate) == (None, "allow", False)
    GaussianMixture(2, moves=[SplitAndMerge()], random_state=0).fit(X).save(path)
    assert load_model(path).moves == "auto"


def test_an_unfitted_mixture_is_not_saved(path):
    with pytest.raises(ValueError, match="not fitted"):
        GaussianMixture().save(path)
    assert not path.exists()


def test_a_mixture_from_parameters_can_be_saved(path):
    GaussianMixture.from_parameters([1.0], [[0.0]], [[[1.0]]]).save(path)
    assert load_model(path).score([[0.0]]) == pytest.approx(-0.5 * np.log(2 * np.pi))


@pytest.mark.parametrize("cut", [0, 1, 30, 500, -1, -20])
def test_a_truncated_file_is_refused_with_a_clear_line(fitted, path, cut):
    fitted.save(path)
    text = path.read_bytes()
    path.write_bytes(text[:cut])
    with pytest.raises(ModelFileError, match=r"model\.json: ") as caught:
        load_model(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d.update(format_version=3), "written by a newer version"),
        (lambda d: d.update(format_version="1"), "format_version is '1'"),
        (lambda d: d.update(format_version=0), "format_version is 0"),
        (lambda d: d.update(format="pickle"), "not a gaussmix model file"),
        (lambda d: d.update(covariance_type="__class__"), "unknown covariance_type"),
        (lambda d: d.update(covariance_type=["full"]), "unknown covariance_type"),
        (lambda d: d.update(n_components=10**9), "weights should have the shape"),
        (lambda d: d.update(n_components=-1), "n_components is -1"),
        (lambda d: d.update(n_components=True), "n_components is True"),
        (lambda d: d.update(n_features=2.5), "n_features is 2.5"),
        (lambda d: d.update(means=[[1, 2, 3]]), "means should have the shape"),
        (lambda d: d.update(means=[[1, 2, "x"], [1, 2, 3]]), "means holds 'x'"),
        (lambda d: d.update(means=[[1, 2, 10**400], [1, 2, 3]]), "means holds 1000"),
        (lambda d: d.update(means=None), "means should have the shape"),
        (lambda d: d["covariances"][0][0].__setitem__(0, -1.0), "symmetric, positive-definite"),
        (lambda d: d["covariances"][0][0].__setitem__(1, 7.0), "symmetric, positive-definite"),
        (lambda d: d.update(weights=[0.9, 0.9]), "should be normalized"),
        (lambda d: d.update(feature_names=["a"]), "feature_names are not 3 different texts"),
        (lambda d: d.update(feature_names=[1, 2, 3]), "feature_names are not 3 different texts"),
        (lambda d: d.update(feature_names=["a", "b", "a"]), "feature_names are not 3 different texts"),
        (lambda d: d.update(feature_names=["a", "b", "\ud800"]), "feature_names are not 3 different texts"),
        (lambda d: d.update(covariances=[(1e308 * np.eye(3)).tolist()] * 2), "leave the range of double"),
        (lambda d: d.update(covariances=[(1e-320 * np.eye(3)).tolist()] * 2), "leave the range of double"),
        (lambda d: d["result"].update(n_iter=10**60), "result.n_iter is 1000"),
        (lambda d: d.update(settings=[]), "settings is not an object"),
        (lambda d: d["settings"].update(tol="small"), "settings.tol is 'small'"),
        (lambda d: d["settings"].update(tol=-1.0), "'tol' parameter"),
        (lambda d: d["result"].update(repaired_components=[99]), "repaired_components"),
        (lambda d: d["result"].update(converged="yes"), "result.converged is 'yes'"),
        (lambda d: d["result"].update(n_iter=-5), "result.n_iter is -5"),
        (lambda d: d["result"].update(n_samples=0), "result.n_samples is 0"),
        (lambda d: d["result"].update(log_likelihood=10**400), "result.log_likelihood is 1000"),
        (lambda d: d["settings"].update(max_iter=10**400), "settings.max_iter is 1000"),
        (lambda d: d["settings"].update(moves=[1]), r"settings.moves is \[1\]"),
        (lambda d: d["settings"].update(spikes="keep"), "'spikes' parameter"),
        (lambda d: d["settings"].update(accelerate="yes"), "settings.accelerate is 'yes'"),
        (lambda d: d["result"].update(stability=[24, 12]), "result.stability is"),
        (lambda d: d["result"].update(stability={}), "result.stability.n_starts is None"),
        (lambda d: d["result"]["stability"].update(n_starts=True), "result.stability.n_starts is True"),
        (lambda d: d["result"]["stability"].update(n_agreeing=99), "result.stability.n_agreeing is 99"),
        (lambda d: d["result"]["stability"].update(n_moves=-1), "result.stability.n_moves is -1"),
        (lambda d: d["result"]["stability"].update(n_spikes=1.5), "result.stability.n_spikes is 1.5"),
        (lambda d: d["result"]["stability"].update(gap=-0.1), "result.stability.gap is -0.1"),
        (lambda d: d["result"]["stability"].update(gap="far"), "result.stability.gap is 'far'"),
        (lambda d: d["result"]["stability"].update(gap=10**400), "result.stability.gap is 1000"),
        (lambda d: d.update(precision="object"), "precision is 'object'"),
        (lambda d: d["precisions_cholesky"][0][0].__setitem__(0, 0.0), "positive diagonal"),
        (lambda d: d["precisions_cholesky"][0][2].__setitem__(0, 1.0), "upper triangular"),
    ],
)
def test_a_damaged_file_is_refused_with_what_is_wrong(fitted, path, change, message):
    fitted.save(path)
    rewrite(path, change)
    with pytest.raises(ModelFileError, match=message) as caught:
        load_model(path)
    assert str(path) in str(caught.value)
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize(
    "content",
    [
        b"\x80\x04\x95.",  # the head of a pickle
        b"[" * 200_000,
        b'{"format": "gaussmix-model", "format_version": 1, "x": NaN}',
        b'{"format": "gaussmix-model", "format_version": ' + b"1" * 10_000 + b"}",
        b'"text"',
        b"\xff\xfe\x00",
        b"null",
    ],
)
def test_what_is_no_model_file_is_refused(path, content):
    path.write_bytes(content)
    with pytest.raises(ModelFileError):
        load_model(path)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ModelFileError, match=r"nowhere.json: no such model file"):
        load_model(tmp_path / "nowhere.json")


def test_a_folder_written_by_the_command_line_can_be_named_instead(fitted, tmp_path):
    fitted.save(tmp_path / "model.json")
    np.testing.assert_array_equal(load_model(tmp_path).means_, fitted.means_)


def test_saving_leaves_no_other_file_behind_and_keeps_the_old_one_on_failure(fitted, path, monkeypatch):
    fitted.save(path)
    assert [p.name for p in path.parent.iterdir()] == ["model.json"]
    before = path.read_bytes()
    fitted.tol = object()  # nothing that JSON could hold
    with pytest.raises(TypeError):
        fitted.save(path)
    assert path.read_bytes() == before
    assert [p.name for p in path.parent.iterdir()] == ["model.json"]


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="root may read every file")
def test_a_file_that_may_not_be_read_is_named(fitted, path):
    fitted.save(path)
    path.chmod(stat.S_IWUSR)
    with pytest.raises(ModelFileError, match="cannot be read"):
        load_model(path)
