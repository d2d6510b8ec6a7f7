"""What stands in the record of a small run, for the tests of those who write it."""

from glidepath.record import History
from glidepath.record.lines import read
from glidepath.record.schema import FILE_NAME


def lines(path, kind):
    """All lines of one kind."""
    return [line for line in read(path / FILE_NAME) if line["kind"] == kind]


def kinds(path):
    """The kinds of all lines, in order, each with its step, if it has one."""
    return [(line["kind"], line.get("step")) for line in read(path / FILE_NAME)]


def column(path, name):
    """One figure of every update."""
    return History.open(path).column(name).tolist()


def steps(path):
    return [line["step"] for line in lines(path, "update")]


def look(path, step):
    """The arrays' figures at a step."""
    (found,) = [line for line in lines(path, "layers") if line["step"] == step]
    return found["arrays"]


def end(path):
    """State and reason of the last line."""
    *_, last = read(path / FILE_NAME)
    assert last["kind"] == "end"
    return last["state"], last.get("reason")
