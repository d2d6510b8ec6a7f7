"""One writer at a time, who is named."""

import os
import platform
import subprocess
import sys

import pytest

from glidepath.record.claim import ClaimedError, claim


def test_the_second_is_told_who_is_there_and_may_when_the_first_has_let_go(tmp_path):
    path = tmp_path / "not" / "there" / "record.jsonl"
    first = claim(path)
    assert path.with_name(".record.jsonl.lock").read_text() == (
        f"process {os.getpid()} on {platform.node()}\n"
    )
    who = f"record.jsonl is being written by process {os.getpid()} on "
    with pytest.raises(ClaimedError, match=who):
        claim(path)
    first.release()
    second = claim(path)
    assert second.is_locked
    second.release()


def test_files_beside_each_other_have_locks_of_their_own(tmp_path):
    first, second = claim(tmp_path / "a"), claim(tmp_path / "b")
    assert first.is_locked
    assert second.is_locked
    first.release()
    second.release()


def test_what_a_process_held_is_free_when_it_has_been_killed(tmp_path):
    code = (
        "import os, signal, sys; from pathlib import Path\n"
        "from glidepath.record.claim import claim\n"
        "lock = claim(Path(sys.argv[1])); os.kill(os.getpid(), signal.SIGKILL)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path / "a")], check=False)
    assert done.returncode == -9
    claim(tmp_path / "a").release()


@pytest.mark.parametrize("text", [b"", b"\n", b"\xff\xfe" * 500])
def test_a_holder_without_a_name_is_another_process_or_cut_short(text, tmp_path):
    lock = claim(tmp_path / "a")
    (tmp_path / ".a.lock").write_bytes(text)
    with pytest.raises(ClaimedError, match="is being written by") as caught:
        claim(tmp_path / "a")
    assert ("another process" in str(caught.value)) == (not text.strip())
    assert len(str(caught.value)) < len(str(tmp_path)) + 200
    lock.release()
