"""What schedules are put together with: one operation a file, and the registry of their names."""

from glidepath.plan.algebra.clip import Clip
from glidepath.plan.algebra.cut import Cut
from glidepath.plan.algebra.lasting import Lasting
from glidepath.plan.algebra.product import Product
from glidepath.plan.algebra.repeat import Repeat
from glidepath.plan.algebra.segment import Segment
from glidepath.plan.algebra.series import Series
from glidepath.plan.algebra.shift import Shift
from glidepath.plan.algebra.sum import Sum
from glidepath.plan.algebra.term import Frame, Stretch, Term, frame_for, rebuilt, walk
from glidepath.plan.algebra.then import Then

OPERATIONS: dict[str, type[Term]] = {
    term.name: term for term in (Series, Repeat, Product, Sum, Clip, Shift, Lasting, Then, Cut)
}
"""Every operation that a file can name, beside a shape over a time."""

__all__ = [
    "OPERATIONS",
    "Clip",
    "Cut",
    "Frame",
    "Lasting",
    "Product",
    "Repeat",
    "Segment",
    "Series",
    "Shift",
    "Stretch",
    "Sum",
    "Term",
    "Then",
    "frame_for",
    "rebuilt",
    "walk",
]
