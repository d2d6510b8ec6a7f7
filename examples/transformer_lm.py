"""Noam against WSD: a small decoder learns Python's own documentation, by two plans.

The Transformer's plan warms up and falls as the inverse square root of the step: it never comes
to rest. Warm-up, stable, decay holds its rate, and spends the last fifth of the run on a cool-down.
Both have the same peak, the same warm-up, and see the same text. Both runs are recorded.

    python examples/transformer_lm.py
    glidepath report runs/examples/transformer_lm/* --out report.html
"""

from __future__ import annotations

import argparse
from pathlib import Path
from pydoc_data.topics import topics

import torch
from drawing import plan_above_losses
from torch import nn

from glidepath import presets
from glidepath.adapters.torch import PlanScheduler, record_updates
from glidepath.record import Recorder

CONTEXT = 64
"""Characters that the model sees."""

WIDTH, HEADS, LAYERS = 64, 4, 2
BATCH = 32


class Decoder(nn.Module):
    """Says for each place in a text what the next character is."""

    def __init__(self, num_characters):
        super().__init__()
        self.characters = nn.Embedding(num_characters, WIDTH)
        self.places = nn.Parameter(0.02 * torch.randn(CONTEXT, WIDTH))
        layer = nn.TransformerEncoderLayer(WIDTH, HEADS, 4 * WIDTH, dropout=0.0, batch_first=True,
                                           activation="gelu", norm_first=True)  # fmt: skip
        self.layers = nn.TransformerEncoder(layer, LAYERS, nn.LayerNorm(WIDTH), False)
        self.logits = nn.Linear(WIDTH, num_characters)
        self.register_buffer("mask", nn.Transformer.generate_square_subsequent_mask(CONTEXT))

    def forward(self, texts):
        """Logits, [batch, place, character], from characters, [batch, place]."""
        inside = self.characters(texts) + self.places
        return self.logits(self.layers(inside, mask=self.mask, is_causal=True))


def read_text():
    """Characters of the documentation as numbers, of its first nine tenths and of the rest."""
    text = "\n".join(topics[name] for name in sorted(topics))
    number_of = {character: i for i, character in enumerate(sorted(set(text)))}
    numbers = torch.tensor([number_of[character] for character in text])
    return numbers.tensor_split([len(numbers) * 9 // 10])


def loss_of(model, text, starts):
    """Mean cross-entropy over windows of the text, in nats a character."""
    windows = text[starts[:, None] + torch.arange(CONTEXT + 1)]
    logits = model(windows[:, :-1])
    return nn.functional.cross_entropy(logits.flatten(0, 1), windows[:, 1:].flatten())


@torch.no_grad()
def held_out_loss(model, text):
    """Over the whole of a text, window by window."""
    starts = torch.arange(0, len(text) - CONTEXT, CONTEXT)
    return torch.stack([loss_of(model, text, some) for some in starts.split(256)]).mean().item()


def train(plan, text, held_out, num_characters, out):
    """Follow a plan; returns the loss of each update, and held-out losses by their updates."""
    torch.manual_seed(0)
    model = Decoder(num_characters)
    optimizer = torch.optim.AdamW(model.parameters(), betas=(0.9, 0.95), weight_decay=0.1)
    scheduler = PlanScheduler(optimizer, plan)
    losses, judged = [], {}

    def judge(step):
        judged[step] = held_out_loss(model, held_out)
        recorder.evaluate(step, val_loss=judged[step])

    (out / "record.jsonl").unlink(missing_ok=True)  # of an earlier run
    with Recorder(out, plan) as recorder:
        updates = record_updates(optimizer, recorder, model)
        for step in range(plan.total_steps):
            if step in plan.starts:  # where a phase begins
                judge(step)
            starts = torch.randint(len(text) - CONTEXT, (BATCH,))
            loss = loss_of(model, text, starts)
            optimizer.zero_grad()
            loss.backward()
            updates.look()  # before the gradients are clipped
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            scheduler.step()
            recorder.log(step, loss, batch=starts, samples=BATCH)
            losses.append(loss.item())
        judge(plan.total_steps)
    return losses, judged


def main(out: Path, updates: int, peak: float) -> None:
    """Train twice, compare."""
    torch.set_num_threads(1)  # for matrices as small as these, more threads take longer
    text, held_out = read_text()
    counts = 1 + text.bincount()
    guessing = -(counts / counts.sum()).log()[held_out].mean().item()
    run = {"peak": peak, "warmup": "10%", "total": f"{updates} steps"}
    plans = {"Noam": presets.transformer(**run), "WSD": presets.wsd(**run)}

    print(f"{len(text):,} characters; their frequency alone gives {guessing:.3f} nats a character")
    losses = {}
    for name, plan in plans.items():
        losses[name], judged = train(plan, text, held_out, len(counts), out / name)
        said = ", ".join(f"{loss:.3f} at update {step}" for step, loss in judged.items())
        print(f"{name}: held-out loss {said}; the last rate was {plan['lr'](updates - 1):.1e}")
    plan_above_losses(out / "transformer_lm.png", "A small decoder, Noam against WSD",
                      {name: plan["lr"] for name, plan in plans.items()}, losses,
                      unit="loss [nats a character]",
                      levels={"frequencies alone": guessing})  # fmt: skip


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("runs/examples/transformer_lm"))
    parser.add_argument("--updates", type=int, default=500)
    parser.add_argument("--peak", type=float, default=8e-3)
    main(**vars(parser.parse_args()))
