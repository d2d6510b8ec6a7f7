"""What live peers do: the rates that their schedulers give, and how near ours must come."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch

FLOAT64 = 1e-12
FLOAT32 = 1e-6


def float32_of_a_power(exponent):
    """float32 rounds a factor by up to 2**-24 of it, and so its power by so many times as much."""
    return FLOAT32 + exponent * 2.0**-24


def grid(**axes):
    """A test of every combination of the numbers on the axes, at least 20, named by them."""
    sets = list(itertools.product(*axes.values()))
    assert len(sets) >= 20, f"only {len(sets)} parameter sets"
    ids = [
        ",".join(f"{name}={value}" for name, value in zip(axes, one, strict=True)) for one in sets
    ]
    return pytest.mark.parametrize(list(axes), sets, ids=ids)


def torch_rates(make, base, steps, *, optimizer=torch.optim.SGD, read=lambda group: group["lr"]):
    """The rate of each of the first updates, of an optimizer and a scheduler that step in turn."""
    settings = {"momentum": 0.9} if optimizer is torch.optim.SGD else {}
    stepped = optimizer([torch.nn.Parameter(torch.zeros(1))], lr=base, **settings)
    scheduler = make(stepped)
    rates = [float(read(stepped.param_groups[0]))]
    for _ in range(steps - 1):
        stepped.step()
        scheduler.step()
        rates.append(float(read(stepped.param_groups[0])))
    return np.array(rates)


def jax_rates(schedule, steps):
    """The rate of each of the first updates, each asked for by itself: not all take an array."""
    return np.asarray(jax.vmap(schedule)(jnp.arange(steps)), np.float64)


def assert_same_rates(schedule, theirs, *, each=FLOAT64, of_peak=1e-15):
    """Ours are theirs at every step, but for so much of each value and so much of the largest."""
    ours = [schedule(step) for step in range(len(theirs))]
    np.testing.assert_allclose(ours, theirs, rtol=each, atol=of_peak * np.abs(theirs).max())
