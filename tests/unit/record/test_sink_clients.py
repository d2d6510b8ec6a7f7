"""What trackers are sent, shown by clients that keep it."""

import re
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest
import tracked_lines

from glidepath.record.schema import KINDS
from glidepath.record.sinks import SINKS, Background, Trackio, WandB, figures, sink_named, texts
from glidepath.record.sinks.need import need


def test_the_numbers_of_a_line_have_names():
    assert figures(tracked_lines.update(4)) == {
        "loss": 0.2, "lr": 0.4, "rollout": 3, "memory_bytes": 10**9 + 4
    }  # fmt: skip
    assert figures(tracked_lines.evaluation(3)) == {
        "evaluation/val_loss": 0.5, "evaluation/seconds": 0.5
    }  # fmt: skip
    assert figures(tracked_lines.layers(0)) == {
        "layers/norm/encoder/w": 1.0,
        "layers/gradient_norm/encoder/w": 0.5,
        "layers/step_size_p5/encoder/w": 0.1,
        "layers/step_size_p50/encoder/w": 0.2,
        "layers/step_size_p95/encoder/w": 0.3,
        "layers/norm/b": 2.0,
        "layers/memory": 0.25,
    }
    grouped = {"kind": "update", "step": 1, "lr": {"head": 0.1, "body": "-inf"}, "skipped": True}
    assert figures(grouped) == {"lr/head": 0.1, "lr/body": float("-inf")}


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ({"kind": "event", "step": 7, "event": "cuts", "target": "lr"}, {"event": "cuts lr"}),
        ({"kind": "notice", "text": "a\nb"}, {"notice": "a\nb"}),
        ({"kind": "restart", "step": 5}, {"restart": "goes on at step 5"}),
        (
            {"kind": "rollback", "step": 5, "broken": 7, "attempt": 1, "reason": "a NaN"},
            {"rollback": "came back to step 5: a NaN"},
        ),
        ({"kind": "end", "step": 5, "state": "finished"}, {"end": "finished"}),
        (
            {"kind": "end", "step": 5, "state": "failed", "reason": "KeyError: 1"},
            {"end": "failed: KeyError: 1"},
        ),
        (
            {"kind": "nonfinite", "step": 5, "gradients": ["a", "b"], "policy": "skip"},
            {"nonfinite": "gradients: a, b; policy: skip"},
        ),
    ],
)
def test_what_happens_is_said_in_words(line, said):
    assert texts(line) == said
    assert figures(line) == {}


def test_no_kind_of_line_was_forgotten():
    of_numbers, silent = {"update", "layers", "evaluation"}, {"run", "model", "checkpoint"}
    of_words = {"event", "notice", "restart", "rollback", "end", "nonfinite"}
    assert set(KINDS) == of_numbers | of_words | silent
    assert all(figures({"kind": one}) == texts({"kind": one}) == {} for one in silent)


@pytest.mark.parametrize("name", SINKS)
def test_a_tracker_that_is_not_installed_is_named_with_its_extra(name, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ModuleNotFoundError) as raised:
        sink_named(name, tmp_path, "a run")
    assert f"the package `{name}`: pip install 'glidepath[{name}]'" in str(raised.value)
    assert raised.value.name == name


def test_a_folder_is_no_package(monkeypatch, tmp_path):
    (tmp_path / "only_a_folder").mkdir()
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError, match="only_a_folder"):
        need("only_a_folder")


def test_a_name_of_no_sink_is_refused_with_those_that_there_are(tmp_path):
    with pytest.raises(ValueError, match="of tensorboard, trackio, wandb, got 'mlflow'"):
        sink_named("mlflow", tmp_path, "a run")


class Client(ModuleType):
    """A tracker's package: keeps what its runs are sent."""

    def __init__(self, name, *, last_step=-1):
        super().__init__(name)
        self.__spec__ = ModuleSpec(name, None, origin="made by a test")
        self.runs, self.last_step, self.has_key = [], last_step, True
        self.setup = lambda: SimpleNamespace(settings=SimpleNamespace(mode="online"))

    def login(self, *, prompt, verify):
        assert not prompt, "nobody is there to answer"
        assert not verify, "that would ask the network"
        return self.has_key

    def init(self, **arguments):
        run = SimpleNamespace(arguments=arguments, sent=[], ended=None, config={})
        run.step = run._next_step = self.last_step + 1
        run.config = SimpleNamespace(told=None)
        run.config.update = lambda told, allow_val_change: setattr(run.config, "told", told)
        run.log = lambda figures, step: run.sent.append((step, figures))
        run.finish = lambda **how: setattr(run, "ended", how)
        self.runs.append(run)
        return run


@pytest.fixture
def wandb(monkeypatch):
    client = Client("wandb")
    monkeypatch.setitem(sys.modules, "wandb", client)
    return client


@pytest.fixture
def trackio(monkeypatch):
    client = Client("trackio")
    monkeypatch.setitem(sys.modules, "trackio", client)
    return client


def send(sink, run):
    for line in run:
        sink.write(line)
    sink.close()


