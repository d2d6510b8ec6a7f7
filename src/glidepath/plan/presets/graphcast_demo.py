"""GraphCast's three phases in a few minutes on two cores."""

from __future__ import annotations

from glidepath.plan.plan import Plan
from glidepath.plan.presets.graphcast import graphcast


def graphcast_demo(
    *, peak: float = 3e-3, total_steps: int = 1_300, samples: int = 1_168, batch: int = 4
) -> Plan:
    """The plan of `graphcast`, scaled to the model size `demo` and a year of simulated weather.

    Args:
        peak: learning rate after the warm-up; a small model takes a larger one.
        total_steps: updates in all three phases.
        samples: times in the training data: four fifths of a year at 6-hourly steps.
        batch: global batch size.
    """
    return graphcast(
        peak=peak,
        end=1e-4,
        warmup_steps=50,
        total_steps=total_steps,
        autoregressive_lr=1e-4,
        longest_rollout=4,
        steps_per_rollout=50,
        samples=samples,
        batch=batch,
    )
