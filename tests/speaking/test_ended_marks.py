"""Names of ended marks: those of user marks are kept."""

from __future__ import annotations

from rtpcodec.stream.marks import OWN_PREFIX
from rtpcodec.stream.speaking.far_end import FarEnd
from rtpcodec.stream.speaking.sent_marks import MAX_ENDED_NAMES, MarkNames, SentMark


def ended(names: MarkNames, name: str, number: int) -> None:
    mark = SentMark(name, number, 0, FarEnd(8000).run, 0.0, 0.0, own=name.startswith(OWN_PREFIX), dry=False)
    names.add(mark)
    assert names.pop(name) is mark


def test_own_marks_do_not_displace_names_of_user_marks() -> None:
    names = MarkNames()
    ended(names, "greeting", 0)
    for number in range(2 * MAX_ENDED_NAMES):
        ended(names, f"{OWN_PREFIX}{number}", number)
    assert names.has_ended("greeting")


def test_ended_names_are_kept_up_to_the_limit() -> None:
    names = MarkNames()
    for number in range(MAX_ENDED_NAMES + 1):
        ended(names, f"mark {number}", number)
    assert [names.has_ended(f"mark {number}") for number in (0, 1, MAX_ENDED_NAMES)] == [False, True, True]
