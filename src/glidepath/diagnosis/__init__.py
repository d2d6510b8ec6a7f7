"""What a run's record says is wrong with it."""

from glidepath.diagnosis.diagnose import diagnose
from glidepath.diagnosis.finding import Finding
from glidepath.diagnosis.finding_rates import RateSweep, find_rate
from glidepath.diagnosis.movement import Movement, moved, snapshot
from glidepath.diagnosis.rule import Rule
from glidepath.diagnosis.rules import RULES

__all__ = [
    "RULES",
    "Finding",
    "Movement",
    "RateSweep",
    "Rule",
    "diagnose",
    "find_rate",
    "moved",
    "snapshot",
]
