"""The problems of the quality benchmark: suites of files, and rows of known mixtures."""

from __future__ import annotations

import gzip
import hashlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache, partial
from pathlib import Path
from zlib import crc32

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from benchmarks.quality_mixtures import (
    KINDS,
    STANDARDISED,
    Mixture,
    combinations,
    overlapping_mixture,
    sizes_needed,
)
from benchmarks.quality_solution import Parameters

Array = NDArray[np.float64]
Labels = NDArray[np.int64]

SUITES_VARIABLE = "GAUSSMIX_SUITES"
BATTERIES = ("wut", "fcps", "graves", "other")
MOST_COMPONENTS = 100


@dataclass
class Problem:
    """Rows, and the number of components to fit.

    Parameters
    ----------
    name : str
        Such as ``"wut/x1"`` or ``"overlap/full-K5-D2-high"``.
    n_components : int
    covariance_type : str
    source : callable
        Returns rows, labels (-1: noise) or None, and the true parameters or None; called when first needed.
    first_labels : bool
        False if the labels are a second opinion on rows that make another problem too.
    """

    name: str
    n_components: int
    covariance_type: str
    source: Callable[[], tuple[Array, Labels | None, Parameters | None]]
    first_labels: bool = True

    @cached_property
    def _content(self) -> tuple[Array, Labels | None, Parameters | None]:
        return self.source()

    @property
    def X(self) -> Array:
        """Rows, N x D."""
        return self._content[0]

    @property
    def labels(self) -> Labels | None:
        """Reference labels, -1 for noise; None if there are none."""
        return self._content[1]

    @property
    def truth(self) -> Parameters | None:
        """What the rows were drawn from; None if that is not known."""
        return self._content[2]

    @cached_property
    def key(self) -> str:
        """A name for files that changes with the rows and with what is to be fitted."""
        digest = hashlib.sha256(np.ascontiguousarray(self.X).tobytes())
        digest.update(f"{self.X.shape} {self.n_components} {self.covariance_type}".encode())
        return f"{self.name.replace('/', '-')}-{digest.hexdigest()[:12]}"


@lru_cache(maxsize=8)
def read_table(path: Path) -> Array:
    """Return the numbers of a compressed text file."""
    return np.loadtxt(path, ndmin=2)


def suite_set(rows: Path, labels: Path) -> tuple[Array, Labels, None]:
    """Return a set of a suite."""
    return read_table(rows), read_labels(labels), None


def read_labels(path: Path) -> Labels:
    """Return labels counted from 0, and -1 for noise."""
    with gzip.open(path, "rt", encoding="ascii") as lines:
        return np.array([int(line) - 1 for line in lines])


def suite_problems(folder: Path) -> Iterator[Problem]:
    """Yield the sets of the suites in a folder, once for each number of clusters in their labels."""
    for battery in BATTERIES:
        for rows in sorted((folder / battery).glob("*.data.gz")):
            name = f"{battery}/{rows.name.removesuffix('.data.gz')}"
            seen: set[int] = set()
            for path in sorted(rows.parent.glob(rows.name.replace(".data.gz", ".labels*.gz"))):
                found = read_labels(path)
                count = len(np.unique(found[found >= 0]))
                if count in seen or not 2 <= count <= MOST_COMPONENTS:
                    continue
                full_name = f"{name}-K{count}" if seen else name
                yield Problem(full_name, count, "full", partial(suite_set, rows, path), not seen)
                seen.add(count)


def drawn(name: str, make: Callable[[np.random.Generator], Mixture]) -> tuple[Array, Labels, Parameters]:
    """Return rows of a mixture, drawn by a generator that depends on the problem's name alone."""
    generator = np.random.default_rng(crc32(name.encode()))
    with threadpool_limits(1):  # another number of threads rounds otherwise, and the files know rows by bits
        mixture = make(generator)
        return *mixture.rows(generator), mixture.truth


def standardised(name: str) -> tuple[Array, Labels, Parameters]:
    """Return the rows of one of `KINDS` with unit variances."""
    X, labels, truth = drawn(name, KINDS[name])
    scale = X.std(axis=0)
    covariances = truth.covariances / np.outer(scale, scale)
    return X / scale, labels, Parameters(truth.weights, truth.means / scale, covariances)


def known_mixtures() -> Iterator[Problem]:
    """Yield the problems whose rows are drawn here."""
    for name, make in KINDS.items():
        count = int(name.split("-")[1])
        yield Problem(name, count, "full", partial(drawn, name, make))
        if name in STANDARDISED:
            yield Problem(f"{name}-standardised", count, "full", partial(standardised, name))
    for n_components, n_features, overlap, balanced, family in combinations():
        name = f"overlap/{family}-K{n_components}-D{n_features}-{overlap}"
        name += "" if balanced else "-unbalanced"
        sizes = sizes_needed(n_components, n_features, balanced)
        if sizes is not None:
            make = partial(overlapping_mixture, sizes, n_features, overlap, family)
            yield Problem(name, n_components, family, partial(drawn, name, make))


def problems(only: str = "", suites: str | Path | None = None) -> list[Problem]:
    """Return all problems whose name contains `only`.

    Parameters
    ----------
    only : str
    suites : path, optional
        Folder of the suites; the environment variable GAUSSMIX_SUITES by default. Without either, only the
        rows that are drawn here.
    """
    folder = suites or os.environ.get(SUITES_VARIABLE)
    found = list(suite_problems(Path(folder))) if folder else []
    if folder and not found:
        raise FileNotFoundError(f"there are no suites ({', '.join(BATTERIES)}) in {folder}")
    return [problem for problem in [*found, *known_mixtures()] if only in problem.name]
