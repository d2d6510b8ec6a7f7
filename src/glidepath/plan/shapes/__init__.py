"""The curves: one class a file, and the closed registry of their names."""

from glidepath.plan.shapes.constant import Constant, constant
from glidepath.plan.shapes.cosine import Cosine, cosine
from glidepath.plan.shapes.linear import Linear, linear
from glidepath.plan.shapes.shape import Shape
from glidepath.plan.shapes.staircase import Staircase, staircase

SHAPES: dict[str, type[Shape]] = {
    shape.name: shape for shape in (Constant, Linear, Cosine, Staircase)
}

__all__ = ["SHAPES", "Constant", "Shape", "constant", "cosine", "linear", "staircase"]
