"""Which learning rate to begin with: a sweep over rates, which leaves everything as it was."""

from glidepath.diagnosis.finding_rates.suggestions import Suggestions
from glidepath.diagnosis.finding_rates.sweep import RateSweep
from glidepath.diagnosis.finding_rates.sweeping import find_rate

__all__ = ["RateSweep", "Suggestions", "find_rate"]
