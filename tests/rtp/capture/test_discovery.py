"""RTP streams are found without signalling, and nothing else is taken for one."""

from __future__ import annotations

from rtpcodec.rtp.capture.discovery import find_streams
from tests.rtp.capture.wire import ALICE, BOB, in_order, stream


def test_both_directions_are_one_call() -> None:
    there = stream(100, ALICE, BOB, ssrc=1, payload_type=0)
    back = stream(80, BOB, ALICE, ssrc=2, payload_type=8, start_ms=5)
    report = find_streams(in_order(there, back))
    assert [(one.ssrc, one.packets, one.expected, one.lost) for one in report.streams] == [
        (1, 100, 100, 0),
        (2, 80, 80, 0),
    ]
    assert [one.codecs[next(iter(one.codecs))].name for one in report.streams] == ["PCMU", "PCMA"]
    (call,) = report.calls
    assert (call.forward, call.backward) == (report.streams[:1], report.streams[1:])
    assert call.paired_by == "addresses"
    assert report.counts.rtp == report.counts.datagrams == 180
