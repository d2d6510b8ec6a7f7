"""transformers' scheduler names and arguments as schedules; transformers itself is not needed."""

from __future__ import annotations

import inspect
from typing import Any

from glidepath.adapters.transformers.schedulers import SCHEDULERS
from glidepath.plan import Schedule
from glidepath.plan.numbers import finite
from glidepath.plan.quantities import nearest

LISTENING = {
    "reduce_lr_on_plateau": ("lowers the rate when a metric stalls", 0.1),
    "greedy": ("lowers the rate when a metric stalls and raises it when it improves", 0.95),
}
"""Those that follow a metric: what they do, and the factor that they have by default."""


def from_name(
    name: str,
    peak: float,
    *,
    num_warmup_steps: int = 0,
    num_training_steps: int | None = None,
    **scheduler_specific_kwargs: Any,
) -> Schedule:
    """The schedule that transformers' `get_scheduler` gives one parameter group.

    Every value is transformers' multiplier times the peak, at every step. That holds past the end
    too, where cosines without restarts rise again in transformers, and so here: they have no end,
    and `.lasting(num_training_steps)` gives them one. A floor given as `min_lr` or `lr_end` is
    that of this peak; transformers takes it from the optimizer's default rate, so that a second
    parameter group with a rate of its own ends elsewhere.

    Args:
        name: such as "cosine_with_min_lr", or a member of `transformers.SchedulerType`.
        peak: the optimizer's own rate, which the warm-up leads to.
        num_warmup_steps: of the line from 0 to the peak.
        num_training_steps: in all, with the warm-up.
        **scheduler_specific_kwargs: as transformers' scheduler of that name takes them.
    Raises:
        TypeError: if an argument is unknown or of another type.
        ValueError: if there is no scheduler of that name, a needed argument is missing, a number
            makes no sense, or the scheduler follows a metric and is no function of the step.
    Example:
        >>> from_name("linear", 5e-5, num_warmup_steps=100, num_training_steps=1000)
        linear(0.0, 5e-05).over('100 steps') >> linear(5e-05, 0.0).over('900 steps').then(0.0)
    """
    text, top = getattr(name, "value", name), finite("peak", peak)
    if not isinstance(text, str):
        raise TypeError(f'`name` must be a scheduler\'s, such as "cosine", got {name!r}')
    if top < 0:
        raise ValueError(f"`peak` must be at least 0, got {peak}")
    if text in LISTENING:
        raise ValueError(_instead(text, top, **scheduler_specific_kwargs))
    if text not in SCHEDULERS:
        hint = nearest(text, [*SCHEDULERS, *LISTENING])
        raise ValueError(f"transformers has no scheduler {text!r}: {hint}")
    lengths = {"num_warmup_steps": num_warmup_steps, "num_training_steps": num_training_steps}
    return SCHEDULERS[text](top, **_arguments(text, lengths, scheduler_specific_kwargs))


def _instead(name: str, peak: float, factor: Any = None, patience: Any = 10, **_: Any) -> str:
    """What to write in the place of a scheduler that follows a metric."""
    does, usual = LISTENING[name]
    cut = f'cut({factor or usual}, on=plateau("eval_loss", patience={patience}))'
    return (
        f"`{name}` {does}, and is no function of the step: write constant({peak}).over(1).{cut}, "
        "which lowers it, and let the plan listen"
    )


def _arguments(name: str, lengths: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """The arguments of a scheduler, all that it needs and none that it does not take.

    Raises:
        TypeError: if one is unknown.
        ValueError: if one is missing, or is a warm-up that transformers would leave out.
    """
    parameters = dict(inspect.signature(SCHEDULERS[name]).parameters)
    del parameters["peak"]
    for key in given:
        if key not in parameters:
            hint = nearest(key, [*lengths, *parameters]) if parameters else "it takes none"
            raise TypeError(f"`{name}` has no argument `{key}`: {hint}")
    if "num_warmup_steps" not in parameters and lengths["num_warmup_steps"]:
        raise ValueError(
            f"`{name}` has no warm-up, and transformers would leave out the `num_warmup_steps` of "
            f"{lengths['num_warmup_steps']}: use `constant_with_warmup`"
        )
    known = {key: value for key, value in (given | lengths).items() if key in parameters}
    for key, parameter in parameters.items():
        if parameter.default is parameter.empty and known.get(key) is None:
            raise ValueError(f"`{name}` needs `{key}`")
    return known
