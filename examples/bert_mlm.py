"""BERT from scratch with Hugging Face's Trainer: the masked words of Python's documentation.

`optimizers(model, plan)` is all that a Trainer needs to follow a plan, and `PlanCallback` puts what
the updates used into its logs. `RecordCallback` records every update, however seldom the Trainer
logs. The plan is BERT's own, scaled from a million updates to a few hundred, with a rate for a
model as small as this.

    python examples/bert_mlm.py
    glidepath report runs/examples/bert_mlm --out report.html
"""

from __future__ import annotations

import argparse
import random
from pathlib import Path
from pydoc_data.topics import topics

import torch
from drawing import plan_above_losses
from tokenizers.implementations import BertWordPieceTokenizer
from transformers import (
    BertConfig,
    BertForMaskedLM,
    BertTokenizerFast,
    DataCollatorForLanguageModeling,
    Trainer,
    TrainingArguments,
    set_seed,
)

from glidepath import Horizon, presets
from glidepath.adapters.transformers import PlanCallback, RecordCallback, optimizers

BATCH, TOKENS, VOCABULARY = 32, 64, 500
LOG_EVERY, JUDGE_EVERY = 20, 100


def read_text():
    """A tokenizer made for the documentation, and that in pieces: nine tenths, and the rest."""
    texts = [topics[name] for name in sorted(topics)]
    words = BertWordPieceTokenizer()
    words.train_from_iterator(texts, vocab_size=VOCABULARY, show_progress=False)
    # The same pieces of words are found each time, but not in the same order.
    words = BertWordPieceTokenizer({one: i for i, one in enumerate(sorted(words.get_vocab()))})
    tokens = [token for text in texts for token in words.encode(text, add_special_tokens=False).ids]
    starts = range(0, len(tokens) - TOKENS, TOKENS)
    pieces = [{"input_ids": tokens[start : start + TOKENS]} for start in starts]
    random.Random(0).shuffle(pieces)
    num = len(pieces) * 9 // 10
    return BertTokenizerFast(tokenizer_object=words), pieces[:num], pieces[num:]


def loss_of_frequencies(learn, held_out):
    """The loss of a model that knows how often each token is, and nothing else, in nats."""
    tokens = torch.tensor([piece["input_ids"] for piece in learn]).flatten()
    counts = 1 + tokens.bincount(minlength=VOCABULARY)
    tokens = torch.tensor([piece["input_ids"] for piece in held_out]).flatten()
    return -(counts / counts.sum()).log()[tokens].mean().item()


def main(out: Path, updates: int) -> None:
    """Pre-train a small BERT."""
    torch.set_num_threads(1)  # for matrices as small as these, more threads take longer
    set_seed(0)
    tokenizer, learn, held_out = read_text()
    size = {"hidden_size": 64, "intermediate_size": 256, "num_hidden_layers": 2}
    model = BertForMaskedLM(
        BertConfig(vocab_size=VOCABULARY, pad_token_id=tokenizer.pad_token_id,
                   num_attention_heads=4, max_position_embeddings=TOKENS,
                   hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0, **size)
    )  # fmt: skip
    horizon = Horizon(samples=len(learn), batch=BATCH, tokens_per_sample=TOKENS)
    plan = presets.bert(peak=3e-3, warmup="10%", total=f"{updates} steps", horizon=horizon)
    trainer = Trainer(
        model=model,
        args=TrainingArguments(
            output_dir=str(out),
            max_steps=plan.total_steps,
            per_device_train_batch_size=BATCH,
            logging_steps=LOG_EVERY,
            eval_strategy="steps",
            eval_steps=JUDGE_EVERY,
            save_strategy="no",
            report_to="none",
            disable_tqdm=True,
            use_cpu=True,
        ),
        train_dataset=learn,
        eval_dataset=held_out,
        data_collator=DataCollatorForLanguageModeling(tokenizer, mlm_probability=0.15),
        optimizers=optimizers(model, plan),
        callbacks=[PlanCallback(plan)],
    )
    (out / "record.jsonl").unlink(missing_ok=True)  # of an earlier run
    RecordCallback(out).add_to(trainer)
    before = trainer.evaluate()["eval_loss"]
    trainer.train()
    after = trainer.evaluate()["eval_loss"]

    guessing = loss_of_frequencies(learn, held_out)
    lines = [line for line in trainer.state.log_history if "loss" in line]
    print(f"{plan.at(updates - 1).epoch:.1f} epochs of {len(learn):,} pieces of {TOKENS} tokens")
    print(f"held-out loss: {before:.3f} before, {after:.3f} after; "
          f"by the tokens' frequency alone: {guessing:.3f} nats")  # fmt: skip
    plan_above_losses(out / "bert_mlm.png", "BERT from scratch, with Hugging Face's Trainer",
                      {"training": plan["lr"]}, {"training": [line["loss"] for line in lines]},
                      unit="loss [nats a masked token]", every=LOG_EVERY,
                      levels={"frequencies alone": guessing})  # fmt: skip


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("runs/examples/bert_mlm"))
    parser.add_argument("--updates", type=int, default=500)
    main(**vars(parser.parse_args()))
