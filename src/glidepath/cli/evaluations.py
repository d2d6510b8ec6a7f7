"""What to say of a run's evaluations before it begins."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from glidepath.diagnosis.rules import RULES

if TYPE_CHECKING:
    from glidepath.weather.starting import Run


def too_few(run: Run) -> Iterator[str]:
    """Where they are fewer than was meant, and which rules can't stop the run for want of them."""
    every, num_steps = run.settings.evaluate_every, run.settings.num_steps
    num = num_evaluations(run)
    if every is not None and every > num_steps and run.configuration.holdout:
        where = "at its end alone" if num else "never"
        yield f"`--evaluate-every {every}` is more than the run's updates: it is evaluated {where}"
    saved = run.settings.checkpoint_every.steps
    if run.settings.keep.best and every and saved and (both := math.lcm(every, saved)) > saved:
        yield (
            "`--keep-best` looks at those that are evaluated: with `--checkpoint-every "
            f"{saved}` and `--evaluate-every {every}` one every {both:,} updates"
        )
    for rule in RULES:
        if rule.code in run.how.stop_on and num < rule.num_evaluations:
            yield (
                f"`--stop-on {rule.code}` can't stop this run: the rule needs "
                f"{rule.num_evaluations} evaluations, and there will be {num}; see "
                "--evaluate-every and --holdout"
            )


def num_evaluations(run: Run) -> int:
    """Evaluations from the run's first update to its last, if no event cuts it short.

    After every so many updates and at the plan's end, on times held out.
    """
    every, num_steps = run.settings.evaluate_every, run.settings.num_steps
    if every is None or not run.configuration.holdout:
        return 0
    is_at_end = num_steps == run.plan.total_steps and num_steps % every > 0
    return num_steps // every + is_at_end
