"""Published recipes: functions with keyword arguments that return a plan.

The first line of each function's docstring is its description; `ADVICE` says where to start.
"""

from collections.abc import Callable

from glidepath.plan.plan import Plan
from glidepath.plan.presets.advice import ADVICE, Advice
from glidepath.plan.presets.bert import bert
from glidepath.plan.presets.clr import clr
from glidepath.plan.presets.cosine import cosine
from glidepath.plan.presets.cyclic_cosine import cyclic_cosine
from glidepath.plan.presets.exponential import exponential
from glidepath.plan.presets.flat_cosine import flat_cosine
from glidepath.plan.presets.gencast import gencast
from glidepath.plan.presets.graphcast import graphcast
from glidepath.plan.presets.graphcast_demo import graphcast_demo
from glidepath.plan.presets.graphcast_operational import graphcast_operational
from glidepath.plan.presets.inverse_sqrt import inverse_sqrt
from glidepath.plan.presets.one_cycle import one_cycle
from glidepath.plan.presets.polynomial import polynomial
from glidepath.plan.presets.sgdr import sgdr
from glidepath.plan.presets.step_decay import step_decay
from glidepath.plan.presets.transformer import transformer
from glidepath.plan.presets.wsd import wsd

PRESETS: dict[str, Callable[..., Plan]] = {
    "graphcast": graphcast,
    "graphcast-operational": graphcast_operational,
    "graphcast-demo": graphcast_demo,
    "gencast": gencast,
    "bert": bert,
    "transformer": transformer,
    "cosine": cosine,
    "wsd": wsd,
    "flat-cosine": flat_cosine,
    "polynomial": polynomial,
    "inverse-sqrt": inverse_sqrt,
    "step-decay": step_decay,
    "exponential": exponential,
    "cyclic-cosine": cyclic_cosine,
    "sgdr": sgdr,
    "one-cycle": one_cycle,
    "clr": clr,
}
"""By their names on the command line: models first, then falls, then cycles."""

__all__ = [
    "ADVICE",
    "PRESETS",
    "Advice",
    "bert",
    "clr",
    "cosine",
    "cyclic_cosine",
    "exponential",
    "flat_cosine",
    "gencast",
    "graphcast",
    "graphcast_demo",
    "graphcast_operational",
    "inverse_sqrt",
    "one_cycle",
    "polynomial",
    "sgdr",
    "step_decay",
    "transformer",
    "wsd",
]
