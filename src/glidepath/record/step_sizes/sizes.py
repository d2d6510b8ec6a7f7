"""Figures of the effective step sizes, array by array."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class StepSizes:
    """Effective step sizes of n arrays at one update.

    An effective step size is what the optimizer multiplies an element's gradient by, or the mean
    of its gradients where it keeps one: the rate over the root of the second moment. Its unit is
    the parameter's over that of its gradient.

    Attributes:
        names: of the arrays, as `named_arrays` has them.
        percentiles: the 5th, 50th and 95th of each array, `[n, 3]`; of at most
            `sampling.MOST` of its elements, evenly spread, for sorting all of them costs too much.
        eps_shares: of the same elements, where eps is the larger part of the divisor, `[n]`. An
            element that never had a gradient is one of them.
        memory: updates that the second moment has seen over those that it remembers,
            1 / (1 - beta2); a scalar. It is below 1 while the moment is cold, infinite where
            nothing is ever forgotten (AdaGrad), and NaN where the state does not count.
    """

    names: tuple[str, ...]
    percentiles: Any
    eps_shares: Any
    memory: Any
