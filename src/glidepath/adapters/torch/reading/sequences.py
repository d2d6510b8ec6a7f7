"""SequentialLR: one scheduler after another, each from its own step 0."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from functools import reduce
from itertools import pairwise
from operator import rshift
from typing import Any, final

from glidepath.adapters.torch.reading.chains import Chain
from glidepath.adapters.torch.reading.fitting import fitted
from glidepath.adapters.torch.reading.motion import Factors, Motion, Reader, Start
from glidepath.adapters.torch.reading.nesting import habits
from glidepath.adapters.torch.reading.numbers import number, whole
from glidepath.plan import Schedule

UNNEST = "put its schedulers and milestones into the outer one"


@dataclass(frozen=True)
class Era:
    """The time of one child.

    Attributes:
        first: the step at which it begins.
        motion: the child's.
        how: it is started.
    """

    first: int
    motion: Motion
    how: Start


@final
@dataclass(frozen=True)
class InTurn(Motion):
    """SequentialLR, which when it is built sets the rate back to the group's `initial_lr`.

    Attributes:
        eras: in order; the first begins at step 0.
    """

    eras: tuple[Era, ...]

    def begin(self, rate: float, how: Start) -> float:
        """The first rate of the first child."""
        first = self.eras[0]
        return first.motion.begin(self._found(rate, how), first.how)

    def _found(self, rate: float, how: Start) -> float:
        return self.base if how is Start.BUILT else rate

    def move(self, step: int, rate: float) -> float:
        """By the child whose turn it is."""
        era = self.eras[bisect_right(self.eras, step, key=lambda one: one.first) - 1]
        if step == era.first:
            return era.motion.begin(rate, era.how)
        return era.motion.move(step - era.first, rate)

    def schedule(self, rate: float, how: Start) -> Schedule:
        """Child after child."""
        rate, parts = self._found(rate, how), []
        for era, later in pairwise(self.eras):
            steps = later.first - era.first
            part = fitted(era.motion.schedule(rate, era.how), steps)
            rate = float(part(steps - 1))
            parts.append(part)
        last = self.eras[-1]
        return reduce(rshift, [*parts, last.motion.schedule(rate, last.how)])


def sequential(scheduler: Any, group: int, depth: int, read: Reader) -> InTurn:
    """SequentialLR: child i from milestone i - 1 on, where it begins at its own step 0.

    One that stands in others is that many steps ahead, see `nesting`, and its milestones come as
    much earlier.

    Raises:
        ValueError: if torch itself fails at a milestone, or does not restart a child there.
    """
    milestones = _milestones(scheduler)
    ahead = depth * habits().ahead
    _check(milestones, depth)
    starts = [ahead, *sorted({one for one in milestones if one > ahead})]
    eras = []
    for start in starts:
        child = read(scheduler._schedulers[bisect_right(milestones, start)], group, depth + 1)
        how = Start.RESET if start and start in milestones else _first_start(child, ahead)
        _check_restart(child, how, start)
        eras.append(Era(start - ahead, child, how))
    initial = scheduler.optimizer.param_groups[group]["initial_lr"]
    name = f"SequentialLR({', '.join(era.motion.name for era in eras)})"
    return InTurn(name, number(scheduler, "initial_lr", initial), tuple(eras))


def _milestones(scheduler: Any) -> list[int]:
    """Whole numbers, ascending: at any other torch starts the next child without a reset."""
    found = [whole(number(scheduler, "milestones", one)) for one in scheduler._milestones]
    milestones = [one for one in found if one is not None]
    if len(milestones) < len(found) or sorted(milestones) != milestones:
        raise ValueError(
            f"SequentialLR's milestones must be whole numbers that ascend, got "
            f"{scheduler._milestones}: at any other torch does not begin the next scheduler anew"
        )
    return milestones


def _check(milestones: list[int], depth: int) -> None:
    """Refuse what the torch that is installed does in a way of its own."""
    if depth and habits().child_ahead:
        raise ValueError(
            "in this version of torch a SequentialLR in another one skips the first step of its "
            f"first scheduler, whose rates are then wrong throughout: {UNNEST}"
        )
    if any(one <= 0 for one in milestones) and not habits().heeds_0:
        raise ValueError(
            f"in this version of torch a milestone must be at least 1, got {milestones}: at step "
            "0 the first scheduler is stepped all the same; leave out what has no time"
        )


def _first_start(child: Motion, ahead: int) -> Start:
    """How the first child comes to its step 0, where no milestone lies on it."""
    is_direct = not ahead and not isinstance(child, Chain | InTurn)
    return Start.FIRST if is_direct else Start.STEPPED


def _check_restart(child: Motion, how: Start, milestone: int) -> None:
    """Refuse a milestone at which torch itself fails, or does what it does nowhere else."""
    if how is not Start.RESET:
        return
    if isinstance(child, Chain | InTurn):
        instead = UNNEST if isinstance(child, InTurn) else "write the product of what it chains"
        raise ValueError(
            f"torch fails at milestone {milestone}, where it can't start {child.name}: {instead}"
        )
    if isinstance(child, Factors) and child.stuck:
        raise ValueError(
            f"what {child.name} does from milestone {milestone} on can't be told, for "
            f"{child.stuck}: leave out what takes no time"
        )
