"""The optimizers that a plan can name: what each one does, and its constants.

In the formulas p is a parameter, g its gradient (after clipping), t the update, from 1. What is not
said to begin otherwise begins at 0. Defaults are torch's where torch, or the package of the
algorithm's authors for torch, has the optimizer, else optax's; where they are others, the row says
why.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

from glidepath.plan.optimizer_constants import (
    CLIP,
    Choice,
    Constant,
    Number,
    beta1,
    beta2,
    decay,
    eps,
    momentum,
)

ADDED = "added to the gradient, times the parameter"
"""What weight decay is in SGD."""


@final
@dataclass(frozen=True)
class Algorithm:
    """One optimizer.

    Attributes:
        name: as it is written in plans.
        maths: of one update.
        source: the paper.
        own: its constants, beside `clip`, which all have.
        instead: what to do for weight decay, where it has none.
    """

    name: str
    maths: str
    source: str
    own: tuple[Constant, ...]
    instead: str = ""

    @property
    def constants(self) -> dict[str, Constant]:
        """All of its constants, by name."""
        return {constant.name: constant for constant in (*self.own, CLIP)}


_ROWS = (
    Algorithm(
        "sgd",
        "p -= lr (g + weight_decay p)",
        "Robbins and Monro 1951, doi:10.1214/aoms/1177729586",
        decay(meaning=ADDED),
    ),
    Algorithm(
        "momentum",
        "b = momentum b + g + weight_decay p; p -= lr b",
        "Polyak 1964, doi:10.1016/0041-5553(64)90137-5",
        # Without momentum it is `sgd`; 0.9 is what nearly everybody takes.
        (momentum(0.9), *decay(meaning=ADDED)),
    ),
    Algorithm(
        "nesterov",
        "d = g + weight_decay p; b = momentum b + d; p -= lr (d + momentum b)",
        "Nesterov 1983; in this form Sutskever et al. 2013, ICML",
        (momentum(0.9, is_positive=True), *decay(meaning=ADDED)),
    ),
    Algorithm(
        "adagrad",
        "s += g^2, from initial_accumulator; p -= lr g / (sqrt(s) + eps)",
        "Duchi, Hazan and Singer 2011, JMLR 12",
        (eps(1e-10), Number("initial_accumulator", 0.0, "what the sum of squares begins at")),
        instead="torch would add it to the gradient, which adagrad then divides by its size",
    ),
    Algorithm(
        "rmsprop",
        "v = beta2 v + (1 - beta2) g^2; b = momentum b + g / (sqrt(v) + eps); p -= lr b",
        "Tieleman and Hinton 2012, Neural Networks for Machine Learning, lecture 6.5",
        (beta2(0.99), eps(), momentum(0.0)),
        instead="torch would add it to the gradient, which rmsprop then divides by its size",
    ),
    Algorithm(
        "adam",
        "m = beta1 m + (1 - beta1) g; v = beta2 v + (1 - beta2) g^2; "
        "p -= lr m / (1 - beta1^t) / (sqrt(v / (1 - beta2^t)) + eps)",
        "Kingma and Ba 2015, arXiv:1412.6980",
        (beta1(), beta2(), eps()),
        instead="use `adamw`, whose decay is not divided by the size of the gradients",
    ),
    Algorithm(
        "adamw",
        "adam's, with m / (1 - beta1^t) / (...) + weight_decay p",
        "Loshchilov and Hutter 2019, arXiv:1711.05101",
        (beta1(), beta2(), eps(), *decay(0.01)),
    ),
    Algorithm(
        "adafactor",
        "v = b v + (1 - b) g^2 with b = 1 - t^-0.8, of a matrix only its row and column means; "
        "u = g / sqrt(v); p -= lr (max(0.001, rms(p)) u / max(1, rms(u)) + weight_decay p)",
        "Shazeer and Stern 2018, arXiv:1804.04235",
        # torch's depends on the type of the numbers; the paper adds 1e-30 to the squares.
        (eps(1e-15, "its square is what the squares of gradients are kept from 0 by"), *decay()),
    ),
    Algorithm(
        "lion",
        "p -= lr (sign(beta1 m + (1 - beta1) g) + weight_decay p); m = beta2 m + (1 - beta2) g",
        "Chen et al. 2023, arXiv:2302.06675",
        (beta1(), beta2(0.99), *decay(1e-3)),
    ),
    Algorithm(
        "lamb",
        "u = adamw's step; p -= lr u norm(p) / norm(u), of each parameter by itself",
        "You et al. 2020, arXiv:1904.00962",
        (beta1(), beta2(), eps(1e-6), *decay()),
    ),
    Algorithm(
        "muon",
        "m = momentum m + (1 - momentum) g; u = momentum m + (1 - momentum) g, its singular values "
        "brought near 1 by 5 Newton-Schulz iterations; "
        "p -= lr (sqrt(max(1, outputs / inputs)) u + weight_decay p)",
        "Jordan et al. 2024, kellerjordan.github.io/posts/muon",
        (momentum(0.95), eps(1e-7, "smallest norm that is divided by"), *decay(0.1)),
    ),
    Algorithm(
        "schedule_free_adamw",
        "z -= lr (adam's step at y with beta1 = 0, + weight_decay y); x is the mean of all z, "
        "each weighted by the largest lr so far, squared; p = y = (1 - beta1) z + beta1 x",
        "Defazio et al. 2024, arXiv:2405.15682",
        (beta1(0.9, "share of x in y", is_positive=True), beta2(), eps(), *decay()),
    ),
    Algorithm(
        "schedule_free_sgd",
        "z -= lr (g + weight_decay y); x is the mean of all z, each weighted by the largest lr so "
        "far, squared; p = y = (1 - momentum) z + momentum x",
        "Defazio et al. 2024, arXiv:2405.15682",
        (
            momentum(0.9, "share of x in y", is_positive=True),
            *decay(meaning=ADDED),
        ),
    ),
    Algorithm(
        "prodigy",
        "adamw's with the rate lr d, where d begins at d0 and grows to the largest "
        "d_coef sum(<g, p0 - p>) / norm1(sum(g)) so far, both sums weighted; p0 is where p began",
        "Mishchenko and Defazio 2024, arXiv:2306.06101",
        (
            beta1(),
            beta2(),
            eps(),
            *decay(),
            Number("d0", 1e-6, "first estimate of the rate", is_positive=True),
            Number("d_coef", 1.0, "what the estimate is multiplied by", is_positive=True),
            Choice(
                "safeguard_warmup",
                False,
                "keep lr out of the estimate's denominator, for runs that warm up",
                (False, True),
            ),
        ),
    ),
)

ALGORITHMS = {row.name: row for row in _ROWS}
"""By name."""
