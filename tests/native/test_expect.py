"""The kernels' sums are those of the NumPy reference."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from native_problems import a_density, assert_same_sums, drawn_from, plain

from gaussmix.backends import NativeBackend, ReferenceBackend
from gaussmix.backends.native import INSTRUCTION_SETS
from gaussmix.core.density import Density, FactorForm
from gaussmix.core.rows import Coordinates, Rows
from gaussmix.core.statistics import Moments

REFERENCE = ReferenceBackend()


@pytest.mark.parametrize("form", FactorForm, ids=lambda form: form.name)
@pytest.mark.parametrize("moments", Moments, ids=lambda moments: moments.name)
def test_every_number_of_features_agrees_with_the_reference(native, rng, form, moments):
    for n_features in [*range(1, 41), 64, 65, 130]:
        n_components = int(rng.integers(1, 41 if n_features < 20 else 8))
        density = a_density(rng, n_features, n_components, form, separation=rng.choice([0.3, 1.0, 4.0]))
        rows = plain(drawn_from(rng, density, int(rng.integers(1, 200))))
        assert_same_sums(native.expect(rows, density, moments), REFERENCE.expect(rows, density, moments))


@pytest.mark.parametrize("n_features", [1, 2, 3, 8, 9, 17])
@pytest.mark.parametrize("form", FactorForm, ids=lambda form: form.name)
def test_every_number_of_rows_agrees_with_the_reference(native, rng, form, n_features):
    density = a_density(rng, n_features, 3, form)
    for n_rows in [0, 1, 2, 3, 7, 8, 9, 31, 32, 33, 63, 65, 255, 256, 257, 1001]:
        rows = plain(drawn_from(rng, density, n_rows))
        for moments in Moments:
            assert_same_sums(native.expect(rows, density, moments), REFERENCE.expect(rows, density, moments))


@pytest.mark.parametrize("n_features", [1, 3, 12])
@pytest.mark.parametrize("n_components", [1, 2, 100, 1024])
def test_every_number_of_components_agrees_with_the_reference(native, rng, n_features, n_components):
    for form in FactorForm:
        density = a_density(rng, n_features, n_components, form)
        rows = plain(drawn_from(rng, density, 300))
        moments = Moments.FULL if form is FactorForm.FULL else Moments.DIAGONAL
        assert_same_sums(native.expect(rows, density, moments), REFERENCE.expect(rows, density, moments))


def layouts(X):
    """Return the same table in many orders, each with its name."""
    N, D = X.shape
    wide = np.full((3 * N, 2 * D), np.nan, dtype=X.dtype)
    wide[1::3, ::2] = X
    reversed_rows = X[::-1].copy()[::-1]
    reversed_both = X[::-1, ::-1].copy()[::-1, ::-1]
    records = np.zeros(N, dtype=[("tag", "i1"), ("x", X.dtype, (D,))])  # packed: not aligned
    records["x"] = X
    read_only = X.copy()
    read_only.flags.writeable = False
    return {
        "C": np.ascontiguousarray(X),
        "F": np.asfortranarray(X),
        "sliced": wide[1::3, ::2],
        "sliced F": np.asfortranarray(wide)[1::3, ::2],
        "reversed rows": reversed_rows,
        "reversed both": reversed_both,
        "field of packed records": records["x"],
        "byte-swapped": X.astype(X.dtype.newbyteorder()),
        "read-only": read_only,
    }


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("n_features", [1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 24, 40])
def test_rows_are_read_in_any_order_and_precision(native, rng, dtype, n_features):
    density = a_density(rng, n_features, 3, FactorForm.FULL)
    X = drawn_from(rng, density, 321).astype(dtype)
    coordinates = Coordinates.around(X.mean(axis=0).astype(float), X.std(axis=0).astype(float))
    weight = rng.random(321) * (rng.random(321) > 0.3)
    every_other = np.repeat(weight, 2)[::2]
    none_absent = rng.random(321) + 0.1
    expected = REFERENCE.expect(Rows(X, coordinates), density, Moments.FULL)
    weighted = REFERENCE.expect(Rows(X, coordinates, weight), density, Moments.FULL)
    all_weighted = REFERENCE.expect(Rows(X, coordinates, none_absent), density, Moments.FULL)
    for name, table in layouts(X).items():
        np.testing.assert_array_equal(table, X, err_msg=name)
        assert_same_sums(native.expect(Rows(table, coordinates), density, Moments.FULL), expected)
        assert_same_sums(native.expect(Rows(table, coordinates, weight), density, Moments.FULL), weighted)
        assert_same_sums(
            native.expect(Rows(table, coordinates, every_other), density, Moments.FULL), weighted
        )
        assert_same_sums(
            native.expect(Rows(table, coordinates, none_absent), density, Moments.FULL), all_weighted
        )


def test_a_table_of_repeated_rows_needs_no_memory_of_its_own(native, rng):
    density = a_density(rng, 3, 2, FactorForm.FULL)
    repeated = np.broadcast_to(drawn_from(rng, density, 1), (1000, 3))
    once = native.expect(plain(repeated[:1]), density, Moments.FULL)
    many = native.expect(plain(repeated), density, Moments.FULL)
    np.testing.assert_allclose(many.counts, 1000 * once.counts, rtol=1e-12)


@pytest.mark.parametrize("n_features", [2, 12])
@pytest.mark.parametrize("moments", Moments, ids=lambda moments: moments.name)
def test_rows_of_weight_zero_are_not_looked_at(native, rng, n_features, moments):
    density = a_density(rng, n_features, 3, FactorForm.FULL)
    X = drawn_from(rng, density, 500)
    weight = rng.random(500)
    absent = rng.random(500) < 0.4
    weight[absent] = 0.0
    X[absent] = np.nan
    assert_same_sums(
        native.expect(plain(X, weight), density, moments),
        REFERENCE.expect(plain(X[~absent], weight[~absent]), density, moments),
    )


def test_a_table_of_which_no_row_has_a_weight_gives_zeros(native, rng):
    for n_features in (2, 12):
        density = a_density(rng, n_features, 3, FactorForm.FULL)
        nothing = native.expect(
            plain(np.full((700, n_features), np.nan), np.zeros(700)), density, Moments.FULL
        )
        assert nothing.total_weight == nothing.log_likelihood == 0.0
        assert not any(sums.any() for sums in (nothing.counts, nothing.first, nothing.second))


def test_weight_two_counts_as_repetition(native, rng):
    density = a_density(rng, 5, 4, FactorForm.DIAGONAL)
    X = drawn_from(rng, density, 100)
    times = rng.integers(0, 4, size=100)
    assert_same_sums(
        native.expect(plain(X, times.astype(float)), density, Moments.FULL),
        native.expect(plain(np.repeat(X, times, axis=0)), density, Moments.FULL),
    )


@pytest.mark.parametrize("n_features", [3, 20])
def test_sums_of_parts_are_the_sums_of_the_whole(native, rng, n_features):
    density = a_density(rng, n_features, 5, FactorForm.FULL)
    X = drawn_from(rng, density, 3001)
    parts = [native.expect(plain(part), density, Moments.FULL) for part in np.split(X, [1, 700, 701, 2500])]
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    assert_same_sums(native.expect(plain(X), density, Moments.FULL), total)


@pytest.mark.parametrize("n_features", [2, 5, 9, 30])
def test_scatter_matrices_are_symmetric_to_the_last_bit(native, rng, n_features):
    density = a_density(rng, n_features, 3, FactorForm.FULL)
    rows = plain(drawn_from(rng, density, 200))
    for moments in (Moments.FULL, Moments.POOLED):
        second = native.expect(rows, density, moments).second
        np.testing.assert_array_equal(second, np.swapaxes(second, -1, -2))


@pytest.mark.parametrize("n_features", [2, 9, 12, 16, 40])
def test_skipping_negligible_rows_changes_nothing_that_doubles_can_show(native, rng, n_features):
    """Well separated components: most responsibilities lie between 0 and rounding."""
    for separation in (2.0, 4.0, 8.0, 30.0):
        density = a_density(rng, n_features, 6, FactorForm.FULL, separation)
        rows = plain(drawn_from(rng, density, 2000))
        actual = native.expect(rows, density, Moments.FULL)
        expected = REFERENCE.expect(rows, density, Moments.FULL)
        for k in range(6):  # each component by itself: a small one must not hide behind a large one
            size = np.abs(expected.second[k]).max()
            assert np.abs(actual.second[k] - expected.second[k]).max() <= 1e-12 * size
            assert abs(actual.counts[k] - expected.counts[k]) <= 1e-12 * expected.counts[k]


def test_hard_assignment_by_a_huge_factor_is_k_means(native, rng):
    """The coldest mixture: responsibilities are 0 and 1, and 1/2 on ties."""
    for n_features in (1, 2, 7, 25):
        means = rng.normal(size=(6, n_features)) * 3
        means[5] = means[2]
        density = Density(np.zeros(6), means, np.full(6, 1e120), FactorForm.SCALAR)
        X = drawn_from(rng, density, 400)
        statistics = native.expect(plain(X), density, Moments.NONE)
        nearest = ((X[:, None] - means) ** 2).sum(axis=2).argmin(axis=1)
        counts = np.bincount(nearest, minlength=6).astype(float)
        counts[5] = counts[2] = counts[2] / 2
        np.testing.assert_array_equal(statistics.counts, counts)
        expected = np.array(
            [(X - means[k])[nearest == min(k, 2 if k == 5 else k)].sum(axis=0) for k in range(6)]
        )
        expected[[2, 5]] /= 2
        np.testing.assert_allclose(statistics.first, expected, rtol=0, atol=1e-11)


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    n_rows=st.integers(0, 120),
    n_features=st.integers(1, 40),
    n_components=st.integers(1, 40),
    form=st.sampled_from(FactorForm),
    moments=st.sampled_from(Moments),
    dtype=st.sampled_from([np.float32, np.float64]),
    order=st.sampled_from("CF"),
    weighted=st.booleans(),
    separation=st.floats(0.01, 20),
    name=st.sampled_from(INSTRUCTION_SETS),
)
def test_any_mixture_agrees_with_the_reference(
    seed, n_rows, n_features, n_components, form, moments, dtype, order, weighted, separation, name
):
    rng = np.random.default_rng(seed)
    density = a_density(rng, n_features, n_components, form, separation)
    X = np.asarray(drawn_from(rng, density, n_rows), dtype=dtype, order=order)
    weight = rng.random(n_rows) * (rng.random(n_rows) > 0.3) if weighted else None
    rows = Rows(X, Coordinates.around(np.full(n_features, 0.5), np.full(n_features, 2.0)), weight)
    backend = NativeBackend(1, instruction_set=name)
    expected = REFERENCE.expect(rows, density, moments)
    assert_same_sums(backend.expect(rows, density, moments), expected)
