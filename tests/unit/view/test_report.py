"""The page on runs: what stands in it, and that nothing else can run or load in it."""

import base64
import hashlib
import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from glidepath import Phase, Plan, cosine, linear, plateau
from glidepath.diagnosis.finding import Finding
from glidepath.diagnosis.rule import Rule
from glidepath.record import Recorder, StepSizes
from glidepath.record.history import History
from glidepath.view.report import write_report
from glidepath.view.report.layer_charts import row_labels
from glidepath.view.report.safe import as_json, as_label
from tests.unit.view.small_runs import PLAN, append, train

go = pytest.importorskip("plotly.graph_objects")

BROWSER = next(filter(None, map(shutil.which, ("chromium", "google-chrome", "chrome"))), None)

SKILL = {
    "channels": [
        {"variable": "2m_temperature", "level": None},
        {"variable": "temperature", "level": 500},
        {"variable": "temperature", "level": 850},
    ],
    "lead_hours": [6.0, 12.0],
    "rmse": {
        "model": [[1.0, 2.0, 1.0], [1500.0, 3.0, 1.0]],
        "persistence": [[2.0, 1.0, 1.0], [3000.0, 6.0, 0.0]],
        "climatology": [[4.0, 4.0, 4.0], [4.0, 4.0, float("nan")]],
    },
}

HOSTILE = (
    '<script>alert("x")</script>',
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '" onload="alert(1)',
    "javascript:alert(1)",
    "<!--<script>",
    '<a href="https://example.org/">a</a><b>b</b>',
    "../../x",
    "%{x}{{a}}$y$",
    "var(--ink)",
    "a\x1b[2J\u202e",
)

ELEMENTS = {
    *("html", "head", "meta", "title", "style", "script", "noscript", "body", "header", "nav"),
    *(
        "main",
        "section",
        "article",
        "h1",
        "h2",
        "h3",
        "p",
        "a",
        "span",
        "small",
        "strong",
        "ul",
        "li",
        "pre",
    ),
    *("dl", "dt", "dd", "div", "details", "summary", "figure", "figcaption"),
    *("table", "thead", "tbody", "tr", "th", "td"),
}
"""That a page has."""


class Page(HTMLParser):
    """What a page is made of."""

    def __init__(self, file):
        super().__init__(convert_charrefs=True)
        self.elements, self.scripts, self.words, self._open = [], [], [], []
        self.policy = None
        self.feed(Path(file).read_text(encoding="utf-8"))
        self.text = " ".join(" ".join(self.words).split())
        self.charts = json.loads(self.scripts[0][1])

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        self._open.append(tag)
        if tag == "script":
            self.scripts.append((dict(attributes), ""))
        if dict(attributes).get("http-equiv") == "Content-Security-Policy":
            self.policy = dict(attributes)["content"]

    def handle_endtag(self, tag):
        while self._open and self._open.pop() != tag:
            pass

    def handle_data(self, data):
        if self._open and self._open[-1] == "script":
            attributes, before = self.scripts[-1]
            self.scripts[-1] = (attributes, before + data)
        elif "style" not in self._open:
            self.words.append(data)

    def titles(self):
        return [c["layout"].get("yaxis", {}).get("title", {}).get("text") for c in self.charts]

    def traces(self):
        return [trace for chart in self.charts for trace in chart["data"]]

    def named(self, name):
        return [trace for trace in self.traces() if trace.get("name") == name]


def report(tmp_path, *runs, **options):
    histories = {Path(run).name: History.open(run) for run in runs}
    write_report(tmp_path / "report.html", histories, **options)
    return Page(tmp_path / "report.html")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return train(tmp_path_factory.mktemp("report") / "fit", configuration={"model": {"width": 3}})


@pytest.fixture(scope="module")
def page(run, tmp_path_factory):
    return report(tmp_path_factory.mktemp("page"), run, skill=SKILL, rules=())


