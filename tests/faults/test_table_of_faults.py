"""The page on surviving has a row for every fault, and nothing was lost."""

from tests.faults.__main__ import BEGIN, END, HEAD, PAGE, SAID, row
from tests.faults.outcome import GOOD, Outcome


def test_the_page_has_a_row_for_every_fault_and_nothing_was_lost():
    text = PAGE.read_text()
    assert text.count(BEGIN) == text.count(END) == 1
    table = text[text.index(BEGIN) + len(BEGIN) : text.index(END)].strip()
    assert table.startswith(HEAD)
    rows = [line.strip("| ").split(" | ") for line in table.splitlines()[2:]]
    assert [name for name, *_ in rows] == list(SAID)
    for _, tried, *good, lost, orphans in rows:
        assert int(tried) >= 3
        assert good in ([tried] * 3, [tried] * 2 + ["-"])
        assert (lost, orphans) == ("0", "0")


def test_what_is_lost_is_counted():
    bad = [Outcome(survived=False, is_equal=False), Outcome(survived=True, is_equal=False)]
    told = Outcome(survived=True, is_equal=True, num_orphans=2, told=False)
    assert row("x", [GOOD, *bad, told]) == "| x | 4 | 3 | 2 | 3 | 2 | 2 |"
