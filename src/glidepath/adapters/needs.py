"""What an adapter says when its framework is not installed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def needs(extra: str) -> Iterator[None]:
    """Imports that need an optional package.

    Args:
        extra: of glidepath, which installs it.
    Raises:
        ModuleNotFoundError: with the command that installs what is missing.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith("glidepath"):
            raise
        raise ModuleNotFoundError(
            f"this needs the package `{error.name}`: pip install 'glidepath[{extra}]'",
            name=error.name,
        ) from None
