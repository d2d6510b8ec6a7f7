"""Small real problems to train on: images, tables, text; each a second or two on one core."""

from __future__ import annotations

import sysconfig
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path

import torch
from sklearn.datasets import load_diabetes, load_digits
from torch import nn

Arrays = tuple[torch.Tensor, torch.Tensor]
CONTEXT, LETTERS, MASK = 24, 64, 63


@dataclass(frozen=True)
class Problem:
    """Data in two parts, a model, and what is made small."""

    name: str
    training: Arrays
    validation: Arrays
    make_model: Callable[[], nn.Module]
    loss: Callable[[torch.Tensor, torch.Tensor], torch.Tensor]

    def __len__(self) -> int:
        return len(self.training[0])


def mlp(*widths: int, activation: type[nn.Module] = nn.ReLU) -> nn.Sequential:
    """Fully connected layers."""
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise(widths):
        layers += [nn.Linear(inputs, outputs), activation()]
    return nn.Sequential(*layers[:-1])


def cnn() -> nn.Sequential:
    """Two convolutions with batch normalisation."""
    return nn.Sequential(
        nn.Unflatten(1, (1, 8)),
        nn.Conv2d(1, 8, 3, padding=1),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(8, 16, 3, padding=1),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(256, 10),
    )


class Transformer(nn.Module):
    """Two layers that read letters and name some."""

    def __init__(self, is_causal: bool, width: int = 32) -> None:
        super().__init__()
        self.embedding = nn.Embedding(LETTERS, width)
        self.places = nn.Parameter(0.02 * torch.randn(CONTEXT, width))
        layer = nn.TransformerEncoderLayer(
            width, 2, 2 * width, dropout=0.0, batch_first=True, norm_first=True
        )
        self.layers = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.head = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, LETTERS))
        mask = nn.Transformer.generate_square_subsequent_mask(CONTEXT) if is_causal else None
        self.register_buffer("mask", mask, persistent=False)

    def forward(self, letters: torch.Tensor) -> torch.Tensor:
        return self.head(self.layers(self.embedding(letters) + self.places, mask=self.mask))


@cache
def digits(wrong_labels: float = 0.0, model: str = "mlp", width: int = 32) -> Problem:
    """Handwritten digits, some of them with labels drawn at random."""
    data = load_digits()
    images = torch.tensor(data.data / 16 - 0.3, dtype=torch.float32)
    labels = torch.tensor(data.target)
    chance = torch.Generator().manual_seed(0)
    order = torch.randperm(len(images), generator=chance)
    is_wrong = torch.rand(len(labels), generator=chance) < wrong_labels
    labels = torch.where(is_wrong, torch.randint(10, labels.shape, generator=chance), labels)
    train, held = order[:1437], order[1437:]
    return Problem(
        f"digits {model}" + (f", {wrong_labels:.0%} wrong" if wrong_labels else ""),
        (images[train].reshape(-1, 8, 8) if model == "cnn" else images[train], labels[train]),
        (images[held].reshape(-1, 8, 8) if model == "cnn" else images[held], labels[held]),
        cnn if model == "cnn" else lambda: mlp(64, width, 10),
        nn.functional.cross_entropy,
    )


@cache
def diabetes(width: int = 8) -> Problem:
    """How a disease goes on, of 442 patients: a regression with much noise."""
    data = load_diabetes()
    inputs = torch.tensor(data.data * 21, dtype=torch.float32)
    targets = torch.tensor((data.target - 152) / 77, dtype=torch.float32)[:, None]
    order = torch.randperm(len(inputs), generator=torch.Generator().manual_seed(0))
    train, held = order[:354], order[354:]
    return Problem(
        "diabetes",
        (inputs[train], targets[train]),
        (inputs[held], targets[held]),
        lambda: mlp(10, width, 1, activation=nn.Tanh),
        nn.functional.mse_loss,
    )


@cache
def teacher(noise: float = 0.3, samples: int = 20_000) -> Problem:
    """What another network says of random inputs, with noise."""
    chance = torch.Generator().manual_seed(1)
    first, second = torch.randn(16, 16, generator=chance), torch.randn(16, 1, generator=chance)
    inputs = torch.randn(samples + 500, 16, generator=chance)
    said = torch.tanh(inputs @ first / 4) @ second / 4
    targets = said + noise * torch.randn(said.shape, generator=chance)
    return Problem(
        "teacher",
        (inputs[500:], targets[500:]),
        (inputs[:500], targets[:500]),
        lambda: mlp(16, 32, 1),
        nn.functional.mse_loss,
    )


@cache
def _text() -> torch.Tensor:
    """Python's own library, as letters from 0 to 62."""
    folder = Path(sysconfig.get_paths()["stdlib"])
    text = "".join((folder / f"{name}.py").read_text("utf-8") for name in ("argparse", "typing"))
    known = {letter: i for i, letter in enumerate(sorted(set(text), key=text.count)[-62:])}
    return torch.tensor([known.get(letter, 62) for letter in text])


@cache
def causal_text() -> Problem:
    """The next letter of a program."""
    letters = _text()
    parts = letters[: len(letters) // (CONTEXT + 1) * (CONTEXT + 1)].reshape(-1, CONTEXT + 1)
    inputs, targets = parts[:, :-1], parts[:, 1:]
    return Problem(
        "causal text",
        (inputs[300:], targets[300:]),
        (inputs[:300], targets[:300]),
        lambda: Transformer(is_causal=True),
        lambda logits, targets: nn.functional.cross_entropy(
            logits.flatten(0, 1), targets.flatten()
        ),
    )


@cache
def masked_text() -> Problem:
    """A sixth of the letters of a program, hidden."""
    letters = _text()
    parts = letters[: len(letters) // CONTEXT * CONTEXT].reshape(-1, CONTEXT)
    is_hidden = torch.rand(parts.shape, generator=torch.Generator().manual_seed(2)) < 1 / 6
    inputs = torch.where(is_hidden, MASK, parts)
    targets = torch.where(is_hidden, parts, -100)
    return Problem(
        "masked text",
        (inputs[300:], targets[300:]),
        (inputs[:300], targets[:300]),
        lambda: Transformer(is_causal=False),
        lambda logits, targets: nn.functional.cross_entropy(
            logits.flatten(0, 1), targets.flatten()
        ),
    )
