"""The kinds of table of the benchmark of answers.

``KINDS[name].table(seed)`` is a table of a kind: a pure function of both.
"""

from __future__ import annotations

from benchmarks import answers_companions, answers_groups, answers_many, answers_recorded
from benchmarks.answers_draws import NO_GROUP, Kind, Table

__all__ = ["KINDS", "NO_GROUP", "Kind", "Table"]

KINDS: dict[str, Kind] = {
    kind.name: kind
    for module in (answers_recorded, answers_companions, answers_groups, answers_many)
    for kind in module.KINDS
}