def test_the_page_says_what_the_run_has_come_to(page):
    assert re.search(r"state finished, \d{4}-\d\d-\d\d \d\d:\d\d UTC updates 40 of 40", page.text)
    assert re.search(
        rf"training loss [\d.e-]+ val_loss [\d.e-]+.* plan {PLAN.fingerprint}", page.text
    )
    assert "model.width 3" in page.text
    assert "environment.packages.numpy" in page.text
    assert "steps" in page.text.split("Plan file")[-1]


def test_every_chart_is_one_that_plotly_knows(page):
    places = [a["data-chart"] for tag, a in page.elements if "data-chart" in a]
    assert places == [str(i) for i in range(len(page.charts))]
    assert len(places) > 12
    colours = {f"var(--{name})" for name in ("ink", "axis", "plan", "soft-ink", "band", "bad")}
    colours |= {f"var(--line-{i})" for i in range(8)}
    text = as_json(page.charts)
    assert set(re.findall(r"var\(--[a-z0-9-]+\)", text)) <= colours
    for chart in json.loads(re.sub(r"var\(--[a-z0-9-]+\)", "#123456", text)):
        made = go.Figure({"data": chart["data"], "layout": chart["layout"]})
        assert len(made.data) == len(chart["data"]) > 0


def test_every_colour_that_a_chart_names_is_in_the_style_for_light_and_for_dark():
    from glidepath.view import report as package

    style = (Path(package.__file__).parent / "page.css").read_text()
    names = re.findall(r"(--[a-z0-9-]+):", style)
    assert {names.count(name) for name in names} == {2}
    script = (Path(package.__file__).parent / "page.js").read_text()
    assert set(re.findall(r"var\((--[a-z-]+)\)", script)) <= set(names)


def test_the_plan_stands_behind_what_was_used(page):
    (planned, used), *_ = [c["data"] for c in page.charts if c["data"][0].get("name") == "planned"]
    assert used["name"] == "used"
    assert planned["line"]["width"] > used["line"]["width"]
    assert used["x"] == list(range(40))
    assert used["y"] == pytest.approx([PLAN["lr"](step) for step in range(40)], rel=1e-5)
    assert dict(zip(planned["x"], planned["y"], strict=True))[10] == pytest.approx(0.2)
    assert "what was used is the planned value at every recorded update." in page.text


def test_it_is_said_where_what_was_used_is_not_what_was_planned(tmp_path):
    page = report(tmp_path, train(tmp_path / "run", lr=0.1), rules=())
    differs = [step for step in range(40) if abs(PLAN["lr"](step) - 0.1) > 1e-9]
    assert (
        f"not as planned at {len(differs)} of 40 updates, first at step 0; most at step"
        in page.text
    )
    planned = train(tmp_path / "unseen", close=None)
    text = (planned / "record.jsonl").read_text()
    text = text.replace('"samples": 8', '"samples": 8, "planned": true')
    (planned / "record.jsonl").write_text(text)
    assert "nobody saw what was used" in report(tmp_path, planned, rules=()).text


def recorded_rates(directory, rates, plan, start=None):
    with Recorder(directory, plan, start=start) as recorder:
        for step, rate in enumerate(rates, start=start or 0):
            recorder.log(step, 1.0, lr=rate)
    return directory


def test_a_cosine_to_zero_in_float32_is_as_planned(tmp_path):
    plan = Plan(Phase("all", 1_000, lr=cosine(1e-3, 0.0)))
    progress = np.arange(1_000, dtype=np.float32) / np.float32(1_000)
    rates = np.float32(1e-3) * (np.float32(0.5) * (1 + np.cos(np.float32(np.pi) * progress)))
    assert rates.dtype == np.float32
    # Near its end the last bit of the cosine is far more of the rate than of a float32.
    assert abs(rates[-1] / plan["lr"](999) - 1) > 1e-4
    said = report(tmp_path, recorded_rates(tmp_path / "run", rates, plan), rules=()).text
    assert "what was used is the planned value at every recorded update." in said


