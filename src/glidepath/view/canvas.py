"""Lines over steps, drawn with characters."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from rich.text import Text

from glidepath.view import dots
from glidepath.view.amounts import figure
from glidepath.view.series import drawable, thinned

GUTTER = 10
"""Characters left of the axis, for its numbers."""
SPAN_OF_LOGARITHMS = 4.0
"""Positive values that differ by more are drawn on a logarithmic axis, where that is allowed."""
BLANK = "⠀"
"""A braille character without dots, the first of 256, whose codes are the sums of their dots."""


@dataclass(frozen=True)
class Line:
    """A line to draw.

    Attributes:
        name: in the legend.
        steps: `[points]`, ascending.
        values: `[points]`; what is not finite is left out.
        style: of rich, such as "cyan".
        marker: a character to draw at each point, in the place of a line.
    """

    name: str
    steps: np.ndarray
    values: np.ndarray
    style: str
    marker: str | None = None


@dataclass(frozen=True)
class Chart:
    """Lines on one pair of axes.

    Attributes:
        title: above it.
        lines: later ones lie above.
        last: step at the right end.
        may_be_logarithmic: where the values differ much.
        cursor: a step to mark.
    """

    title: str
    lines: Sequence[Line]
    last: int
    may_be_logarithmic: bool = False
    cursor: int | None = None

    def draw(self, width: int, height: int) -> list[Text]:
        """Rows of characters.

        Args:
            width: in characters, with the numbers at the left.
            height: in rows, with the title and the numbers below.
        """
        inner, rows = max(4, width - GUTTER - 2), max(1, height - 3)
        finite = [(line, *drawable(line.steps, line.values)) for line in self.lines]
        shown = [(line, steps, values) for line, steps, values in finite if len(values)]
        everything = np.concatenate([values for *_, values in shown]) if shown else np.zeros(1)
        axis = _Axis.over(everything, self.may_be_logarithmic)
        cells = _Cells(inner, rows, max(1, self.last), axis)
        if self.cursor is not None:
            cells.mark(self.cursor)
        for line, steps, values in shown:
            cells.add(line, *thinned(steps, axis.place(values), 4 * inner))
        return [self._title(width), *_framed(cells, axis), _ends(inner, self.last)]

    def _title(self, width: int) -> Text:
        title = Text(f"{self.title:>{GUTTER}}", "bold")
        for line in self.lines if len(self.lines) > 1 else ():
            title.append(f"   {line.marker or '─'} {line.name}", line.style)
        title.truncate(width)
        return title


@dataclass(frozen=True)
class _Axis:
    """The values' axis, from the lowest to the highest."""

    low: float
    high: float
    is_logarithmic: bool

    @classmethod
    def over(cls, values: np.ndarray, may_be_logarithmic: bool) -> _Axis:
        low, high = float(values.min()), float(values.max())
        if may_be_logarithmic and low > 0 and high / low > SPAN_OF_LOGARITHMS:
            return cls(math.log10(low), math.log10(high), True)
        low = low if may_be_logarithmic else min(0.0, low)
        return cls(low, high if high > low else low + (abs(low) or 1.0), False)

    def place(self, values: np.ndarray) -> np.ndarray:
        return np.log10(values) if self.is_logarithmic else values

    def label(self, place: float) -> str:
        return figure(10.0**place if self.is_logarithmic else place)


class _Cells:
    """Characters, each with the dots of all lines and the style of the last that is there."""

    def __init__(self, width: int, height: int, last: int, axis: _Axis) -> None:
        self._axis = axis
        self._width, self._height, self._last = width, height, last
        self.rows = [[(BLANK, "")] * width for _ in range(height)]

    def mark(self, step: int) -> None:
        """Draw an upright line behind all others."""
        column = min(self._width - 1, step * self._width // self._last)
        for row in self.rows:
            row[column] = ("┊", "dim")

    def add(self, line: Line, steps: np.ndarray, values: np.ndarray) -> None:
        """Draw a line over what is there."""
        low, high = self._axis.low, self._axis.high
        canvas = dots.empty(self._width, self._height, last=self._last, low=low, high=high)
        points = [(float(step), float(value)) for step, value in zip(steps, values, strict=True)]
        for (x0, y0), (x1, y1) in () if line.marker else pairwise(points):
            canvas.line(x0, y0, x1, y1)
        for x, y in points if line.marker or len(points) == 1 else ():
            canvas.point(x, y)
        for row, drawn in zip(self.rows, canvas.plot().splitlines(), strict=True):
            for i, character in enumerate(drawn):
                if character != BLANK:
                    row[i] = (line.marker or _together(row[i][0], character), line.style)


def _together(below: str, above: str) -> str:
    """The dots of two braille characters in one; anything else gives way."""
    code = ord(below) - ord(BLANK)
    return chr(ord(above) | code) if 0 <= code < 256 else above


def _framed(cells: _Cells, axis: _Axis) -> list[Text]:
    numbers = {0: axis.label(axis.high), len(cells.rows) - 1: axis.label(axis.low)}
    rows = []
    for i, row in enumerate(cells.rows):
        text = Text(f"{numbers.get(i, ''):>{GUTTER}} ")
        text.append("│", "dim")
        for character, style in row:
            text.append(character, style)
        rows.append(text)
    rows.append(Text(" " * (GUTTER + 1) + "└" + "─" * len(cells.rows[0]), "dim"))
    return rows


def _ends(width: int, last: int) -> Text:
    return Text(" " * (GUTTER + 2) + f"{'0':<{width // 2}}{last:>{width - width // 2},}", "dim")
