"""How a run is run, as its owner says it: kept with the run, and said again only to change it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from typing import Any, Self, TypeVar

from glidepath.plan.quantities import nearest
from glidepath.training.checkpoints.keep import Keep
from glidepath.training.every import Every, read_time
from glidepath.training.settings import Settings

T = TypeVar("T")


@dataclass(frozen=True)
class How:
    """What may be another at every start of a run, in plain values, for JSON.

    Attributes:
        checkpoint_every: "200" updates, or a time such as "10m".
        keep: how many of the newest checkpoints stay.
        keep_every: also one every "10000" updates, or every "6h"; None for none.
        keep_best: also so many with the lowest validation loss.
        evaluate_every: updates between evaluations on samples held out; 0 for none.
        on_nan: as in `Settings`.
        accumulate: micro-batches in an update.
        shard: whether parameters and moments are spread over the devices.
        stop_on: codes of rules of the diagnosis that stop the run.
        track: names of trackers.
    """

    checkpoint_every: str = "200"
    keep: int = 2
    keep_every: str | None = None
    keep_best: int = 0
    evaluate_every: int = 100
    on_nan: str = "stop"
    accumulate: int = 1
    shard: bool = False
    stop_on: tuple[str, ...] = ()
    track: tuple[str, ...] = ()

    @classmethod
    def of_table(cls, table: dict[str, Any]) -> Self:
        """From what `as_table` made; what is not there is as it is by default."""
        known = [one.name for one in fields(cls)]
        if unknown := [name for name in table if name not in known]:
            raise ValueError(f"no run has `{unknown[0]}`; {nearest(unknown[0], known)}")
        texts = {name: tuple(table[name]) for name in ("stop_on", "track") if name in table}
        return cls(**table | texts)

    def as_table(self) -> dict[str, Any]:
        """For JSON, which has no tuples."""
        texts = {"stop_on": list(self.stop_on), "track": list(self.track)}
        return asdict(self) | texts

    def changed(self, given: dict[str, Any]) -> Self:
        """With what was said this time; None stands for what was not."""
        said = {name: value for name, value in given.items() if value is not None}
        return self.of_table(self.as_table() | said)

    def settings(self, *, max_time: str | None = None, **numbers: Any) -> Settings:
        """For the loop.

        Args:
            max_time: such as "3h50m"; None for no limit.
            **numbers: those of `Settings` that are no part of this.
        Raises:
            ValueError: if something makes no sense.
        """
        if self.evaluate_every < 0:
            raise ValueError(
                f"`evaluate_every` must be at least 1, or 0 for none, got {self.evaluate_every}"
            )
        keep_every = None if self.keep_every is None else self._every("keep_every")
        return Settings(
            checkpoint_every=self._every("checkpoint_every"),
            keep=Keep(newest=self.keep, every=keep_every, best=self.keep_best),
            evaluate_every=self.evaluate_every or None,
            on_nan=self.on_nan,
            accumulate=self.accumulate,
            shards_state=self.shard,
            max_seconds=None if max_time is None else _read("max_time", read_time, max_time),
            **numbers,
        )

    def _every(self, name: str) -> Every:
        return _read(name, Every.read, getattr(self, name))


def _read(name: str, reads: Callable[[str], T], text: str) -> T:
    """What a text says; an error names what it is of."""
    try:
        return reads(text)
    except ValueError as error:
        raise ValueError(f"`{name}`: {error}") from None
