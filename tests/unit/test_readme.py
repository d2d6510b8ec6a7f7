"""The README: its frameworks in a few lines each, and the Chinese one, which says the same."""

import re
from pathlib import Path

import numpy as np
import pytest

from glidepath import Phase, Plan, linear
from glidepath.adapters.torch import PlanScheduler

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


def block_of(framework):
    (block,) = [
        text
        for language, text in FENCED.findall(ENGLISH)
        if language == "python" and text.startswith(f"# {framework}")
    ]
    return block


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


def test_nothing_is_left_to_be_written():
    for text in (ENGLISH, CHINESE):
        assert "XXX" not in text
        assert all(len(paragraph) > 2 for paragraph in text.split("\n\n"))


def test_both_readmes_have_as_many_chapters():
    chapters = [re.findall(r"^(#+) ", prose(text), re.MULTILINE) for text in (ENGLISH, CHINESE)]
    assert chapters[0] == chapters[1]


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_a_framework_takes_five_lines_at_most(framework):
    block = block_of(framework)
    lines = [line for line in block.splitlines()[1:] if line.strip()]
    assert 1 <= len(lines) <= 5


def world(tmp_path):
    """What the README's lines take for granted: a model, an optimizer, data, a plan."""
    import keras
    import optax
    import torch
    from accelerate import Accelerator
    from transformers import BertConfig, BertForMaskedLM, Trainer, TrainingArguments

    plan = Plan(Phase("all", 4, lr=linear(1e-3, 0.0)), weight_decay=0.1)
    config = BertConfig(vocab_size=8, hidden_size=4, num_hidden_layers=1, num_attention_heads=1,
                        intermediate_size=4, max_position_embeddings=4)  # fmt: skip
    torch_model = torch.nn.Linear(2, 1)
    return {
        "PyTorch": {"optimizer": torch.optim.AdamW(torch_model.parameters())},
        "JAX": {"optax": optax},
        "Keras 3": {
            "keras": keras,
            "model": keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)]),
            "x": np.ones((64, 1), "float32"),
            "y": np.ones((64, 1), "float32"),
        },
        "Hugging Face": {
            "Trainer": Trainer,
            "model": BertForMaskedLM(config),
            "arguments": TrainingArguments(str(tmp_path), max_steps=4, report_to="none"),
            "data": [{"input_ids": [1, 2], "labels": [1, 2]}] * 8,
        },
        "Lightning": {"torch": torch},
        "accelerate": {
            "PlanScheduler": PlanScheduler,
            "accelerator": Accelerator(cpu=True),
            "model": torch_model,
            "optimizer": torch.optim.AdamW(torch_model.parameters()),
            "loader": torch.utils.data.DataLoader(torch.ones(8, 2)),
        },
    }, plan


def test_what_stands_there_for_a_framework_runs(tmp_path):
    namespaces, plan = world(tmp_path)
    for framework in FRAMEWORKS:
        namespace = namespaces[framework] | {"plan": plan}
        exec(compile(block_of(framework), framework, "exec"), namespace)
        followed = {"PyTorch": "scheduler", "JAX": "optimizer", "Hugging Face": "trainer",
                    "Lightning": "configure_optimizers", "accelerate": "scheduler"}  # fmt: skip
        assert followed.get(framework, "model") in namespace
    assert namespaces["Keras 3"]["model"].optimizer.iterations == 2
