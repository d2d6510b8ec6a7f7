"""Shapes that go on for ever, as some of the peers' schedules do."""

from __future__ import annotations

from glidepath.plan import Duration, Schedule, Shape

LONGEST = Duration.of("1T steps")
"""Longer than any run: what is repeated after so long goes on for ever."""


def endless(shape: Shape) -> Schedule:
    """A shape that goes on for ever, such as a decay or a function."""
    return shape.over(LONGEST).repeat()
