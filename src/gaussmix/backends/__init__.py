"""Who computes E-steps: the compiled kernels, or the NumPy reference that specifies them."""

from __future__ import annotations

from gaussmix.backends.base import Backend, Evaluation, Outputs
from gaussmix.backends.native import NativeBackend
from gaussmix.backends.reference import ReferenceBackend
from gaussmix.backends.threads import available_threads

__all__ = [
    "Backend",
    "Evaluation",
    "NativeBackend",
    "Outputs",
    "ReferenceBackend",
    "available_threads",
    "default_backend",
]


def default_backend(n_jobs: int | None = None) -> Backend:
    """Return the backend to use where nobody asks for another.

    Parameters
    ----------
    n_jobs : int or None
        Number of threads, counted as in `available_threads`.
    """
    return NativeBackend(available_threads(n_jobs))
