"""Which preset to start with, and why."""

from __future__ import annotations

from typing import NamedTuple


class Advice(NamedTuple):
    """One row.

    Attributes:
        situation: what you are about to do.
        preset: the name of the preset to start with, as on the command line.
        why: the reason, how to call it, and who found it out.
    """

    situation: str
    preset: str
    why: str


ADVICE = (
    Advice(
        "fine-tuning a pretrained transformer",
        "bert",
        'A short line up, then a line down to zero: peak=2e-5, warmup="10%", total="3 epochs". Try '
        "peaks of 2e-5, 3e-5 and 5e-5 and 2 to 4 epochs first (arXiv:1810.04805, appendix A.3). "
        "Where some seeds fail on a small data set, take the low peak and many more epochs "
        "(arXiv:2006.04884).",
    ),
    Advice(
        "training a small CNN from scratch, for a known number of epochs",
        "cosine",
        "One number to tune, the peak, and no milestones to get wrong; on ImageNet it did better "
        "than step decay (arXiv:1812.01187). Scale the peak with the batch, and warm up for 5 "
        "epochs if the batch is large (arXiv:1706.02677).",
    ),
    Advice(
        "a run whose length is not known beforehand",
        "wsd",
        "A constant rate can be stopped at any checkpoint: branch off a cool-down of 10 to 20% of "
        "the updates so far, and go on from the same checkpoint if that was too early. So it does "
        "as well as a cosine of the right length (arXiv:2405.18392), and a cosine of the wrong "
        "length does worse (arXiv:2203.15556).",
    ),
    Advice(
        "a very short budget",
        "polynomial",
        "With power=1, a line from the peak to zero at the last update. Under budgets from 1% to "
        "100% of a full run it was robust and among the best; what matters most is that the rate "
        "ends at zero when the budget does (arXiv:1905.04753).",
    ),
    Advice(
        "a short budget, with time to search for the highest rate that does not diverge",
        "one-cycle",
        "Large rates in mid-run can save most of the updates of a residual network with SGD "
        "(arXiv:1708.07120); but the peak has to be found first, by a range test "
        "(arXiv:1506.01186), and less weight decay goes with it. Without the search take a line.",
    ),
    Advice(
        "pre-training a language model, for a known number of tokens",
        "cosine",
        'A short warm-up (warmup="1%" is common) and end=peak / 10; with total="5B tokens" and '
        "Horizon(batch=..., tokens_per_sample=...). The cosine must end when the run does: more "
        "than 25% too long is measurably worse (arXiv:2203.15556). If the length may change, take "
        "wsd.",
    ),
    Advice(
        "reproducing GraphCast",
        "graphcast",
        "The published plan, all 311,000 updates of it (arXiv:2212.12794). To see it work first, "
        "graphcast-demo goes through the same phases in minutes; to fine-tune published weights on "
        "an operational analysis, graphcast-operational.",
    ),
    Advice(
        "a small data set, with an ensemble in mind",
        "cyclic-cosine",
        "Each cycle ends in a model of its own, and models from different cycles err differently: "
        "save one at the end of each and average their predictions (arXiv:1704.00109) or their "
        "weights (arXiv:1803.05407). If one model is all you need, take cosine.",
    ),
    Advice(
        "a small data set, without knowing when it will be enough",
        "sgdr",
        "Cycles that double, each of which ends in a finished model: the run can stop at the end "
        "of any, and needs no decision about the next until then (arXiv:1608.03983).",
    ),
)
"""In the order in which to ask oneself."""
