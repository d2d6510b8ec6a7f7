"""What can't be read, and what to write instead."""

from __future__ import annotations

from typing import Any, NoReturn

from torch.optim.lr_scheduler import LRScheduler

RECORD = (
    "write what it computes as a function of the step, `from_function(rate_at).over(steps)`, or "
    "as shapes"
)


def refuse_plateau(scheduler: Any, group: int) -> NoReturn:
    """ReduceLROnPlateau: what it does depends on measurements that are still to come.

    Raises:
        ValueError: with the expression to write, with its own constants.
    """
    rest = f", min_delta={scheduler.threshold!r}" if scheduler.threshold else ""
    rest += f", mode={scheduler.mode!r}" if scheduler.mode != "min" else ""
    rest += f", cooldown={scheduler.cooldown!r}" if scheduler.cooldown else ""
    lowest = float(scheduler.min_lrs[group])
    floor = f", lowest={lowest!r}" if lowest else ""
    on = f'plateau("val_loss", patience={scheduler.patience}{rest})'
    relative = scheduler.threshold_mode == "rel" and scheduler.threshold
    note = "; `min_delta` is absolute, and this threshold is relative to the best" * bool(relative)
    raise ValueError(
        "ReduceLROnPlateau has no schedule, for it listens to the run; so does a plan: write "
        f"schedule.cut({scheduler.factor!r}, on={on}{floor}) and give the plan its measurements"
        f"{note}"
    )


def refuse_momentum(scheduler: Any) -> NoReturn:
    """A scheduler that leaves the momentum alone.

    Raises:
        ValueError: with what to write instead.
    """
    raise ValueError(
        f"{type(scheduler).__name__} does not move the momentum; of torch's schedulers OneCycleLR "
        "and CyclicLR do, by `cycle_momentum=True`: give the plan the optimizer's own value"
    )


def refuse_unknown(scheduler: Any) -> NoReturn:
    """A scheduler that is none of torch's, or a subclass of one.

    Raises:
        TypeError: with what to write instead.
    """
    name = type(scheduler).__name__
    if not isinstance(scheduler, LRScheduler):
        raise TypeError(
            f"`scheduler` must be one of torch's, such as torch.optim.lr_scheduler.StepLR, got "
            f"{scheduler!r}"
        )
    bases = [base for base in type(scheduler).__mro__[1:] if _is_torchs(base)]
    but = f", a {bases[0].__name__} that may compute something else," if bases else ""
    raise TypeError(f"{name}{but} is none of torch's own schedulers: {RECORD}")


def _is_torchs(base: type) -> bool:
    is_scheduler = issubclass(base, LRScheduler) and base.__name__ not in {
        "LRScheduler",
        "_LRScheduler",
    }
    return is_scheduler and base.__module__.startswith("torch.")
