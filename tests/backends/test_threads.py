"""How many threads there are to use."""

from __future__ import annotations

import os

import pytest

from gaussmix.backends import threads
from gaussmix.backends.threads import available_threads, control_group_processors, usable_processors


@pytest.fixture
def eight_processors(monkeypatch):
    monkeypatch.setattr(threads, "usable_processors", lambda: 8)
    for variable in threads.LIMIT_VARIABLES:
        monkeypatch.delenv(variable, raising=False)
    return monkeypatch


@pytest.mark.parametrize(
    ("n_jobs", "expected"), [(None, 8), (1, 1), (3, 3), (100, 100), (-1, 8), (-2, 7), (-100, 1)]
)
def test_n_jobs_counts_as_in_joblib(eight_processors, n_jobs, expected):
    assert available_threads(n_jobs) == expected


def test_n_jobs_of_zero_is_refused():
    with pytest.raises(ValueError, match="n_jobs"):
        available_threads(0)


@pytest.mark.parametrize(
    ("own", "openmp", "expected"),
    [
        ("2", None, 2),
        (None, "3", 3),
        ("2", "3", 2),
        (None, "4,2", 4),
        ("50", None, 8),
        ("0", None, 8),
        ("x", "3", 3),
    ],
)
def test_environment_variables_bound_the_default_only(eight_processors, own, openmp, expected):
    if own:
        eight_processors.setenv("GAUSSMIX_NUM_THREADS", own)
    if openmp:
        eight_processors.setenv("OMP_NUM_THREADS", openmp)
    assert available_threads() == expected
    assert available_threads(-1) == 8
    assert available_threads(5) == 5


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="needs processor affinity")
def test_affinity_is_respected():
    before = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(before)})
        assert usable_processors() == 1
    finally:
        os.sched_setaffinity(0, before)


def a_group(folder, **files):
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(text)


def test_control_groups_of_version_two_bound_from_any_level(tmp_path):
    a_group(tmp_path, cpu__max="max 100000")
    a_group(tmp_path / "outer", cpu__max="150000 100000")
    a_group(tmp_path / "outer" / "inner", cpu__max="max 100000")
    own = tmp_path / "cgroup"
    own.write_text("0::/outer/inner\n")
    assert control_group_processors(tmp_path, own) == 1.5


def test_control_groups_of_version_one_bound(tmp_path):
    a_group(tmp_path / "cpu,cpuacct" / "job", cpu__cfs_quota_us="300000", cpu__cfs_period_us="100000")
    own = tmp_path / "cgroup"
    own.write_text("5:memory:/elsewhere\n4:cpu,cpuacct:/job\n")
    assert control_group_processors(tmp_path, own) == 3.0


def test_no_control_group_no_bound(tmp_path):
    assert control_group_processors(tmp_path, tmp_path / "missing") is None
    a_group(tmp_path / "cpu", cpu__cfs_quota_us="-1", cpu__cfs_period_us="100000")
    a_group(tmp_path, cpu__max="nonsense")
    assert control_group_processors(tmp_path, tmp_path / "missing") is None


def test_a_quota_of_part_of_a_processor_leaves_one(monkeypatch):
    monkeypatch.setattr(threads, "quota_of_this_process", lambda: 0.2)
    assert usable_processors() == 1
