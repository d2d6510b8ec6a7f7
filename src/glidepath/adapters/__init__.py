"""The same plan inside torch, optax, Keras, transformers, Lightning: a package for each.

None is loaded before it is imported by name: `from glidepath.adapters.torch import PlanScheduler`.
"""
