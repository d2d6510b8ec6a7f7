"""A jump in the middle of an epoch."""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction

from glidepath.plan.checks.finding import Finding
from glidepath.plan.checks.subject import Subject


def find(subject: Subject) -> Iterator[Finding]:
    """A plan told in epochs changes its rate by a jump inside one."""
    plan = subject.plan
    in_epochs = any(phase.duration.unit == "epochs" for phase in plan.phases)
    if not in_epochs or not plan.horizon.has_epochs:
        return
    epoch = plan.horizon.steps_per_epoch
    for rate in subject.main_rates:
        inside = [jump for jump in rate.jumps if not _begins_epoch(jump[0], epoch)]
        if inside:
            step, before, after = inside[0]
            yield Finding(
                "jump-in-mid-epoch",
                "warning",
                f"{rate.key} at step {step:,}, epoch {float(step / epoch):.2f}",
                f"the rate jumps from {before:.4g} to {after:.4g} inside an epoch"
                + (f", and {len(inside) - 1} times more" if len(inside) > 1 else ""),
                "the samples of one epoch are learnt at two rates, which a plan in epochs avoids",
                "make the lengths before it whole epochs",
            )


def _begins_epoch(step: int, epoch: Fraction) -> bool:
    """Whether a step is the first of an epoch: floor(k * epoch) for some k."""
    return int(math.ceil(step / epoch) * epoch) == step
