"""What an adapter says when its framework is not installed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

PACKAGES = {
    "torch": ("torch",),
    "jax": ("jax", "optax"),
    "keras": ("keras",),
    "transformers": ("transformers", "accelerate", "torch"),
    "lightning": ("lightning", "pytorch_lightning", "torch"),
    "optimizers": ("prodigyopt", "schedulefree"),
}
"""What each extra is for; what else is missing is another's business, as Keras' backend is."""


@contextmanager
def needs(extra: str) -> Iterator[None]:
    """Imports that need an optional package.

    Args:
        extra: of glidepath, one of `PACKAGES`.
    Raises:
        ModuleNotFoundError: with the command that installs what is missing.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package not in PACKAGES[extra]:
            raise
        raise ModuleNotFoundError(
            f"this needs the package `{package}`: pip install 'glidepath[{extra}]'", name=package
        ) from None
