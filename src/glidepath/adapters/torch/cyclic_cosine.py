"""Warm-up, a cosine decay, and restarts: the drop-in for `CyclicCosineDecayLR`."""

from __future__ import annotations

import weakref
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, final

import torch
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from glidepath.adapters.torch.places import copied
from glidepath.adapters.torch.updates import unwrapped
from glidepath.plan import Schedule, constant, cosine, from_function
from glidepath.plan.arrays import NUMBERS
from glidepath.plan.endless import endless
from glidepath.plan.numbers import finite, positive, positive_count

Rates = float | Sequence[float]
RATES = ("warmup_start_lr", "min_decay_lr", "restart_lr")
MULTIPLIER = "restart_interval_multiplier"


@final
class CyclicCosineDecayLR(LRScheduler):
    """Half a cosine up, half a cosine down, then again and again from a rate of their own.

    With c(t, T, a, z) = z + (a - z) * (1 + cos(pi * t / T)) / 2, the rate of epoch t is

        c(t, W, warmup_start_lr, base)                 t < W, the warm-up
        c(t - W, D, base, min_decay_lr)                t < W + D, the decay
        c(x, R * m ** n, restart_lr, min_decay_lr)     x epochs into restart n, if there are any
        min_decay_lr                                   else

    and base is the optimizer's own rate. Restarts of growing length are real, not rounded, and
    their starts are exact. An epoch is whatever a call of `step()` is; called once an update, it
    counts updates. For a plan with the same curve see `glidepath.presets.cyclic_cosine`.

    Beside torch's schedulers that multiply the rate, such as ExponentialLR, the factors of both
    stand: what others did to the rate since the last call is kept.

    Attributes:
        schedules: of each parameter group, to be drawn, checked, and put into a plan.

    Source: the formula of github.com/abhuse/cyclic-cosine-decay.
    Example:
        >>> import torch
        >>> optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1)
        >>> scheduler = CyclicCosineDecayLR(optimizer, 10, 0.0, restart_interval=5)
        >>> [scheduler.schedules[0](epoch) for epoch in (0, 5, 10, 15)]
        [0.1, 0.05, 0.1, 0.1]
    """

    def __init__(  # noqa: PLR0917 - the original's arguments
        self,
        optimizer: Optimizer,
        init_decay_epochs: int,
        min_decay_lr: Rates,
        restart_interval: int | None = None,
        restart_interval_multiplier: float | None = None,
        restart_lr: Rates | None = None,
        warmup_epochs: int | None = None,
        warmup_start_lr: Rates | None = None,
        last_epoch: int = -1,
    ) -> None:
        """Check, and set the rates of the first epoch. A rate is one, or one for each group.

        Args:
            optimizer: its own rates are where the warm-up ends and the decay begins.
            init_decay_epochs: D, the length of the decay.
            min_decay_lr: where every decay ends.
            restart_interval: R, the length of the first restart; without, there is none.
            restart_interval_multiplier: m, how much longer each restart is than the one before.
            restart_lr: where restarts begin; the optimizer's own rate where None.
            warmup_epochs: W, the length of the warm-up; without, there is none.
            warmup_start_lr: where it begins.
            last_epoch: the number of the last epoch, as in torch: -1 where there was none.
        Raises:
            TypeError, ValueError: naming the argument, and what would work.
        """
        self._restarts = (restart_interval, restart_interval_multiplier)
        self._epochs = (warmup_epochs, init_decay_epochs)
        self._rates = (warmup_start_lr, min_decay_lr, restart_lr)
        _check(self._epochs, self._restarts, self._rates)
        self.optimizer = optimizer
        self.schedules: list[Schedule] = []
        for name, rates in zip(RATES, self._rates, strict=True):
            if isinstance(rates, Sequence) and len(rates) != len(optimizer.param_groups):
                raise ValueError(
                    f"`{name}` must be a rate, or one for each of the "
                    f"{len(optimizer.param_groups)} parameter groups, got {rates!r}"
                )
        self._hear_of_loads()
        super().__init__(optimizer, last_epoch)

    def _hear_of_loads(self) -> None:
        """Rates that come with an optimizer of another epoch are no factors of others."""
        alive = weakref.ref(self)

        def loading(optimizer: Optimizer, state: dict[str, Any]) -> None:
            told = alive()
            if told is not None:
                pairs = zip(optimizer.param_groups, state["param_groups"], strict=False)
                told._is_foreign = any(float(one["lr"]) != float(new["lr"]) for one, new in pairs)

        hook = unwrapped(self.optimizer).register_load_state_dict_pre_hook(loading)
        weakref.finalize(self, hook.remove)

    def _take_in_groups(self) -> None:
        """Make a schedule for each parameter group that has none yet."""
        groups = self.optimizer.param_groups
        for i in range(len(self.schedules), len(groups)):
            base = float(groups[i].setdefault("initial_lr", copied(groups[i]["lr"])))
            start, low, high = (
                _of_group(name, rates, i) for name, rates in zip(RATES, self._rates, strict=True)
            )
            warmup, decay = self._epochs
            falls = cosine(base, low).over(decay) >> self._restarting(
                base if high is None else high, low
            )
            self.schedules.append(cosine(start, base).over(warmup) >> falls if warmup else falls)

    def schedule_of(self, group: int) -> Schedule:
        """The rate of one parameter group, by its index."""
        self._take_in_groups()
        return self.schedules[group]

    def _restarting(self, high: float, low: float) -> Schedule:
        interval, growth = self._restarts
        if interval is None:
            return constant(low).over(1)
        if growth is None or growth == int(growth):
            return cosine(high, low).over(interval).repeat(growth=int(growth or 1))
        return endless(from_function(_RealRestarts(interval, growth, high, low)))

    def _initial_step(self) -> None:
        """torch's own name: begins; SequentialLR calls it, too."""
        self._last_lr, self._factors, self._is_foreign = [], [], False
        super()._initial_step()

    def _update_lr(self, epoch: int | None = None) -> None:
        """torch's own name: goes to the next epoch, or to one that is given, without factors.

        Where it begins, or begins anew because a SequentialLR has taken it back, a factor that
        another scheduler has put on a rate already stays, as with torch's own.
        """
        if epoch is not None:
            self._factors = []
        elif self.last_epoch == -1:
            groups = self.optimizer.param_groups
            self._last_lr = []
            self._factors = [_factor(float(g["lr"]), float(g["initial_lr"])) for g in groups]
        super()._update_lr(epoch)

    def get_lr(self) -> list[float]:
        """The rates of the coming epoch, with the factors that others have put on them."""
        self._take_in_groups()
        groups = self.optimizer.param_groups
        self._factors += [1.0] * (len(groups) - len(self._factors))
        for i, last in enumerate([] if self._is_foreign else self._last_lr):
            self._factors[i] *= _factor(float(groups[i]["lr"]), float(last))
        self._is_foreign = False
        return [
            schedule(self.last_epoch) * factor
            for schedule, factor in zip(self.schedules, self._factors, strict=True)
        ]

    def _get_closed_form_lr(self) -> list[float]:
        self._take_in_groups()
        return [schedule(self.last_epoch) for schedule in self.schedules]

    def state_dict(self) -> dict[str, Any]:
        """The epoch, the rates set and those in use, and the factors that others put on them."""
        return {
            "arguments": self._arguments(),
            "base_lrs": [float(group["initial_lr"]) for group in self.optimizer.param_groups],
            "last_epoch": self.last_epoch,
            "factors": list(self._factors),
            "last_lr": [float(rate) for rate in self._last_lr],
            "rates": [float(group["lr"]) for group in self.optimizer.param_groups],
        }

    def _arguments(self) -> list[Any]:
        given = (*self._epochs, *self._restarts, *self._rates)
        return [list(one) if isinstance(one, Sequence) else one for one in given]

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Go on from a saved state, with its rates, and the optimizer's own rates of then.

        Raises:
            ValueError: if it is none of this class, or of other arguments or another number of
                parameter groups.
        """
        num, num_saved = len(self.optimizer.param_groups), len(state_dict.get("rates", ()))
        if not {"arguments", "base_lrs", "last_epoch", "factors", "last_lr", "rates"} <= set(
            state_dict
        ):
            raise ValueError(
                "this is no state of glidepath's CyclicCosineDecayLR: it has "
                f"{', '.join(sorted(state_dict))}; to go on from the original's, say last_epoch="
            )
        if num_saved != num:
            raise ValueError(f"the state is of {num_saved} parameter groups, and there are {num}")
        if state_dict["arguments"] != self._arguments():
            raise ValueError(
                f"the state was saved with the arguments {state_dict['arguments']}, and these are "
                f"{self._arguments()}: warmup_epochs, init_decay_epochs, restart_interval, "
                f"{MULTIPLIER}, {', '.join(RATES)}"
            )
        for group, base in zip(self.optimizer.param_groups, state_dict["base_lrs"], strict=True):
            group["initial_lr"] = base
        self.base_lrs, self.schedules = list(state_dict["base_lrs"]), []
        self._take_in_groups()
        self.last_epoch = state_dict["last_epoch"]
        self._step_count = self.last_epoch + 1
        self._factors = list(state_dict["factors"])
        self._last_lr = list(state_dict["last_lr"])
        self._is_foreign = False
        for group, rate in zip(self.optimizer.param_groups, state_dict["rates"], strict=True):
            if isinstance(group["lr"], torch.Tensor):
                group["lr"].fill_(rate)
            else:
                group["lr"] = rate


@dataclass(frozen=True)
class _RealRestarts:
    """Restarts of length interval * growth ** n, not rounded: a function of the epoch."""

    interval: int
    growth: float
    high: float
    low: float

    def __call__(self, epoch: int) -> float:
        start, length = Fraction(0), Fraction(self.interval)
        growth = Fraction(str(self.growth))  # the decimal as it is written: 1.1 is a little more
        while epoch >= start + length:
            start, length = start + length, length * growth
        curve = cosine(self.high, self.low)
        return curve.value(float(epoch - start), float(length), NUMBERS)


def _check(
    epochs: tuple[int | None, int],
    restarts: tuple[int | None, float | None],
    rates: tuple[Rates | None, Rates, Rates | None],
) -> None:
    """Refuse what makes no schedule, naming the argument."""
    for name, value in zip(("warmup_epochs", "init_decay_epochs", "restart_interval"),
                           (*epochs, restarts[0]), strict=True):  # fmt: skip
        if value is not None or name == "init_decay_epochs":
            positive_count(name, value)
    (interval, growth), (start, low, high) = restarts, rates
    if growth is not None and (interval is None or not positive(MULTIPLIER, growth) >= 1):
        raise ValueError(f"`{MULTIPLIER}` must be at least 1, beside a restart_interval, "
                         f"got {growth!r} beside {interval!r}")  # fmt: skip
    if high is not None and interval is None:
        raise ValueError("`restart_lr` needs a restart_interval: without one there is no restart")
    if (start is None) != (epochs[0] is None):
        raise ValueError("`warmup_epochs` and `warmup_start_lr` belong together: give both or none")
    if low is None:
        raise ValueError("`min_decay_lr` must be a rate, or one for each parameter group, got None")


def _of_group(name: str, rates: Rates | None, group: int) -> float | None:
    """The rate of one parameter group.

    Raises:
        TypeError, ValueError: if it is no rate, or there are too few.
    """
    if rates is None or not isinstance(rates, Sequence):
        return None if rates is None else finite(name, rates)
    if group >= len(rates):
        raise ValueError(f"`{name}` has {len(rates)} rates, and there are more parameter groups")
    return finite(name, rates[group])


def _factor(found: float, set_to: float) -> float:
    """What others have multiplied a rate by; 1 where a rate of 0 hides it."""
    return found / set_to if set_to and found != set_to else 1.0
