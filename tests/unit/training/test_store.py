"""The checkpoints of one run: whole or not there, and one writer."""

import numpy as np
import pytest

from glidepath.record.claim import ClaimedError
from glidepath.training.checkpoints import About, Checkpoints, Keep, SaveError, discard_after


def arrays(number):
    return {"w": np.full(5, number, np.float32), "step": np.array(number, np.int32)}


@pytest.fixture
def opened(tmp_path):
    told = []
    checkpoints = Checkpoints(tmp_path / "checkpoints", Keep(newest=2), told.append)
    checkpoints.told = told
    yield checkpoints
    checkpoints.close()


def save(checkpoints, *steps):
    for step in steps:
        checkpoints.save(arrays(step), About(step))
    checkpoints.wait()


def test_what_was_saved_comes_back_and_the_newest_stay(opened):
    save(opened, 0, 5, 10, 15)
    assert opened.steps == [10, 15]
    assert opened.saved() == [0, 5, 10, 15]
    assert opened.saved() == []
    assert opened.newest().step == 15
    restored = opened.restore(10, arrays(0))
    assert np.array_equal(restored["w"], arrays(10)["w"])
    assert int(restored["step"]) == 10


def test_arrays_may_be_changed_as_soon_as_save_returns(opened):
    mine = arrays(1)
    opened.save(mine, About(1))
    mine["w"][:] = 99
    opened.wait()
    assert np.array_equal(opened.restore(1, arrays(0))["w"], arrays(1)["w"])


def test_a_checkpoint_is_asked_for_by_its_step_and_later_ones_are_removed(opened):
    save(opened, 5, 10)
    with pytest.raises(FileNotFoundError, match=r"at step 7 in .* is not there; there are 5, 10"):
        opened.at(7)
    assert opened.at(5).step == 5
    discard_after(opened._path, 5)
    assert opened.steps == [5]


def test_one_that_is_asked_for_and_damaged_is_set_aside_and_the_others_are_named(opened):
    save(opened, 5, 10)
    (opened._path / "10" / "more").touch()
    with pytest.raises(FileNotFoundError, match=r"step 10 in .* is damaged; there are 5"):
        opened.at(10)
    assert opened.newest().step == 5


def test_what_was_not_due_is_passed_over_where_it_is_not_wanted(opened):
    save(opened, 5)
    opened.save(arrays(7), About(7, is_due=False))
    opened.wait()
    assert opened.newest().step == 7
    assert opened.newest(lambda one: one.is_due).step == 5


def test_an_older_one_that_is_damaged_stops_no_save(opened):
    save(opened, 1, 2)
    (opened._path / "1" / "manifest.json").write_text("{}")
    save(opened, 3)
    assert opened.saved() == [1, 2, 3]
    assert opened.steps == [1, 2, 3]


def test_one_that_cannot_be_removed_is_told_and_stops_no_save(opened, monkeypatch):
    save(opened, 1, 2)

    def refuse(directory):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("glidepath.training.checkpoints.store._remove", refuse)
    save(opened, 3)
    assert opened.saved() == [1, 2, 3]
    assert any("step 1 stays: [Errno 13]" in one for one in opened.told)


def test_what_orbax_has_not_finished_is_no_checkpoint(opened, monkeypatch):
    save(opened, 1)
    monkeypatch.setattr("glidepath.training.checkpoints.store.WRITTEN_LAST", "not-there")
    opened.save(arrays(2), About(2))
    with pytest.raises(SaveError, match="orbax has written no not-there"):
        opened.wait()
    assert opened.steps == [1]


def test_a_path_that_orbax_takes_for_a_pattern_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"orbax takes \[ \] in a path for a pattern"):
        Checkpoints(tmp_path / "runs [old]" / "checkpoints")


def test_there_is_one_writer_until_it_closes(tmp_path, opened):
    with pytest.raises(ClaimedError, match="is being written by process"):
        Checkpoints(tmp_path / "checkpoints")
    save(opened, 1)
    opened.close()
    again = Checkpoints(tmp_path / "checkpoints")
    assert again.steps == [1]
    again.close()


def test_what_a_killed_process_left_is_removed_and_nothing_else(tmp_path):
    path = tmp_path / "checkpoints"
    for name in ("5.saving/state", "3.removing", "3.removing.2", "4.damaged", "notes"):
        (path / name).mkdir(parents=True)
    Checkpoints(path).close()
    assert sorted(one.name for one in path.iterdir()) == ["4.damaged", "notes"]


def test_a_save_that_fails_names_the_last_good_one_and_leaves_no_half(opened, monkeypatch):
    save(opened, 1)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("glidepath.training.checkpoints.store.write_manifest", full)
    opened.save(arrays(2), About(2))
    with pytest.raises(SaveError, match=r"step 2 .* last good one is at step 1: .*No space left"):
        opened.wait()
    assert opened.steps == [1]
    assert [one.name for one in opened._path.iterdir()] == ["1"]
    monkeypatch.undo()
    save(opened, 2)
    assert opened.steps == [1, 2]


def test_damaged_ones_are_set_aside_under_names_of_their_own(opened):
    save(opened, 1)
    for _ in range(2):
        save(opened, 2)
        (opened._path / "2" / "more").touch()
        assert opened.newest().step == 1
    assert sorted(one.name for one in opened._path.iterdir()) == ["1", "2.damaged", "2.damaged.2"]
    assert all("more is no file of it" in one for one in opened.told)
