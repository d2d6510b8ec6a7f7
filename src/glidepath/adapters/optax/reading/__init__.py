"""From optax's schedule constructors to schedules: one function a constructor, found by name."""

from glidepath.adapters.optax.reading.by_name import read

__all__ = ["read"]
