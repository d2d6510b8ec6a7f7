"""RAdam's factor for a second moment that has seen little."""

from __future__ import annotations

from typing import Any


def averaged_updates(count: Any, beta2: Any) -> tuple[Any, Any]:
    """How many updates a plain mean would be over that is as sure as the second moment is.

        rho_inf = 2 / (1 - beta2) - 1
        rho_t = rho_inf - 2 * t * beta2^t / (1 - beta2^t)

    Args:
        count: t, updates that the moment has seen, from 1.
        beta2: of the moment.
    Returns:
        rho_t and rho_inf, in updates.
    Source: Liu et al. 2020, arXiv:1908.03265, section 4.1 and algorithm 2.
    """
    most = 2.0 / (1.0 - beta2) - 1.0
    decayed = beta2**count
    return most - 2.0 * count * decayed / (1.0 - decayed), most


def rectification(averaged: Any, most: Any) -> Any:
    """What the rate is multiplied by, where `averaged` is above 4.

        r = sqrt((rho_t - 4) (rho_t - 2) rho_inf / ((rho_inf - 4) (rho_inf - 2) rho_t))

    Args:
        averaged: rho_t.
        most: rho_inf.
    Source: Liu et al. 2020, arXiv:1908.03265, algorithm 2.
    """
    return ((averaged - 4) * (averaged - 2) * most / ((most - 4) * (most - 2) * averaged)) ** 0.5
