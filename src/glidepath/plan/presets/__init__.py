"""Published recipes: functions with keyword arguments that return a plan."""

from collections.abc import Callable

from glidepath.plan.plan import Plan
from glidepath.plan.presets.graphcast import graphcast
from glidepath.plan.presets.graphcast_demo import graphcast_demo

PRESETS: dict[str, Callable[..., Plan]] = {
    "graphcast": graphcast,
    "graphcast-demo": graphcast_demo,
}

__all__ = ["PRESETS", "graphcast", "graphcast_demo"]
