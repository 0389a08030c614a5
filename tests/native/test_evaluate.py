"""What the kernels say of each row is what the NumPy reference says."""

from __future__ import annotations

import numpy as np
import pytest
from native_problems import a_density, drawn_from, plain

from gaussmix.backends import Outputs, ReferenceBackend
from gaussmix.core.density import Density, FactorForm
from gaussmix.core.rows import Coordinates, Rows

EVERYTHING = Outputs.LOG_DENSITY | Outputs.LABEL | Outputs.PROBABILITY | Outputs.RESPONSIBILITIES


@pytest.mark.parametrize("form", FactorForm, ids=lambda form: form.name)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_all_outputs_agree_with_the_reference(native, rng, form, dtype):
    for n_features in [*range(1, 21), 40, 70]:
        density = a_density(rng, n_features, int(rng.integers(1, 12)), form)
        X = drawn_from(rng, density, int(rng.integers(1, 300))).astype(dtype)
        rows = Rows(X, Coordinates.around(np.zeros(n_features), rng.uniform(0.1, 10, n_features)))
        actual = native.evaluate(rows, density, EVERYTHING)
        expected = ReferenceBackend().evaluate(rows, density, EVERYTHING)
        np.testing.assert_allclose(actual.log_density, expected.log_density, rtol=1e-13, atol=1e-12)
        # A log-joint of size L carries an error of L eps, which exp turns into a relative one.
        size = np.abs(expected.log_density).max() + 10
        np.testing.assert_allclose(
            actual.responsibilities, expected.responsibilities, rtol=0, atol=1e-15 * size
        )
        np.testing.assert_allclose(actual.probability, expected.probability, rtol=0, atol=1e-15 * size)
        np.testing.assert_array_equal(actual.label, expected.label)


@pytest.mark.parametrize("n_rows", [0, 1, 31, 32, 33, 1000, 50_000])
def test_each_output_is_the_same_alone_as_with_the_others(native, rng, n_rows):
    density = a_density(rng, 4, 5, FactorForm.FULL)
    rows = plain(drawn_from(rng, density, n_rows))
    together = native.evaluate(rows, density, EVERYTHING)
    for output, name in [
        (Outputs.LOG_DENSITY, "log_density"),
        (Outputs.LABEL, "label"),
        (Outputs.PROBABILITY, "probability"),
        (Outputs.RESPONSIBILITIES, "responsibilities"),
    ]:
        alone = native.evaluate(rows, density, output)
        np.testing.assert_array_equal(getattr(alone, name), getattr(together, name))
        others = {"log_density", "label", "probability", "responsibilities"} - {name}
        assert all(getattr(alone, other) is None for other in others)


@pytest.mark.parametrize("n_features", [2, 20])
def test_label_is_the_place_of_the_greatest_responsibility_and_the_lowest_of_ties(native, rng, n_features):
    density = a_density(rng, n_features, 6, FactorForm.FULL, separation=0.5)
    density.log_constants[1] += 2.0
    for name in ("log_constants", "means", "factor"):  # component 4 is component 1 once more
        getattr(density, name)[4] = getattr(density, name)[1]
    result = native.evaluate(plain(drawn_from(rng, density, 5000)), density, EVERYTHING)
    np.testing.assert_array_equal(result.label, result.responsibilities.argmax(axis=1))
    np.testing.assert_array_equal(result.probability, result.responsibilities.max(axis=1))
    assert (result.label == 1).any()
    assert not (result.label == 4).any()


def test_labels_do_not_depend_on_the_number_of_threads(instruction_set, rng):
    from gaussmix.backends import NativeBackend

    density = a_density(rng, 3, 5, FactorForm.FULL)
    rows = plain(drawn_from(rng, density, 100_001))
    one, four = (
        NativeBackend(n, instruction_set=instruction_set).evaluate(rows, density, EVERYTHING) for n in (1, 4)
    )
    np.testing.assert_array_equal(one.responsibilities, four.responsibilities)
    np.testing.assert_array_equal(one.log_density, four.log_density)
    np.testing.assert_array_equal(one.label, four.label)


def test_log_density_is_in_the_units_of_the_data(native, rng):
    """A density of x measured in other units differs by the logarithm of the units."""
    density = Density(
        np.array([-0.5 * np.log(2 * np.pi)]), np.zeros((1, 1)), np.ones((1, 1)), FactorForm.DIAGONAL
    )
    coordinates = Coordinates(np.array([10.0]), np.array([0.25]))  # standard deviation 4
    x = np.array([[10.0], [14.0]])
    actual = native.evaluate(Rows(x, coordinates), density, Outputs.LOG_DENSITY).log_density
    np.testing.assert_allclose(actual, -0.5 * np.log(2 * np.pi) - np.log(4) - np.array([0, 0.5]), rtol=1e-14)
