"""The plan of five phases that every framework runs, what a run of it is, and how runs start."""

import json
import os
import sys
from dataclasses import dataclass

from glidepath import Horizon, Phase, Plan, constant, cosine, linear, polynomial

NUM_UPDATES = 2_000
QUANTITIES = ("lr", "weight_decay", "beta1")


def five_phases(num_updates=NUM_UPDATES):
    """Warm-up, plateau, half a cosine, restarts told in epochs, a polynomial: 2,000 updates.

    Fewer, down to 400, shorten all phases and the epochs.
    """
    restarts = cosine(8e-4, 1e-5).over("2 epochs").repeat()
    return Plan(
        Phase("warm-up", "7.5%", at="end", lr=linear(0.0, 1e-3), beta1=0.85),
        Phase("plateau", "15%", lr=1e-3, beta1=linear(0.85, 0.95)),
        Phase("decay", "25%", lr=cosine(1e-3, 1e-4), weight_decay=linear(0.1, 0.02)),
        Phase("restarts", "35%", lr=restarts, weight_decay=0.02),
        Phase("cool-down", "rest", lr=polynomial(1e-5, 0.0, power=2.0), weight_decay=constant(0.0)),
        weight_decay=0.1,
        beta1=0.9,
        horizon=Horizon(samples=num_updates // 2, batch=16, total_steps=num_updates),
    )


@dataclass(frozen=True)
class Run:
    """How the plan is run.

    Attributes:
        num_updates: optimizer updates in all.
        accumulate: micro-batches in an update.
        resume_at: the update before which the run is stopped, saved, and resumed in fresh objects
            (model, optimizer, scheduler); never where None.
        folder: where the checkpoint goes.
    """

    num_updates: int = NUM_UPDATES
    accumulate: int = 1
    resume_at: int | None = None
    folder: str = ""


def main(record):
    """Do the runs that are given as a JSON list, one after another, in this process.

    What their updates used is printed, as JSON, on the first rank.
    """
    runs = [Run(**given) for given in json.loads(sys.argv[1])]
    found = [record(five_phases(run.num_updates), run) for run in runs]
    if os.environ.get("RANK", "0") == "0":
        print(json.dumps(found))
