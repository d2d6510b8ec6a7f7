"""How often: a number alone is updates, and a time has units."""

import pytest

from glidepath.training.every import Every, read_time


@pytest.mark.parametrize(
    ("text", "steps"), [("200", 200), ("10,000", 10_000), ("10_000", 10_000), (" 7 ", 7)]
)
def test_a_number_alone_is_updates(text, steps):
    assert Every.read(text) == Every(steps=steps)
    assert str(Every.read(text)) == f"{steps} updates"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("10m", 600), ("1h30m", 5400), ("1.5h", 5400), ("2d", 172_800),
     ("3h 50m", 13_800)],
)  # fmt: skip
def test_a_time_is_the_sum_of_its_parts(text, seconds):
    assert read_time(text) == seconds
    assert Every.read(text) == Every(seconds=seconds)


@pytest.mark.parametrize("text", ["", "h", "-5m", "5 weeks", "30m1h", "1h1h", "0s", "1e3", "٣"])
def test_what_is_no_time_is_refused_with_examples(text):
    with pytest.raises(ValueError, match=r"a time must be like 3h50m, 90m, 45s or 2d"):
        Every.read(text)


@pytest.mark.parametrize(
    ("numbers", "said"),
    [({}, "one of `steps` and `seconds`"),
     ({"steps": 1, "seconds": 1.0}, "one of `steps` and `seconds`"),
     ({"steps": 0}, "`steps` must be at least 1, got 0"),
     ({"seconds": float("nan")}, "`seconds` must be above 0, got nan")],
)  # fmt: skip
def test_a_distance_is_one_number_above_zero(numbers, said):
    with pytest.raises(ValueError, match=said):
        Every(**numbers)
