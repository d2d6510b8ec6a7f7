"""Shows a run while it goes on: a live page, or plain lines where there is no terminal."""

from __future__ import annotations

import time
from collections.abc import Callable

from rich.console import Console
from rich.live import Live

from glidepath.view.watch.follower import Follower
from glidepath.view.watch.lines import Lines
from glidepath.view.watch.page import Page

EVERY_LIVE, EVERY_PLAIN = 1.0, 10.0
"""Seconds between looks, where nobody says."""
LIVE_WIDTH, LIVE_HEIGHT = 30, 8
"""The smallest terminal for a live page."""
PRINTED_HEIGHT = 40
"""Rows of a page where there is no terminal to measure."""

Sleep = Callable[[float], None]


def show_once(follower: Follower, console: Console, name: str) -> None:
    """Print the page of the present moment."""
    follower.look()
    while follower.is_behind:
        follower.look()
    height = console.height - 1 if console.is_terminal else PRINTED_HEIGHT
    console.print(_page(follower, console, name, height), soft_wrap=True)


def watch(
    follower: Follower,
    console: Console,
    name: str,
    every: float | None = None,
    sleep: Sleep = time.sleep,
) -> None:
    """Show a run until it is over; a run that has died is waited for.

    Args:
        follower: of the run.
        console: where to show it.
        name: of the run, as its user calls it.
        every: seconds between looks; 1 on a live page and 10 between plain lines where None.
        sleep: waits so many seconds.
    Raises:
        OSError, ValueError: if the record can't be read.
    """
    if can_be_live(console):
        _watch_live(follower, console, name, every or EVERY_LIVE, sleep)
    else:
        _watch_lines(follower, console, name, every or EVERY_PLAIN, sleep)


def can_be_live(console: Console) -> bool:
    """Whether a terminal can show a page that is drawn again and again."""
    is_large = console.width >= LIVE_WIDTH and console.height >= LIVE_HEIGHT
    return console.is_terminal and not console.is_dumb_terminal and is_large


def _watch_live(
    follower: Follower, console: Console, name: str, every: float, sleep: Sleep
) -> None:
    try:
        follower.look()
        with Live(console=console, screen=True, auto_refresh=False) as live:
            while not follower.state.is_over:
                live.update(_page(follower, console, name), refresh=True)
                _look_again(follower, every, sleep)
    finally:  # the other screen is gone: leave what was last seen on this one
        console.print(_page(follower, console, name, console.height - 1), soft_wrap=True)


def _page(follower: Follower, console: Console, name: str, height: int | None = None) -> Page:
    can_draw = not console.options.ascii_only and not console.is_dumb_terminal
    return Page(
        follower.history,
        follower.state,
        follower.findings,
        name,
        has_charts=can_draw,
        height=height,
    )


def _watch_lines(
    follower: Follower, console: Console, name: str, every: float, sleep: Sleep
) -> None:
    lines = Lines(name)
    follower.look()
    while True:
        for line in lines.new(follower):
            console.print(line, soft_wrap=True, highlight=False, markup=False)
        if follower.state.is_over:
            return
        _look_again(follower, every, sleep)


def _look_again(follower: Follower, every: float, sleep: Sleep) -> None:
    """After a pause; where there is more to read, at once and for as long as a pause."""
    if not follower.is_behind:
        sleep(every)
    until = time.monotonic() + every
    follower.look()
    while follower.is_behind and time.monotonic() < until:
        follower.look()
