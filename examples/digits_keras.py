"""A plan in Keras 3, on whichever backend it runs: a convolutional network names digits.

`PlanSchedule` is a learning rate like Keras' own, and is saved with the model. `PlanCallback`
does the rest: the weight decay follows the plan, too, inside the compiled train step, and Keras'
history has all values that were used. `RecordCallback` records the run.

    python examples/digits_keras.py                         # on JAX
    KERAS_BACKEND=torch python examples/digits_keras.py
    glidepath report runs/examples/digits_keras --out report.html
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "jax")

import keras
import numpy as np
from drawing import plan_above_losses
from keras import layers
from sklearn.datasets import load_digits

from glidepath import Horizon, Phase, Plan, cosine, linear
from glidepath.adapters.keras import PlanCallback, PlanSchedule, RecordCallback

BATCH = 32
NUM_TEST = 389
"""Of 1,797 images; the others make 44 whole batches."""


def new_network():
    """A network from images, [batch, 8, 8, 1], to ten logits."""
    return keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(16, 3, padding="same", activation="relu"),
            layers.Conv2D(32, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(10),
        ]
    )


def main(out: Path, updates: int) -> None:
    """Train, judge, save, load again."""
    keras.utils.set_random_seed(0)
    digits = load_digits()
    order = np.random.default_rng(0).permutation(len(digits.target))
    images, labels = digits.images[order, :, :, None] / 16, digits.target[order]
    learn, test = slice(NUM_TEST, None), slice(NUM_TEST)

    horizon = Horizon(samples=len(labels[learn]), batch=BATCH)
    num_epochs = max(2, round(updates / horizon.steps_per_epoch))
    plan = Plan(
        Phase("warm-up", "1 epoch", lr=linear(0.0, 5e-3), at="end"),
        Phase("decay", f"{num_epochs - 1} epochs", lr=cosine(5e-3, 0.0)),
        weight_decay=linear(0.0, 0.01),  # as long as all phases
        horizon=horizon,
    )
    model = new_network()
    model.compile(
        optimizer=keras.optimizers.AdamW(PlanSchedule(plan)),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    _, before = model.evaluate(images[test], labels[test], verbose=0)
    (out / "record.jsonl").unlink(missing_ok=True)  # of an earlier run
    run = model.fit(images[learn], labels[learn], batch_size=BATCH, epochs=num_epochs, verbose=2,
                    validation_data=(images[test], labels[test]),
                    callbacks=[PlanCallback(plan), RecordCallback(out)])  # fmt: skip
    _, after = model.evaluate(images[test], labels[test], verbose=0)
    model.save(out / "digits.keras")
    loaded = keras.saving.load_model(out / "digits.keras")
    _, again = loaded.evaluate(images[test], labels[test], verbose=0)

    history = run.history
    print(f"{plan.total_steps} updates on {keras.backend.backend()}")
    print(f"loss: {history['loss'][0]:.3f} in the first epoch, {history['loss'][-1]:.3f} in the "
          f"last of {num_epochs}")  # fmt: skip
    print(f"accuracy on {NUM_TEST} images never seen: {before:.1%} before, {after:.1%} after, "
          f"10% by chance; saved and loaded: {again:.1%}")  # fmt: skip
    print(f"the last update used lr {history['lr'][-1]:.1e} and weight_decay "
          f"{history['weight_decay'][-1]:.1e}")  # fmt: skip
    plan_above_losses(out / "digits_keras.png", "Digits, in Keras", {"training": plan["lr"]},
                      {"training": history["loss"]}, logarithmic=True,
                      every=int(horizon.steps_per_epoch))  # fmt: skip


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("runs/examples/digits_keras"))
    parser.add_argument("--updates", type=int, default=440)
    main(**vars(parser.parse_args()))
