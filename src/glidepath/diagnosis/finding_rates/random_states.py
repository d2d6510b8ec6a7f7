"""The random states that every library keeps for itself."""

from __future__ import annotations

import random
import sys
from contextlib import ExitStack


def random_states_kept(undo: ExitStack) -> None:
    """Put back the global random states of Python, NumPy and torch when `undo` ends.

    Those of torch are the CPU's and, where they are in use, those of all CUDA devices and of MPS.
    JAX has none.
    """
    undo.callback(random.setstate, random.getstate())
    if "numpy" in sys.modules:
        import numpy as np

        undo.callback(np.random.set_state, np.random.get_state(legacy=False))  # noqa: NPY002
    torch = sys.modules.get("torch")
    if torch is not None:
        undo.callback(torch.set_rng_state, torch.get_rng_state())
        if torch.cuda.is_initialized():
            undo.callback(torch.cuda.set_rng_state_all, torch.cuda.get_rng_state_all())
        if torch.backends.mps.is_available():
            undo.callback(torch.mps.set_rng_state, torch.mps.get_rng_state())
