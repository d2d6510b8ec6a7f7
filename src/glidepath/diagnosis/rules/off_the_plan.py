"""Values that were used are not the plan's."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator

import numpy as np

from glidepath.diagnosis.finding import Finding
from glidepath.diagnosis.planned_values import UsedValues, used_values
from glidepath.diagnosis.rule import Rule
from glidepath.plan import Plan
from glidepath.record import History

NEARLY_ALL = 0.99
SHIFTS = (-1, 1, -2, 2)
PACES = (2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 24, 32, 64, 100, 128, 256)


def find(history: History) -> Iterator[Finding]:
    """Every quantity of the plan, at every update where somebody saw what was used."""
    plan = history.plan
    if plan is None:
        return
    began = history.restarts[-1] if history.restarts else 0
    for name in history.values:
        used = used_values(history, name)
        if not used.is_planned.all():
            yield _finding(plan, used, began)


def _finding(plan: Plan, used: UsedValues, began: int) -> Finding:
    fits = used.is_planned
    first = int(np.flatnonzero(~fits)[0])
    step, got = int(used.steps[first]), float(used.values[first])
    said = float(used.schedule(step))
    num_off = int(np.count_nonzero(~fits))
    pattern, advice = _pattern(plan, used, began)
    return Finding(
        "off-the-plan",
        "warning",
        "certain",
        step,
        f"`{used.name}` was {got:.6g} at step {step:,}, where the plan says {said:.6g}, and "
        f"differs in {num_off:,} of {len(fits):,} updates{': ' * bool(pattern)}{pattern}",
        "the run is not the one that the plan describes: what it shows does not speak for the "
        "plan, and another run of the plan will be another",
        (advice,),
        evidence={
            "quantity": used.name,
            "used": got,
            "planned": said,
            "differing": num_off,
            "seen": len(fits),
            "pattern": pattern,
        },
    )


def _pattern(plan: Plan, used: UsedValues, began: int) -> tuple[str, str]:
    """What it looks like, and what to do about it."""
    parts = (used.where(np.ones(len(used.steps), bool)), used.where(~used.is_planned))
    off = parts[1]
    if np.ptp(parts[0].values) == 0 and np.ptp(np.asarray(off.schedule(parts[0].steps))) > 0:
        return "it stands still", (
            "step the scheduler after each optimizer.step(); in JAX, see that the schedule gets "
            "the step, and not a constant"
        )
    for shift in SHIFTS:
        if _are_at(parts, lambda steps, shift=shift: steps + shift):
            way = "ahead" if shift > 0 else "behind"
            return f"it is {abs(shift)} step{'s' * (abs(shift) > 1)} {way}", (
                "step the scheduler once, right after each optimizer.step(), and log before it"
            )
    if began and _are_at(parts, lambda steps: steps - began):
        return f"it began again at 0 when the run went on at step {began:,}", (
            "load the scheduler's state with the checkpoint, or give the schedule the run's step"
        )
    return _pace(plan, parts) or _factor(parts) or ("", "find what else sets it")


def _are_at(
    parts: Iterable[UsedValues], moved: Callable[[np.ndarray], np.ndarray], times: float = 1.0
) -> bool:
    """Whether nearly all values are the plan's at other steps, those that differ among them."""
    return all(part.follows(moved(part.steps), times).mean() >= NEARLY_ALL for part in parts)


def _pace(plan: Plan, parts: tuple[UsedValues, ...]) -> tuple[str, str] | None:
    """Whether the schedule is stepped so many times an update, or once in so many."""
    horizon = plan.horizon
    epoch = int(horizon.steps_per_epoch) if horizon.has_epochs else 1
    for pace in (*PACES, epoch):
        for late in {0, pace - 1} if pace > 1 else ():
            if _are_at(parts, lambda steps, pace=pace, late=late: steps * pace + late):
                return f"it moves {pace} times too fast", (
                    "step the scheduler once an update: not in every process, nor for every part "
                    "of an accumulated gradient"
                )
        if pace > 1 and _are_at(parts, lambda steps, pace=pace: steps // pace):
            return f"it moves {pace} times too slowly{', once an epoch' * (pace == epoch)}", (
                "step the scheduler at every update: not once an epoch, nor once in so many"
            )
    return None


def _factor(parts: tuple[UsedValues, ...]) -> tuple[str, str] | None:
    """Whether it is the plan's, times one number."""
    used = parts[0]
    said = np.asarray(used.schedule(used.steps), np.float64)
    if not (said > 0).any():
        return None
    largest = int(np.argmax(said))
    times = float(used.values[largest] / said[largest])
    if not math.isfinite(times) or not _are_at(parts, lambda steps: steps, times):
        return None
    return f"it is the plan's times {times:.4g}", (
        "look for what scales it, such as the number of processes or of samples"
    )


RULE = Rule(
    "off-the-plan",
    "every quantity of the plan as it was recorded, at updates where it was seen and not taken "
    "from the plan itself, since the run's last start",
    "a value differs from the plan's by more than 1e-5 of itself and 1e-6 of the largest",
    "float32's last place is 6e-8 of a value, and the plan is right to 4 of them of its largest",
    find,
)
