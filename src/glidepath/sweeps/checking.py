"""Before anything is run: whether every choice makes a plan that can be trained."""

from __future__ import annotations

import itertools
import math
import random

from glidepath.sweeps.domains import Scalar
from glidepath.sweeps.sweep import Point, Sweep, told_of

MOST_CORNERS = 512
"""All of them are looked at if they are so few; else so many of them, drawn at random."""

NUM_RANDOM = 32
"""Points between the corners."""


def checked_points(sweep: Sweep) -> list[Point]:
    """The corners of all ranges and lists, and some points between: all of them plans.

    Raises:
        ValueError: for the first that is none, with its values.
    """
    return [_point(sweep, values) for values in [*corners(sweep), *between(sweep)]]


def corners(sweep: Sweep) -> list[dict[str, Scalar]]:
    """Every combination of ends and choices, or some of very many."""
    ends = [domain.corners() for domain in sweep.vary.values()]
    if math.prod(map(len, ends)) <= MOST_CORNERS:
        chosen = list(itertools.product(*ends))
    else:
        source = random.Random(sweep.seed)
        chosen = [tuple(source.choice(one) for one in ends) for _ in range(MOST_CORNERS)]
    return [dict(zip(sweep.vary, one, strict=True)) for one in chosen]


def between(sweep: Sweep) -> list[dict[str, Scalar]]:
    """Some choices at random, the same for the same seed."""
    source = random.Random(sweep.seed)
    return [
        {name: domain.draw(source) for name, domain in sweep.vary.items()}
        for _ in range(NUM_RANDOM)
    ]


def _point(sweep: Sweep, values: dict[str, Scalar]) -> Point:
    with told_of(values):
        point = sweep.point(values)
        if sweep.steps is not None and sweep.steps > point.plan.total_steps:
            raise ValueError(
                f"`steps` must be at most {point.plan.total_steps}, the plan's, got {sweep.steps}"
            )
        return point
