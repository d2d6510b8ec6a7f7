"""What changes while a model trains, and when: plans as frozen values."""

from glidepath.plan import presets
from glidepath.plan.duration import Duration
from glidepath.plan.groups import layerwise, scaled
from glidepath.plan.horizon import Horizon
from glidepath.plan.listener import Listener
from glidepath.plan.listening import Event, plateau
from glidepath.plan.phase import Phase
from glidepath.plan.piecewise import piecewise_constant, piecewise_linear
from glidepath.plan.plan import Moment, Plan
from glidepath.plan.schedule import Schedule
from glidepath.plan.shapes import (
    Shape,
    constant,
    cosine,
    decay,
    exponential,
    from_function,
    inverse_sqrt,
    inverse_time,
    linear,
    one_minus_sqrt,
    one_minus_square,
    polynomial,
    rex,
    staircase,
    tanh,
)

__all__ = [
    "Duration",
    "Event",
    "Horizon",
    "Listener",
    "Moment",
    "Phase",
    "Plan",
    "Schedule",
    "Shape",
    "constant",
    "cosine",
    "decay",
    "exponential",
    "from_function",
    "inverse_sqrt",
    "inverse_time",
    "layerwise",
    "linear",
    "one_minus_sqrt",
    "one_minus_square",
    "piecewise_constant",
    "piecewise_linear",
    "plateau",
    "polynomial",
    "presets",
    "rex",
    "scaled",
    "staircase",
    "tanh",
]
