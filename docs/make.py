"""Makes the figures of the pages: runs what stands in them, in order, as a reader would.

    .venv/bin/python docs/make.py              # all pages
    .venv/bin/python docs/make.py restarts     # one

A page's ```python blocks share a namespace, and with its `glidepath` commands a folder. A block
with >>> is a doctest. A ```text block right after an ```sh block is what its last command prints.
"""

from __future__ import annotations

import contextlib
import doctest
import re
import shlex
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PAGES = Path(__file__).parent
FIGURES = PAGES / "figures"
WIDTH = 100
"""Of the terminal that commands print to, in characters."""

NEEDS_DATA = (
    "diagnose", "evaluate", "find-lr", "forecast", "report", "resume", "runs", "sweep", "train",
    "verify", "watch",
    "weather",
)  # fmt: skip
"""Commands that are shown and not run."""

_FENCED = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class PageError(Exception):
    """What a page says is not so; the message names the page and the line."""


@dataclass(frozen=True)
class Block:
    """What stands between fences.

    Attributes:
        page: its file.
        line: of the file, from 1, that its text begins at.
        language: after the fence.
        text: between the fences.
    """

    page: Path
    line: int
    language: str
    text: str

    @property
    def place(self) -> str:
        """Where it is."""
        return f"{self.page.name}, line {self.line}"


def pages() -> list[Path]:
    """All pages, the index included."""
    return sorted(PAGES.glob("*.md"))


def blocks(page: Path) -> list[Block]:
    """What stands between fences on a page, in order."""
    text = page.read_text(encoding="utf-8")
    return [
        Block(page, text.count("\n", 0, match.start(2)) + 1, match[1], match[2])
        for match in _FENCED.finditer(text)
    ]


def run_page(page: Path, folder: Path) -> None:
    """Run the Python and the commands of a page, with the working directory set to a folder.

    Raises:
        PageError: if something is printed that the page does not say.
    """
    namespace: dict[str, Any] = {"__name__": page.stem}
    printed: str | None = None
    with contextlib.chdir(folder):
        for block in blocks(page):
            if block.language == "text" and printed is not None:
                _compare(block, printed)
            printed = None
            if block.language == "python":
                _run_python(block, namespace)
            if block.language == "sh":
                printed = _run_commands(block)


def _run_python(block: Block, namespace: dict[str, Any]) -> None:
    if ">>> " not in block.text:
        exec(compile("\n" * (block.line - 1) + block.text, block.page, "exec"), namespace)
        return
    said: list[str] = []
    name, first = block.page.name, block.line - 1
    test = doctest.DocTestParser().get_doctest(block.text, namespace, name, str(block.page), first)
    doctest.DocTestRunner(_Checker()).run(test, out=said.append, clear_globs=False)
    namespace.update(test.globs)
    if said:
        raise PageError("".join(said))


class _Checker(doctest.OutputChecker):
    """Lets a page say `PlanFileError: ...`, without the module that the error is from."""

    def check_output(self, want: str, got: str, optionflags: int) -> bool:
        """Whether it is what the page says."""
        got = re.sub(r"^(?:[a-z_]+\.)+(?=[A-Z]\w*Error: )", "", got)
        return super().check_output(want, got, optionflags)


def _run_commands(block: Block) -> str | None:
    """Run the commands of a block; returns what the last one printed, if it was run."""
    printed = None
    for line in block.text.splitlines():
        words = shlex.split(line, comments=True)
        if words[:1] == ["glidepath"]:
            printed = None if words[1] in NEEDS_DATA else _run_command(words[1:])
    return printed


def _run_command(words: list[str]) -> str:
    """Run one command, `> FILE` included; returns what it prints, errors as `main` prints them."""
    from typer.testing import CliRunner

    from glidepath.cli.main import app

    words, file = (words[:-2], words[-1]) if ">" in words else (words, None)
    runner = CliRunner(env={"COLUMNS": str(WIDTH), "LINES": "50"})
    result = runner.invoke(app, words, standalone_mode=False)
    if isinstance(result.exception, KeyError):
        return f"{result.output}error: {result.exception.args[0]}\n"
    if result.exception is not None:
        return f"{result.output}error: {result.exception}\n"
    if file:
        Path(file).write_text(result.output, encoding="utf-8")
        return ""
    return result.output


def _compare(block: Block, printed: str) -> None:
    if list(_lines(block.text)) != list(_lines(printed)):
        raise PageError(f"{block.place}: the command prints\n{printed}\nand the page says\n"
                        f"{block.text}")  # fmt: skip


def _lines(text: str) -> Iterator[str]:
    """Lines without what can't be seen at their ends."""
    return (line.rstrip() for line in text.strip("\n").splitlines())


def main(names: list[str]) -> None:
    """Run pages in a folder of their own, and keep their figures."""
    for page in pages():
        if names and page.stem not in names:
            continue
        with tempfile.TemporaryDirectory() as folder:
            run_page(page, Path(folder))
            for figure in sorted(Path(folder).glob("*.png")):
                kept = _keep(figure)
                print(f"{page.name}: {kept.name}, {kept.stat().st_size / 1000:.0f} kB")


def _keep(figure: Path) -> Path:
    """A figure with 64 colours, which is all that they need, in a third of the bytes."""
    from PIL import Image

    few = Image.open(figure).convert("RGB").quantize(64, dither=Image.Dither.NONE)
    few.save(FIGURES / figure.name, optimize=True)
    return FIGURES / figure.name


if __name__ == "__main__":
    main(sys.argv[1:])
