"""A text file that is there as a whole or not at all."""

from pathlib import Path

import pytest

from glidepath.record import writing
from glidepath.record.writing import write_whole


def test_a_file_is_on_the_disk_before_it_takes_the_other_s_name(tmp_path, monkeypatch):
    synced = []
    monkeypatch.setattr(
        writing.os,
        "fsync",
        lambda number: synced.append(Path(f"/proc/self/fd/{number}").readlink()),
    )
    write_whole(tmp_path / "a.json", "1\n")
    assert (tmp_path / "a.json").read_bytes() == b"1\n"
    assert synced == [tmp_path / "a.json.partial", tmp_path]
    assert [one.name for one in tmp_path.iterdir()] == ["a.json"]


def test_a_file_that_can_t_be_written_leaves_what_was_there(tmp_path, monkeypatch):
    write_whole(tmp_path / "a.json", "old\n")

    def full(number):
        raise OSError("no space")

    monkeypatch.setattr(writing.os, "fsync", full)
    with pytest.raises(OSError, match="no space"):
        write_whole(tmp_path / "a.json", "new\n")
    assert (tmp_path / "a.json").read_text() == "old\n"


def test_a_file_that_is_replaced_keeps_its_rights(tmp_path):
    (tmp_path / "a.json").touch(mode=0o600)
    write_whole(tmp_path / "a.json", "1\n")
    assert (tmp_path / "a.json").stat().st_mode & 0o777 == 0o600
