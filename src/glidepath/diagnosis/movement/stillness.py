"""Why an array does not move though it has a gradient: the causes, and how they are told apart."""

from __future__ import annotations

from dataclasses import dataclass

EPSILONS = {
    "float8_e5m2": 2.0**-2,
    "float8_e4m3fn": 2.0**-3,
    "bfloat16": 2.0**-7,
    "float16": 2.0**-10,
    "float32": 2.0**-23,
    "float64": 2.0**-52,
}
"""Between 1 and the next number of a type (IEEE 754-2019; Micikevicius et al. 2022,
arXiv:2209.05433, for 8 bits)."""

ROUNDED = 1 / 4
"""Of epsilon, relative to a number: a smaller change is less than half the distance to the next
number, wherever between two powers of two the number lies, and rounding takes it away."""
ROUNDED_ALL = 1 / 64
"""The same where no array at all moves: among many weights there are small ones, to which a larger
change would have been added."""


NEGLIGIBLE = 1e-5
"""Of the largest root mean square of a gradient. What is smaller is 0 but for rounding in float32:
that of a bias before batch normalisation, or of an attention's keys, which change nothing."""


@dataclass(frozen=True)
class Cause:
    """One reason to stand still.

    Attributes:
        says: the reason, as the end of a sentence.
        why: what it means.
        tries: what to try.
    """

    says: str
    why: str
    tries: tuple[str, ...]


CAUSES = {
    "update-never-applied": Cause(
        "the update was never applied",
        "gradients say where the loss falls and change nothing; the optimizer's step does, and "
        "there was none, or none at a rate above 0",
        (
            "call `optimizer.step()` after `loss.backward()`; in JAX add the updates by "
            "`optax.apply_updates`, in Keras call `optimizer.apply`",
            "if you accumulate gradients, count a step for each update, not for each batch",
            "if you record or compare a copy of the model, take the one that is trained",
        ),
    ),
    "unapplied-or-rounded": Cause(
        "the update was never applied, or was too small for their type and was rounded away",
        "the two look alike from here: in a short type a number plus less than half the distance "
        "to the next one is the same number again",
        (
            "see that `optimizer.step()` is called, and what is returned is kept",
            "keep the parameters in float32, and compute in the short type (mixed precision)",
            "give `updates`, or an optimizer that counts its updates, and it is told which it is",
        ),
    ),
    "optimizer-holds-others": Cause(
        "the optimizer holds other arrays",
        "it was made of a copy, of the model before it was changed or moved, or of a part of it, "
        "and updates that",
        (
            "make the optimizer from `model.parameters()` of the model that is trained, after "
            "layers were replaced and it was moved to its device",
            "if they are meant to stay as they are, call `requires_grad_(False)` on them: then no "
            "time goes into their gradients",
        ),
    ),
    "result-thrown-away": Cause(
        "the updates were made, and their result was thrown away",
        "JAX changes no array in place, and neither does a compiled function: the new parameters "
        "are what it returns",
        (
            "keep what is returned: `params = optax.apply_updates(params, updates)`, "
            "`state = train_step(state, batch)`; in Keras assign it to the variables",
            "if it is kept, see that the new arrays are those that you record or compare",
        ),
    ),
    "rate-is-zero": Cause(
        "the learning rate is 0",
        "every update is the rate times something",
        (
            "see what the schedule gives: a warm-up of no steps, a whole-number division, or a "
            "schedule that is read beyond its end may give 0 for ever",
            "see that the schedule's step goes up: one that is never stepped stays at its start",
        ),
    ),
    "zero-updates": Cause(
        "the optimizer made updates of exactly 0 for them",
        "it was told to leave them out, by a mask or `optax.set_to_zero`, or its own rate is 0; "
        "one that accumulates gradients does so between two updates",
        (
            "see which labels or masks the optimizer was given, and that they are not inverted",
            "see the rate that the optimizer itself uses: the recorded one may be another's",
            "if they are meant to stay as they are, leave them out of what is differentiated",
        ),
    ),
    "rounded-away": Cause(
        "each update is too small for their type and is rounded away",
        "a number plus less than half the distance to the next one is the same number again, "
        "however often that is done",
        (
            "keep the parameters in float32, and compute in the short type (mixed precision)",
            "where they must be short, round stochastically, or keep a float32 copy in the "
            "optimizer",
            "a higher rate, if the loss bears it",
        ),
    ),
    "frozen": Cause(
        "all arrays are frozen",
        "nothing of the model is trained; what is trained, if anything is, is not in it",
        (
            "call `requires_grad_(True)` on what is to be trained, or set `trainable = True`",
            "see that all layers are the model's own: torch does not see those in a plain list, "
            "see `nn.ModuleList`",
        ),
    ),
    "no-gradient": Cause(
        "no array has a gradient that is not 0",
        "the loss does not depend on them, as far as differentiation can see",
        (
            "see where the graph is cut: `detach`, `no_grad`, `stop_gradient`, `argmax`, a "
            "conversion to NumPy, units that are all dead",
            "see that the gradients are looked at before they are set to 0",
        ),
    ),
    "unexplained": Cause(
        "others move, or the optimizer counts its updates, and they do not",
        "what is known does not tell why: a rate of 0 for their group, a mask, or arrays that were "
        "replaced after the optimizer was made",
        (
            "compare two snapshots by `glidepath.diagnosis.moved`, and give it the optimizer and "
            "the updates",
            "see the rate of each parameter group",
        ),
    ),
}
"""By name, and in the order in which they are told."""


@dataclass(frozen=True)
class Clues:
    """What is known of an array that does not move; None where nothing is.

    Attributes:
        rate: the learning rate that was used, the highest one.
        is_held: whether the optimizer holds the array.
        num_updates: updates that the optimizer has counted meanwhile.
        update_norm: of what the optimizer would add, L2.
        norm: of the array, L2.
        dtype: its type, such as "bfloat16".
        others_move: whether other arrays do.
    """

    rate: float | None = None
    is_held: bool | None = None
    num_updates: int | None = None
    update_norm: float | None = None
    norm: float | None = None
    dtype: str | None = None
    others_move: bool = False


def is_short(dtype: str | None) -> bool:
    """Whether usual updates may be too small for a type."""
    return EPSILONS.get(dtype or "", 0.0) > EPSILONS["float32"]


def cause_of(clues: Clues) -> str:
    """The name of the cause that fits best, of `CAUSES`."""
    if clues.rate == 0:
        return "rate-is-zero"
    if clues.is_held is False:
        return "optimizer-holds-others"
    if clues.num_updates == 0:
        return "update-never-applied"
    if clues.num_updates is not None and not clues.update_norm:
        # Who counts the updates measures them as a difference, which is 0 after rounding.
        return "rounded-away" if is_short(clues.dtype) else "unexplained"
    if clues.update_norm is None:
        return _cause_unseen(clues)
    return _cause_of_update(clues, clues.update_norm)


def _cause_unseen(clues: Clues) -> str:
    """Where neither updates nor their number are known: plain gradient descent counts none."""
    if clues.others_move:
        return "unexplained"
    return "unapplied-or-rounded" if is_short(clues.dtype) else "update-never-applied"


def _cause_of_update(clues: Clues, update_norm: float) -> str:
    if update_norm == 0:
        return "zero-updates"
    epsilon = EPSILONS.get(clues.dtype or "float32", EPSILONS["float32"])
    limit = epsilon * (ROUNDED if clues.others_move else ROUNDED_ALL)
    is_small = bool(clues.norm) and update_norm < limit * (clues.norm or 0.0)
    return "rounded-away" if is_small else "result-thrown-away"
