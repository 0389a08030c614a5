"""What a terminal can show: its letters, bars and sparklines, with or without Unicode and colour."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

_ASCII = {"±": "+/-", "\N{EN DASH}": "-", "…": "...", "≤": "<=", "≥": ">=", "∞": "inf"}
CUT_OFF = 3.0
"""A curve ends at so many times the height of its median."""
_PARTS = " ▏▎▍▌▋▊▉"
_HEIGHTS = "▁▂▃▄▅▆▇█"


@dataclass(frozen=True)
class Terminal:
    """A console, and text in letters that it has.

    Parameters
    ----------
    console : rich.console.Console
    """

    console: Console

    @property
    def width(self) -> int:
        """Columns of a line."""
        return self.console.width

    @property
    def has_blocks(self) -> bool:
        """Whether block characters can be written."""
        return self._has(_PARTS + _HEIGHTS)

    def text(self, text: str, style: str = "") -> Text:
        """Return text with letters that the terminal lacks replaced by what it has."""
        if not text.isascii() and not self._has(text):
            text = "".join(letter if self._has(letter) else _ASCII.get(letter, "?") for letter in text)
        return Text(text, style=style)

    def line(self, text: str = "", style: str = "", indent: int = 0) -> None:
        """Print text, broken at the terminal's width."""
        shown = self.text(text, style)
        self.console.print(Padding(shown, (0, 0, 0, indent)) if indent else shown)

    def heading(self, text: str) -> None:
        """Print an empty line and a heading."""
        self.console.print()
        self.console.print(self.text(text, "bold"))

    def table(
        self,
        columns: Sequence[tuple[str, str]],
        rows: Iterable[Sequence[str]],
        *,
        no_wrap: bool = True,
        indent: int = 0,
    ) -> None:
        """Print a table without lines.

        Parameters
        ----------
        columns : sequence of (title, "left" or "right")
        rows : iterable of sequences of str
        no_wrap : bool, default=True
            Keep right-aligned cells in one line.
        indent : int, default=0
        """
        table = Table(
            box=None, padding=(0, 1), pad_edge=False, header_style="bold",
            show_header=any(title for title, _ in columns),
        )  # fmt: skip
        for title, side in columns:
            right = side == "right"
            table.add_column(
                self.text(title), justify="right" if right else "left", overflow="fold",
                no_wrap=no_wrap and right,
            )  # fmt: skip
        for row in rows:
            table.add_row(*(self.text(cell) for cell in row))
        self.console.print(Padding(table, (0, 0, 0, indent)))

    def facts(self, facts: Iterable[tuple[str, str]]) -> None:
        """Print terms and values: side by side where there is room, else in lines."""
        if self.width < 60:
            for name, value in facts:
                self.line(f"{name}: {value}")
            return
        table = Table.grid(padding=(0, 2))
        table.add_column(style="bold")
        table.add_column()
        for name, value in facts:
            table.add_row(self.text(name), self.text(value))
        self.console.print(table)

    def bar(self, share: float, width: int = 5) -> str:
        """Return a horizontal bar, padded to its width and as long as its share of it: of nothing empty.

        Parameters
        ----------
        share : float
            Length, from 0 to 1.
        width : int, default=5
            Of a full bar, in columns.
        """
        share = min(max(share, 0.0), 1.0) if math.isfinite(share) else 0.0
        if not self.has_blocks:
            return ("#" * round(share * width)).ljust(width)
        eighths = round(share * width * 8)
        return ("█" * (eighths // 8) + _PARTS[eighths % 8].strip()).ljust(width)

    def sparkline(self, values: Sequence[float]) -> str:
        """Return a curve as one character a value: blocks of eight heights, or digits 0 to 7.

        Parameters
        ----------
        values : sequence of float
            What is not finite is left blank, and what is far above the rest cut off, so that the others
            can be told apart.
        """
        finite = [value for value in values if math.isfinite(value)]
        if not finite:
            return " " * len(values)
        lowest, median = min(finite), sorted(finite)[len(finite) // 2]
        highest = min(max(finite), lowest + CUT_OFF * (median - lowest)) if median > lowest else max(finite)
        span = highest - lowest
        heights = _HEIGHTS if self.has_blocks else "01234567"

        def height(value: float) -> str:
            if not math.isfinite(value):
                return " "
            return heights[round(7 * (min(value, highest) - lowest) / span) if span > 0 else 0]

        return "".join(map(height, values))

    def _has(self, text: str) -> bool:
        try:
            text.encode(self.console.encoding)
        except (UnicodeEncodeError, LookupError):
            return False
        return True
