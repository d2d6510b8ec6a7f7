"""Plans in Keras 3, on its JAX, torch and TensorFlow backends."""

from glidepath.adapters.needs import needs

with needs("keras"):
    from glidepath.adapters.keras.callback import PlanCallback
    from glidepath.adapters.keras.driving import drive
    from glidepath.adapters.keras.recording import RecordCallback
    from glidepath.adapters.keras.schedule import PlanSchedule

__all__ = ["PlanCallback", "PlanSchedule", "RecordCallback", "drive"]
