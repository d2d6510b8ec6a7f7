"""The pages: what they show runs, what they print is so, and what they name exists."""

import ast
import importlib.util
import inspect
import re
import struct
import sys
import tomllib
import zlib
from collections import Counter
from pathlib import Path

import pytest

import glidepath
from glidepath import Horizon, Phase, Plan, linear, plateau
from glidepath.plan import checks, files
from glidepath.plan.shapes import SHAPES, Function

pytest.importorskip("matplotlib")

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
MADE_ELSEWHERE = {"graphcast.png", "demo-skill.png", "report.png", "sweep.png"}
"""Figures that are made by a command, by the demo, and by a browser."""

LARGEST_FIGURE_BYTES = 80_000


def load_make():
    spec = importlib.util.spec_from_file_location("glidepath_docs_make", DOCS / "make.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


make = load_make()
PAGES = {page.stem: page for page in make.pages()}
IDEAS = sorted(PAGES.keys() - {"README"})


def blocks(language):
    found = [block for page in PAGES.values() for block in make.blocks(page)]
    return [pytest.param(b, id=b.place) for b in found if b.language == language]


def figures_on(page):
    return re.findall(r"!\[[^\]]+\]\((?:figures/)?([^)]+\.png)\)", page.read_text())


def png(path):
    """(width, height, bytes of pixels) of a PNG, which is read to its end."""
    data = path.read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n", path
    assert data[-8:-4] == b"IEND", path
    width, height = struct.unpack(">II", data[16:24])
    pixels, at = b"", 8
    while at < len(data):
        (length,) = struct.unpack(">I", data[at : at + 4])
        if data[at + 4 : at + 8] == b"IDAT":
            pixels += data[at + 8 : at + 8 + length]
        at += length + 12
    return width, height, zlib.decompress(pixels)


@pytest.fixture(scope="module", params=IDEAS)
def made(request, tmp_path_factory):
    """A page that was run, and the folder that it was run in."""
    folder = tmp_path_factory.mktemp(request.param)
    make.run_page(PAGES[request.param], folder)
    return PAGES[request.param], folder


def test_a_page_runs_prints_what_it_says_and_makes_the_figures_that_it_shows(made):
    page, folder = made
    assert figures_on(page), "a page has a figure"
    shown = [name for name in figures_on(page) if name not in MADE_ELSEWHERE]
    assert sorted(shown) == sorted(path.name for path in folder.glob("*.png"))
    for name in shown:
        new, kept = folder / name, DOCS / "figures" / name
        assert png(new)[:2] == png(kept)[:2], f"{name} is out of date: python docs/make.py"
        assert len(Counter(png(kept)[2])) > 16, f"{name} is blank"
        assert kept.stat().st_size < LARGEST_FIGURE_BYTES


def test_every_figure_is_shown_on_one_page():
    shown = Counter(name for page in PAGES.values() for name in figures_on(page))
    kept = {path.name for path in (DOCS / "figures").iterdir()}
    assert kept - MADE_ELSEWHERE == set(shown) - MADE_ELSEWHERE
    assert max(shown.values()) == 1


def plans():
    """All TOML but a sweep's, which tests/unit/sweeps reads."""
    return [one for one in blocks("toml") if "[vary]" not in one.values[0].text]


@pytest.mark.parametrize("block", plans())
def test_every_plan_on_a_page_is_one(block):
    plan = files.loads(block.text, where=block.place)
    assert plan == files.loads(files.dumps(plan))


@pytest.mark.parametrize("block", blocks("python"))
def test_a_value_stands_behind_a_prompt_where_it_is_checked(block):
    if ">>> " in block.text:
        assert block.text.startswith(">>> ")
        return
    lines = block.text.splitlines()
    shown = [one for one in ast.parse(block.text).body if isinstance(one, ast.Expr)]
    assert not [lines[one.end_lineno - 1] for one in shown if "  # " in lines[one.end_lineno - 1]]


@pytest.mark.parametrize("block", blocks("text"))
def test_what_a_command_prints_stands_right_behind_it(block):
    around = make.blocks(block.page)
    assert around[around.index(block) - 1].language == "sh"


def test_a_page_that_says_something_untrue_is_found(tmp_path):
    page = tmp_path / "page.md"
    for text, place in [
        ("```python\n>>> 1 + 1\n3\n```\n", "line 2"),
        ("```sh\nglidepath version\n```\n\n```text\n9.9\n```\n", "page.md, line 6"),
        ("```sh\nglidepath show nothing\n```\n\n```text\nfine\n```\n", "no preset and no file"),
    ]:
        page.write_text(text)
        with pytest.raises(make.PageError, match=place):
            make.run_page(page, tmp_path)
    page.write_text("```python\nx = 1\n```\n\n```python\n>>> x\n1\n```\n")
    make.run_page(page, tmp_path)


@pytest.mark.parametrize("name", PAGES)
def test_every_link_leads_somewhere(name):
    text = re.sub(r"^```.*?^```$|`[^`\n]*`", "", PAGES[name].read_text(), flags=re.M | re.S)
    links = [link for link in re.findall(r"\]\(([^)]+)\)", text) if "://" not in link]
    assert links
    for link in links:
        path, _, anchor = link.partition("#")
        assert (DOCS / path).is_file(), link
        assert not anchor, "sections move; link to pages"


def test_the_index_has_every_page_in_one_line():
    listed = re.findall(r"^- \[[^\]]+\]\(([\w-]+)\.md\): .+\.$", PAGES["README"].read_text(), re.M)
    assert sorted(listed) == IDEAS


def codes_in_checks():
    """Every text in the rules that looks like a code."""
    found = set()
    for module in Path(checks.__file__).parent.glob("*.py"):
        tree = ast.parse(module.read_text())
        texts = [n.value for n in ast.walk(tree) if isinstance(n, ast.Constant)]
        texts = [text for text in texts if isinstance(text, str)]
        found |= {text for text in texts if re.fullmatch(r"[a-z]+(-[a-z]+)+", text)}
    return found


def test_the_checks_page_names_exactly_the_codes_that_there_are():
    rows = re.findall(r"^\| `([a-z-]+)` \| (\w+)", PAGES["checks"].read_text(), re.M)
    assert len(rows) == len(dict(rows))
    assert dict(rows).keys() == codes_in_checks()
    assert set(dict(rows).values()) == set(checks.LEVELS)


def test_the_shapes_page_has_every_shape_with_its_formula():
    rows = dict(re.findall(r"^\| `(\w+)\(.*?\)` \| `(.+?)` \|", PAGES["shapes"].read_text(), re.M))
    expected = {name: shape.maths for name, shape in SHAPES.items()}
    expected["from_function"] = Function.maths
    assert rows == {name: maths.replace("`", "") for name, maths in expected.items()}


def test_the_files_page_has_every_value_as_it_stands_in_a_file():
    rows = re.findall(r"^\| (.*?`) \| (`\{.*?) \|$", PAGES["files"].read_text(), re.M)
    a = linear(1.0, 0.0).over("10 epochs")
    names = vars(glidepath) | {"a": a, "b": linear(0.0, 1.0).over(5)}
    inside = {name: toml(in_a_file(names[name])) for name in "ab"}
    num_checked = 0
    for python, tables in rows:
        pairs = zip(re.findall(r"`(.+?)`", python), re.findall(r"`(.+?)`", tables), strict=True)
        for expression, table in pairs:
            value = eval(expression, dict(names))
            text = re.sub(r"(?<=[ \[])([ab])(?=[,\] ])", lambda m: inside[m[1]], table)
            assert tomllib.loads(f"x = {text}")["x"] == in_a_file(value)
            num_checked += 1
    assert num_checked >= 10


def in_a_file(value):
    """What stands in a plan's file for a value of a group."""
    phase = Phase("all", "100 epochs", lr={"default": 1.0, "group": value})
    plan = Plan(phase, groups=["group"], horizon=Horizon(samples=100, batch=10))
    return plan.as_table()["phase"][0]["lr"]["group"]


def toml(value):
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {toml(one)}" for key, one in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    return f'"{value}"' if isinstance(value, str) else repr(value)


def test_the_listening_page_names_every_argument_of_a_plateau():
    text = PAGES["listening"].read_text()
    for name in inspect.signature(plateau).parameters:
        assert name == "metric" or f"{name}=" in text
