"""The README: its frameworks in a few lines each, and the Chinese one, which says the same."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ENGLISH = (ROOT / "README.md").read_text(encoding="utf-8")
CHINESE = (ROOT / "README.zh-CN.md").read_text(encoding="utf-8")
FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FRAMEWORKS = ("PyTorch", "JAX", "Keras 3", "Hugging Face", "Lightning", "accelerate")


def prose(text):
    return FENCED.sub("", text)


def inline_code(text):
    return set(re.findall(r"`([^`]+)`", prose(text)))


def links(text):
    found = re.findall(r"\]\(([^)]+)\)", prose(text))
    return sorted(link for link in found if not link.startswith("README"))


def numbers(text):
    return sorted(re.findall(r"\d[\d,.]*\d", prose(text)))


def test_both_readmes_have_the_same_code_blocks_in_the_same_order():
    assert len(FENCED.findall(ENGLISH)) > 10
    assert FENCED.findall(CHINESE) == FENCED.findall(ENGLISH)


def test_both_readmes_name_the_same_commands_and_the_same_pages():
    assert len(inline_code(ENGLISH)) > 30
    assert inline_code(CHINESE) == inline_code(ENGLISH)
    assert len(links(ENGLISH)) > 10
    assert links(CHINESE) == links(ENGLISH)


def test_both_readmes_have_the_same_numbers():
    assert len(numbers(ENGLISH)) > 10
    assert numbers(CHINESE) == numbers(ENGLISH)


def test_both_readmes_have_as_many_chapters():
    chapters = [re.findall(r"^(#+) ", prose(text), re.MULTILINE) for text in (ENGLISH, CHINESE)]
    assert chapters[0] == chapters[1]


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_a_framework_takes_five_lines_at_most(framework):
    (block,) = [
        text for language, text in FENCED.findall(ENGLISH)
        if language == "python" and text.startswith(f"# {framework}")
    ]  # fmt: skip
    lines = [line for line in block.splitlines()[1:] if line.strip()]
    assert 1 <= len(lines) <= 5
    compile(block, framework, "exec")
