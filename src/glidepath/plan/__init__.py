"""What changes while a model trains, and when: plans as frozen values."""

from glidepath.plan import presets
from glidepath.plan.duration import Duration
from glidepath.plan.horizon import Horizon
from glidepath.plan.phase import Phase
from glidepath.plan.plan import Moment, Plan
from glidepath.plan.schedule import Schedule
from glidepath.plan.shapes import Shape, constant, cosine, linear, staircase

__all__ = [
    "Duration",
    "Horizon",
    "Moment",
    "Phase",
    "Plan",
    "Schedule",
    "Shape",
    "constant",
    "cosine",
    "linear",
    "presets",
    "staircase",
]
