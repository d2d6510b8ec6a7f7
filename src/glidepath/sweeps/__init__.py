"""Sweeps: many runs that differ in a plan or a configuration, on an existing engine.

Nothing here is loaded by `import glidepath`; Optuna and Ray are loaded when a sweep runs.
"""
