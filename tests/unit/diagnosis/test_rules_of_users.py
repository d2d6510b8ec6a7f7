"""A rule that a user wrote."""

import re

import pytest

from glidepath.diagnosis import Finding, Rule, diagnose
from glidepath.record import Recorder

SAID = ("the loss was above 3", "it was below before", ("look at the data of that step",))


def find(history):
    """The first loss above 3."""
    steps, losses = history.known("loss")
    if (losses > 3).any():
        yield Finding("too-high", "note", "certain", int(steps[losses > 3][0]), *SAID)


PARTS = {
    "code": "too-high",
    "looks_at": "the loss of every update",
    "threshold": "a loss above 3",
    "source": "our last ten runs",
    "find": find,
}


def test_a_rule_of_a_user_is_asked_and_no_other(tmp_path):
    with Recorder(tmp_path) as recorder:
        for step, loss in enumerate([1.0, 2.0, 4.0, 5.0]):
            recorder.log(step, loss)
    (finding,) = diagnose(tmp_path, rules=[Rule(**PARTS)])
    assert (finding.code, finding.step, finding.tries) == ("too-high", 2, SAID[2])


@pytest.mark.parametrize("name", ["code", "looks_at", "threshold", "source"])
@pytest.mark.parametrize("value", ["", " ", None, 3])
def test_a_rule_says_what_it_is(name, value):
    message = f"`{name}` must be a text that is not empty, got {value!r}"
    with pytest.raises(ValueError, match=re.escape(message)):
        Rule(**PARTS | {name: value})


def test_a_rule_has_a_function():
    with pytest.raises(ValueError, match=r"`find` must be a function .*, got 'find'"):
        Rule(**PARTS | {"find": "find"})


@pytest.mark.parametrize(
    ("part", "message"),
    [
        ({"level": "fatal"}, "`level` must be one of error, warning, note, got 'fatal'"),
        ({"sure": 0.9}, "`sure` must be one of certain, likely, possible, got 0.9"),
        ({"tries": ()}, "`tries` must have at least one thing to try, got ()"),
        ({"tries": "sit"}, "`tries` must be a tuple of texts, got the text 'sit'"),
        ({"arrays": "w"}, "`arrays` must be a tuple of texts, got the text 'w'"),
    ],
)
def test_a_finding_refuses_what_cannot_be_shown(part, message):
    what, why, tries = SAID
    parts = {"code": "too-high", "level": "note", "sure": "certain", "step": 2, "what": what}
    with pytest.raises(ValueError, match=re.escape(message)):
        Finding(**parts | {"why": why, "tries": tries} | part)
