"""Model files of mixtures of transformed features."""

from __future__ import annotations

import json

import numpy as np
import pytest

from gaussmix import AutoGaussianMixture, GaussianMixture, ModelFileError, load_model


def log_normal_groups(n=200):
    generator = np.random.default_rng(0)
    labels = generator.integers(0, 2, n)
    income = np.exp(generator.normal(np.where(labels, 11.0, 9.5), 0.4))
    return np.column_stack([income, generator.normal(np.where(labels, 55.0, 30.0), 6.0)])


@pytest.fixture(scope="module")
def fitted():
    return GaussianMixture(2, transforms=["log", "identity"], random_state=0).fit(log_normal_groups())


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.json"


def test_a_file_brings_the_transforms_back(fitted, path):
    X = log_normal_groups()
    fitted.save(path)
    read = load_model(path)
    assert read.transforms_ == fitted.transforms_
    assert read.transforms == ["log", "identity"]
    assert np.array_equal(read.score_samples(X), fitted.score_samples(X))
    assert read.log_likelihood_ == fitted.log_likelihood_


def test_an_automatic_mixture_is_saved_with_its_transforms(path):
    X = log_normal_groups()
    mixture = AutoGaussianMixture([1, 2], transforms="auto", random_state=0).fit(X)
    mixture.save(path)
    read = load_model(path)
    assert read.score(X) == mixture.score(X)
    assert read.selection_.ranking[0].bic == pytest.approx(read.bic(X))


def test_only_files_with_transforms_ask_for_a_new_reader(fitted, path):
    fitted.save(path)
    assert json.loads(path.read_text())["format_version"] == 2
    GaussianMixture.from_parameters([1.0], [[0.0]], [[[1.0]]]).save(path)
    assert json.loads(path.read_text())["format_version"] == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d.update(transforms=7), "transforms is 7"),
        (lambda d: d.update(transforms=["log", "log"]), "holds what is not an object"),
        (lambda d: d["transforms"].pop(), "1 transforms for 2 features"),
        (lambda d: d["transforms"].append({"name": "identity"}), "3 entries, but at most 2"),
        (lambda d: d["transforms"][0].update(name="exp"), r"transforms\[0\].name is 'exp'"),
        (lambda d: d["transforms"][0].update(name=["log"]), r"transforms\[0\].name is"),
        (lambda d: d["transforms"][0].update(linear_below=0.0), "linear_below should be positive"),
        (lambda d: d["transforms"][0].update(linear_below="1"), r"transforms\[0\].linear_below is '1'"),
        (lambda d: d["transforms"][0].pop("linear_below"), r"transforms\[0\].linear_below is None"),
        (
            lambda d: d["transforms"].__setitem__(
                1, {"name": "yeo-johnson", "location": 0, "scale": 1, "exponent": 3}
            ),
            "exponent from 0 to 2",
        ),
        (lambda d: d["settings"].update(transforms="log"), "settings.transforms is 'log'"),
        (lambda d: d["settings"].update(transforms=["log", {}]), "settings.transforms is"),
    ],
)
def test_damaged_transforms_are_refused_with_what_is_wrong(fitted, path, change, message):
    fitted.save(path)
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document))
    with pytest.raises(ModelFileError, match=message):
        load_model(path)
