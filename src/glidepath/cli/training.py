"""A training at the command line: started, gone on with or branched, then judged and reported."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, final

import jax
import numpy as np
import typer
from rich.console import Console

from glidepath.cli.errors import options
from glidepath.cli.evaluate import MAX_STARTS, show_skill
from glidepath.cli.evaluations import too_few
from glidepath.cli.plans import plan_named
from glidepath.cli.training_options import HOW, SESSION
from glidepath.diagnosis.live import check_codes
from glidepath.record import History
from glidepath.record.sinks import sink_named
from glidepath.training.how import How
from glidepath.training.loop import train
from glidepath.training.processes import ending_alone, exchange, join, part
from glidepath.training.run_directory import RunDirectory
from glidepath.training.signals import Signals
from glidepath.training.stopping import Stop, StoppedError
from glidepath.view.progress import Activity, TrainingProgress
from glidepath.view.report import write_report
from glidepath.view.steady_output import SteadyOutput
from glidepath.weather.branching import branch
from glidepath.weather.forecast import TrainedModel
from glidepath.weather.going_on import go_on, join_in
from glidepath.weather.runs import judge, save_climatology
from glidepath.weather.split import training_period, usual_lead
from glidepath.weather.starting import Run, start

if TYPE_CHECKING:
    from glidepath.record.sinks import Sink
    from glidepath.weather.starting import Wanted


FLAGS = {name: f"--{name.replace('_', '-')}" for name in HOW | SESSION} | {
    "num_steps": "--steps",
    "num_devices": "--devices",
    "from_step": "--step",
}
"""By the names of the arguments that they become."""


@final
class Training:
    """What a command was asked to train.

    Args:
        out: the run's directory.
        asked: of its configuration.
        how: of `How`, what was said.
        session: what holds for this time only, of `training_options.SESSION`.

    Attributes:
        directory: of the run.
    """

    def __init__(
        self, out: Path, asked: Wanted, how: dict[str, Any], session: dict[str, Any]
    ) -> None:
        self.directory, self._asked, self._given = RunDirectory(out), asked, how
        check_codes(how["stop_on"] or ())
        self._sinks(how["track"] or ())
        by_hand = [session[name] for name in ("coordinator", "num_processes", "process_id")]
        if session["distributed"] or by_hand != [None] * 3:
            join(*by_hand)
        self._is_first = jax.process_index() == 0
        self._lead = session["lead"]
        self._numbers: dict[str, Any] = {
            "num_steps": session["steps"],
            "max_time": session["max_time"],
            "num_devices": session["devices"],
            "from_step": None,
        }
        self._console = Console(
            file=SteadyOutput(sys.stdout), highlight=False, quiet=not self._is_first
        )
        self._activity = Activity(self._console)
        self._shown = {"lead": self._lead, "progress": self._activity}

    def start(self, plan: str, *, is_sought: bool) -> None:
        """A new run.

        Args:
            plan: the name of its plan.
            is_sought: whether one was looked for to go on with.
        """

        def begin() -> Run:
            if is_sought:
                self._activity.say(f"there is no run in {self.directory.path} yet: starting one")
            how = How().changed(self._given)
            return start(self.directory, plan_named(plan), self._asked, how=how,
                         tell=self._activity.say, **self._numbers, **self._shown)  # fmt: skip

        self._train_all(begin)

    def branch(self, origin: str, plan: str | None) -> None:
        """A run that begins with a checkpoint of another: `RUN` or `RUN@STEP`."""

        def begin() -> Run:
            parent, step = _checkpoint(origin)
            return branch(self.directory, parent, step, plan_named(plan) if plan else None,
                          self._asked, given=self._given, tell=self._activity.say,
                          **self._numbers, **self._shown)  # fmt: skip

        self._train_all(begin)

    def go_on(self, plan: str | None, *, step: int | None, accepts_changes: bool) -> None:
        """The run that is there."""
        self._numbers["from_step"] = step

        def begin() -> Run:
            run = go_on(self.directory, plan_named(plan) if plan else None, self._asked,
                        given=self._given, accepts_changes=accepts_changes,
                        **self._numbers, **self._shown)  # fmt: skip
            for change in run.changes:
                self._activity.say(f"changed: {change}")
            return run

        self._train_all(begin)

    def _train_all(self, begin: Callable[[], Run]) -> None:
        """Let the first process begin a run, and train it by all of them."""
        with self._activity:
            run = self._made(begin)
            if self._is_first:
                self._follow(run)
            else:
                self._train(run)

    def _made(self, begin: Callable[[], Run]) -> Run:
        """The run; what the first process was told of it holds for all."""
        made: list[Run] = []

        def first() -> dict[str, Any] | None:
            if self._is_first:
                with options(**FLAGS):
                    made.append(begin())
                return self._numbers
            return None

        def other() -> None:
            if not self._is_first:
                made.append(join_in(self.directory, **numbers, **self._shown))

        numbers = exchange("beginning", first)[0]
        exchange("joining in", other)
        return made[0]

    def _follow(self, run: Run) -> None:
        """Train, judge and report."""
        self._activity.say("\n".join([_headline(run, self.directory), *too_few(run)]))
        model = self._train(run)
        self._report(None)
        skill = self._judge(model, run)
        if skill is not None:
            figure = self.directory.path / "skill.png"
            show_skill(skill, figure, self.directory.path.name, self._console)
            self._report(skill)
        self._activity.say(
            f"\nmodel:  {self.directory.model_file}\nreport: {self.directory.report_file}"
        )

    def _train(self, run: Run) -> TrainedModel:
        directory, how = self.directory, run.how
        observer = TrainingProgress(
            self._activity, run.settings.num_steps, directory.record_file, how.stop_on
        )
        with Signals() as signals:
            try:
                with ending_alone():
                    state = train(run.problem, run.plan, directory, run.settings, observer,
                                  sinks=self._sinks(how.track), asked=[signals.wish])  # fmt: skip
            except StoppedError as error:
                self._leave(error.stop, f"stopped and saved at step {error.step:,}")
        parameters = jax.tree.map(np.asarray, state.parameters)
        part()
        if self._is_first:
            with self._saved():
                run.problem.export(parameters, directory.model_file)
        if stop := signals.wish():
            self._leave(stop, "the training is finished, and not judged yet")
        if stop := observer.wants_to_stop():
            self._leave(stop, "the training is finished, and not judged")
        return TrainedModel(run.problem.forecaster, parameters)

    @contextmanager
    def _saved(self) -> Iterator[None]:
        """Say of what fails after the training that the training is saved."""
        try:
            yield
        except OSError as error:
            raise OSError(
                f"{error}; the training is finished and saved, and `glidepath resume "
                f"{shlex.quote(str(self.directory.path))}` does the rest"
            ) from None

    def _sinks(self, names: Sequence[str]) -> list[Sink]:
        path = self.directory.path
        return [sink_named(name, path, path.name) for name in names]

    def _leave(self, stop: Stop, where: str) -> None:
        self._activity.say(
            f"{where} ({stop.reason}); go on by\n"
            f"  glidepath resume {shlex.quote(str(self.directory.path))}"
        )
        raise typer.Exit(stop.status)

    def _judge(self, model: TrainedModel, run: Run) -> dict[str, Any] | None:
        """The skill on the times held out, or None where none are."""
        problem = run.problem
        save_climatology(self.directory, problem.trajectory, problem.split)
        if not problem.split.holdout:
            return None
        times = problem.trajectory.times
        if self._lead is None and not usual_lead(times, training_period(times, problem.split)):
            self._activity.say(
                "nothing is judged: too few times are held out for a forecast of one step"
            )
            return None
        skill = judge(
            self.directory,
            model,
            problem.trajectory,
            num_steps=self._lead,
            max_starts=MAX_STARTS,
            progress=self._activity,
        )
        return skill.as_table()

    def _report(self, skill: dict[str, Any] | None) -> None:
        history = History.open(self.directory.record_file)
        write_report(self.directory.report_file, {self.directory.path.name: history}, skill=skill)


def _checkpoint(origin: str) -> tuple[RunDirectory, int | None]:
    """The run and the step of `RUN` or `RUN@STEP`."""
    path, at, step = origin.rpartition("@")
    if not at or RunDirectory(Path(origin)).exists():
        return RunDirectory(Path(origin)), None
    if not (step.isascii() and step.isdecimal()):
        raise ValueError(f"`--branch-from` must be RUN or RUN@STEP, got {origin!r}")
    return RunDirectory(Path(path)), int(step)


def _headline(run: Run, directory: RunDirectory) -> str:
    """What is trained, on which fields (a misspelt one is not among them), along what."""
    configuration, settings, size = run.configuration, run.settings, run.configuration.size
    phases = ", ".join(phase.name for phase in run.plan.phases)
    task = run.problem.trajectory.task
    levels = f" at {', '.join(map(str, task.pressure_levels))} hPa" if task.pressure_levels else ""
    statics = f"; known: {', '.join(map(str, task.statics))}" if task.statics else ""
    return (
        f"GraphCast with mesh {size.mesh_size}, latent {size.latent_size}, "
        f"{size.num_layers} layers in {configuration.precision}\n"
        f"on {configuration.data}\n"
        f"{len(task.state)} fields: {', '.join(task.target_variables)}{levels}{statics}\n"
        f"{settings.num_steps:,} of the plan's {run.plan.total_steps:,} updates of "
        f"{settings.batch} samples: {phases}\n"
        f"on {_devices(settings.num_devices)}\n"
        f"run directory: {directory.path}"
    )


def _devices(asked: int | None) -> str:
    """What it is trained on, in words."""
    number, kind = asked or jax.device_count(), jax.devices()[0].device_kind
    processes = jax.process_count()
    several = f" of {processes} processes" if processes > 1 else ""
    return f"{number} device{'s' if number > 1 else ''} ({kind}){several}"
