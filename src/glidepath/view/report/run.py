"""One of the runs of a page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

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
