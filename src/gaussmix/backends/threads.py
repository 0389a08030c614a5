"""How many threads to use: scikit-learn's `n_jobs` convention, and what the machine grants."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path

LIMIT_VARIABLES = ("GAUSSMIX_NUM_THREADS", "OMP_NUM_THREADS")
"""Environment variables that bound the default number of threads; the first one that is set counts."""


def available_threads(n_jobs: int | None = None) -> int:
    """Return the number of threads that `n_jobs` stands for, at least 1.

    Parameters
    ----------
    n_jobs : int or None
        None: all processors that this process may use, bounded by the environment variables
        ``GAUSSMIX_NUM_THREADS`` or else ``OMP_NUM_THREADS``. A positive number: just that many.
        -1: all processors that this process may use; -2: all but one, and so on.

    Returns
    -------
    int

    Raises
    ------
    ValueError
        If `n_jobs` is 0.
    """
    if n_jobs == 0:
        raise ValueError("n_jobs must not be 0; use 1 for one thread, -1 for all processors")
    if n_jobs is not None and n_jobs > 0:
        return int(n_jobs)
    processors = usable_processors()
    if n_jobs is not None:
        return max(1, processors + 1 + int(n_jobs))
    limit = _environment_limit(os.environ)
    return processors if limit is None else max(1, min(processors, limit))


def usable_processors() -> int:
    """Return how many processors affinity and control groups leave to this process, at least 1."""
    processors = os.cpu_count() or 1
    if hasattr(os, "sched_getaffinity"):  # not on macOS and Windows
        processors = len(os.sched_getaffinity(0))
    quota = quota_of_this_process()
    return max(1, processors if quota is None else min(processors, math.ceil(quota)))


@cache
def quota_of_this_process() -> float | None:
    """Return what `control_group_processors` says, read once a process: it takes 0.1 milliseconds."""
    return control_group_processors()


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=quota_of_this_process.cache_clear)


def control_group_processors(
    root: Path = Path("/sys/fs/cgroup"), own: Path = Path("/proc/self/cgroup")
) -> float | None:
    """Return the least processor quota of this process's control groups, or None where there is none.

    Parameters
    ----------
    root : Path
        Where control groups are mounted.
    own : Path
        The file that names this process's group.
    """
    quotas = [
        quota
        for group in _groups(root, own)
        for quota in (_quota_v2(group), _quota_v1(group))
        if quota is not None
    ]
    return min(quotas, default=None)


def _groups(root: Path, own: Path) -> list[Path]:
    """Return the folders of this process's groups and all groups above them, in versions 1 and 2."""
    folders = {root, root / "cpu", root / "cpu,cpuacct"}
    for line in _text(own).splitlines():
        hierarchy, _, rest = line.partition(":")
        controllers, _, name = rest.partition(":")
        if hierarchy == "0" and not controllers:
            base = root
        elif "cpu" in controllers.split(","):
            base = root / controllers
        else:
            continue
        folder = base / name.lstrip("/")
        while folder != base and base in folder.parents:
            folders.add(folder)
            folder = folder.parent
        folders.add(base)
    return sorted(folders)


def _quota_v2(group: Path) -> float | None:
    """Return the quota of a group in the second version's ``cpu.max``, in processors."""
    fields = _text(group / "cpu.max").split()
    return _ratio(fields[0], fields[1]) if len(fields) == 2 else None


def _quota_v1(group: Path) -> float | None:
    """Return the quota of a group in the first version's ``cpu.cfs_quota_us``, in processors."""
    return _ratio(_text(group / "cpu.cfs_quota_us"), _text(group / "cpu.cfs_period_us"))


def _ratio(quota: str, period: str) -> float | None:
    """Return quota over period, or None where either is absent or says that there is no limit."""
    try:
        number, length = float(quota), float(period)
    except ValueError:
        return None
    return number / length if number > 0 and length > 0 else None


def _text(path: Path) -> str:
    """Return a file's text, or nothing if it cannot be read."""
    try:
        return path.read_text()
    except (OSError, UnicodeDecodeError):
        return ""


def _environment_limit(environment: Mapping[str, str]) -> int | None:
    """Return the number of threads that the environment asks for, if it does."""
    for variable in LIMIT_VARIABLES:
        # OMP_NUM_THREADS may hold one number for each level of nesting.
        text = environment.get(variable, "").split(",")[0].strip()
        if text.isdecimal() and int(text) > 0:
            return int(text)
    return None
