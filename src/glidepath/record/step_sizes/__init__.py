"""How far an adaptive optimizer moves each parameter: the effective step size."""

from __future__ import annotations

from glidepath.record.step_sizes.measuring import step_sizes
from glidepath.record.step_sizes.sizes import StepSizes

__all__ = ["StepSizes", "step_sizes"]
