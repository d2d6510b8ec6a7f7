"""A stream that nobody reads any more."""

import os
import sys
from pathlib import Path

import pytest

from glidepath.view.steady_output import SteadyOutput


def test_what_is_written_arrives(tmp_path):
    with (tmp_path / "out").open("w") as stream:
        steady = SteadyOutput(stream)
        assert steady.write("text") == 4
        steady.flush()
        assert (steady.isatty(), steady.encoding, steady.fileno()) == (
            False, stream.encoding, stream.fileno())  # fmt: skip
    assert (tmp_path / "out").read_text() == "text"


def test_a_closed_pipe_is_no_error_then_or_later():
    reads, writes = os.pipe()
    os.close(reads)
    with os.fdopen(writes, "w", buffering=1) as stream:
        steady = SteadyOutput(stream)
        for _ in range(3):
            assert steady.write("nobody\n") == 7
            steady.flush()
        stream.write("at the end Python flushes it\n")


@pytest.mark.skipif(sys.platform == "win32", reason="needs a device that is full")
def test_a_full_disk_is_no_error():
    with Path("/dev/full").open("w", buffering=1) as stream:
        steady = SteadyOutput(stream)
        steady.write("too much\n")
        steady.flush()
