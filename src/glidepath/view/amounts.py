"""Amounts in few characters: of time, of memory, of anything."""

from __future__ import annotations

import math

from glidepath.view.curves import short

UNITS = ("B", "kB", "MB", "GB", "TB")


def figure(value: float | None) -> str:
    """A number; "-" for none.

    Example:
        >>> figure(0.00025), figure(math.inf), figure(None)
        ('2.5e-4', 'inf', '-')
    """
    if value is None:
        return "-"
    return short(value) if math.isfinite(value) else str(value)


def duration(seconds: float) -> str:
    """Of time, in its two largest units.

    Example:
        >>> duration(0.25), duration(75), duration(7_500), duration(1e6)
        ('0.25 s', '1 min 15 s', '2 h 05 min', '11 d 13 h')
    """
    if seconds < 10:
        return f"{seconds:.2g} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days} d {hours:02d} h"
    if hours:
        return f"{hours} h {minutes:02d} min"
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"


def ago(seconds: float | None) -> str:
    """How long something is past, in its largest unit; "-" if that is not known.

    Example:
        >>> ago(5), ago(7_500), ago(None)
        ('5 s', '2 h', '-')
    """
    if seconds is None:
        return "-"
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} s"


def size(num_bytes: float) -> str:
    """Of memory, in powers of 1000.

    Example:
        >>> size(1_234_000_000)
        '1.23 GB'
    """
    power = 0
    while num_bytes >= 999.5 and power < len(UNITS) - 1:
        num_bytes, power = num_bytes / 1000, power + 1
    return f"{num_bytes:.3g} {UNITS[power]}"
