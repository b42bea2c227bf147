"""RTCP beside streams: the two clocks of a sender, its name, its end; in bounded memory."""

from __future__ import annotations

from itertools import pairwise
from struct import pack

import pytest

from rtpcodec.rtp.capture import rtcp_log
from rtpcodec.rtp.capture.datagrams import Datagram
from rtpcodec.rtp.capture.discovery import find_streams
from rtpcodec.rtp.capture.rtcp_log import RtcpLog
from tests.rtp.capture.wire import ALICE, BOB, START_NS, in_order, stream

NTP_1970 = 2_208_988_800


def report(ssrc: int, at_ms: float, rtp_timestamp: int, more: bytes = b"") -> Datagram:
    """Return a sender report to the port next to that of RTP."""
    ntp = round((NTP_1970 + at_ms / 1000) * (1 << 32))
    octets = pack(">BBHIQIII", 0x80, 200, 6, ssrc, ntp, rtp_timestamp, 0, 0) + more
    ends = ALICE._replace(port=4001), BOB._replace(port=5003)
    return Datagram(START_NS + round(at_ms * 1e6), *ends, octets, 0)


def test_reports_name_and_end_belong_to_their_stream() -> None:
    name = pack(">BBHIBB", 0x81, 202, 4, 1, 1, 7) + b"a@b.org" + bytes(3)
    bye = pack(">BBHI", 0x81, 203, 1, 1)
    packets = in_order(
        stream(200, ssrc=1), [report(1, 1000, 8000, name), report(2, 1100, 1), report(1, 3000, 24_000, bye)]
    )
    counted = find_streams(packets)
    (found,) = counted.streams
    assert [(one.ntp_s, one.rtp_timestamp, one.arrival_ns) for one in found.sender_reports] == [
        (NTP_1970 + 1, 8000, START_NS + 1_000_000_000),
        (NTP_1970 + 3, 24_000, START_NS + 3_000_000_000),
    ]
    assert (found.cname, found.said_bye, counted.counts.rtcp) == ("a@b.org", True, 3)
    assert "a@b.org" not in repr(counted)


def test_reports_of_the_same_ssrc_between_other_hosts_are_not_mixed() -> None:
    other = BOB._replace(host=bytes((198, 51, 100, 99)))
    packets = in_order(stream(20, ssrc=1), stream(20, ALICE, other, ssrc=1), [report(1, 100, 800)])
    assert [len(one.sender_reports) for one in find_streams(packets).streams] == [1, 0]


@pytest.mark.parametrize("count", [31, 32, 33, 64, 65, 1000, 5000])
def test_very_many_reports_are_a_sample_over_the_whole_stream(count: int) -> None:
    log = RtcpLog()
    for number in range(count):
        assert log.take(report(1, 5000 * number, number))
    kept = [one.rtp_timestamp for one in log.of(ALICE, BOB, 1).reports]
    assert len(kept) <= rtcp_log.MAX_SENDER_REPORTS
    steps = {later - earlier for earlier, later in pairwise(kept)}
    assert kept[0] == 0
    assert len(steps) == 1
    assert count - kept[-1] <= max(steps)


def test_sources_beyond_the_limit_are_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rtcp_log, "MAX_SOURCES", 5)
    log = RtcpLog()
    for ssrc in range(20):
        log.take(report(ssrc, 0, 0, pack(">BBHI", 0x81, 203, 1, ssrc + 100)))
    assert len(log._facts) == 5


def test_encrypted_rtcp_says_nothing() -> None:
    assert not RtcpLog().take(report(1, 0, 0, bytes(range(14))))
