"""What changes while a model trains, and when: plans as frozen values."""

from glidepath.plan import presets
from glidepath.plan.comparison import compare
from glidepath.plan.duration import Duration
from glidepath.plan.event import Event
from glidepath.plan.files import load, save
from glidepath.plan.groups import layerwise, scaled
from glidepath.plan.horizon import Horizon
from glidepath.plan.listener import Listener
from glidepath.plan.moment import Moment
from glidepath.plan.optimizer import Optimizer
from glidepath.plan.phase import Phase
from glidepath.plan.piecewise import piecewise_constant, piecewise_linear
from glidepath.plan.plan import Plan
from glidepath.plan.plateau import plateau
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
    "Optimizer",
    "Phase",
    "Plan",
    "Schedule",
    "Shape",
    "compare",
    "constant",
    "cosine",
    "decay",
    "exponential",
    "from_function",
    "inverse_sqrt",
    "inverse_time",
    "layerwise",
    "linear",
    "load",
    "one_minus_sqrt",
    "one_minus_square",
    "piecewise_constant",
    "piecewise_linear",
    "plateau",
    "polynomial",
    "presets",
    "rex",
    "save",
    "scaled",
    "staircase",
    "tanh",
]
