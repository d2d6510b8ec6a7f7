"""One plan, run in each framework: what every update really used.

Each module here has `record`, with the arguments of `Run`.
"""
