"""Sweeps: many runs that differ in a plan or a configuration, on an existing engine.

`load` reads a sweep's file, `SweepDirectory.start` says where it is, `work` runs its trials with a
`Trainer`, `results` has what they came to. Optuna and Ray are loaded when they are used.
"""

from glidepath.sweeps.directory import SweepDirectory
from glidepath.sweeps.file import load
from glidepath.sweeps.keys import Keys
from glidepath.sweeps.results import results
from glidepath.sweeps.trial import Trainer, Trial
from glidepath.sweeps.working import Job, work

__all__ = ["Job", "Keys", "SweepDirectory", "Trainer", "Trial", "load", "results", "work"]
