"""The manifest of a checkpoint says what every byte of it was."""

import json

import pytest

from glidepath.training.checkpoints import (
    About,
    DamagedError,
    NewerError,
    Redraw,
    problems,
    read_manifest,
)
from glidepath.training.checkpoints.manifest import FILE_NAME, write_manifest

ABOUT = About(
    step=7,
    identity={"plan": "abcd"},
    heard=[(2, {"val_loss": 0.1}), (4, {"val_loss": float("inf")})],
    redraws=(Redraw(3, 6, 1),),
    metrics={"val_loss": 0.25},
    time=12.5,
)


@pytest.fixture
def checkpoint(tmp_path):
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "arrays").write_bytes(bytes(range(256)))
    (tmp_path / "empty").touch()
    write_manifest(tmp_path, ABOUT)
    return tmp_path


def test_what_was_written_is_read_again(checkpoint):
    assert read_manifest(checkpoint) == ABOUT
    assert problems(checkpoint) == []


def test_every_file_that_is_another_is_named(checkpoint):
    arrays = checkpoint / "state" / "arrays"
    arrays.write_bytes(bytes(255) + b"\1")
    assert problems(checkpoint) == ["state/arrays was changed: its SHA-256 is another"]
    arrays.write_bytes(b"short")
    assert problems(checkpoint) == ["state/arrays has 5 bytes and not 256"]
    arrays.unlink()
    (checkpoint / "more").touch()
    assert problems(checkpoint) == ["state/arrays is missing", "more is no file of it"]


def test_every_flipped_bit_of_a_manifest_is_found(checkpoint):
    file = checkpoint / FILE_NAME
    data = file.read_bytes()
    for at in range(len(data)):
        changed = bytearray(data)
        changed[at] ^= 1 << (at % 8)
        file.write_bytes(changed)
        assert problems(checkpoint), (at, data[at : at + 1])


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "7", '{"about": {}}', "\0", "[" * 20_000])
def test_what_is_no_manifest_is_damaged_and_nothing_else(text, checkpoint):
    (checkpoint / FILE_NAME).write_text(text)
    with pytest.raises(DamagedError, match=r"manifest\.json"):
        read_manifest(checkpoint)


def test_a_missing_manifest_and_one_of_the_future_say_so(checkpoint, monkeypatch):
    monkeypatch.setattr("glidepath.training.checkpoints.manifest.VERSION", 9)
    write_manifest(checkpoint, ABOUT)
    monkeypatch.undo()
    for look in (problems, read_manifest):
        with pytest.raises(NewerError, match="of version 9, and this glidepath knows 1"):
            look(checkpoint)
    assert json.loads((checkpoint / FILE_NAME).read_text())["version"] == 9
    (checkpoint / FILE_NAME).unlink()
    assert problems(checkpoint) == ["manifest.json is missing"]
