"""A condition that a plan can listen for: a metric that no longer improves."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, final

from glidepath.plan.numbers import count_from_0, finite

MODES = ("min", "max")


@final
@dataclass(frozen=True, repr=False)
class Plateau:
    """A condition; see `plateau`."""

    metric: str
    patience: int = field(kw_only=True)
    min_delta: float = field(default=0.0, kw_only=True)
    mode: str = field(default="min", kw_only=True)
    cooldown: int = field(default=0, kw_only=True)
    name: ClassVar[str] = "plateau"

    def __post_init__(self) -> None:
        if not isinstance(self.metric, str) or not self.metric or not self.metric.isprintable():
            raise TypeError(f'`metric` must be a name such as "val_loss", got {self.metric!r}')
        for name in ("patience", "cooldown"):
            object.__setattr__(self, name, count_from_0(name, getattr(self, name)))
        object.__setattr__(self, "min_delta", finite("min_delta", self.min_delta))
        if self.min_delta < 0:
            raise ValueError(f"`min_delta` must be at least 0, got {self.min_delta}")
        if self.mode not in MODES:
            raise ValueError(f'`mode` must be "min" or "max", got {self.mode!r}')

    def __repr__(self) -> str:
        rest = f", min_delta={self.min_delta!r}" if self.min_delta else ""
        rest += f", mode={self.mode!r}" if self.mode != "min" else ""
        rest += f", cooldown={self.cooldown!r}" if self.cooldown else ""
        return f"plateau({self.metric!r}, patience={self.patience}{rest})"


def plateau(
    metric: str, *, patience: int, min_delta: float = 0.0, mode: str = "min", cooldown: int = 0
) -> Plateau:
    """A metric that has not improved for more than `patience` measurements in a row.

    A measurement is an improvement if it is better than the best so far by more than `min_delta`;
    a NaN never is. torch's `ReduceLROnPlateau` counts the same way with `threshold_mode="abs"`.

    Args:
        metric: its name in the run's measurements.
        patience: how many measurements without improvement are put up with.
        min_delta: absolute, in the metric's unit.
        mode: "min" where less is better, "max" where more is.
        cooldown: measurements after an event during which none counts as bad.
    Raises:
        TypeError, ValueError: if an argument is none of these.
    Example:
        >>> plateau("val_loss", patience=5, min_delta=1e-3)
        plateau('val_loss', patience=5, min_delta=0.001)
    """
    return Plateau(metric, patience=patience, min_delta=min_delta, mode=mode, cooldown=cooldown)
