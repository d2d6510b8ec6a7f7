"""The same batches come in the same order again."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from glidepath.diagnosis.finding import Finding
from glidepath.diagnosis.rule import Rule
from glidepath.record import History

IN_A_ROW = 20
"""Batches in the order that they had before: by chance that does not happen, but where there are
few batches."""
AFTER_A_RESTART = 5
"""The same, of batches that never repeat otherwise."""
NEARLY_ALL = 0.9
"""Of the updates after the first epoch: two shuffled batches repeat their order half the time."""


def find(history: History) -> Iterator[Finding]:
    """How long ago each batch was there last."""
    texts = history.texts("batch")
    if set(map(type, texts)) != {str} or len(set(texts)) in (1, len(texts)):
        return
    ago = _ago(_ids(texts))
    epoch = _period(ago)
    if epoch is not None:
        yield _unshuffled(history, ago, epoch)
        return
    for restart in history.restarts:
        row = int(np.searchsorted(history.steps, restart))
        repeated = _repeated(ago, row)
        if repeated >= AFTER_A_RESTART:
            yield _begun_again(history, row, int(ago[row]), repeated)
            return


def _ids(texts: list[str | None]) -> np.ndarray:
    """Batches as numbers, `[updates]`."""
    known = {text: i for i, text in enumerate(dict.fromkeys(texts))}
    return np.fromiter(map(known.__getitem__, texts), np.int64, len(texts))


def _ago(ids: np.ndarray) -> np.ndarray:
    """Updates since the same batch was there, `[updates]`; 0 for one that is new."""
    order = np.argsort(ids, kind="stable")
    is_same = np.diff(ids[order]) == 0
    ago = np.zeros(len(ids), np.int64)
    ago[order[1:][is_same]] = np.diff(order)[is_same]
    return ago


def _period(ago: np.ndarray) -> int | None:
    """The length of an epoch whose order repeats, or None."""
    seen = ago[ago > 0]
    if len(seen) < IN_A_ROW:
        return None
    epoch = int(np.bincount(seen).argmax())
    is_again = ago[epoch:] == epoch
    has_row = len(is_again) >= IN_A_ROW and bool(
        np.convolve(is_again, np.ones(IN_A_ROW), "valid").max() == IN_A_ROW
    )
    is_usual = epoch > 1 and float(is_again.mean()) >= NEARLY_ALL
    return epoch if has_row and is_usual else None


def _repeated(ago: np.ndarray, row: int) -> int:
    """Updates from a row on that have the batches of others before the row, in the same order."""
    if row >= len(ago) or not ago[row]:
        return 0
    differs = np.flatnonzero(ago[row:] != ago[row])
    return int(differs[0]) if len(differs) else len(ago) - row


def _unshuffled(history: History, ago: np.ndarray, epoch: int) -> Finding:
    num_again = int(np.count_nonzero(ago == epoch))
    step = int(history.steps[int(np.argmax(ago == epoch))])
    return Finding(
        "data-order-repeats",
        "warning",
        "certain",
        step,
        f"the same {epoch:,} batches come in the same order again from step {step:,} on, in "
        f"{num_again:,} updates so far",
        "nobody shuffles the data between epochs: each update is always followed by the same "
        "one, and their errors add up where those of shuffled batches cancel",
        (
            "shuffle anew each epoch: shuffle=True in a DataLoader, `set_epoch` with a "
            "DistributedSampler",
            "give the shuffle another seed in each epoch, if it has a fixed one",
        ),
        evidence={"epoch": epoch, "repeated": num_again, "step": step},
    )


def _begun_again(history: History, row: int, ago: int, repeated: int) -> Finding:
    step, before = int(history.steps[row]), int(history.steps[row - ago])
    return Finding(
        "data-order-repeats",
        "warning",
        "certain",
        step,
        f"the run went on at step {step:,} with the batches that it had from step {before:,} on: "
        f"{repeated:,} of them so far, in the same order",
        "the loader began again where the run did not: these samples are learnt twice, and "
        "those that should have come are left out",
        (
            "save the loader's place with the checkpoint, or skip the batches that were had",
            "draw each batch from the step, as `glidepath train` does: then there is no place",
        ),
        evidence={"restart": step, "same_as": before, "repeated": repeated},
    )


RULE = Rule(
    "data-order-repeats",
    "the fingerprint of every update's batch, and the restarts",
    "9 in 10 batches after the first epoch, 20 in a row among them, are those of an epoch before; "
    "or 5 in a row after a restart are those of an earlier place; one batch alone is no illness",
    "why to shuffle anew: Bottou 2009, Curiously fast convergence of some stochastic gradient "
    "descent algorithms; the numbers are ours",
    find,
)
