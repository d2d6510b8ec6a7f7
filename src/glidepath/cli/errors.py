"""Errors of the command line itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager


class MissingExtraError(Exception):
    """A command needs packages that are not installed."""


@contextmanager
def options(**names: str) -> Iterator[None]:
    """Let errors about arguments be about the options that they were given by.

    Args:
        **names: options by the names of arguments, as in `num_steps="--steps"`.
    Raises:
        ValueError, TypeError: those that are raised inside, in the command line's words.
    """
    try:
        yield
    except (ValueError, TypeError) as error:
        said = re.sub(r"`(\w+)`", lambda name: f"`{names.get(name[1], name[1])}`", str(error))
        if said == str(error):
            raise
        raise type(error)(said) from None


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
