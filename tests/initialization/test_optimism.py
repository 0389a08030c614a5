"""What likelihoods lose with covariances moved towards their mean, the farther the fewer their rows."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import linalg

from gaussmix.core.parameters import MixtureParameters
from gaussmix.core.stack import MixtureStack
from gaussmix.covariance import FAMILIES
from gaussmix.initialization.optimism import WORTH, optimism


def mixtures(identifier, covariances):
    means = np.arange(len(covariances) * 2.0).reshape(-1, 2) * 100.0
    weights = np.full(len(covariances), 1.0 / len(covariances))
    one = MixtureParameters.from_covariances(FAMILIES[identifier], weights, means, np.array(covariances))
    return MixtureStack.of([one])


def test_it_is_the_difference_of_the_likelihoods_of_samples_with_these_moments():
    # A sample with mean zero and covariance C has the log-likelihood -n/2 (log|S| + trace(inv(S) C)) under S.
    # That of the geodesic from C to the mean M at a share t of the way is by the affine-invariant metric
    # (Bhatia 2007, Positive Definite Matrices, section 6.1): C^(1/2) (C^(-1/2) M C^(-1/2))^t C^(1/2).
    covariances = [np.diag([1.0, 0.01]), np.array([[2.0, 0.5], [0.5, 1.0]])]
    counts = np.array([[7.0, 13.0]])
    mean = 0.5 * (covariances[0] + covariances[1])
    volumes = [np.linalg.det(one) for one in covariances]
    mean = mean * (np.sqrt(volumes[0] * volumes[1]) / np.linalg.det(mean)) ** 0.5
    expected = 0.0
    for count, own in zip(counts[0], covariances, strict=True):
        more = WORTH * 4.0
        root = linalg.sqrtm(own)
        turned = np.linalg.solve(root, np.linalg.solve(root, mean).T)
        moved = root @ linalg.fractional_matrix_power(turned, more / (count + more)) @ root
        for sign, one in ((1.0, own), (-1.0, moved)):
            expected -= (
                sign * 0.5 * count * (np.log(np.linalg.det(one)) + np.trace(np.linalg.solve(one, own)))
            )
    assert optimism(mixtures("VVV", covariances), counts) == pytest.approx([expected])


def test_diagonals_lose_what_the_same_matrices_do():
    variances = np.array([[1.0, 0.01], [2.0, 1.0]])
    counts = np.array([[7.0, 13.0]])
    as_matrices = optimism(mixtures("VVV", [np.diag(one) for one in variances]), counts)
    assert optimism(mixtures("VVI", variances), counts) == pytest.approx(as_matrices)


def test_equal_covariances_lose_nothing_and_many_rows_next_to_nothing():
    equal = mixtures("VVV", [np.eye(2), np.eye(2)])
    assert optimism(equal, np.array([[3.0, 5.0]])) == pytest.approx([0.0], abs=1e-12)
    different = mixtures("VVV", [np.diag([1.0, 0.01]), np.eye(2)])
    few, many = (optimism(different, np.full((1, 2), n))[0] for n in (10.0, 1e5))
    assert few > 1.0
    assert many < 0.05
    assert optimism(mixtures("VEE", [np.eye(2), 4.0 * np.eye(2)]), np.full((1, 2), 9.0)) == [0.0]
