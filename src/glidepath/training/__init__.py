"""The JAX training loop: state, sampling, checkpoints, the record of a run."""
