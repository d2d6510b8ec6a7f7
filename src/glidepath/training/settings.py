"""How a run is run: what is no part of its plan, its model or its data."""

from __future__ import annotations

from dataclasses import dataclass

ON_NAN = ("stop", "skip", "ignore")


@dataclass(frozen=True)
class Settings:
    """How a run is run.

    Attributes:
        batch: samples in an update.
        seed: of parameters and batches.
        num_steps: updates; fewer than the plan has cut it short.
        checkpoint_every: updates between checkpoints.
        evaluate_every: updates between evaluations on samples held out; None for none.
        on_nan: what happens where a loss or gradient is NaN or infinite: the run may "stop",
            "skip" the update, whose step is counted all the same, or "ignore" it.
    """

    batch: int
    seed: int
    num_steps: int
    checkpoint_every: int
    evaluate_every: int | None = None
    on_nan: str = "stop"

    def __post_init__(self) -> None:
        for name in ("batch", "num_steps", "checkpoint_every", "evaluate_every"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ValueError(f"`{name}` must be at least 1, got {value}")
        if self.seed < 0:
            raise ValueError(f"`seed` must be at least 0, got {self.seed}")
        if self.on_nan not in ON_NAN:
            raise ValueError(f"`on_nan` must be one of {', '.join(ON_NAN)}, got {self.on_nan!r}")
