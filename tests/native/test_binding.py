"""The binding refuses what would make kernels read or write where they must not."""

from __future__ import annotations

import numpy as np
import pytest

from gaussmix import _native

N, D, K = 5, 3, 2


def arguments(**changes):
    given = {
        "X": np.zeros((N, D)),
        "shift": np.zeros(D),
        "scale": np.ones(D),
        "sample_weight": None,
        "log_constants": np.zeros(K),
        "means": np.zeros((K, D)),
        "factor": np.zeros((K, D, D)),
        "form": 0,
        "moments": 1,
        "counts": np.empty(K),
        "first": np.empty((K, D)),
        "second": np.empty((K, D, D)),
        "n_threads": 1,
        "instruction_set": "baseline",
    }
    return given | changes


def description(changes):
    """Return the same name for a case in every process: values of empty arrays differ."""
    return ", ".join(
        f"{name} {value.dtype} {value.shape}" if isinstance(value, np.ndarray) else f"{name}={value}"
        for name, value in changes.items()
    )


def test_what_fits_together_is_accepted():
    log_likelihood, total_weight = _native.expect(**arguments())
    assert total_weight == N
    assert np.isfinite(log_likelihood)


@pytest.mark.parametrize(
    "changes",
    [
        {"X": np.zeros((N, D + 1))},
        {"X": np.zeros((N, 0))},
        {"X": np.zeros((N, D), dtype=np.int64)},
        {"X": np.zeros((N, D), dtype=np.float16)},
        {"X": np.zeros((N, D), dtype=complex)},
        {"shift": np.zeros(D - 1)},
        {"scale": np.zeros((1, D))},
        {"sample_weight": np.ones(N - 1)},
        {"log_constants": np.zeros(K + 1)},
        {"means": np.zeros((K + 1, D))},
        {"means": np.zeros((0, D)), "log_constants": np.zeros(0)},
        {"factor": np.zeros((K, D, D - 1))},
        {"factor": np.zeros((D, D))},
        {"form": 1},
        {"form": 2},
        {"form": 3},
        {"form": 4},
        {"form": -1},
        {"moments": 5},
        {"moments": -1},
        {"moments": 2},
        {"counts": np.empty(K - 1)},
        {"first": np.empty((K, D - 1))},
        {"second": np.empty((K, D, D - 1))},
        {"second": np.empty(0)},
    ],
    ids=description,
)
def test_shapes_and_types_that_do_not_fit_are_refused(changes):
    with pytest.raises((ValueError, TypeError)):
        _native.expect(**arguments(**changes))


@pytest.mark.parametrize(
    "changes",
    [
        {"X": np.zeros(N)},
        {"X": None},
        {"X": [[1.0, 2.0, 3.0]]},
        {"counts": np.empty(K, dtype=np.float32)},
        {"first": np.empty((D, K)).T},
        {"second": np.empty((K, D, 2 * D))[:, :, ::2]},
    ],
    ids=description,
)
def test_results_are_never_written_to_a_copy(changes):
    with pytest.raises(TypeError):
        _native.expect(**arguments(**changes))


def test_results_in_read_only_memory_are_refused():
    counts = np.empty(K)
    counts.flags.writeable = False
    with pytest.raises((TypeError, ValueError, BufferError)):
        _native.expect(**arguments(counts=counts))


def test_an_unknown_instruction_set_is_refused_with_those_there_are():
    with pytest.raises(RuntimeError, match="baseline"):
        _native.expect(**arguments(instruction_set="sse9"))


def test_parameters_in_other_order_or_precision_are_converted():
    rng = np.random.default_rng(0)
    factor = np.tril(rng.normal(size=(K, D, D)))
    expected = arguments(X=rng.normal(size=(N, D)), factor=factor)
    _native.expect(**expected)
    actual = expected | {
        "factor": np.asfortranarray(factor),
        "means": np.zeros((D, K)).T,
        "second": np.empty((K, D, D)),
    }
    _native.expect(**actual)
    np.testing.assert_array_equal(actual["second"], expected["second"])
