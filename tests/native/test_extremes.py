"""Far rows, huge and tiny units, components that are switched off: numbers stay numbers."""

from __future__ import annotations

import numpy as np
import pytest
from native_problems import a_density, assert_same_sums, drawn_from, plain

from gaussmix.backends import Outputs, ReferenceBackend
from gaussmix.core.density import Density, FactorForm
from gaussmix.core.rows import Coordinates, Rows
from gaussmix.core.statistics import Moments

REFERENCE = ReferenceBackend()
EVERYTHING = Outputs.LOG_DENSITY | Outputs.LABEL | Outputs.PROBABILITY | Outputs.RESPONSIBILITIES


@pytest.mark.parametrize("form", FactorForm, ids=lambda form: form.name)
@pytest.mark.parametrize("n_features", [1, 2, 5, 13])
@pytest.mark.parametrize("unit", [1e-150, 1e150])
def test_units_of_1e150_change_nothing(native, rng, form, n_features, unit):
    density = a_density(rng, n_features, 3, form)
    Z = drawn_from(rng, density, 200)
    coordinates = Coordinates.around(np.zeros(n_features), np.full(n_features, unit))
    X = coordinates.to_data(Z)
    assert_same_sums(
        native.expect(Rows(X, coordinates), density, Moments.FULL),
        native.expect(plain(Z), density, Moments.FULL),
        tolerance=0.0,
    )
    log_density = native.evaluate(Rows(X, coordinates), density, Outputs.LOG_DENSITY).log_density
    expected = REFERENCE.evaluate(Rows(X, coordinates), density, Outputs.LOG_DENSITY).log_density
    np.testing.assert_allclose(log_density, expected, rtol=1e-13)


@pytest.mark.parametrize("n_features", [2, 13])
def test_a_shift_of_1e8_costs_no_digits(native, rng, n_features):
    density = a_density(rng, n_features, 3, FactorForm.FULL)
    Z = np.round(drawn_from(rng, density, 500) * 2**20) / 2**20  # exact when 1e8 is added
    shifted = Rows(Z + 1e8, Coordinates(np.full(n_features, 1e8), np.ones(n_features)))
    assert_same_sums(
        native.expect(shifted, density, Moments.FULL),
        native.expect(plain(Z), density, Moments.FULL),
        tolerance=0.0,
    )


@pytest.mark.parametrize("form", FactorForm, ids=lambda form: form.name)
@pytest.mark.parametrize("n_features", [1, 3, 13])
@pytest.mark.parametrize("distance", [1e3, 1e100, 1e160, 1e300])
def test_rows_far_from_all_components_never_give_nan(native, rng, form, n_features, distance):
    density = a_density(rng, n_features, 4, form)
    X = drawn_from(rng, density, 100)
    X[::7] = distance * rng.choice([-1.0, 1.0], size=X[::7].shape)
    with np.errstate(over="ignore", invalid="ignore"):
        expected = REFERENCE.evaluate(plain(X), density, EVERYTHING)
    actual = native.evaluate(plain(X), density, EVERYTHING)
    assert not np.isnan(actual.log_density).any()
    assert not np.isnan(actual.responsibilities).any()
    np.testing.assert_allclose(actual.responsibilities.sum(axis=1), 1.0, rtol=1e-14)
    if not np.isnan(expected.log_density).any():  # the reference does give NaN where inf - inf arises
        np.testing.assert_allclose(actual.log_density, expected.log_density, rtol=1e-12, atol=1e-12)
        if distance > 1e150:
            assert (actual.log_density[::7] == -np.inf).all()
            np.testing.assert_array_equal(actual.responsibilities[::7], 0.25)
            assert (actual.label[::7] == 0).all()
    statistics = native.expect(plain(X), density, Moments.NONE)
    assert not np.isnan(statistics.counts).any()
    np.testing.assert_allclose(statistics.counts.sum(), 100, rtol=1e-13)
    assert not np.isnan(statistics.log_likelihood)


@pytest.mark.parametrize("n_features", [2, 12])
@pytest.mark.parametrize("moments", Moments, ids=lambda moments: moments.name)
def test_rows_that_no_component_explains_count_for_all_alike(native, rng, n_features, moments):
    density = a_density(rng, n_features, 4, FactorForm.FULL)
    density = Density(np.full(4, -np.inf), density.means, density.factor, density.form)
    rows = plain(drawn_from(rng, density, 77))
    actual = native.expect(rows, density, moments)
    expected = REFERENCE.expect(rows, density, moments)
    assert actual.log_likelihood == expected.log_likelihood == -np.inf
    np.testing.assert_allclose(actual.counts, 77 / 4, rtol=1e-14)
    np.testing.assert_allclose(actual.first, expected.first, atol=1e-11)
    np.testing.assert_allclose(actual.second, expected.second, atol=1e-11)


@pytest.mark.parametrize("n_features", [1, 4, 12])
@pytest.mark.parametrize("form", FactorForm, ids=lambda form: form.name)
def test_a_component_that_is_switched_off_takes_no_part(native, rng, form, n_features):
    density = a_density(rng, n_features, 4, form)
    density.log_constants[1] = -np.inf
    rows = plain(drawn_from(rng, density, 300))
    statistics = native.expect(rows, density, Moments.FULL)
    assert_same_sums(statistics, REFERENCE.expect(rows, density, Moments.FULL))
    assert statistics.counts[1] == 0.0
    assert not statistics.first[1].any()
    assert not statistics.second[1].any()
    assert not (native.evaluate(rows, density, Outputs.LABEL).label == 1).any()


@pytest.mark.parametrize("n_features", [2, 12])
def test_an_outlier_a_million_deviations_out_is_not_skipped_by_a_component_it_barely_concerns(
    native, rng, n_features
):
    """Its responsibility of 1e-10 times a squared distance of 1e12 is anything but negligible."""
    density = Density(
        np.array([0.0, -23.0]), np.zeros((2, n_features)), np.ones((2, n_features)), FactorForm.DIAGONAL
    )
    X = rng.normal(size=(5000, n_features))
    X[17] = 1e6
    actual = native.expect(plain(X), density, Moments.FULL)
    expected = REFERENCE.expect(plain(X), density, Moments.FULL)
    np.testing.assert_allclose(actual.second, expected.second, rtol=1e-12)
    assert actual.second[1, 0, 0] > 50


def test_log_likelihood_of_tiny_densities_is_finite(native):
    density = Density(np.array([-1e300, -1e300]), np.zeros((2, 3)), np.ones((2, 3)), FactorForm.DIAGONAL)
    result = native.evaluate(plain(np.ones((5, 3))), density, EVERYTHING)
    np.testing.assert_allclose(result.log_density, -1e300)
    np.testing.assert_array_equal(result.responsibilities, 0.5)
