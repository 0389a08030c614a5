"""Folders of results appear complete or not at all, and nothing of somebody else's is ever deleted."""

import io
import os
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from gaussmix.data.results import result_folder, write_columns, write_labels
from gaussmix.exceptions import DataError


def fill(folder, text="new"):
    (folder / "model.json").write_text(text)
    (folder / "labels.csv").write_text(text)


def write(target, *, overwrite=False, then=lambda: None):
    with result_folder(target, overwrite=overwrite) as folder:
        fill(folder)
        then()


def test_a_folder_appears_when_it_is_complete(tmp_path):
    target = tmp_path / "results"
    with result_folder(target) as folder:
        fill(folder)
        assert not target.exists()
    assert sorted(os.listdir(target)) == ["labels.csv", "model.json"]
    assert os.listdir(tmp_path) == ["results"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize("existing", [False, True])
def test_an_exception_leaves_everything_as_it_was(tmp_path, error, existing):
    target = tmp_path / "results"
    if existing:
        target.mkdir()
        fill(target, "old")

    def fail():
        raise error

    with pytest.raises(error):
        write(target, overwrite=True, then=fail)
    assert os.listdir(tmp_path) == (["results"] if existing else [])
    if existing:
        assert (target / "model.json").read_text() == "old"


def test_earlier_results_are_replaced_only_on_request(tmp_path):
    target = tmp_path / "results"
    target.mkdir()
    fill(target, "old")
    (target / "report.html").write_text("old")
    with pytest.raises(DataError, match=r"this folder of results exists; replace it with --overwrite"):
        write(target)
    write(target, overwrite=True)
    assert sorted(os.listdir(target)) == ["labels.csv", "model.json"]
    assert (target / "model.json").read_text() == "new"
    assert os.listdir(tmp_path) == ["results"]


@pytest.mark.parametrize("foreign", ["notes.txt", "plot.png/", ".hidden", "model.json.bak"])
def test_a_folder_with_anything_foreign_is_never_replaced(tmp_path, foreign):
    target = tmp_path / "results"
    target.mkdir()
    fill(target, "old")
    if foreign.endswith("/"):
        (target / foreign).mkdir()
    else:
        (target / foreign).write_text("precious")
    before = sorted(os.listdir(target))
    with pytest.raises(
        DataError, match=rf"not written by gaussmix alone \(it holds '{foreign.strip('/')}'\)"
    ):
        write(target, overwrite=True)
    assert sorted(os.listdir(target)) == before
    assert (target / "model.json").read_text() == "old"


def test_a_folder_without_a_model_is_not_taken_for_results(tmp_path):
    target = tmp_path / "results"
    target.mkdir()
    (target / "labels.csv").write_text("precious")
    with pytest.raises(DataError, match="was not written by gaussmix alone"):
        write(target, overwrite=True)
    assert (target / "labels.csv").read_text() == "precious"


def test_what_appears_during_a_long_fit_is_not_replaced(tmp_path):
    target = tmp_path / "results"

    def interfere():
        target.mkdir()
        (target / "precious.txt").write_text("precious")

    with pytest.raises(DataError, match="was not written by gaussmix alone"):
        write(target, then=interfere)
    assert os.listdir(target) == ["precious.txt"]
    assert os.listdir(tmp_path) == ["results"]


def test_an_empty_folder_is_filled(tmp_path):
    target = tmp_path / "results"
    target.mkdir()
    with result_folder(target) as folder:
        fill(folder)
    assert (target / "model.json").read_text() == "new"


def test_a_link_to_earlier_results_stays_a_link(tmp_path):
    real, link = tmp_path / "real", tmp_path / "link"
    real.mkdir()
    fill(real, "old")
    link.symlink_to(real)
    with result_folder(link, overwrite=True) as folder:
        fill(folder)
    assert link.is_symlink()
    assert (real / "model.json").read_text() == "new"


@pytest.mark.parametrize("place", [".", "..", "../.."])
def test_the_current_folder_and_those_above_it_are_not_replaced(tmp_path, monkeypatch, place):
    folder = tmp_path / "a" / "b" / "c"
    folder.mkdir(parents=True)
    monkeypatch.chdir(folder)
    with pytest.raises(DataError, match="this is the current folder"):
        write(place, overwrite=True)
    assert folder.is_dir()


@pytest.mark.skipif(
    not os.path.isdir("/sys/kernel"), reason="needs Linux's sysfs, where nobody can make folders"
)
def test_a_read_only_place_is_refused_before_the_fit():
    with pytest.raises(DataError, match=r"/sys/kernel/results: cannot write here \(.*\); name another place"):
        write("/sys/kernel/results")


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("none/results", r"none/results: the folder .*none does not exist; create it first"),
        ("file", r"file: a file of this name exists"),
        ("file/results", r"file/results: cannot write here"),
    ],
)
def test_impossible_places_are_refused_before_the_fit(tmp_path, place, message):
    (tmp_path / "file").write_text("precious")
    with pytest.raises(DataError, match=message), result_folder(tmp_path / place):
        pytest.fail("the block must not run")
    assert os.listdir(tmp_path) == ["file"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission_is_refused_before_the_fit(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(DataError, match="cannot write here"), result_folder(tmp_path / "results"):
        pytest.fail("the block must not run")


def test_labels_are_written_with_every_digit():
    file = io.BytesIO()
    probabilities = np.array([1.0, 1 / 3])
    assignment = SimpleNamespace(
        label=np.array([2, 0]), probability=probabilities, log_density=np.array([-1e-300, -np.inf])
    )
    write_labels(file, np.array([0, 7]), assignment)
    read = pd.read_csv(io.BytesIO(file.getvalue()))
    assert read.columns.tolist() == ["row", "label", "probability", "log_density"]
    assert read["row"].tolist() == [0, 7]
    assert read["label"].tolist() == [2, 0]
    assert read["probability"].tolist() == probabilities.tolist()
    assert read["log_density"].tolist() == [-1e-300, -np.inf]


def test_names_are_quoted_where_they_need_it():
    file = io.BytesIO()
    write_columns(file, ["plain", 'with "quote"', "with, comma"], [np.zeros(1)] * 3)
    assert pd.read_csv(io.BytesIO(file.getvalue())).columns.tolist() == [
        "plain",
        'with "quote"',
        "with, comma",
    ]
