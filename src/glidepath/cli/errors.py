"""Errors of the command line itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


class MissingExtraError(Exception):
    """A command needs packages that are not installed."""


@contextmanager
def needs(extra: str) -> Iterator[None]:
    """Turn a missing package into the name of the extra that has it.

    Raises:
        MissingExtraError: if an import inside fails for want of a package.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("glidepath"):
            raise
        raise MissingExtraError(
            f"this needs the package `{error.name}`: pip install 'glidepath[{extra}]'"
        ) from None
