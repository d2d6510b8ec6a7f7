"""A training at the command line: started, gone on with or branched, then judged and reported."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, final

import jax
import numpy as np
import typer
from rich.console import Console

from glidepath.cli.evaluate import MAX_STARTS, show_skill
from glidepath.cli.evaluations import too_few
from glidepath.cli.plans import plan_named
from glidepath.diagnosis.live import check_codes
from glidepath.record import History
from glidepath.record.sinks import sink_named
from glidepath.training.how import How
from glidepath.training.loop import train
from glidepath.training.processes import join, part, wait_for_all
from glidepath.training.run_directory import RunDirectory
from glidepath.training.signals import Signals
from glidepath.training.stopping import Stop, StoppedError
from glidepath.view.progress import Activity, TrainingProgress
from glidepath.view.report import write_report
from glidepath.weather.branching import branch
from glidepath.weather.forecast import TrainedModel
from glidepath.weather.going_on import go_on
from glidepath.weather.runs import judge, save_climatology
from glidepath.weather.split import training_period, usual_lead
from glidepath.weather.starting import Run, start

if TYPE_CHECKING:
    from glidepath.record.sinks import Sink
    from glidepath.weather.starting import Asked


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
        self, out: Path, asked: Asked, how: dict[str, Any], session: dict[str, Any]
    ) -> None:
        self.directory, self._asked, self._given = RunDirectory(out), asked, how
        check_codes(how["stop_on"] or ())
        self._sinks(how["track"] or ())
        by_hand = [session[name] for name in ("coordinator", "num_processes", "process_id")]
        if session["distributed"] or by_hand != [None] * 3:
            join(*by_hand)
        self._is_first = jax.process_index() == 0
        self._lead = session["lead"]
        self._numbers = {
            "num_steps": session["steps"],
            "max_time": session["max_time"],
            "num_devices": session["devices"],
        }
        self._console = Console(highlight=False, quiet=not self._is_first)
        self._activity = Activity(self._console)

    def start(self, plan: str, *, is_sought: bool) -> None:
        """A new run.

        Args:
            plan: the name of its plan.
            is_sought: whether one was looked for to go on with.
        """
        if not self._is_first:
            self._join_in()
            return
        how = How().changed(self._given)
        if is_sought:
            self._activity.say(f"there is no run in {self.directory.path} yet: starting one")
        with self._activity:
            run = start(self.directory, plan_named(plan), self._asked, how=how, **self._all())
            self._follow(run)

    def branch(self, origin: str, plan: str | None) -> None:
        """A run that begins with a checkpoint of another: `RUN` or `RUN@STEP`."""
        if not self._is_first:
            self._join_in()
            return
        parent, step = _checkpoint(origin)
        followed = plan_named(plan) if plan else None
        with self._activity:
            run = branch(self.directory, parent, step, followed, self._asked,
                         given=self._given, **self._all())  # fmt: skip
            self._follow(run)

    def go_on(self, plan: str | None, *, step: int | None, accepts_changes: bool) -> None:
        """The run that is there."""
        if not self._is_first:
            self._join_in(step)
            return
        followed = plan_named(plan) if plan else None
        with self._activity:
            run = go_on(
                self.directory,
                followed,
                self._asked,
                given=self._given,
                accepts_changes=accepts_changes,
                lead=self._lead,
                progress=self._activity,
                from_step=step,
                **self._numbers,
            )
            for change in run.changes:
                self._activity.say(f"changed: {change}")
            self._follow(run)

    def _join_in(self, step: int | None = None) -> None:
        """Train with the first process, which has written what run it is."""
        wait_for_all("the run is there")
        with self._activity:
            run = go_on(self.directory, None, {}, given={}, lead=self._lead,
                        progress=self._activity, from_step=step, **self._numbers)  # fmt: skip
            self._train(run)

    def _all(self) -> dict[str, Any]:
        shown = {"progress": self._activity, "tell": self._activity.say}
        return {"lead": self._lead, **shown, **self._numbers}

    def _follow(self, run: Run) -> None:
        """Train, judge and report."""
        wait_for_all("the run is there")
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
                state = train(run.problem, run.plan, directory, run.settings, observer,
                              sinks=self._sinks(how.track), asked=[signals.wish])  # fmt: skip
            except StoppedError as error:
                self._leave(error.stop, f"stopped and saved at step {error.step:,}")
        parameters = jax.tree.map(np.asarray, state.parameters)
        part()
        if self._is_first:
            run.problem.export(parameters, directory.model_file)
        if stop := signals.wish():
            self._leave(stop, "the training is finished, and not judged yet")
        if stop := observer.wants_to_stop():
            self._leave(stop, "the training is finished, and not judged")
        return TrainedModel(run.problem.forecaster, parameters)

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
    if at and step.isascii() and step.isdecimal():
        return RunDirectory(Path(path)), int(step)
    return RunDirectory(Path(origin)), None


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
        f"run directory: {directory.path}"
    )
