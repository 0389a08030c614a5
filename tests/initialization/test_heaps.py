"""Components on a single recorded value are heaps, unless their rows lie apart."""

from __future__ import annotations

import numpy as np
import pytest

from gaussmix.core.parameters import VARIANCE_OF_A_STEP, MixtureParameters
from gaussmix.core.stack import MixtureStack
from gaussmix.covariance import FAMILIES
from gaussmix.initialization.heaps import APART, heaps

STEP = np.array([1.0, 0.0])


def stack(identifier, means, covariances, weights):
    mixture = MixtureParameters.from_covariances(
        FAMILIES[identifier], np.array(weights), np.array(means, dtype=float), np.array(covariances)
    )
    return MixtureStack.of([mixture])


def found(mixtures, step=STEP):
    return heaps(mixtures, VARIANCE_OF_A_STEP * step**2)[0].tolist()


@pytest.mark.parametrize("identifier", ["VVV", "VVI"])
def test_one_on_a_value_amid_a_wide_one_is_a_heap_and_one_apart_is_none(identifier):
    # On the value, variance a quarter of the squared step; beside it one of variance 9 in the same column.
    narrow, wide = np.diag([0.25, 1.0]), np.diag([9.0, 1.0])
    covariances = [narrow, wide] if identifier == "VVV" else [np.diag(narrow), np.diag(wide)]
    common = 0.5 * (0.25 + 9.0)
    for distance, expected in ((1.0, True), (APART - 0.1, True), (APART + 0.1, False)):
        means = [[0.0, 0.0], [distance * np.sqrt(common), 0.0]]
        assert found(stack(identifier, means, covariances, [0.5, 0.5])) == [expected, False]
        # Far apart in the other column the rows are a group, too.
        means = [[0.0, 0.0], [0.0, distance]]
        assert found(stack(identifier, means, covariances, [0.5, 0.5])) == [expected, False]


def test_on_a_diagonal_of_the_lattice_one_is_found_as_well():
    turn = np.array([[1.0, -1.0], [1.0, 1.0]]) / np.sqrt(2.0)
    thin = turn @ np.diag([9.0, 0.25]) @ turn.T
    mixtures = stack("VVV", [[0.0, 0.0], [1.0, 0.0]], [thin, 9.0 * np.eye(2)], [0.5, 0.5])
    assert found(mixtures, np.array([1.0, 1.0])) == [True, False]


def test_flags_and_columns_without_a_step_have_none():
    at_step = np.diag([0.25, 1.0])
    mixtures = stack("VVV", [[0.0, 0.0], [1.0, 0.0]], [at_step, at_step], [0.5, 0.5])
    assert found(mixtures) == [False, False]
    thin = stack("VVV", [[0.0, 0.0], [1.0, 0.0]], [np.diag([1e-6, 1.0]), np.eye(2)], [0.5, 0.5])
    assert found(thin, np.zeros(2)) == [False, False]


def test_components_of_one_covariance_have_none():
    mixtures = stack("EEE", [[0.0, 0.0], [1.0, 0.0]], np.diag([0.25, 1.0]), [0.5, 0.5])
    assert found(mixtures) == [False, False]
