"""What a run writes down while it trains: one file of JSON Lines, from any training loop."""

from glidepath.record.history import History
from glidepath.record.looking import looks_at
from glidepath.record.recorder import Recorder
from glidepath.record.step_sizes import StepSizes
from glidepath.record.summary import Summary, summarize

__all__ = ["History", "Recorder", "StepSizes", "Summary", "looks_at", "summarize"]
