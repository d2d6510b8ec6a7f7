"""A small network that fits a curve; it compiles in a second."""

from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np

from glidepath.training.sampling import draw

WIDTHS = (4, 16, 16, 1)


class Curve:
    """Fit y = sin(3 x) from the powers of x."""

    def init(self, seed):
        random = np.random.default_rng(seed)
        layers = pairwise(WIDTHS)
        return {
            f"layer {i}": {
                "w": random.normal(0, n**-0.5, (n, m)).astype(np.float32),
                "b": np.zeros(m, np.float32),
            }
            for i, (n, m) in enumerate(layers)
        }

    def loss(self, parameters, batch, rollout):
        values = batch["x"]
        for name in sorted(parameters):
            if name != "layer 0":
                values = jnp.tanh(values)
            values = values @ parameters[name]["w"] + parameters[name]["b"]
        return jnp.mean((values[:, 0] - batch["y"]) ** 2) * rollout, {}

    def samples(self, seed, step, size, rollout, attempt):
        return draw(seed, step, size, 1000, attempt)

    def held_out(self, rollout):
        return np.arange(1000, 1064)

    def batch(self, samples, rollout):
        x = (samples % 997).astype(np.float32) / 997
        return {"x": np.stack([x**i for i in range(4)], axis=-1), "y": np.sin(3 * x)}

    def name(self, sample):
        return f"sample {sample}"

    def decays(self, parameters):
        return jax.tree.map(lambda leaf: leaf.ndim == 2, parameters)

    def by_layer(self, tree):
        return tree

    def idle(self, parameters):
        return ()
