"""Flat for most of the run, then half a cosine."""

from __future__ import annotations

from glidepath.plan.duration import DurationLike
from glidepath.plan.horizon import Horizon
from glidepath.plan.phase import Phase
from glidepath.plan.plan import Plan
from glidepath.plan.presets.parts.peak import peak_above
from glidepath.plan.presets.parts.run import Run
from glidepath.plan.shapes import cosine

IMAGEWOOF = Horizon(samples=9_025, batch=64)
"""Imagewoof 2, ten breeds of dogs from ImageNet."""


def flat_cosine(
    *,
    peak: float = 4e-3,
    end: float = 0.0,
    flat: DurationLike = "72%",
    total: DurationLike = "5 epochs",
    horizon: Horizon = IMAGEWOOF,
) -> Plan:
    """Flat, then cosine: the peak for 72% of the run, then half a cosine to the end.

    Made for optimizers that do without a warm-up, such as RAdam and Ranger.

    Args:
        peak: learning rate of the flat part.
        end: learning rate that the decay approaches.
        flat: length of the flat part.
        total: length of the run.
        horizon: images in the data set, and global batch.
    Raises:
        TypeError, ValueError: if the flat part does not fit into the run, or `end` above the peak.
    Source: fastai 1's `FlatCosAnnealScheduler`, by M. Grankin, in
        github.com/fastai/fastai, fastai/callbacks/flat_cos_anneal.py; fastai 2's `fit_flat_cos`
        stays up for 75% and ends at peak / 1e5.
    Example:
        >>> lr = flat_cosine(peak=1.0, total=100)["lr"]
        >>> lr(0), lr(72), lr(86)
        (1.0, 1.0, 0.5)
    """
    run = Run.of(total, horizon)
    peak_above(peak, end=end)
    stay = Phase("flat", run.part("flat", flat), lr=peak)
    decay = Phase("decay", run.rest("a decay", stay), lr=cosine(peak, end))
    return Plan(stay, decay, horizon=horizon)
