"""The curves: one class a file, and the closed registry of their names."""

from glidepath.plan.shapes.constant import Constant, constant
from glidepath.plan.shapes.cosine import Cosine, cosine
from glidepath.plan.shapes.decay import Decay, decay
from glidepath.plan.shapes.exponential import Exponential, exponential
from glidepath.plan.shapes.function import Function, from_function
from glidepath.plan.shapes.inverse_sqrt import InverseSqrt, inverse_sqrt
from glidepath.plan.shapes.inverse_time import InverseTime, inverse_time
from glidepath.plan.shapes.linear import Linear, linear
from glidepath.plan.shapes.one_minus_sqrt import OneMinusSqrt, one_minus_sqrt
from glidepath.plan.shapes.one_minus_square import OneMinusSquare, one_minus_square
from glidepath.plan.shapes.polynomial import Polynomial, polynomial
from glidepath.plan.shapes.rex import Rex, rex
from glidepath.plan.shapes.shape import Shape
from glidepath.plan.shapes.staircase import Staircase, staircase
from glidepath.plan.shapes.tanh import Tanh, tanh

SHAPES: dict[str, type[Shape]] = {
    shape.name: shape
    for shape in (
        Constant,
        Linear,
        Cosine,
        Exponential,
        Decay,
        Polynomial,
        InverseTime,
        InverseSqrt,
        OneMinusSqrt,
        OneMinusSquare,
        Tanh,
        Rex,
        Staircase,
    )
}
"""Every curve that a file can name; a function can't be in one."""

__all__ = [
    "SHAPES",
    "Constant",
    "Function",
    "Shape",
    "constant",
    "cosine",
    "decay",
    "exponential",
    "from_function",
    "inverse_sqrt",
    "inverse_time",
    "linear",
    "one_minus_sqrt",
    "one_minus_square",
    "polynomial",
    "rex",
    "staircase",
    "tanh",
]
