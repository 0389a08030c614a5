"""The page about a mixture: one HTML file that needs nothing else."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from numpy.typing import ArrayLike

from gaussmix.data.atomic import atomic_write
from gaussmix.explain import MixtureSummary
from gaussmix.inference import BootstrapResult, GoodnessOfFit
from gaussmix.plot.picture import missing_letters_as_boxes
from gaussmix.report.content import PageOptions, page_content
from gaussmix.report.rendering import MOST_BYTES, render_template
from gaussmix.selection import SelectionTable


def write_report(
    model: Any,
    X: Any,
    path: str | os.PathLike[str],
    *,
    summary: MixtureSummary | None = None,
    title: str | None = None,
    notes: Sequence[str] = (),
    feature_names: Sequence[str] | None = None,
    sample_weight: ArrayLike | None = None,
    row_numbers: ArrayLike | None = None,
    selection: SelectionTable | None = None,
    command: str | None = None,
    source: str | None = None,
    reading: Mapping[str, Any] | None = None,
    standardized: bool = False,
    goodness_of_fit: GoodnessOfFit | None = None,
    bootstrap: BootstrapResult | None = None,
    pictures: bool = True,
) -> None:
    """Write a page about a fitted mixture and a table.

    One HTML file of at most three megabytes with everything in it: it needs no network, runs no script but
    its own, and is still a page where scripts are forbidden, and on paper. It appears complete or not at all.

    Parameters
    ----------
    model : fitted GaussianMixture or AutoGaussianMixture
    X : array-like or frame of shape (N, D)
        Of many rows the map shows a random sample, and says so; all else is about all of them.
    path : str or path-like
    summary : MixtureSummary, optional
        Of the same model and table, where there is one already.
    title : str, optional
        Default: the number of components and rows.
    notes : sequence of str
        What was done to the data before, one sentence each: columns left out and why, scaling.
    feature_names : sequence of D str, optional
        Default: the summary's, else the names the model was fitted with, the frame's, or x0, x1, ...
    sample_weight : array-like of shape (N,), optional
        Weights of the rows: 0 is absence, 2 is repetition.
    row_numbers : array-like of shape (N,), optional
        Numbers by which a reader knows the rows, such as those in a file. Default: from 0.
    selection : SelectionTable, optional
        What the model was chosen among. Default: the model's own ``selection_``, if it has one.
    command : str, optional
        The command line that repeats the fit.
    source : str, optional
        The file or the bundled data set from which the table came, for the Python code on the page.
    reading : mapping, optional
        How it was read from there, for that code, too: arguments of `gaussmix.data.read_table` (``header``)
        and `gaussmix.data.select_features` (``weights``, ``drop_missing``).
    standardized : bool, default=False
        Whether the model was fitted on columns of mean 0 and variance 1 and brought back to the data's units.
    goodness_of_fit : GoodnessOfFit, optional
        Of the same model and table, with p-values. Default: the size of the differences is told without.
    bootstrap : BootstrapResult, optional
        Of the same model and table: its intervals are shown.
    pictures : bool, default=True
        Whether there are still pictures beside the drawings: paper and readers without scripts need them.
        They are most of the work.

    Raises
    ------
    OSError
        If the file cannot be written.
    ValueError
        If the table has no rows, or names or numbers do not match it.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from gaussmix import GaussianMixture
    >>> from gaussmix.report import write_report
    >>> X = [[1.0], [1.1], [1.2], [7.0], [7.1], [7.2]]
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "report.html"
    >>> write_report(GaussianMixture(2, random_state=0).fit(X), X, file)
    >>> file.read_text()[:15]
    '<!DOCTYPE html>'
    """
    page = render_report(
        model,
        X,
        summary=summary,
        title=title,
        notes=notes,
        feature_names=feature_names,
        sample_weight=sample_weight,
        row_numbers=row_numbers,
        selection=selection,
        command=command,
        source=source,
        reading=reading,
        standardized=standardized,
        goodness_of_fit=goodness_of_fit,
        bootstrap=bootstrap,
        pictures=pictures,
    )
    with atomic_write(path) as file:
        file.write(page.encode("utf-8"))


def render_report(
    model: Any,
    X: Any,
    *,
    summary: MixtureSummary | None = None,
    title: str | None = None,
    notes: Sequence[str] = (),
    feature_names: Sequence[str] | None = None,
    sample_weight: ArrayLike | None = None,
    row_numbers: ArrayLike | None = None,
    selection: SelectionTable | None = None,
    command: str | None = None,
    source: str | None = None,
    reading: Mapping[str, Any] | None = None,
    standardized: bool = False,
    goodness_of_fit: GoodnessOfFit | None = None,
    bootstrap: BootstrapResult | None = None,
    pictures: bool = True,
) -> str:
    """Return the page that `write_report` writes; the parameters are the same."""
    options = PageOptions(
        summary=summary,
        title=title,
        notes=tuple(notes),
        feature_names=feature_names,
        sample_weight=sample_weight,
        row_numbers=row_numbers,
        selection=selection,
        command=command,
        source=source,
        reading=reading,
        standardized=standardized,
        goodness_of_fit=goodness_of_fit,
        bootstrap=bootstrap,
        pictures=pictures,
    )
    with missing_letters_as_boxes():
        content = page_content(model, X, options)
    return render_content(content)


def render_content(content: dict[str, Any]) -> str:
    """Return the page of a content; still pictures that would make it too large are spared.

    Parameters
    ----------
    content : dict
        Of `gaussmix.report.content.page_content`.
    """
    page = render_template("report.html", content)
    for spared in ("pairs", "map"):  # still pictures: the map itself stays
        if len(page.encode("utf-8")) > MOST_BYTES:
            content = {**content, spared: None}
            page = render_template("report.html", content)
    return page
