"""One of the runs of a page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from glidepath.diagnosis.finding import Finding
from glidepath.record.history import History
from glidepath.view.report.chart import colour


@dataclass(frozen=True)
class Run:
    """One of the runs of a page.

    Attributes:
        name: that tells it from the others.
        history: what its record says.
        findings: worst first.
        index: among the runs, from 0.
        is_alone: whether there is no other.
    """

    name: str
    history: History
    findings: Sequence[Finding]
    index: int
    is_alone: bool

    @property
    def colour(self) -> str:
        """Of its lines."""
        return colour(self.index)

    def label(self, what: str) -> str:
        """A line's name: what it is, and whose where there are several runs."""
        return what if self.is_alone else f"{self.name}: {what}"

    def only(self, what: str) -> str:
        """The name of the only line of a run in a chart that is about nothing else."""
        return what if self.is_alone else self.name

    def disagreement(self, name: str) -> tuple[int, int, int] | None:
        """Where a value that was used is not the planned one.

        Args:
            name: of the quantity, which the plan has.
        Returns:
            at how many updates, the first of them, and the one where it differs most; None where
            there is no such update. Float32 has 24 bits: what differs by less than 1e-6 of the
            value is the same.
        """
        plan, (steps, used) = self.history.plan, self.history.known(name)
        if plan is None or not len(steps):
            return None
        planned = np.asarray(plan[name](steps), np.float64) * np.ones(len(steps))
        gap = np.abs(used - planned)
        differs = gap > 1e-6 * np.maximum(np.abs(planned), 1e-12)
        if not differs.any():
            return None
        return int(differs.sum()), int(steps[differs][0]), int(steps[gap.argmax()])
