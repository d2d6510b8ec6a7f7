"""A sweep over learning rates as a figure."""

from __future__ import annotations

import math
from bisect import bisect_left
from typing import Any

from matplotlib.figure import Figure

from glidepath.diagnosis.finding_rates import RateSweep
from glidepath.view.colours import BLUE, GREEN, GREY, ORANGE, PURPLE
from glidepath.view.curves import short

MARKS = (
    ("steepest", "o", GREEN, "where the loss falls fastest"),
    ("valley", "D", ORANGE, "two thirds of the way down"),
    ("tenth", "s", PURPLE, "a tenth of where it diverges"),
)
"""A suggestion, its marker and colour, and what it is."""

ROOM = 0.12
"""Above and below the losses, as a share of their range."""


def rate_figure(sweep: RateSweep, title: str) -> Figure:
    """The loss over the rate: of each batch faintly, smoothed as a line, suggestions marked.

    A loss that has diverged leaves the panel at the top.

    Args:
        sweep: of `find_rate`.
        title: above the figure.
    """
    figure = Figure(figsize=(8, 4.0), layout="constrained")
    panel = figure.subplots()
    panel.plot(sweep.rates, sweep.losses, ".", color=GREY, alpha=0.5, markersize=4,
               label="one batch")  # fmt: skip
    panel.plot(sweep.smoothed_rates, sweep.smoothed, color=BLUE, linewidth=1.8, label="smoothed")
    if sweep.diverged_at is not None:
        label = f"diverges at {_rate(sweep.diverged_at)}"
        panel.axvline(sweep.diverged_at, color=GREY, linewidth=1.0, linestyle=":", label=label)
    for name, marker, colour, what in MARKS:
        rate = getattr(sweep.suggestions, name)
        if rate is not None:
            at = rate, _smoothed_at(sweep, rate)
            _mark(panel, at, f"{name} {_rate(rate)}: {what}", marker, colour)
    _dress(panel, sweep)
    figure.legend(frameon=False, fontsize=8, loc="outside lower center", ncols=3)
    figure.suptitle(title, x=0.02, ha="left", fontweight="bold")
    return figure


def _mark(panel: Any, at: tuple[float, float], label: str, marker: str, colour: str) -> None:
    rate, loss = at
    panel.axvline(rate, color=colour, linewidth=1.1, linestyle="--")
    panel.plot([rate], [loss], marker, color=colour, markersize=8, markeredgecolor="white",
               label=label, zorder=3)  # fmt: skip


def _smoothed_at(sweep: RateSweep, rate: float) -> float:
    """The smoothed loss at a rate: linear in the logarithm of the rate, held at the ends."""
    rates, losses = sweep.smoothed_rates, sweep.smoothed
    i = bisect_left(rates, rate)
    if i in (0, len(rates)):
        return losses[0 if i == 0 else -1]
    way = math.log(rate / rates[i - 1]) / math.log(rates[i] / rates[i - 1])
    return losses[i - 1] + way * (losses[i] - losses[i - 1])


def _dress(panel: Any, sweep: RateSweep) -> None:
    """A logarithmic axis of rates, and losses up to the highest before the lowest."""
    curve = sweep.smoothed
    lowest = min(range(len(curve)), key=curve.__getitem__)
    shown = [*sweep.losses[: lowest + 1], *curve[: lowest + 1]]
    room = ROOM * ((max(shown) - min(shown)) or abs(max(shown)) or 1.0)
    panel.set_ylim(min(shown) - room, max(shown) + room)
    panel.set_xscale("log")
    panel.set_xlim(sweep.rates[0], max(sweep.rates[-1], sweep.diverged_at or 0.0))
    panel.xaxis.set_major_formatter(lambda rate, _: short(rate))
    panel.xaxis.set_minor_formatter(_short_few if _is_narrow(sweep) else "")
    panel.set_xlabel("learning rate")
    panel.set_ylabel("loss")
    panel.spines[["top", "right"]].set_visible(False)


def _is_narrow(sweep: RateSweep) -> bool:
    """Whether the axis has too few decades to label these alone."""
    return sweep.rates[-1] < 100 * sweep.rates[0]


def _short_few(rate: float, _: int) -> str:
    """Labels for 2 and 5 of every decade."""
    return short(rate) if f"{rate:e}"[0] in "25" else ""


def _rate(rate: float) -> str:
    """A rate in two digits: 2.3e-4."""
    return short(float(f"{rate:.1e}"))
