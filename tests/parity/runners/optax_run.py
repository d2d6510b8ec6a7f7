"""The plan in optax, in a compiled step, over all devices that there are."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from glidepath.adapters.optax import inject, injected
from tests.parity.runners.plan import main


def observed_adamw(learning_rate, weight_decay, b1):
    """AdamW that keeps in its state the numbers it was made with."""
    inner = optax.adamw(learning_rate, b1=b1, weight_decay=weight_decay)
    used = {"lr": learning_rate, "weight_decay": weight_decay, "beta1": b1}

    def init(parameters):
        return inner.init(parameters), jax.tree.map(jnp.asarray, used)

    def update(updates, state, params=None):
        updates, after = inner.update(updates, state[0], params)
        return updates, (after, jax.tree.map(jnp.asarray, used))

    return optax.GradientTransformation(init, update)


def record(plan, run):
    """What every update used, {quantity: [updates]}."""
    optimizer = inject(plan, observed_adamw)
    if run.accumulate > 1:
        optimizer = optax.MultiSteps(optimizer, run.accumulate).gradient_transformation()

    inputs = _over_all_devices(jnp.arange(8.0).reshape(4, 2))

    def loss(weight, inputs):
        return jnp.square(inputs @ weight - 1.0).mean()

    @jax.jit
    def micro_batch(weight, state):
        updates, state = optimizer.update(jax.grad(loss)(weight, inputs), state, weight)
        return optax.apply_updates(weight, updates), state

    def fresh():
        weight = jnp.zeros(2)
        return weight, optimizer.init(weight)

    state, used = fresh(), {"lr": [], "weight_decay": [], "beta1": []}
    for update in range(run.num_updates):
        if update == run.resume_at:
            state = _through_a_file(state, fresh(), f"{run.folder}/state.npz")
        for _ in range(run.accumulate):
            state = micro_batch(*state)
        for name, value in injected(state[1]).inner_state[1].items():
            used[name].append(float(value))
    return used


def _over_all_devices(batch):
    mesh = Mesh(jax.devices(), ("batch",))
    return jax.device_put(batch, NamedSharding(mesh, PartitionSpec("batch")))


def _through_a_file(state, fresh, path):
    np.savez(path, *jax.tree.leaves(state))
    with np.load(path) as saved:
        leaves = [jnp.asarray(saved[name]) for name in saved.files]
    return jax.tree.unflatten(jax.tree.structure(fresh), leaves)


if __name__ == "__main__":
    main(record)
