"""A run on one page of a terminal, of whatever size that is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import zip_longest

import numpy as np
from rich.console import Console, ConsoleOptions
from rich.text import Text

from glidepath.diagnosis.finding import Finding
from glidepath.record.history import History
from glidepath.record.state import READING, State
from glidepath.view.canvas import Chart, Line
from glidepath.view.plain import plain
from glidepath.view.planned import planned
from glidepath.view.run_findings import COLOUR
from glidepath.view.series import drawable, smoothed
from glidepath.view.watch.status import (
    STATE_STYLES,
    figures,
    happenings,
    is_loss,
    place,
    speed,
    state_text,
)

NARROWEST_CHART, LOWEST_CHART, HIGHEST_CHART = 36, 7, 14
BESIDE = 76
"""From so many characters on, two charts stand side by side."""
LINE_STYLES = ("yellow", "magenta", "cyan")
NEWEST = 3
"""Notices that are shown, at most."""


class Page:
    """A run at one moment, to print or to show live.

    Args:
        history: of the run.
        state: of the run.
        findings: worst first.
        name: of the run, as its user calls it.
        has_charts: whether the terminal can show them.
        height: rows that may be taken; as the terminal has, where None.
    """

    def __init__(
        self,
        history: History,
        state: State,
        findings: Sequence[Finding],
        name: str,
        *,
        has_charts: bool = True,
        height: int | None = None,
    ) -> None:
        self._history, self._state, self._findings = history, state, findings
        self._name, self._has_charts, self._height = name, has_charts, height

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Text]:
        """The page's lines, no wider and no higher than there is room for."""
        width = options.max_width
        height = self._height or options.height or console.height
        head = [*self._head(width), *self._bar(width)]
        told = [one for text in self._told() for one in text.wrap(console, width)]
        room = height - len(head) - min(len(told), max(3, height // 3))
        charts = self._charts(console, width, room) if self._has_charts else []
        rows = [*head, *charts]
        rows += _cut(told, max(0, height - len(rows)), plain(self._name))
        for row in rows[:height]:
            row.no_wrap, row.overflow = True, "crop"
            yield row

    def _head(self, width: int) -> list[Text]:
        history, state = self._history, self._state
        if not len(history):
            nothing = "no update has been recorded yet"
            return [*self._title(width), Text("" if state.name == READING else nothing)]
        parts = (place(history), figures(history), speed(history, state))
        return [*self._title(width), *(Text(row) for some in parts for row in packed(some, width))]

    def _title(self, width: int) -> list[Text]:
        """The run's name, its state and its plan: in one row, or the name above the others."""
        name, state = plain(self._name), self._state
        rest = Text(state_text(state), STATE_STYLES.get(state.name, "bold"))
        if self._history.header.get("fingerprint"):
            rest.append(f"   plan {plain(self._history.header['fingerprint'])}", "not bold dim")
        if len(name) + 3 + len(rest) <= width:
            return [Text(name + "   ", "bold").append(rest)]
        short = name if len(name) <= width else "..." + name[3 - width :]
        return [Text(short, "bold"), rest]

    def _bar(self, width: int) -> list[Text]:
        """How much of the run is done; nothing where that is not known."""
        total = self._history.total_steps
        if not total or not self._has_charts:
            return []
        filled = int(min(1.0, self._history.num_done / total) * width)
        return [Text("━" * filled, "green").append("─" * (width - filled), "dim")]

    def _told(self) -> list[Text]:
        """Findings, and what happened."""
        rows = [finding_line(one) for one in self._findings]
        newest = list(happenings(self._history))[-NEWEST:]
        return rows + [Text("· " + text if self._has_charts else "* " + text) for text in newest]

    def _charts(self, console: Console, width: int, room: int) -> list[Text]:
        """As many charts as there is room for, side by side where it is wide."""
        columns = 2 if width >= BESIDE else 1
        one_width = (width - (columns - 1) * 2) // columns
        drawn = charts(self._history, dots=2 * one_width, is_coloured=_is_coloured(console))
        num_rows = min(-(-len(drawn) // columns), room // LOWEST_CHART)
        if num_rows < 1 or one_width < NARROWEST_CHART:
            return []
        height = min(HIGHEST_CHART, room // num_rows)
        blocks = [one.draw(one_width, height) for one in drawn[: num_rows * columns]]
        return [
            row
            for i in range(0, len(blocks), columns)
            for row in _beside(blocks[i : i + columns], one_width)
        ]


def packed(parts: Sequence[str], width: int) -> list[str]:
    """Parts with commas between them, in rows that are as wide as there is room, if they can be."""
    rows: list[str] = []
    for part in parts:
        if rows and len(rows[-1]) + len(part) + 3 <= width:
            rows[-1] += f", {part}"
        else:
            rows = [*rows[:-1], rows[-1] + ","] if rows else rows
            rows.append(part)
    return rows


def _cut(rows: list[Text], most: int, name: str) -> list[Text]:
    """As many rows as there is room for; the last one says that there are more."""
    if len(rows) <= most:
        return rows
    more = Text(f"and more: glidepath diagnose {name}", "dim")
    return [*rows[: most - 1], more] if most else []


def _is_coloured(console: Console) -> bool:
    return console.color_system is not None and not console.no_color


def _beside(blocks: Sequence[list[Text]], width: int) -> Iterator[Text]:
    for rows in zip_longest(*blocks, fillvalue=Text()):
        line = Text()
        for i, row in enumerate(rows):
            part = row.copy()
            part.truncate(width, pad=i < len(rows) - 1)
            line.append("  " if i else "").append(part)
        yield line


def finding_line(finding: Finding) -> Text:
    """A finding in a line or two."""
    text = Text().append(finding.level, COLOUR[finding.level])
    text.append(f" {plain(finding.code)}", "bold")
    at = "" if finding.step is None else f" at step {finding.step:,}"
    text.append(f"{at}: {plain(finding.what)}; try: {plain(finding.tries[0])}")
    return text


def charts(history: History, dots: int, *, is_coloured: bool = True) -> list[Chart]:
    """The losses, the rate, and what else the plan changes.

    Args:
        history: of the run.
        dots: beside one another in a chart.
        is_coloured: whether lines can be told apart by their colour.
    """
    found = [_losses(history, dots, is_coloured)] if len(history) else []
    plan, names = history.plan, history.values
    if plan is not None:
        names = sorted(set(plan.names) | set(names), key=lambda name: (name != "lr", name))
    scheduled = [_scheduled(history, name, dots) for name in names]
    return found + [one for one in scheduled if one is not None]


def _losses(history: History, dots: int, is_coloured: bool) -> Chart:
    steps, values = drawable(history.steps, history.column("loss"))
    width = max(1, 2 * len(values) // dots)
    lines = [Line("training", steps, smoothed(values, width), "blue")]
    for i, name in enumerate(name for name in history.metrics if is_loss(name)):
        style, marker = LINE_STYLES[i % len(LINE_STYLES)], None if is_coloured else "ox+*"[i % 4]
        lines.append(Line(plain(name), *history.evaluations(name), style, marker))
    return Chart("loss", lines, history.num_done, may_be_logarithmic=True)


def _scheduled(history: History, name: str, dots: int) -> Chart | None:
    """A value over the run: as planned, and as it was; None if it never changes."""
    lines, last, plan = [], history.total_steps or history.num_done, history.plan
    if plan is not None and name in plan.names:
        points = planned(history, name, dots)
        last = max(last, int(points[0][-1]) + 1)
        lines.append(Line("plan", *points, "dim"))
    steps, values = history.known(name)
    lines.append(Line("used", steps, values, "green"))
    everything = np.concatenate([line.values for line in lines])
    if name != "lr" and (not len(everything) or np.ptp(everything) == 0):
        return None
    return Chart(plain(name), lines, last, cursor=history.num_done)
