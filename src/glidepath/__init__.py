"""glidepath trains models along a plan."""

from glidepath.plan import (
    Duration,
    Horizon,
    Moment,
    Phase,
    Plan,
    Schedule,
    Shape,
    constant,
    cosine,
    linear,
    presets,
    staircase,
)

__version__ = "0.1.0"

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
