"""The sweep itself: rising rates, one update each, until the loss diverges."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from statistics import median
from typing import Any

from glidepath.diagnosis.finding_rates.loss import as_number
from glidepath.diagnosis.finding_rates.restoring import Held, restored
from glidepath.diagnosis.finding_rates.settings import FEWEST_STEPS, SweepSettings
from glidepath.diagnosis.finding_rates.smoothing import batch_noise, num_settling, smoothed
from glidepath.diagnosis.finding_rates.sweep import RateSweep

Tell = Callable[[int, float, float], None]


def find_rate(
    step_fn: Callable[[Any, Any, float], Any],
    state: Any,
    batches: Iterable[Any],
    *,
    lowest: float = 1e-7,
    highest: float = 10.0,
    num_steps: int = 100,
    smoothing: float = 0.8,
    divergence: float = 4.0,
    tell: Tell | None = None,
) -> RateSweep:
    """Try rising rates, one update each, and leave everything as it was.

    It ends when the smoothed loss is above `divergence` times its best, or a loss is not finite.
    Then, and after any exception, what `state` holds is bit for bit as before, and so are the
    random states of Python, NumPy and torch. Batches that were taken are not given back.

    Args:
        step_fn: does one update at a rate, `step_fn(state, batch, rate)`. For a state of arrays,
            as in JAX, it returns `(new_state, loss)`. For one of objects it changes them in place,
            sets the rate itself, and returns the loss alone. The loss is that of the batch before
            the update.
        state: all that an update changes: a tree of arrays, of which a copy is handed out, so that
            its buffers may be donated; or objects, alone or in lists, tuples and dicts: modules,
            optimizers, schedulers and scalers of torch, models and optimizers of Keras, generators
            of random numbers, whatever has `state_dict` and `load_state_dict`.
        batches: one for each update.
        lowest: rate at the first update.
        highest: rate at the last.
        num_steps: updates, at least 10.
        smoothing: beta of the moving average, in [0, 1): it is over 1 / (1 - beta) batches or so.
        divergence: times the best smoothed loss, above 1.
        tell: called after each update with its index, its rate and its loss.
    Returns:
        The losses by rate, with three suggestions.
    Raises:
        TypeError: if `step_fn` returns something else; before the first update if `state` has
            something that can't be restored.
        ValueError: if an argument is out of range, `batches` ends too early, or an optimizer is
            used that `state` does not have.
        FloatingPointError: if the first loss is not finite, for which no rate can be blamed.
    Source: Smith 2015, arXiv:1506.01186, section 3.3, for the test; Gugger 2018, "How do you find
        a good learning rate", for the exponential sweep, the smoothing and when to stop.
    Example:
        >>> import numpy as np
        >>> def step(weight, target, rate):  # curvature 10: it diverges above 2 / 10
        ...     return weight - rate * 10 * (weight - target), 5 * (weight - target) ** 2
        >>> sweep = find_rate(step, np.array(3.0), np.random.default_rng(0).normal(size=100))
        >>> 0.2 < sweep.diverged_at < 0.5
        True
    """
    settings = SweepSettings(lowest, highest, num_steps, smoothing, divergence)
    _check_callable("step_fn", step_fn)
    _check_callable("tell", tell or _ignore)
    _check_batches(batches, num_steps)
    with restored(state) as held:
        losses, has_diverged = _losses(held, step_fn, batches, settings, tell or _ignore)
    rates = settings.rates()
    return RateSweep(
        rates=rates[: len(losses)],
        losses=losses,
        num_steps=num_steps,
        smoothing=smoothing,
        diverged_at=rates[_last_calm(losses, settings)] if has_diverged else None,
    )


def _losses(
    held: Held,
    step_fn: Callable[..., Any],
    batches: Iterable[Any],
    settings: SweepSettings,
    tell: Tell,
) -> tuple[tuple[float, ...], bool]:
    """The losses that are finite, and whether they have diverged in the end."""
    losses: list[float] = []
    for rate, batch in zip(settings.rates(), _each(batches, settings.num_steps), strict=False):
        loss = as_number(held.update(step_fn, batch, rate))
        tell(len(losses), rate, loss)
        if not losses and not math.isfinite(loss):
            raise FloatingPointError(
                f"the loss of the first batch is {loss}, before any update: look at the model, the "
                "batch and the loss function, for no rate can be blamed"
            )
        if not math.isfinite(loss):
            return tuple(losses), True
        losses.append(loss)
        if smoothed(losses, settings.smoothing)[-1] > _too_high(losses, settings):
            return tuple(losses), True
    return tuple(losses), False


def _too_high(losses: Sequence[float], settings: SweepSettings) -> float:
    """The loss above which it has diverged.

        best + (divergence - 1) * max(|best|, noise)

    That is `divergence * best` for a best smoothed loss that is positive and above the noise of
    batches; the rest makes sense of losses around zero and below. The first few averages, over too
    few losses, count by the median of these losses.
    """
    settled = num_settling(settings.smoothing, settings.num_steps)
    averages = smoothed(losses, settings.smoothing)[settled - 1 :]
    best = min(median(losses[:settled]), *averages, math.inf)
    scale = max(abs(best), batch_noise(losses, settings.num_steps))
    return best + (settings.divergence - 1) * scale


def _last_calm(losses: Sequence[float], settings: SweepSettings) -> int:
    """The last update before the loss went too high, for good.

    The smoothed loss gets there a few updates later, at rates that are several times as high.
    """
    limit = _too_high(losses, settings)
    return max(i for i, loss in enumerate(losses) if loss <= limit)


def _each(batches: Iterable[Any], num_steps: int) -> Iterator[Any]:
    num = 0
    for batch in batches:
        yield batch
        num += 1
    raise ValueError(_too_few(num, num_steps))


def _check_batches(batches: Any, num_steps: int) -> None:
    """Refuse what are no batches, and too few where that can be known.

    Raises:
        TypeError, ValueError: saying what would work.
    """
    if isinstance(batches, Mapping | str) or not hasattr(batches, "__iter__"):
        raise TypeError(
            "`batches` must be batches, one for each update, as in a list or a data loader, got "
            f"{type(batches).__name__}"
        )
    try:
        num = len(batches)
    except TypeError:
        return
    if num < num_steps:
        raise ValueError(_too_few(num, num_steps))


def _too_few(num: int, num_steps: int) -> str:
    fewer = f", or say num_steps={num}" if num >= FEWEST_STEPS else ""
    return (
        f"`batches` has {num}, and a sweep needs one for each of its {num_steps} updates: give "
        f"more, or go round them by itertools.cycle{fewer}"
    )


def _check_callable(name: str, value: object) -> None:
    if not callable(value):
        raise TypeError(f"`{name}` must be a function, got {type(value).__name__}")


def _ignore(step: int, rate: float, loss: float) -> None:
    del step, rate, loss
