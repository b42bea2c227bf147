"""Two directions on one timeline."""

from __future__ import annotations

import numpy as np
import pytest

from rtpcodec import codec
from rtpcodec.rtp.capture.report import SenderReport
from tests.rtp.capture.made_calls import BEGIN_NS, MS, PCMU, A, B, Sender, decoded, packetizer

CLICK_MS = 500
NTP_S = 4_009_000_000.0


def clicking(at_ms: float, *, delay_ms: float, backward: bool, report_delay_ms: float | None = None,
             clock_ahead_s: float = 0.0) -> Sender:  # fmt: skip
    """Return a sender that begins at a time and whose sound is a click at CLICK_MS; packets arrive after a delay."""
    samples = np.zeros(16_000, np.int16)
    samples[int((CLICK_MS - at_ms) * 8)] = 20_000
    payload = codec("PCMU").encoder().encode(samples.tobytes())
    source, destination, ssrc = (B, A, 0xB) if backward else (A, B, 0xA)
    stream = packetizer(PCMU, 0, ssrc=ssrc)
    first = stream.timestamp
    sender = Sender(source=source, destination=destination, ssrc=ssrc)
    made = [one for at in range(0, 16_000, 160) for one in stream.packetize(payload[at : at + 160])]
    sender.send(made, at_ms + delay_ms)
    # Jitter on top of the least delay, which a few packets alone have.
    sender.sent = [
        (at + (0 if number % 7 == 3 else 11 + number % 5), one) for number, (at, one) in enumerate(sender.sent)
    ]
    if report_delay_ms is not None:
        sender.sender_reports = tuple(
            SenderReport(NTP_S + clock_ahead_s + (at_ms + later) / 1000, (first + 8 * later) & 0xFFFF_FFFF,
                         BEGIN_NS + round((at_ms + later + report_delay_ms) * MS))
            for later in (0, 700, 1400)
        )  # fmt: skip
    return sender


def clicks_ms(channels: list[bytes]) -> list[float]:
    return [float(np.argmax(np.frombuffer(pcm, np.int16))) / 8 for pcm in channels]


@pytest.mark.parametrize("delays_ms", [(20, 20), (5, 120), (150, 30)])
def test_sender_reports_align_what_was_sent_at_once(delays_ms: tuple[float, float]) -> None:
    forward = clicking(0, delay_ms=delays_ms[0], backward=False, report_delay_ms=delays_ms[0] + 3)
    backward = clicking(240, delay_ms=delays_ms[1], backward=True, report_delay_ms=delays_ms[1] + 9)
    kept, sound = decoded([forward], [backward])
    assert sound.alignment == "rtcp"
    one, two = clicks_ms([kept.channel(0), kept.channel(1)])
    assert abs(one - two) <= 1


@pytest.mark.parametrize(("delays_ms", "apart_ms"), [((20, 20), 0), ((5, 120), 115)])
def test_without_reports_the_quickest_packets_align(delays_ms: tuple[float, float], apart_ms: float) -> None:
    forward = clicking(0, delay_ms=delays_ms[0], backward=False, report_delay_ms=4)
    backward = clicking(240, delay_ms=delays_ms[1], backward=True)
    kept, sound = decoded([forward], [backward])
    assert sound.alignment == "transit"
    one, two = clicks_ms([kept.channel(0), kept.channel(1)])
    assert two - one == pytest.approx(apart_ms, abs=1)


def test_wall_clocks_that_disagree_are_not_used() -> None:
    forward = clicking(0, delay_ms=20, backward=False, report_delay_ms=20)
    backward = clicking(240, delay_ms=20, backward=True, report_delay_ms=20, clock_ahead_s=37.0)
    kept, sound = decoded([forward], [backward])
    assert sound.alignment == "transit"
    assert sound.notes == ("the wall clocks of the senders differ by 37.000 s, so their reports are not used",)
    one, two = clicks_ms([kept.channel(0), kept.channel(1)])
    assert abs(one - two) <= 1


@pytest.mark.parametrize("without", [(True, True), (True, False), (False, True)])
def test_reports_without_a_wall_clock_are_not_used(without: tuple[bool, bool]) -> None:
    """RFC 3550 section 6.4.1: a sender without a wall clock may set the NTP timestamp to zero."""
    senders = [clicking(0, delay_ms=20, backward=False, report_delay_ms=20),
               clicking(240, delay_ms=50, backward=True, report_delay_ms=50)]  # fmt: skip
    for sender, has_no_clock in zip(senders, without, strict=True):
        if has_no_clock:
            sender.sender_reports = tuple(one._replace(ntp_s=0.0) for one in sender.sender_reports)
    kept, sound = decoded(senders[:1], senders[1:])
    assert (sound.alignment, sound.notes) == ("transit", ())
    one, two = clicks_ms([kept.channel(0), kept.channel(1)])
    assert two - one == pytest.approx(30, abs=1)


def test_the_channels_are_equally_long_and_begin_with_the_first_sound() -> None:
    kept, sound = decoded([clicking(100, delay_ms=0, backward=False)], [clicking(260, delay_ms=0, backward=True)])
    assert len(kept.channel(0)) == len(kept.channel(1)) == 2 * sound.samples == 2 * (16_000 + 160 * 8)
    assert sound.begin_ns == BEGIN_NS + 100 * MS
    assert clicks_ms([kept.channel(0), kept.channel(1)]) == [400, 400]
