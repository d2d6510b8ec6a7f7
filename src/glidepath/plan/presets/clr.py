"""Triangles of the rate."""

from __future__ import annotations

from glidepath.plan.duration import DurationLike
from glidepath.plan.horizon import Horizon
from glidepath.plan.numbers import positive
from glidepath.plan.phase import Phase
from glidepath.plan.plan import Plan
from glidepath.plan.presets.parts.choice import one_of
from glidepath.plan.presets.parts.peak import peak_above
from glidepath.plan.presets.parts.run import Run
from glidepath.plan.shapes import decay, linear

SMALL_BATCH = Horizon(samples=50_000, batch=100)
"""CIFAR-10 in the batch of Smith 2017."""

MODES = ("triangular", "triangular2", "exp_range")


def clr(
    *,
    peak: float = 0.006,
    floor: float = 0.001,
    half_cycle: DurationLike = "2000 steps",
    mode: str = "triangular",
    gamma: float = 0.99994,
    total: DurationLike = "24000 steps",
    horizon: Horizon = SMALL_BATCH,
) -> Plan:
    """Cyclical learning rates: triangles between a floor and a peak.

    With S the length of a cycle, n = floor(t / S), and y from 0 to 1 and back in each, which is
    1 - |2 (t mod S) / S - 1|, by `mode`:

        triangular    lr(t) = floor + (peak - floor) * y
        triangular2   lr(t) = floor + (peak - floor) * y / 2 ** n
        exp_range     lr(t) = floor + (peak - floor) * y * gamma ** t

    Args:
        peak: learning rate at the top of the first triangle.
        floor: learning rate between triangles.
        half_cycle: the way from the floor to the peak, the paper's `stepsize`: 2 to 10 epochs.
        mode: "triangular", "triangular2" or "exp_range".
        gamma: factor per update in "exp_range", from 0 to 1.
        total: length of the run; a whole number of cycles ends at the floor.
        horizon: images in the data set, and global batch.
    Raises:
        TypeError, ValueError: if an argument is none of these, or `floor` is above the peak.
    Source: Smith 2017, arXiv:1506.01186, sections 3.1 and 4.1.1: CIFAR-10, of whose 25,000 updates
        with triangular2 these are six whole cycles.
    Example:
        >>> lr = clr(peak=1.0, floor=0.0, half_cycle=10, mode="triangular2", total=60)["lr"]
        >>> lr(5), lr(10), lr(15), lr(30), lr(50)
        (0.5, 1.0, 0.5, 0.5, 0.25)
    """
    run = Run.of(total, horizon)
    top = peak_above(peak, floor=floor)
    half = run.part("half_cycle", half_cycle)
    one_of("mode", mode, MODES)
    triangle = linear(0.0, top - floor).over(half) >> linear(top - floor, 0.0).over(half)
    rate = triangle.repeat(scale=0.5 if mode == "triangular2" else 1.0)
    if mode == "exp_range":
        if positive("gamma", gamma) > 1:
            raise ValueError(f"`gamma` must be at most 1, got {gamma}")
        rate = rate * decay(1.0, gamma, every="1 step").over(run.total)
    return Plan(Phase("cycles", run.total, lr=floor + rate), horizon=horizon)
