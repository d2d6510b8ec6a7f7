"""How a run is run: what is no part of its plan, its model or its data."""

from __future__ import annotations

from dataclasses import dataclass, field

from glidepath.training.checkpoints.keep import Keep
from glidepath.training.every import Every

ON_NAN = ("stop", "skip", "rollback", "ignore")


@dataclass(frozen=True)
class Settings:
    """How a run is run.

    Attributes:
        batch: samples in an update.
        seed: of parameters and batches.
        num_steps: updates; fewer than the plan has cut it short.
        checkpoint_every: how often the state is saved; it always is at the end.
        keep: which checkpoints stay.
        evaluate_every: updates between evaluations on samples held out; None for none.
        on_nan: what happens where a loss or gradient is NaN or infinite: the run may "stop",
            "skip" the update, whose step is counted all the same, go back to the newest checkpoint
            and come again with other samples, "rollback", or "ignore" it.
        max_seconds: after which the state is saved and the run stopped; None for no limit.
        accumulate: micro-batches in an update.
        num_devices: of those that there are; None for all.
        shards_state: whether parameters and moments are spread over the devices.
        from_step: the checkpoint to go on from; None for the newest.
    """

    batch: int
    seed: int
    num_steps: int
    checkpoint_every: Every
    keep: Keep = field(default_factory=Keep)
    evaluate_every: int | None = None
    on_nan: str = "stop"
    max_seconds: float | None = None
    accumulate: int = 1
    num_devices: int | None = None
    shards_state: bool = False
    from_step: int | None = None

    def __post_init__(self) -> None:
        for name in ("batch", "num_steps", "evaluate_every", "accumulate"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ValueError(f"`{name}` must be at least 1, got {value}")
        for name in ("seed", "from_step"):
            value = getattr(self, name)
            if value is not None and value < 0:
                raise ValueError(f"`{name}` must be at least 0, got {value}")
        if self.keep.best and (self.evaluate_every is None or not self.checkpoint_every.steps):
            raise ValueError(
                f"`keep_best` keeps those whose {self.keep.metric} was measured: save every so "
                "many updates, and evaluate at the same"
            )
        if self.on_nan not in ON_NAN:
            raise ValueError(f"`on_nan` must be one of {', '.join(ON_NAN)}, got {self.on_nan!r}")
        if self.max_seconds is not None and not self.max_seconds > 0:
            raise ValueError(f"`max_seconds` must be above 0, got {self.max_seconds}")
