"""The figure of step sizes: every array where there are few, telling ones where there are many."""

import numpy as np
import pytest

pytest.importorskip("matplotlib")

from glidepath.record import History
from glidepath.view import figures
from glidepath.view.step_size_figure import step_size_comparison, step_size_figure


def history(names, *, num_looks=5, size=0.5, beta2=0.99):
    """A run of 100 updates at a rate of 0.1, whose i-th array has steps of size * 2**i."""
    lines = [{"kind": "update", "step": step, "loss": 1.0, "lr": 0.1} for step in range(100)]
    for step in np.linspace(0, 99, num_looks).astype(int).tolist():
        arrays = {
            name: {"step_size": [size * 2.0**i * part for part in (0.5, 1.0, 3.0)]}
            for i, name in enumerate(names)
        }
        memory = (step + 1) * (1 - beta2)
        lines.append({"kind": "layers", "step": step, "arrays": arrays, "memory": memory})
    return History(lines)


def panels(figure):
    return {panel.get_title(): panel for panel in figure.axes if panel.get_visible()}


def line(panel, label):
    return next(one for one in panel.lines if one.get_label() == label)


def test_few_arrays_have_a_panel_each_with_their_median_band_and_the_rate(tmp_path):
    figure = step_size_figure(history(["a/w", "a/b", "c"]), "three")
    drawn = panels(figure)
    assert list(drawn) == ["a/w", "a/b", "c"]
    for i, panel in enumerate(drawn.values()):
        assert line(panel, "median").get_ydata().tolist() == [0.5 * 2**i] * 5
        assert line(panel, "nominal rate").get_ydata().tolist() == [0.1] * 100
        heights = panel.collections[0].get_paths()[0].vertices[:, 1]
        assert (heights.min(), heights.max()) == (0.25 * 2**i, 1.5 * 2**i)
        assert panel.get_yscale() == "log"
    figures.save(figure, tmp_path / "figure.png")
    assert (tmp_path / "figure.png").stat().st_size > 10_000


def test_many_arrays_are_grouped_by_how_their_names_begin():
    names = [f"{part}/{i}" for part in ("in", "middle", "out", "head") for i in range(3)]
    drawn = panels(step_size_figure(history(names), "twelve"))
    assert list(drawn) == [f"{part}, 3 arrays" for part in ("in", "middle", "out", "head")]
    group = drawn["middle, 3 arrays"]
    assert line(group, "median").get_ydata()[0] == 0.5 * 2**4
    heights = group.collections[0].get_paths()[0].vertices[:, 1]
    assert (heights.min(), heights.max()) == (0.25 * 2**3, 1.5 * 2**5)


def test_a_large_group_is_cut_and_a_hundred_arrays_are_a_few_groups():
    blocks = [f"net/blocks/{i}/{part}" for i in range(24) for part in ("w", "b", "scale", "shift")]
    names = ["net/stem/w", *blocks, "net/head/w", "net/head/b"]
    figure = step_size_figure(history(names), "ninety-nine")
    drawn = list(panels(figure))
    assert len(drawn) == 9
    assert (drawn[0], drawn[-1]) == ("net/stem", "net/head, 2 arrays")
    assert drawn[4] == "net/blocks/11, 4 arrays"
    assert "9 of 26 groups" in figure.get_suptitle()
    flat = list(panels(step_size_figure(history([f"array{i}" for i in range(40)]), "flat")))
    assert (flat[0], flat[-1], len(flat)) == ("array0", "array39", 9)


def test_the_stretch_with_a_cold_moment_is_tinted():
    def tinted(history):
        panel = next(iter(panels(step_size_figure(history, "")).values()))
        return [patch.get_x() + patch.get_width() for patch in panel.patches]

    assert tinted(history(["w"], beta2=0.98, num_looks=100)) == [pytest.approx(49, abs=1)]
    assert tinted(history(["w"], beta2=0.999)) == [100]
    assert tinted(history(["w"], beta2=0.0)) == []


def test_runs_are_compared_panel_by_panel():
    runs = {"few": history(["a", "b"]), "many": history(list("abcdefg"))}
    figure = step_size_comparison(runs, "two")
    drawn = panels(figure)
    assert list(drawn) == ["few", "many"]
    assert [one.get_label() for one in drawn["few"].lines] == ["nominal rate", "a", "b"]
    assert line(drawn["many"], "median").get_ydata()[0] == 0.5 * 2**3
    shown = [text.get_text() for text in figure.legends[0].get_texts()]
    assert sorted(shown) == ["a", "b", "median", "nominal rate", "second moment cold"]


def test_rates_that_decay_to_nothing_do_not_stretch_the_axis():
    found = history(["w"], size=0.01)
    lines = [{"kind": "update", "step": 100 + i, "lr": 0.1 * 1e-9**i} for i in range(3)]
    found.add(lines)
    panel = panels(step_size_figure(found, ""))["w"]
    assert panel.get_ylim()[0] == pytest.approx(0.005 * 0.01)


def test_an_array_that_never_had_a_gradient_is_left_out():
    def with_zeros(shares):
        sizes = {"step_size": [1.0, 2.0, 3.0]}
        arrays = [
            {"w": sizes | {"gradient_zeros": 0.5}, "idle": sizes | {"gradient_zeros": share}}
            for share in shares
        ]
        return History({"kind": "layers", "step": i, "arrays": one} for i, one in enumerate(arrays))

    assert list(panels(step_size_figure(with_zeros([1.0, 1.0]), ""))) == ["w"]
    assert list(panels(step_size_figure(with_zeros([1.0, 0.9]), ""))) == ["w", "idle"]


def test_a_record_without_step_sizes_says_how_to_get_them():
    with pytest.raises(ValueError, match="the record has no step sizes: give `step_sizes=`"):
        step_size_figure(History([]), "")
    plain = History([{"kind": "layers", "step": 0, "arrays": {"w": {"norm": 1.0}}}])
    with pytest.raises(ValueError, match="sgd has no step sizes"):
        step_size_comparison({"adam": history(["w"]), "sgd": plain}, "")
