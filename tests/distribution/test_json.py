"""Distributions as JSON: exact, and hostile until checked."""

from __future__ import annotations

import json

import numpy as np
import pytest

from gaussmix import MixtureDistribution, ModelFileError


@pytest.mark.parametrize("scale", [1.0, 1e-150, 1e150, np.pi])
def test_a_distribution_comes_back_bit_for_bit(random_mixture, scale):
    mixture = random_mixture(3, 2, scale=scale, names=["länge", "\x1b[31mred"])
    for text in (mixture.to_json(), mixture.to_json().encode()):
        again = MixtureDistribution.from_json(text)
        assert again == mixture
        np.testing.assert_array_equal(again.logpdf(mixture.means), mixture.logpdf(mixture.means))


def test_a_distribution_without_names_has_none_again(skewed):
    assert MixtureDistribution.from_json(skewed.to_json()).feature_names is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": "gaussmix-model"}, "does not say format"),
        ({"format_version": 2}, "newer version"),
        ({"format_version": True}, "format_version is True"),
        ({"format_version": 0}, "format_version is 0"),
        ({"n_components": 10**12}, "weights should have the shape"),
        ({"n_features": -1}, "n_features is -1"),
        ({"n_features": 2.0}, "n_features is 2.0"),
        ({"weights": [1.0]}, "weights should have the shape"),
        ({"weights": [0.5, 0.6]}, "sum to one"),
        ({"weights": [0.5, "0.5"]}, "weights holds '0.5'"),
        ({"weights": [0.5, True]}, "weights holds True"),
        ({"weights": None}, "weights should have the shape"),
        ({"means": [[0.0, 0.0], [0.0, 10**400]]}, "means holds 1000"),
        ({"means": {"0": 1}}, "means should have the shape"),
        ({"covariances": [[[1.0, 2.0], [2.0, 1.0]]] * 2}, "positive definite"),
        ({"covariances": [[[1.0, 0.0], [0.0]]] * 2}, "covariances should have the shape"),
        ({"feature_names": ["a", 1]}, "feature_names are not texts"),
        ({"feature_names": ["a"]}, "1 feature names for 2 features"),
        ({"feature_names": {"a": 1, "b": 2}}, "feature_names are not texts"),
    ],
)
def test_damaged_texts_are_refused_with_their_reason(two_groups, change, message):
    document = json.loads(two_groups.to_json()) | change
    with pytest.raises(ModelFileError, match=message):
        MixtureDistribution.from_json(json.dumps(document))


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '{"a": NaN}', b"\xff\xfe\x00", "[" * 100_000, "1" * 5000, 3, None]
)
def test_what_is_no_distribution_is_refused(text):
    with pytest.raises(ModelFileError):
        MixtureDistribution.from_json(text)


def test_control_characters_do_not_reach_the_message(two_groups):
    document = json.loads(two_groups.to_json()) | {"weights": ["\x1b[31m", 0.5]}
    with pytest.raises(ModelFileError) as caught:
        MixtureDistribution.from_json(json.dumps(document))
    assert "\x1b" not in str(caught.value)
