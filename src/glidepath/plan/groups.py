"""Parameter groups: values relative to the default group's."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, final

from glidepath.plan.algebra import Product, Segment, Series, Term
from glidepath.plan.duration import Duration, DurationLike
from glidepath.plan.numbers import finite_as_given, positive, positive_count
from glidepath.plan.shapes import Constant

DEFAULT = "default"
"""The group of every parameter that no other group names."""


@final
@dataclass(frozen=True, repr=False)
class Scaled:
    """A group's value as a multiple of the default's; see `scaled`."""

    factor: float | int
    after: Duration | None = field(default=None, kw_only=True)
    name: ClassVar[str] = "scale"

    def __post_init__(self) -> None:
        object.__setattr__(self, "factor", finite_as_given("factor", self.factor))
        if self.after is not None:
            object.__setattr__(self, "after", Duration.of(self.after))

    def of(self, default: Term) -> Term:
        """The group's term, from the default's."""
        term = default if self.factor == 1 else Product.of(self.factor, default)
        return term if self.after is None else self.held_back(term)

    def held_back(self, term: Term) -> Term:
        """A term times 0 until `after` has passed, and times 1 from then on."""
        if self.after is None:
            return term
        frozen = Segment(Constant(0.0), self.after)
        return Product.of(term, Series.of(frozen, Segment(Constant(1.0), Duration.of(1))))

    def __repr__(self) -> str:
        after = f", after={str(self.after)!r}" if self.after is not None else ""
        return f"scaled({self.factor!r}{after})"


def scaled(factor: float = 1.0, *, after: DurationLike | None = None) -> Scaled:
    """A parameter group's value as a multiple of the default group's, at every step.

        v_group(t) = factor * v_default(t)      from `after` on, 0 before

    Args:
        factor: such as 0.1 for a backbone that learns ten times more slowly.
        after: how long the group stays at zero, for unfreezing; from the start of the run, or of
            the phase that this stands in.
    Raises:
        TypeError, ValueError: if the factor is not a finite number, or `after` no duration.
    Source: Howard and Ruder 2018, arXiv:1801.06146, section 3.2.
    Example:
        >>> from glidepath import Phase, Plan
        >>> lr = {"default": 0.5, "backbone": scaled(0.1, after="5 steps")}
        >>> plan = Plan(Phase("fine-tuning", "10 steps", lr=lr), groups=["backbone"])
        >>> plan["lr.backbone"](4), plan["lr.backbone"](5)
        (0.0, 0.05)
    """
    return Scaled(factor, after=None if after is None else Duration.of(after))


def layerwise(decay: float, layers: int) -> dict[str, Scaled]:
    """Layer-wise decay: groups `layer_0`, nearest to the input, to `layer_{layers - 1}`.

        factor(i) = decay ** (layers - i)

    What is in no group, the head, has the default's value.

    Args:
        decay: the factor from one layer to the one below it, such as 0.8.
        layers: how many groups, embeddings included.
    Raises:
        TypeError, ValueError: if a number is none, or not positive.
    Source: Clark et al. 2020, arXiv:2003.10555 (ELECTRA), appendix B; Bao et al. 2022,
        arXiv:2106.08254 (BEiT), appendix.
    Example:
        >>> layerwise(0.5, 3)
        {'layer_0': scaled(0.125), 'layer_1': scaled(0.25), 'layer_2': scaled(0.5)}
    """
    decay, layers = positive("decay", decay), positive_count("layers", layers)
    return {f"layer_{i}": Scaled(decay ** (layers - i)) for i in range(layers)}