def test_only_what_came_after_the_last_start_is_held_against_the_plan(tmp_path):
    directory, plan = tmp_path / "run", Plan(Phase("all", 20, lr=linear(1.0, 0.0)))
    recorded_rates(directory, [0.5] * 10, plan)
    rates = [plan["lr"](step) for step in range(10, 20)]
    recorded_rates(directory, rates, plan, start=10)
    said = report(tmp_path, directory, rules=()).text
    assert "the planned value at every recorded update since the last start." in said
    recorded_rates(directory, [*rates[:4], 0.9], plan, start=10)
    said = report(tmp_path, directory, rules=()).text
    assert "not as planned at 1 of 5 updates, first at step 14; most at step 14: 0.9" in said


def test_the_loss_is_drawn_as_it_was_and_as_a_mean_beside_that_of_validation(run, page):
    history = History.open(run)
    (mean,) = page.named("training")
    assert mean["y"][0] == pytest.approx(history.column("loss")[0], rel=1e-5)
    (validation,) = page.named("val_loss")
    assert validation["x"] == [8, 16, 24, 32, 40]
    assert validation["y"] == pytest.approx(history.evaluations("val_loss")[1].tolist(), rel=1e-5)
    (accuracy,) = page.named("accuracy")
    assert accuracy["y"][-1] == pytest.approx(39 / 40, rel=1e-5)


def many_arrays(directory, count, looks=12):
    """A real loop over so many arrays: each goes to zero by its own rate."""
    model = {f"block_{i // 4:02d}/part_{i % 4}/kernel": np.full(4, 1.0 + i) for i in range(count)}
    names = tuple(model)
    with Recorder(directory, look_every=1, norms_every=1) as recorder:
        for step in range(looks):
            grads = {name: array * (i != 2) for i, (name, array) in enumerate(model.items())}
            updates = {name: -0.01 * (1 + i) * grads[name] / count for i, name in enumerate(names)}
            sizes = StepSizes(names, np.full((count, 3), 0.1) * [1, 2, 3], np.zeros(count), 1.0)
            loss = sum(float(np.sum(array**2)) for array in model.values())
            recorder.log(step, loss, params=model, grads=grads, updates=updates, step_sizes=sizes)
            model = {name: model[name] + updates[name] for name in names}
    return directory


@pytest.mark.parametrize(("count", "labels"), [(10, 10), (200, 50)])
def test_arrays_are_rows_of_a_map_of_looks(tmp_path, count, labels):
    page = report(tmp_path, many_arrays(tmp_path / "run", count), rules=())
    maps = [chart for chart in page.charts if chart["data"][0]["type"] == "heatmap"]
    ratio, gradient, size = maps
    cells = np.array(ratio["data"][0]["z"], float)
    assert cells.shape == (count, 12)
    expected = [np.log10(0.01 * (1 + i) / count) for i in range(count) if i != 2]
    assert np.delete(cells, 2, 0)[:, 0] == pytest.approx(expected, abs=1e-3)
    assert np.isnan(cells[2]).all()
    assert np.array(size["data"][0]["z"]) == pytest.approx(np.log10(0.2), abs=1e-3)
    assert len(gradient["layout"]["yaxis"]["tickvals"]) == labels
    assert ratio["height"] < 900
    ticks = ratio["data"][0]["colorbar"]
    assert [float(text) for text in ticks["ticktext"]] == pytest.approx(
        [10.0**tick for tick in ticks["tickvals"]], rel=1e-3
    )


def test_rows_are_labelled_by_their_groups_where_there_are_too_many():
    names = [f"a/{i}/{part}" for i in range(5) for part in "xyz"]
    assert list(row_labels(names, 15)) == names
    assert row_labels(names, 6) == {f"a/{i}/x": f"a/{i}" for i in range(5)}
    assert row_labels(names, 3) == {"a/0/x": "a"}
    assert list(row_labels([str(i) for i in range(10)], 4)) == ["0", "3", "6", "9"]


