"""What a storage of trials is called, as it may be written down and still holds elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlalchemy.engine import URL

HIDDEN = "***"
"""Stands for a password, which is not written down."""

SECRETS = ("password", "passwd", "pwd", "sslpassword")
"""Parameters of a URL that would be written down as they are."""

IN_MEMORY = ("", ":memory:")


def to_keep(storage: str | None) -> str | None:
    """A URL or a file as it may be written down: absolute, and without a password.

    Raises:
        ValueError: if it is no URL, has a password where it can't be hidden, or keeps nothing.
    """
    if storage is None:
        return None
    if "://" not in storage:
        return str(Path(storage).resolve())
    return _url(storage).render_as_string(hide_password=True)


def to_open(storage: str) -> str:
    """A URL or a file, absolute, with all that it needs.

    Raises:
        ValueError: as `to_keep`, and if the password is left out that a URL had.
    """
    if "://" not in storage:
        return str(Path(storage).resolve())
    if f":{HIDDEN}@" in storage:
        raise ValueError(
            f"the sweep's trials are in {storage}: give it as `storage`, with its password"
        )
    return _url(storage).render_as_string(hide_password=False)


def _url(storage: str) -> URL:
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        url = make_url(storage)
    except (ArgumentError, ValueError):
        raise ValueError(
            "`storage` must be a file, or a URL such as postgresql://me@host/trials"
        ) from None
    if "@" in (url.host or ""):
        raise ValueError("`storage` has more than one @: write %40 for one in a password")
    if secret := next((name for name in url.query if name.lower() in SECRETS), None):
        raise ValueError(
            f"`storage` has a `{secret}` after the question mark, which would be written down: "
            "give it before the host, as in postgresql://me:password@host/trials"
        )
    return url if url.get_backend_name() != "sqlite" else _sqlite(url)


def _sqlite(url: URL) -> URL:
    if (url.database or "") in IN_MEMORY:
        raise ValueError("`storage` must be kept: give a file, as in sqlite:///trials.db")
    if url.database.startswith("file:"):
        return url
    return url.set(database=str(Path(url.database).resolve()))
