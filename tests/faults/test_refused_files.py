"""Pickles are never executed, and nothing is read from outside a run."""

import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest

import glidepath
from glidepath.training.checkpoints import (
    Checkpoints,
    DamagedError,
    copy_checkpoint,
    problems,
    read_manifest,
)
from glidepath.training.checkpoints.manifest import write_manifest
from glidepath.training.run_directory import RunDirectory
from glidepath.weather.statistics import FILES, Statistics
from tests.faults import breaking


class Bomb:
    """What is executed where it is unpickled: it leaves a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


@pytest.fixture
def bomb(tmp_path):
    trace = tmp_path / "executed"
    yield pickle.dumps(Bomb(trace))
    assert not trace.exists()


def test_a_pickle_in_the_place_of_a_checkpoint_s_arrays_is_refused(bomb, tmp_path, cut):
    """Its manifest is right, so that the checksums are."""
    job = breaking.copied(cut, tmp_path / "run")
    folder = RunDirectory(job.path).checkpoints / str(breaking.CUT_AT)
    about = read_manifest(folder)
    for file in breaking.files(job):
        file.write_bytes(bomb)
    write_manifest(folder, about)
    assert problems(folder) == []
    checkpoints = Checkpoints(folder.parent)
    with pytest.raises(ValueError, match="decode"):
        checkpoints.restore(breaking.CUT_AT, {"parameters": np.zeros(3)})
    checkpoints.close()


@pytest.mark.parametrize("file", FILES.values())
def test_a_pickle_in_the_place_of_statistics_is_refused(file, bomb, tmp_path):
    original = Path(__file__).parents[1] / "parity" / "graphcast" / "stats"
    shutil.copytree(original, tmp_path / "stats")
    (tmp_path / "stats" / file).write_bytes(bomb)
    with pytest.raises((ValueError, OSError)):
        Statistics.read(tmp_path / "stats")


def test_nothing_in_glidepath_unpickles_or_opens_an_archive():
    """NumPy opens those of its own, and reads no path out of them."""
    said = ("tarfile", "unpack_archive", "allow_pickle=True", "pickle.load", "import pickle",
            "ZipFile(", "extractall", "import joblib", "import marshal")  # fmt: skip
    sources = sorted(Path(glidepath.__file__).parent.rglob("*.py"))
    assert len(sources) > 100
    found = [(path.name, one) for path in sources for one in said if one in path.read_text()]
    assert found == []
    loading = [line for path in sources for line in path.read_text().splitlines()
               if "np.load(" in line]  # fmt: skip
    assert loading
    assert all("allow_pickle=False" in line for line in loading)


@pytest.mark.parametrize("kind", ["a file", "a folder", "another name"])
def test_a_link_in_a_checkpoint_is_told_and_never_followed(kind, tmp_path, cut):
    job = breaking.copied(cut, tmp_path / "run")
    checkpoints = RunDirectory(job.path).checkpoints
    folder = checkpoints / str(breaking.CUT_AT)
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_text("whatever")
    if kind == "a file":  # with the very bytes that the manifest tells
        file = breaking.files(job)[1]
        file.rename(outside / file.name)
        file.symlink_to(outside / file.name)
    elif kind == "a folder":
        (folder / "state" / "more").symlink_to(outside)
    else:
        (folder / "more").symlink_to("../../../outside/secret")
    assert any("is a link" in one for one in problems(folder))
    with pytest.raises(DamagedError, match="is a link"):
        copy_checkpoint(checkpoints, breaking.CUT_AT, tmp_path / "other", "0123")
    told = []
    opened = Checkpoints(checkpoints, tell=told.append)
    assert opened.newest().step == breaking.OLDER
    opened.close()
    assert "is a link" in told[0]
    assert (outside / "secret").read_text() == "whatever"