def test_what_happened_stands_on_a_line_of_its_own(tmp_path):
    until = plateau("val_loss", patience=2)
    plan = Plan(Phase("first", 30, lr=0.1, until=until), Phase("last", 10, lr=0.01))
    directory = train(tmp_path / "run", 20, plan=plan, close="stopped")
    train(directory, 30, start=16, plan=plan, close=None)
    append(
        directory,
        {"kind": "event", "step": 24, "event": "ends", "target": "first", "time": 1.0},
        {"kind": "nonfinite", "step": 28, "gradients": ["layer/w"], "policy": "skip", "time": 1.0},
        {"kind": "notice", "step": 29, "text": "the tracker failed", "time": 1.0},
    )
    page = report(tmp_path, directory, rules=())
    marks = {trace["name"]: trace["x"] for trace in page.traces() if trace.get("mode") == "markers"}
    assert marks == {
        "checkpoint": [8, 16, 24], "restart": [16], "event": [24], "NaN or infinity": [28],
        "notice": [29],
    }  # fmt: skip
    assert "NaN or infinity at step 28 in gradients layer/w; policy: skip" in page.text
    assert "notice: the tracker failed" in page.text
    assert "phase first has ended, from step 24 on" in page.text


def test_findings_are_told_with_their_evidence_and_what_to_try(tmp_path, run):
    evidence = {"height": 0.25, "times": 1_200, "none": ""}
    said = ("it wobbles", "it may fall", ("sit", "lie"), ("layer/w",), evidence)
    finding = Finding("made-up", "warning", "likely", 12, *said)
    rule = Rule("made-up", "all", "none", "none", lambda history: iter([finding]))
    text = report(tmp_path, run, rules=[rule]).text
    assert "warning made-up from step 12 on, likely it wobbles Arrays: layer/w" in text
    assert (
        "Why it matters: it may fall Evidence: height 0.25, times 1,200 What to try: sit lie"
        in text
    )
    assert "Nothing looks wrong, as far as can be seen." in report(tmp_path, run, rules=()).text


def test_what_was_not_recorded_is_said(tmp_path, run):
    assert "no waiting times: slow data can't be seen" in report(tmp_path, run, rules=()).text
    with Recorder(tmp_path / "bare") as recorder:
        recorder.log(0, loss=1.0)
    text = report(tmp_path, tmp_path / "bare", rules=()).text
    for missing in ("no evaluations: overfitting", "no gradients", "no plan", "no batches"):
        assert missing in text


def test_runs_are_compared_by_their_names(tmp_path, run):
    other = Plan(*PLAN.phases[:1], Phase("decay", 30, lr=linear(0.2, 0.1)), weight_decay=0.1)
    train(tmp_path / "other", plan=other, seed=1, configuration={"model": {"width": 4}})
    page = report(tmp_path, run, tmp_path / "other", rules=())
    assert {trace["name"] for trace in page.charts[0]["data"]} == {
        "fit: planned", "fit: used", "other: planned", "other: used",
    }  # fmt: skip
    plans, settings = page.text.split("Plans fit other ")[1].split("Configurations", 1)
    assert re.search(r'phase 2\.lr {.*"to": 0\.02} {.*"to": 0\.1} ', plans)
    assert "phase 1" not in plans
    assert "model.width 3 4" in settings.split("Configuration fit")[0]
    swatches = [a["class"] for tag, a in page.elements if "swatch" in a.get("class", "")]
    assert swatches == ["swatch line-0", "swatch line-1"]


def test_why_runs_ended_stands_below_their_states(tmp_path):
    train(tmp_path / "a", 9, close="failed")
    train(tmp_path / "b")
    page = page_of_two(tmp_path)
    assert re.search(r"a failed, [\d-]+ [\d:]+ UTC 9 of 40 ", page.text)
    assert page.text.count("the power was cut") == 1
    assert "a failed: the power was cut" in page.text.split("Findings a")[0]
    alone = report(tmp_path, tmp_path / "a", rules=())
    assert re.search("state failed, .* failed: the power was cut", alone.text)


def test_charts_over_steps_have_the_same_ends(tmp_path, run):
    page = report(tmp_path, run, train(tmp_path / "young", 9, close=None), rules=())
    ranges = [c["layout"]["xaxis"]["range"] for c in page.charts if c["overSteps"]]
    assert len(ranges) > 8
    assert all(one == ranges[0] for one in ranges)
    assert ranges[0] == [pytest.approx(-0.4), pytest.approx(40.4)]


