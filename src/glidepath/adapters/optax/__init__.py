"""Plans in optax, and so in Flax, Equinox and plain JAX.

A Schedule is an optax schedule as it is: `optax.sgd(learning_rate=schedule)`.
"""

from glidepath.adapters.needs import needs

with needs("jax"):
    from glidepath.adapters.optax.inject import Injected, inject, injected
    from glidepath.adapters.optax.reading import read

__all__ = ["Injected", "inject", "injected", "read"]
