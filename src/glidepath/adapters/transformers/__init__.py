"""Plans in Hugging Face transformers."""

from importlib import import_module
from typing import Any

from glidepath.adapters.needs import needs
from glidepath.adapters.transformers.names import from_name

__all__ = ["PlanCallback", "RecordCallback", "from_name", "optimizers"]

_PLACES = {
    "PlanCallback": "callback",
    "RecordCallback": "recording",
    "optimizers": "trainer_optimizers",
}


def __getattr__(name: str) -> Any:
    """What needs transformers, at its first use: `from_name` does without."""
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    with needs("transformers"):
        return getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)