def test_few_steps_have_whole_numbers_at_their_axis(tmp_path):
    page = report(tmp_path, train(tmp_path / "run", 1, plan=None, lr=0.1), rules=())
    (losses,) = [c for c in page.charts if c["data"][0].get("name") == "training"]
    assert losses["layout"]["xaxis"] == {"range": [-0.01, 1.01], "dtick": 1}


def test_equal_runs_are_said_to_be_equal(tmp_path):
    for name in ("a", "b"):
        train(tmp_path / name)
    assert page_of_two(tmp_path).text.count("They are the same.") == 2


def page_of_two(tmp_path):
    return report(tmp_path, tmp_path / "a", tmp_path / "b", rules=())


@pytest.mark.parametrize("num_updates", [0, 1, 2])
def test_a_record_of_few_updates_has_a_page(tmp_path, num_updates):
    page = report(tmp_path, train(tmp_path / "run", num_updates, close=None))
    assert f"updates {num_updates} of 40" in page.text
    used = page.named("used")
    assert used[0]["x"] == list(range(num_updates)) if num_updates else not used


def test_a_record_of_bad_numbers_without_plan_and_layers_has_a_page(tmp_path):
    with Recorder(tmp_path / "run") as recorder:
        for step, loss in enumerate([1.0, float("inf"), float("nan"), -1.0, 1e300, 1e-300]):
            recorder.log(step, loss, lr=0.0, gradient_norm=loss, odd_figure=loss)
        recorder.evaluate(6, val_loss=float("nan"))
    page = report(tmp_path, tmp_path / "run")
    (mean,) = page.named("training")
    assert mean["x"] == [0, 3, 4, 5]
    assert "no plan" in page.text
    assert "NaN or infinity at step 1" in page.text


def test_a_record_without_a_line_has_a_page(tmp_path):
    write_report(tmp_path / "report.html", {"none": History()})
    page = Page(tmp_path / "report.html")
    assert "state not started" in page.text
    assert "{}" not in page.text
    assert page.charts == []


def test_no_run_is_refused(tmp_path):
    with pytest.raises(ValueError, match="`runs` must have one run at least"):
        write_report(tmp_path / "report.html", {})


def test_a_page_that_cannot_be_written_leaves_the_old_one(tmp_path, run):
    (tmp_path / "report.html").write_text("old")
    with pytest.raises(OSError):
        write_report(tmp_path / "missing" / "report.html", {"run": History.open(run)}, rules=())
    assert (tmp_path / "report.html").read_text() == "old"


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    """A run whose every text is an attack, one after the other."""
    directory = tmp_path_factory.mktemp("hostile") / "run"
    texts = iter(HOSTILE * 10)
    phases = [Phase(name, 4, lr=linear(0.1 * i, 0.1)) for i, name in enumerate(HOSTILE[:-1])]
    model = {name: np.ones(3) for name in HOSTILE}
    options = {"name": HOSTILE[0], "configuration": {name: {name: name} for name in HOSTILE}}
    with Recorder(directory, Plan(*phases), look_every=2, norms_every=1, **options) as recorder:
        for step in range(12):
            grads = {name: np.full(3, 0.1) for name in model}
            figures = {next(texts): 1.0 + step}
            recorder.log(step, 1.0, params=model, grads=grads, updates=grads, lr=0.1, **figures)
        for name in HOSTILE:
            recorder.evaluate(12, **{name: 1.0, f"loss {name}": 0.5})
    for text in HOSTILE:
        notice = {"kind": "notice", "step": 3, "text": text, "time": 1.0}
        nonfinite = {"kind": "nonfinite", "step": 5, "gradients": [text], "policy": text}
        append(directory, notice, nonfinite)
    append(directory, {"kind": "end", "step": 12, "state": "failed", "reason": HOSTILE[1]})
    findings = [Finding(t, "error", "certain", 1, t, t, (t,), (t,), {t: t}) for t in HOSTILE]
    rule = Rule("hostile", "all", "none", "none", lambda history: iter(findings))
    fields = zip(SKILL["channels"], HOSTILE, strict=False)
    skill = SKILL | {"channels": [channel | {"variable": text} for channel, text in fields]}
    histories = {name: History.open(directory) for name in HOSTILE[:3]}
    alone, together = directory / "alone.html", directory / "together.html"
    write_report(alone, {HOSTILE[0]: histories[HOSTILE[0]]}, skill=skill, rules=[rule])
    write_report(together, histories, skill=skill, rules=[rule])
    return alone, together


