"""Plans in Lightning."""

from glidepath.adapters.needs import needs

with needs("lightning"):
    from glidepath.adapters.lightning.callback import PlanCallback
    from glidepath.adapters.lightning.configuration import configure
    from glidepath.adapters.lightning.recording import RecordCallback

__all__ = ["PlanCallback", "RecordCallback", "configure"]