def test_wandb_goes_on_with_its_run_and_only_with_it(wandb, tmp_path):
    def session(**settings):
        send(WandB("p", directory=tmp_path, mode="offline"), tracked_lines.run(0, 1, **settings))
        return wandb.runs[-1].arguments["id"]

    first, again, new = session(), session(restart=0), session()
    assert first == again != new
    assert (tmp_path / "wandb.id").read_text().strip() == new
    (tmp_path / "wandb.id").write_text("../../x")
    assert session(restart=0) not in (first, new, "../../x")


@pytest.mark.parametrize("name", ["wandb", "trackio"])
def test_what_a_tracker_has_is_not_sent_again(name, request, tmp_path):
    client = request.getfixturevalue(name)
    client.last_step = 5
    sink = WandB("p", mode="offline") if name == "wandb" else Trackio("p")
    send(sink, tracked_lines.run(3, 8, restart=3))
    assert [step for step, sent in client.runs[0].sent if "loss" in sent] == [6, 7]


def test_trackers_show_what_was_measured_after_an_update_with_it(wandb):
    send(WandB("p", mode="offline"), tracked_lines.run(0, 4))
    sent = wandb.runs[0].sent
    assert [step for step, figures in sent if "loss" in figures] == [0, 1, 2, 3]
    assert [step for step, figures in sent if "evaluation/val_loss" in figures] == [1, 3]
    assert [step for step, _ in sent] == sorted(step for step, _ in sent)
    phases = [(step, figures["phase"]) for step, figures in sent if "phase" in figures]
    assert phases == [(0, "warm-up"), (3, "decay")]


def test_wandb_is_given_the_header_and_how_the_run_ended(wandb):
    for state, code in (("failed", 1), ("stopped", 0)):
        send(WandB("p", settings={"console": "wrap"}), tracked_lines.run(0, 2, state=state))
        run = wandb.runs[-1]
        assert run.arguments["name"] == "a run"
        own = {"finish_timeout": 10.0, "quiet": True}
        assert run.arguments["settings"] == {"console": "wrap"} | own
        assert run.config.told["plan"] == tracked_lines.PLAN
        assert run.config.told["configuration"]["seed"] == 7
        assert run.ended == {"exit_code": code}


def test_wandb_without_a_key_is_told_to_the_owner_and_asks_for_none(wandb):
    wandb.has_key = False
    told = []
    background = Background(WandB("p"), tell=told.append)
    for line in tracked_lines.run(0, 30):
        background.put(line)
    background.close()
    assert 'W&B knows no key: run `wandb login` first, or take mode="offline"' in told[0]
    assert "WandB failed 10 times" in told[1]
    assert wandb.runs == []
    for settings in ({"mode": "offline"}, {"settings": {"api_key": "k"}}):
        send(WandB("p", **settings), tracked_lines.run(0, 1))
    assert len(wandb.runs) == 2


def test_wandb_refuses_what_it_can_not_use_before_the_run(wandb):
    with pytest.raises(ValueError, match=r"`project` must be without .*, got '/' in '\.\./x'"):
        WandB("../x")
    with pytest.raises(TypeError, match="`settings` must be a table, got 3"):
        WandB("x", settings=3)


def test_trackio_goes_on_only_with_a_run_that_goes_on(trackio):
    send(Trackio("p", group="g"), tracked_lines.run(0, 1))
    send(Trackio("p", "mine", resume="must"), tracked_lines.run(1, 2, restart=1))
    send(Trackio("p"), tracked_lines.run(1, 2, restart=1))
    asked = [run.arguments for run in trackio.runs]
    assert [one["name"] for one in asked] == ["a run", "mine", "a run"]
    assert [one["resume"] for one in asked] == ["never", "must", "allow"]
    assert asked[0]["config"]["plan"] == tracked_lines.PLAN
    assert (asked[0]["group"], asked[0]["embed"]) == ("g", False)


def test_a_sink_that_is_made_touches_nothing(wandb, trackio, tmp_path):
    for name in SINKS:
        sink_named(name, tmp_path / "run", "../../x")
    assert not wandb.runs
    assert not trackio.runs
    assert [*tmp_path.iterdir()] == []
    assert isinstance(sink_named("wandb", tmp_path, "<script>"), WandB)


def test_the_sink_on_the_page_sends_what_mlflow_takes(monkeypatch):
    sent = []
    client = ModuleType("mlflow")
    client.set_experiment = sent.append
    client.start_run = lambda *, run_name: sent.append(run_name)
    client.log_dict = lambda told, file: sent.append((file, told["plan"]))
    client.log_metrics = lambda numbers, *, step: sent.append((step, numbers))
    client.end_run = lambda: sent.append("the end")
    monkeypatch.setitem(sys.modules, "mlflow", client)
    page = (Path(__file__).parents[3] / "docs" / "trackers.md").read_text()
    (block,) = [
        text for text in re.findall(r"```py\n(.*?)```", page, re.DOTALL) if "mlflow" in text
    ]
    exec(block, names := {})
    lines = [*tracked_lines.run(0, 2)]
    send(names["MLflow"]("weather"), lines)
    told = ["weather", "a run", ("run.json", tracked_lines.PLAN)]
    measured = [(line["step"], figures(line)) for line in lines if figures(line)]
    assert sent == [*told, *measured, "the end"]
    assert [step for step, of in measured if "loss" in of] == [0, 1]
