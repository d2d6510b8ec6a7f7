"""Which arrays of a model an update has moved, and why the others stand still."""

from glidepath.diagnosis.movement.moved import Movement, moved
from glidepath.diagnosis.movement.snapshot import snapshot

__all__ = ["Movement", "moved", "snapshot"]
