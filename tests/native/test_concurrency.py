"""Threads change nothing but the time: same bits, safe to fork, safe to share."""

from __future__ import annotations

import multiprocessing
import os
import sys
import threading

import numpy as np
import pytest
from joblib import Parallel, delayed
from native_problems import a_density, drawn_from, plain, same_bits

from gaussmix.backends import NativeBackend
from gaussmix.core.density import FactorForm
from gaussmix.core.statistics import Moments

PAIRS = [
    (FactorForm.FULL, Moments.FULL),
    (FactorForm.SHARED, Moments.POOLED),
    (FactorForm.DIAGONAL, Moments.DIAGONAL),
    (FactorForm.SCALAR, Moments.TRACE),
    (FactorForm.SCALAR, Moments.NONE),
]


@pytest.mark.parametrize(("form", "moments"), PAIRS)
@pytest.mark.parametrize(
    ("n_rows", "n_features", "n_components"), [(200_003, 2, 4), (30_001, 10, 9), (5_003, 40, 9)]
)
def test_any_number_of_threads_gives_the_same_bits(
    instruction_set, rng, form, moments, n_rows, n_features, n_components
):
    density = a_density(rng, n_features, n_components, form)
    weight = rng.random(n_rows) * (rng.random(n_rows) > 0.1)
    rows = plain(drawn_from(rng, density, n_rows), weight)
    one, *others = (
        NativeBackend(n, instruction_set=instruction_set).expect(rows, density, moments) for n in (1, 2, 3, 8)
    )
    assert all(same_bits(one, other) for other in others)


def a_large_problem():
    rng = np.random.default_rng(5)
    density = a_density(rng, 4, 6, FactorForm.FULL)
    return plain(drawn_from(rng, density, 100_000)), density


def _expect_in_child(connection):
    rows, density = a_large_problem()
    connection.send(NativeBackend(2).expect(rows, density, Moments.FULL).log_likelihood)
    connection.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_process_that_has_used_threads_may_fork_and_go_on():
    rows, density = a_large_problem()
    here = NativeBackend(2).expect(rows, density, Moments.FULL).log_likelihood
    context = multiprocessing.get_context("fork")
    children = []
    for _ in range(3):
        receiver, sender = context.Pipe(duplex=False)
        process = context.Process(target=_expect_in_child, args=(sender,))
        process.start()
        children.append((process, receiver))
    for process, receiver in children:
        assert receiver.poll(30), "the child does not answer"
        assert receiver.recv() == here
        process.join(30)
        assert process.exitcode == 0


def _fit(seed):
    from gaussmix import GaussianMixture

    rows, _ = a_large_problem()
    return GaussianMixture(3, random_state=seed, max_iter=5, n_jobs=2).fit(rows.X).lower_bound_


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("backend", ["multiprocessing", "threading"])
def test_fits_in_workers_of_joblib_are_those_of_this_process(backend):
    """multiprocessing forks a process that has used threads: where such a fork can hang, this test does."""
    here = [_fit(seed) for seed in range(3)]
    assert Parallel(n_jobs=2, backend=backend, timeout=120)(delayed(_fit)(seed) for seed in range(3)) == here


def test_python_threads_may_call_at_the_same_time():
    rows, density = a_large_problem()
    backend = NativeBackend(2)
    expected = backend.expect(rows, density, Moments.FULL)
    results = []

    def call():
        results.extend(backend.expect(rows, density, Moments.FULL) for _ in range(5))

    threads = [threading.Thread(target=call) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 20
    assert all(same_bits(result, expected) for result in results)


def test_the_interpreter_is_free_while_kernels_run():
    """Another thread gets on with its work during one long call."""
    rng = np.random.default_rng(0)
    density = a_density(rng, 40, 30, FactorForm.FULL)
    rows = plain(drawn_from(rng, density, 20_000))
    backend = NativeBackend(1)
    finished = threading.Event()
    counted = 0

    def call():
        backend.expect(rows, density, Moments.FULL)
        finished.set()

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-4)
    try:
        thread = threading.Thread(target=call)
        thread.start()
        while not finished.is_set():
            counted += 1
        thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert counted > 100
