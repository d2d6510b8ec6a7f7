"""One process of runs that tests start, one after the other.

`python -m tests.devices.one_of_several JSON`, where JSON is a list of parts.
"""

import json
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

BATCH = 8


@dataclass(frozen=True)
class Part:
    """What a process is to do.

    Attributes:
        run: the run's directory.
        num_steps: updates.
        num_devices: of those that there are.
        num_processes: in all.
        process: which of them it is.
        port: of the first one.
        data: a weather file for a miniature GraphCast; a curve is fitted without one.
        accumulate: micro-batches.
        shard: whether the state is spread.
        seconds: of sleep in each batch.
    """

    run: str
    num_steps: int = 50
    num_devices: int | None = None
    num_processes: int = 1
    process: int = 0
    port: int = 0
    data: str | None = None
    accumulate: int = 1
    shard: bool = False
    seconds: float = 0.0


def command(*parts):
    """What does these parts in one process."""
    told = json.dumps([asdict(part) for part in parts])
    return [sys.executable, "-m", "tests.devices.one_of_several", told]


class Noting:
    """A problem that keeps the samples that this process reads."""

    def __init__(self, problem, seconds):
        self._problem, self._seconds = problem, seconds
        self.read = set()

    def __getattr__(self, name):
        return getattr(self._problem, name)

    def batch(self, samples, rollout):
        time.sleep(self._seconds)
        self.read |= {int(one) for one in samples}
        return self._problem.batch(samples, rollout)


def main(part: Part) -> int:
    from glidepath.training.processes import exchange, join

    if part.num_processes > 1:
        join(f"localhost:{part.port}", part.num_processes, part.process)
    from glidepath.training.loop import train
    from glidepath.training.run_directory import RunDirectory
    from glidepath.training.signals import Signals
    from glidepath.training.stopping import StoppedError
    from tests.resume.test_resume import Silent

    problem, plan = Noting(_problem(part), part.seconds), _plan()
    directory, observer = RunDirectory(Path(part.run)), Silent()
    if part.process == 0 and not directory.exists():
        directory.create(plan, {})
    exchange("the run is there", lambda: None)
    with Signals() as signals:
        print("ready", flush=True)
        try:
            state = train(problem, plan, directory, _settings(part), observer,
                          asked=[signals.wish])  # fmt: skip
        except StoppedError as error:
            print(json.dumps({"step": error.step, "read": sorted(problem.read)}))
            return error.stop.status
    print(json.dumps({"step": int(state.step), "read": sorted(problem.read)}))
    return 0


def _problem(part):
    if part.data is None:
        from tests.devices.small_problem import Curve

        return Curve()
    from tests.devices.weather_problem import make

    return make(part.data)


def _plan():
    from glidepath import Phase, Plan, cosine, linear, staircase

    return Plan(
        Phase("warm-up", 10, lr=linear(0.0, 1e-3)),
        Phase("decay", 30, lr=cosine(1e-3, 1e-4)),
        Phase("autoregressive", 10, lr=1e-4, rollout=staircase(2, 3, every=5)),
        rollout=1,
    )


def _settings(part):
    from glidepath.training.every import Every
    from glidepath.training.settings import Settings

    return Settings(
        batch=BATCH,
        seed=1,
        num_steps=part.num_steps,
        checkpoint_every=Every(20),
        evaluate_every=25,
        accumulate=part.accumulate,
        shards_state=part.shard,
        num_devices=part.num_devices,
    )


if __name__ == "__main__":
    sys.exit(max(main(Part(**told)) for told in json.loads(sys.argv[1])))
