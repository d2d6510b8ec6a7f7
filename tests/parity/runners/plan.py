"""The plan of five phases that every framework runs, and what a run of it is."""

from dataclasses import dataclass

from glidepath import Horizon, Phase, Plan, constant, cosine, linear, polynomial

NUM_UPDATES = 2_000
QUANTITIES = ("lr", "weight_decay", "beta1")


def five_phases():
    """Warm-up, plateau, half a cosine, restarts told in epochs, a polynomial; 2,000 updates."""
    restarts = cosine(8e-4, 1e-5).over("2 epochs").repeat()
    return Plan(
        Phase("warm-up", "150 steps", at="end", lr=linear(0.0, 1e-3), beta1=0.85),
        Phase("plateau", "300 steps", lr=1e-3, beta1=linear(0.85, 0.95)),
        Phase("decay", "25%", lr=cosine(1e-3, 1e-4), weight_decay=linear(0.1, 0.02)),
        Phase("restarts", "700 steps", lr=restarts, weight_decay=0.02),
        Phase("cool-down", "rest", lr=polynomial(1e-5, 0.0, power=2.0), weight_decay=constant(0.0)),
        weight_decay=0.1,
        beta1=0.9,
        horizon=Horizon(samples=1_000, batch=16, total_steps=NUM_UPDATES),
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