def test_no_text_of_a_run_becomes_an_element_an_attribute_or_a_script(hostile):
    for file in hostile:
        page = Page(file)
        assert len(page.scripts) == 3
        assert {tag for tag, _ in page.elements} <= ELEMENTS
        names = {name for _, attributes in page.elements for name in attributes}
        assert not [name for name in names if name.startswith("on") or name in ("src", "style")]
        links = [attributes["href"] for tag, attributes in page.elements if tag == "a"]
        assert all(re.fullmatch(r"#[a-z]+", link) for link in links)
        for text in HOSTILE[:-1]:
            assert " ".join(text.split()) in page.text, text
        assert "a\\x1b[2J\\u202e" in page.text


def test_the_page_may_run_its_own_two_scripts_and_load_nothing(hostile):
    for file in hostile:
        page = Page(file)
        rules = dict(part.strip().split(" ", 1) for part in page.policy.split(";"))
        assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == "'none'"
        assert rules["img-src"] == "data:"
        hashes = [
            "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"
            for _, text in page.scripts[1:]
        ]
        assert rules["script-src"].split() == hashes
        assert page.scripts[0][0]["type"] == "application/json"


def test_what_charts_show_of_a_run_is_no_markup_of_plotly(hostile):
    """Plotly takes `<b>` and `<a>` in names and texts; there is no such left in any of them."""
    for file in hostile:
        texts = []

        def gather(value, texts=texts):
            if isinstance(value, str):
                texts.append(value)
            elif isinstance(value, dict | list):
                for one in value.values() if isinstance(value, dict) else value:
                    gather(one)

        gather(Page(file).charts)
        ours = {text for text in texts if "<" in text}
        assert ours == {"%{text}<extra></extra>", "%{y}<br>step %{x:,}: 1e%{z:.2f}<extra></extra>"}
        assert as_label(HOSTILE[2]) in texts


def test_json_in_a_script_cannot_end_it():
    text = as_json(["</script><!--<script>&", "\u2028"])
    assert not set(text) & set("<>&\u2028")
    assert json.loads(text) == ["</script><!--<script>&", "\u2028"]
    with pytest.raises(ValueError, match="not JSON compliant"):
        as_json([float("nan")])


def browse(file, folder):
    """A page in a browser: its document when it is drawn, and what was said on its console."""
    done = subprocess.run(
        [BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync",
         f"--user-data-dir={folder}", "--window-size=1200,3000", "--virtual-time-budget=8000",
         "--enable-logging=stderr", "--dump-dom", f"file://{file}"],
        capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    return done.stdout, [line for line in done.stderr.splitlines() if ":CONSOLE" in line]


@pytest.mark.skipif(BROWSER is None, reason="there is no chromium to open the page in")
def test_a_browser_draws_every_chart_and_runs_no_text_of_a_run(hostile, tmp_path):
    document, said = browse(hostile[0], tmp_path)
    assert said == []
    num_charts = len(Page(hostile[0]).charts)
    drawn = re.findall(r'class="plot js-plotly-plot" data-chart="(\d+)"', document)
    assert drawn == [str(i) for i in range(num_charts)]
    assert document.count('class="main-svg"') >= 2 * num_charts
    pictures = "".join(re.findall(r"<svg.*?</svg>", document, re.DOTALL))
    assert not re.search(r"<(a|script|img|b|foreignObject)[ >]", pictures)
    assert "&lt;img src=x" in pictures
