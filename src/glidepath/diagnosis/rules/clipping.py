"""A clip that acts on nearly every update."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from glidepath.diagnosis.finding import Finding
from glidepath.diagnosis.rule import Rule
from glidepath.record import History

OFTEN = 0.9
"""Of the updates."""
LEAST_UPDATES = 100
LEAST_NORMS = 10
"""In the last half; loops that record a norm every tenth update have five in a hundred."""
NEAR = 1e-3
"""Relative: a norm so near to the clip was recorded after it; torch divides by the norm + 1e-6."""
FAR = 10.0
"""Times the clip, the median norm from which on it is a warning."""
NAMES = ("clip", "max_grad_norm", "gradient_clip_val", "clip_norm", "grad_clip", "global_clipnorm")
"""What a run's configuration calls it."""


def find(history: History) -> Iterator[Finding]:
    """One finding, about the last half of the run so far."""
    if len(history) < LEAST_UPDATES:
        return
    half = slice(len(history) // 2, None)
    norms, clips = history.column("gradient_norm")[half], _clips(history)[half]
    if np.all(np.isnan(clips)):
        clips = np.full(len(norms), _told_by(norms))
    known = np.isfinite(norms) & (norms > 0) & (clips > 0)
    if known.sum() < LEAST_NORMS:
        return
    ratios = norms[known] / clips[known]
    share = float(np.mean(ratios >= 1 - NEAR))
    if share > OFTEN:
        yield _finding(history, ratios, share, float(np.median(clips[known])))


def _clips(history: History) -> np.ndarray:
    """The largest norm that each update let pass, `[updates]`; NaN where it is not known."""
    used = history.column("clip")
    if not np.all(np.isnan(used)):
        return used
    return np.full(len(history), _constant(history))


def _constant(history: History) -> float:
    plan = history.plan
    if plan is not None and plan.optimizer is not None:
        value = plan.optimizer.settings().get("clip")
        if isinstance(value, int | float):
            return float(value)
    given = history.header.get("configuration") or {}
    numbers = (given.get(name) for name in NAMES)
    usable = [one for one in numbers if isinstance(one, int | float) and not isinstance(one, bool)]
    return float(usable[0]) if usable else np.nan


def _told_by(norms: np.ndarray) -> float:
    """The clip that nobody named: norms that are all the same were made so."""
    known = norms[np.isfinite(norms) & (norms > 0)]
    if not len(known):
        return np.nan
    usual = float(np.median(known))
    return usual if np.mean(np.abs(known / usual - 1) <= NEAR) > OFTEN else np.nan


def _finding(history: History, ratios: np.ndarray, share: float, clip: float) -> Finding:
    median = float(np.median(ratios))
    is_after = bool(np.all(ratios <= 1 + NEAR))
    told = (
        "the norms were recorded afterwards"
        if is_after
        else f"their median is {median:.3g} times it"
    )
    first = int(history.steps[len(history) // 2])
    return Finding(
        "clips-most-updates",
        "warning" if median >= FAR else "note",
        "certain",
        first,
        f"{share:.0%} of the gradients from step {first:,} on were clipped at {clip:.3g}; {told}",
        "then every step has the same length, whatever the gradient: it is normalised gradient "
        "descent, and the rate means something else. With Adam and its kin, which rescale anyway, "
        "only large steps lose against small ones",
        (
            "if it trains well, leave it: it is worth knowing when the rate is tuned",
            "a clip at a few times the median norm acts on outliers alone",
            "a lower rate, if the clip is there to keep the run from diverging",
        ),
        (),
        {
            "share": share,
            "clip": clip,
            "median_norm_over_clip": None if is_after else median,
            "num_norms": len(ratios),
        },
    )


RULE = Rule(
    code="clips-most-updates",
    looks_at="the global gradient norm, and the clip that the plan, its optimizer or the run's "
    "configuration has",
    threshold=f"more than {OFTEN:.0%} of the norms in the last half of {LEAST_UPDATES} updates or "
    f"more; a warning from a median of {FAR:g} times the clip on, else a note. Norms that are all "
    f"the same to {NEAR:g} tell of a clip that nobody named",
    source="Pascanu et al. 2013, arXiv:1211.5063, section 3.2: a threshold of half to ten times "
    "the average norm; Zhang et al. 2020, arXiv:1905.11881, section 3, for what it then amounts to",
    find=find,
)
