"""Probabilities of quadratic forms against tables and SciPy's noncentral chi-square."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from gaussmix.distribution.quadratic_forms import probability_below


@pytest.mark.parametrize(("bound", "above"), [(0.1, 0.9458), (0.7, 0.5064), (2.0, 0.1240)])
def test_imhofs_table(bound, above):
    # Imhof 1961, table 1, first form.
    probability, _ = probability_below(np.array([0.6, 0.3, 0.1]), np.zeros(3), bound)
    assert 1.0 - probability == pytest.approx(above, abs=5e-5)


@pytest.mark.parametrize("freedom", [1, 2, 3, 10, 50])
@pytest.mark.parametrize("noncentrality", [0.5, 30.0, 1000.0])
@pytest.mark.parametrize("level", [1e-3, 0.5, 0.9, 1.0 - 1e-6])
def test_equal_coefficients_give_the_noncentral_chi_square(freedom, noncentrality, level):
    x = stats.ncx2.ppf(level, freedom, noncentrality)
    shift = np.zeros(freedom)
    shift[0] = np.sqrt(noncentrality)
    expected = stats.ncx2.cdf(x, freedom, noncentrality)
    probability, error = probability_below(np.ones(freedom), shift, x - noncentrality)
    assert probability == pytest.approx(expected, rel=1e-6)
    assert error < 1e-9
    mirrored, _ = probability_below(-np.ones(freedom), -shift, noncentrality - x)
    assert 1.0 - mirrored == pytest.approx(expected, abs=1e-9)


def test_forms_of_any_shape_agree_with_draws():
    generator = np.random.default_rng(0)
    for _ in range(60):
        n = int(generator.integers(1, 9))
        squares = generator.normal(size=n) * 10 ** generator.uniform(-4, 4, n)
        linear = generator.normal(size=n) * 10 ** generator.uniform(-4, 4, n)
        deviation = np.sqrt(2 * (squares**2).sum() + 4 * (linear**2).sum())
        bound = squares.sum() + generator.normal() * deviation
        probability, error = probability_below(squares, linear, bound)
        z = generator.normal(size=(10_000, n))
        share = (z**2 @ squares + 2 * z @ linear < bound).mean()
        assert error < 1e-9
        assert abs(share - probability) < 5 * np.sqrt(max(share * (1 - share), 1e-4) / 10_000)


def test_bounds_beyond_the_end_of_a_form_are_certain():
    assert probability_below(np.ones(3), np.ones(3), -3.0)[0] == 0.0
    assert probability_below(-np.ones(3), np.ones(3), 3.5)[0] == 1.0
    assert probability_below(np.array([-1.0]), np.array([1.0]), 1.5)[0] == 1.0
    assert probability_below(np.zeros(2), np.zeros(2), 1.0)[0] == 1.0
