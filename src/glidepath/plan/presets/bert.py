"""How BERT was pre-trained."""

from __future__ import annotations

from glidepath.plan.duration import DurationLike
from glidepath.plan.horizon import Horizon
from glidepath.plan.phase import Phase
from glidepath.plan.plan import Plan
from glidepath.plan.presets.parts.peak import peak_above
from glidepath.plan.presets.parts.run import Run
from glidepath.plan.presets.parts.warm_up import warm_up
from glidepath.plan.shapes import linear

TEXT = Horizon(batch=256, tokens_per_sample=512)
"""256 sequences of 512 tokens, as the paper counts them; nine tenths of its updates saw 128."""


def bert(
    *,
    peak: float = 1e-4,
    end: float = 0.0,
    warmup: DurationLike | None = "10000 steps",
    total: DurationLike = "1M steps",
    weight_decay: float = 0.01,
    horizon: Horizon = TEXT,
) -> Plan:
    """BERT: a line up to the peak, then a line down to zero.

    With `peak=2e-5`, `warmup="10%"` and `total="3 epochs"` it is how such models are fine-tuned.
    The line down begins at the warm-up's end, as in transformers; that of google-research/bert
    begins at step 0, and is at 0.99 of the peak when it takes over.

    Args:
        peak: learning rate after the warm-up.
        end: learning rate that the decay approaches.
        warmup: length of the line from 0 to the peak; None for none.
        total: length of the run.
        weight_decay: decoupled.
        horizon: sequences in one update, and tokens in a sequence.
    Raises:
        TypeError, ValueError: if the warm-up does not fit into the run, or `end` above the peak.
    Source: Devlin et al. 2019, arXiv:1810.04805, appendix A.2; A.3 for the fine-tuning.
    Example:
        >>> lr = bert()["lr"]
        >>> lr(5_000), lr(10_000), lr(505_000)
        (5e-05, 0.0001, 5e-05)
    """
    run = Run.of(total, horizon)
    peak_above(peak, end=end)
    begin = warm_up(run, warmup, peak)
    decay = Phase("decay", run.rest("a decay", *begin), lr=linear(peak, end))
    return Plan(*begin, decay, weight_decay=weight_decay, horizon=horizon)
