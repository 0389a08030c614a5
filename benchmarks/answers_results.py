"""What the contestants of the benchmark of answers have found, on file and in sum."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.answers_draws import Kind
from benchmarks.answers_fits import MCLUST, SCIKIT_LEARN, Answer

ROOT = Path(__file__).parents[1]
FILES = {
    "ours": ROOT / "build" / "answers.json",
    "rivals": ROOT / "benchmarks" / "answers_rivals.json",
}
DIGITS = {"ari": 3, "n_found": 0, "density": 3, "unchanged": 4, "seconds": 2}
UNCHANGED = 1 - 1e-9


def fingerprint(kind: Kind, seed: int) -> float:
    """Return a number that changes with a table and hardly with how a machine rounds."""
    table = kind.table(seed)
    sums = np.arctan(table.X) @ np.arange(1.0, table.X.shape[1] + 1)
    return round(float(sums @ (2.0 + table.labels) / len(table.X)), 4)


def are_of(kind: Kind, fingerprints: list[float]) -> bool:
    """Return whether fingerprints are those of the tables that a kind makes; yes if these are not at hand."""
    try:
        return all(abs(fingerprint(kind, seed) - known) < 1e-3 for seed, known in enumerate(fingerprints[:2]))
    except FileNotFoundError:
        return True


def true_density(kind: Kind, seed: int) -> float:
    """Return the mean logarithm of the true density at the new rows of a table; NaN where it is not known."""
    table = kind.table(seed)
    new_rows = kind.new_rows(table, seed)
    if new_rows is None or table.log_density is None:
        return math.nan
    return float(table.log_density(new_rows).mean())


class Results:
    """Answers by kind and contestant, one a seed, beginning with seed 0."""

    def __init__(self, answers: dict[str, dict[str, list[Answer]]]) -> None:
        self._answers = answers
        self._fingerprints: dict[str, dict[str, list[float]]] = {side: {} for side in FILES}

    @classmethod
    def on_file(cls, kinds: Iterable[Kind]) -> Results:
        """Return what is on file, and say of which kinds it is of other tables than they make by now."""
        results, by_name = cls({}), {kind.name: kind for kind in kinds}
        for side, path in FILES.items():
            content = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
            for name, entry in content.items():
                if name not in by_name or not are_of(by_name[name], entry["tables"]):
                    print(f"{name}: what is on file of {side} is of other tables, and left out.")
                    continue
                results._fingerprints[side][name] = entry["tables"]
                for contestant, columns in entry["answers"].items():
                    results._answers.setdefault(name, {})[contestant] = _answers_of(columns)
        return results

    def keep(self, kind: Kind, side: str, found: dict[int, dict[str, Answer]]) -> None:
        """Keep the answers of seeds 0, 1 and so on in place of all that were there."""
        self._fingerprints[side][kind.name] = [fingerprint(kind, seed) for seed in found]
        kept = self._answers.setdefault(kind.name, {})
        for contestant in found[0]:
            kept[contestant] = [by_contestant[contestant] for by_contestant in found.values()]

    def write(self, side: str) -> None:
        """Write what one side has found."""
        content: dict[str, Any] = {}
        for name, prints in sorted(self._fingerprints[side].items()):
            answers = {
                contestant: _columns_of(found)
                for contestant, found in self._answers[name].items()
                if (contestant in (*SCIKIT_LEARN, *MCLUST)) == (side == "rivals")
            }
            content[name] = {"tables": prints, "answers": answers}
        lines = [f"{json.dumps(name)}: {_compact(entry)}" for name, entry in content.items()]
        FILES[side].parent.mkdir(exist_ok=True)
        FILES[side].write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")

    def answers(self, kind: Kind, contestant: str) -> list[Answer]:
        """Return the answers of a contestant, one a seed; none if there are none on file."""
        return self._answers.get(kind.name, {}).get(contestant, [])

    def mean(self, kind: Kind, contestant: str, of: str) -> float:
        """Return the mean of a number over the tables for which a contestant has it; NaN without any."""
        return mean_of(getattr(answer, of) for answer in self.answers(kind, contestant))

    def numbers_of_groups(self, kind: Kind) -> list[int]:
        """Return the true number of groups of each table that was fitted."""
        return [answer.n_found for answer in self.answers(kind, "truth")]

    def share_unchanged(self, kind: Kind, contestant: str) -> float:
        """Return in what share of the tables a companion changes no label."""
        return mean_of(
            float(answer.unchanged > UNCHANGED)
            for answer in self.answers(kind, contestant)
            if not math.isnan(answer.unchanged)
        )


def mean_of(values: Iterable[float]) -> float:
    """Return the mean of the numbers that are not NaN; NaN if there are none."""
    known = [value for value in values if not math.isnan(value)]
    return float(np.mean(known)) if known else math.nan


def _columns_of(answers: list[Answer]) -> dict[str, Any]:
    """Return answers as lists of rounded numbers, without those that are all unknown; times as their mean."""
    columns: dict[str, Any] = {}
    for name, digits in DIGITS.items():
        values = [getattr(answer, name) for answer in answers]
        if name == "seconds":
            columns[name] = None if math.isnan(mean_of(values)) else round(mean_of(values), digits)
        elif any(not math.isnan(value) for value in values):
            columns[name] = [
                None if math.isnan(value) else round(value, digits) if digits else int(value)
                for value in values
            ]
    return columns


def _answers_of(columns: dict[str, Any]) -> list[Answer]:
    """Return the answers of columns as `_columns_of` makes them."""
    rows = []
    for place in range(len(columns["n_found"])):
        numbers = {name: column if name == "seconds" else column[place] for name, column in columns.items()}
        rows.append(Answer(**{k: math.nan if value is None else value for k, value in numbers.items()}))
    return rows


def _compact(entry: dict[str, Any]) -> str:
    return json.dumps(entry, separators=(",", ":"))


def line(kind: Kind, results: Results) -> str:
    """Return what was found on the tables of a kind as a line of text."""

    def ari(contestant: str) -> str:
        value = results.mean(kind, contestant, "ari")
        return "    -" if math.isnan(value) else f"{value:5.2f}"

    numbers = ",".join(str(answer.n_found) for answer in results.answers(kind, "automatic"))
    others = f"sk {ari('scikit-learn')} {ari('n_init=10')} km {ari('k-means')}"
    text = f"{kind.name:26}given {ari('given')} ({others})"
    text += f"  auto {ari('automatic')} (mc {ari('mclust')})"
    if "merged" in kind.tags:
        text += f" merged {ari('merged')}"
    text += f" K {numbers} of {','.join(map(str, sorted(set(results.numbers_of_groups(kind)))))}"
    density, truth = (results.mean(kind, who, "density") for who in ("automatic", "truth"))
    if not math.isnan(density):
        text += f"; density {results.mean(kind, 'given', 'density'):.2f}/{density:.2f}"
        text += "" if math.isnan(truth) else f" (true {truth:.2f})"
    if "companion" in kind.tags:
        text += "; unchanged " + "/".join(
            f"{results.share_unchanged(kind, who):.1f} (rows {results.mean(kind, who, 'unchanged'):.3f})"
            for who in ("given", "automatic")
        )
    seconds = [results.mean(kind, who, "seconds") for who in ("given", "automatic")]
    return f"{text}; {seconds[0]:.2f}/{seconds[1]:.2f} s"
