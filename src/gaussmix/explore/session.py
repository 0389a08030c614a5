"""What is explored: a table, what was asked for, and the results so far."""

from __future__ import annotations

import copy
import io
import secrets
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from gaussmix.covariance import FAMILIES
from gaussmix.data import Features, Table, select_features
from gaussmix.data.conversion import NumericColumn, numeric_column
from gaussmix.data.results import write_labels
from gaussmix.estimators.gaussian_mixture import GaussianMixture
from gaussmix.estimators.naming import check_component_names, merged_names
from gaussmix.exceptions import DataError
from gaussmix.explore.components import merge_by_hand, split_by_hand
from gaussmix.explore.fits import Result, Rows, command_line, fit_table, without_rows
from gaussmix.explore.job import Worker
from gaussmix.explore.settings import MOST_COMPONENTS, FitSettings
from gaussmix.report.content import PageOptions, page_content
from gaussmix.report.page import render_content
from gaussmix.report.rendering import render_template

MOST_UNDONE = 20
"""Results that are kept to go back to."""
MOST_BYTES_HELD = 1 << 30
"""Of the rows of these results: of large tables with ever other rows and columns fewer are kept."""
TEMPLATES = Path(__file__).parent / "templates"


class Session:
    """A table, the results so far, and one task at a time that makes another.

    Parameters
    ----------
    table : Table
    settings : FitSettings
        What to fit first.
    source : str
        What the table was read from, as ``gaussmix fit`` takes it.
    drop_missing : bool, default=False
        Whether rows with missing values are dropped; otherwise they are an error.
    header : bool, optional
        Whether the first line of the file was said to hold names.
    """

    def __init__(
        self,
        table: Table,
        settings: FitSettings,
        *,
        source: str,
        drop_missing: bool = False,
        header: bool | None = None,
    ) -> None:
        self.table = table
        self.settings = settings
        self.source = source
        self.drop_missing = drop_missing
        self.header = header
        self.worker = Worker()
        self.version = 0
        self._lock = threading.Lock()
        self._version_mark = secrets.token_hex(16)
        self._history: list[tuple[Result, str]] = []
        self._columns = _column_entries(table)

    @property
    def result(self) -> Result | None:
        """The result that is shown; None before the first."""
        return self._history[-1][0] if self._history else None

    @property
    def can_undo(self) -> bool:
        """Whether there is a result to go back to."""
        return len(self._history) > 1

    def status(self) -> dict[str, Any]:
        """Return what is going on, for the page."""
        worker = self.worker
        return {
            "busy": worker.is_busy,
            "doing": worker.doing,
            "seconds": round(worker.seconds, 1),
            "error": None if worker.is_busy else worker.error,
            "version": self.version,
        }

    def page(self) -> str:
        """Return the page with its controls, or one that waits for the first result."""
        with self._lock:
            if self._history:
                page = self._history[-1][1]
                # Pages that are gone back to are not made anew.
                return page.replace(self._version_mark, str(self.version), 1)
        return self._render_waiting()

    # -------------------------------------------------------------- tasks

    def fit(self, settings: FitSettings) -> None:
        """Begin a fit.

        Raises
        ------
        DataError
            If another task runs.
        """

        def task(say: Callable[[str], None]) -> None:
            self._finish(fit_table(self._features(settings), settings), say)

        number = "1 to 9 and more" if settings.components is None else str(settings.components)
        self.worker.start(f"fitting {number} component{'' if number == '1' else 's'}", task)
        self.settings = settings

    def merge(self, first: int, second: int) -> None:
        """Begin to merge two components.

        Raises
        ------
        DataError
            If there is no such component, or another task runs.
        """
        result = self._present(first, second)
        names = f"components {first} and {second}"

        def task(say: Callable[[str], None]) -> None:
            model = merge_by_hand(result.model, _values(result), first, second)
            self._finish(_changed(result, model, f"Merged {names} by hand, and ran EM from there."), say)

        self.worker.start(f"merging {names}", task)

    def split(self, component: int) -> None:
        """Begin to split a component.

        Raises
        ------
        DataError
            If there is no such component, there are too many, or another task runs.
        """
        result = self._present(component)
        if len(result.model.weights_) >= MOST_COMPONENTS:
            raise DataError(f"there are {MOST_COMPONENTS} components already")

        def task(say: Callable[[str], None]) -> None:
            model = split_by_hand(result.model, _values(result), component, result.settings.seed)
            step = f"Split component {component} by hand, and ran EM from there."
            self._finish(_changed(result, model, step), say)

        self.worker.start(f"splitting component {component}", task)

    def name(self, component: int, name: str | None) -> None:
        """Begin to name a component; None takes its name away.

        Raises
        ------
        DataError
            If there is no such component, the name is of no use, or another task runs.
        """
        result = self._present(component)
        model = copy.copy(result.model)
        try:
            names = merged_names({component: name}, model.component_names_, len(model.weights_))
            check_component_names(names, len(model.weights_))
        except (TypeError, ValueError) as error:
            raise DataError(str(error)) from None
        model.component_names_ = names
        self.worker.start("naming", lambda say: self._finish(replace(result, model=model), say))

    def undo(self) -> None:
        """Go back to the result before.

        Raises
        ------
        DataError
            If there is none, or a task runs.
        """
        if self.worker.is_busy:
            raise DataError("a fit is running; wait for it, or cancel it")
        with self._lock:
            if not self.can_undo:
                raise DataError("there is no earlier result")
            self._history.pop()
            self.settings = self._history[-1][0].settings
            self.version += 1

    # -------------------------------------------------------------- exports

    def labels(self) -> bytes:
        """Return the assignment of the rows as CSV, as ``gaussmix fit`` writes it."""
        result = self._present()
        file = io.BytesIO()
        write_labels(file, result.features.rows, result.model.assign(_values(result)))
        return file.getvalue()

    def model_file(self, folder: Path) -> bytes:
        """Return the model as ``gaussmix fit`` writes it.

        Parameters
        ----------
        folder : Path
            Where a file may be written for a moment.
        """
        result = self._present()
        model = copy.copy(result.model)
        model.feature_names_in_ = np.array(result.features.names, dtype=object)
        path = folder / "model.json"
        model.save(path)
        content = path.read_bytes()
        path.unlink()
        return content

    def report(self) -> str:
        """Return the page without controls, as ``gaussmix fit`` writes it."""
        return render_content(self._content(self._present(), pictures=True))

    # -------------------------------------------------------------- inside

    def _present(self, *components: int) -> Result:
        result = self.result
        if result is None:
            raise DataError("there is no result yet")
        for component in components:
            if not 0 <= component < len(result.model.weights_):
                raise DataError(f"there is no component {component}")
        return result

    def _features(self, settings: FitSettings) -> Features:
        """Return the rows and columns that are asked for, those of an earlier result if they are the same."""
        for result, _ in reversed(self._history):
            if (result.settings.columns, result.settings.left_out) == (settings.columns, settings.left_out):
                return result.features
        columns = None if settings.columns is None else list(settings.columns)
        features = select_features(self.table, columns, drop_missing=self.drop_missing)
        return without_rows(features, settings.left_out)

    def _bytes_held(self) -> int:
        held = {id(result.features): result.features.values.nbytes for result, _ in self._history}
        return sum(held.values())

    def _finish(self, result: Result, say: Callable[[str], None]) -> None:
        say("writing the page")
        page = self._render(result)
        with self._lock:
            self._history.append((result, page))
            del self._history[:-MOST_UNDONE]
            while len(self._history) > 1 and self._bytes_held() > MOST_BYTES_HELD:
                del self._history[0]
            self.settings = result.settings
            self.version += 1

    def _content(self, result: Result, *, pictures: bool) -> dict[str, Any]:
        features, settings = result.features, result.settings
        notes = [f"Column left out: {column}." for column in features.left_out]
        notes += self.table.notes
        if features.n_dropped:
            notes.append(features.drop_sentence)
        if settings.left_out:
            shown = ", ".join(map(str, settings.left_out[:20]))
            more = len(settings.left_out) - 20
            notes.append(f"Rows left out by hand: {shown}{f' and {more:,} more' if more > 0 else ''}.")
        if settings.standardize:
            notes.append("Fitted on standardized columns; everything here is in the data's own units.")
        options = PageOptions(
            standardized=settings.standardize,
            pictures=pictures,
            code='from gaussmix import load_model\n\nmodel = load_model("model.json")  # export it above'
            if result.steps or settings.left_out
            else None,
            source=self.source,
            reading={"header": self.header, "drop_missing": self.drop_missing},
            title=f"Mixture fitted to {self.table.name}",
            notes=(*notes, *result.steps),
            feature_names=features.names,
            row_numbers=features.rows,
            selection=result.selection,
            command=None
            if result.steps or settings.left_out
            else command_line(settings, self.source, drop_missing=self.drop_missing, header=self.header),
        )
        return page_content(result.model, _values(result), options)

    def _render(self, result: Result) -> str:
        content = self._content(result, pictures=False)
        return render_template(
            "explore.html",
            {**content, **self._controls(result), "version_mark": self._version_mark},
            folder=TEMPLATES,
            scripts=(explore_script(),),
            connects=True,
        )

    def _render_waiting(self) -> str:
        content = {
            "title": f"Exploring {self.table.name}",
            "light_palette": (),
            "dark_palette": (),
            "version_mark": str(self.version),
            **self._controls(None),
        }
        return render_template(
            "waiting.html", content, folder=TEMPLATES, scripts=(explore_script(),), connects=True
        )

    def _controls(self, result: Result | None) -> dict[str, Any]:
        settings = self.settings if result is None else result.settings
        used = set(settings.columns or ()) if result is None else set(result.features.names)
        n_components = 0 if result is None else len(result.model.weights_)
        given = None if result is None else result.model.component_names_
        return {
            "table_name": self.table.name,
            "settings": settings,
            "left_out_text": ", ".join(map(str, settings.left_out)),
            "families": list(FAMILIES),
            "family_meanings": {name: family.meaning for name, family in FAMILIES.items()},
            "columns": [{**entry, "used": entry["name"] in used} for entry in self._columns],
            "most_components": MOST_COMPONENTS,
            "given_names": [name or "" for name in given or [None] * n_components],
            # The page that is made now will have an earlier one to go back to.
            "can_undo": bool(self._history),
            "explore_script": explore_script(),
        }


def explore_script() -> str:
    """Return the script of the controls."""
    return (TEMPLATES / "explore.js").read_text(encoding="utf-8")


def _changed(result: Result, model: GaussianMixture, step: str) -> Result:
    return Result(result.settings, model, result.features, None, (*result.steps, step))


def _values(result: Result) -> Rows:
    return result.features.values


def _column_entries(table: Table) -> list[dict[str, Any]]:
    """Return for each column whether it holds numbers."""
    entries = []
    for name in table.column_names:
        try:
            column = numeric_column(table, name)
            reason = "" if isinstance(column, NumericColumn) else column.reason
        except DataError as error:
            reason = str(error)
        entries.append({"name": name, "usable": not reason, "reason": reason})
    return entries
