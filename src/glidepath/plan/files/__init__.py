"""Plans as TOML and JSON files, both ways."""

from glidepath.plan.files.kinds import FORMATS
from glidepath.plan.files.reading import PlanFileError, load, loads
from glidepath.plan.files.writing import dumps, save

__all__ = ["FORMATS", "PlanFileError", "dumps", "load", "loads", "save"]
