"""Payloads that are not valid in the codec of their `start`: what they could be instead, and when to believe it.

A call can change its codec without a `start`, for instance by a transfer. The payloads alone then say which codec they
have, and they say it badly: every octet string is valid PCMU, PCMA and G722, every second one is valid L16, and one in
four payloads of speech in PCMU is a valid OPUS packet. Therefore:

- one misfit changes nothing, IN_A_ROW misfits in a row change the codec if exactly one reading fits them all;
- a reading fits only if all payloads play equally long, and whole STEP_MS;
- if any sample codec fits, none is chosen, because PCMU, PCMA, G722 and L16 cannot be told apart;
- a codec that validates its payloads in full (one with several packings) is believed before one that hardly does, and
  the latter only if the payloads differ in length: equally long ones may be samples, cut wrongly;
- after a change, the declared codec returns as soon as it fits IN_A_ROW payloads in a row, which it had refused before.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from rtpcodec.codecs import CodecInfo, codec, codec_names
from rtpcodec.errors import PayloadError
from rtpcodec.rtp.payloads import AdaptivePayloadFormat, PayloadFormat, payload_format
from rtpcodec.stream.empty_collections import NO_NAMES
from rtpcodec.stream.events import Event, FormatChanged, PayloadMisfit
from rtpcodec.stream.messages import MediaFormat
from rtpcodec.stream.plan import StreamPlan
from rtpcodec.stream.receive_codec import PcmRate, ReceiveCodec

IN_A_ROW: Final = 10
"""200 ms of 20 ms chunks."""
STEP_MS: Final = 10.0
"""Senders choose whole multiples of this for their chunks."""
MAX_JUDGED_OCTETS: Final = 8192
"""A longer payload is not judged: no sender of such chunks changes its codec unnoticed, and rows keep payloads."""


@dataclass(slots=True)
class _Row:
    """What the last payloads of one track showed."""

    misfits: list[bytes] = field(default_factory=list)
    declared_fits: int = 0  # payloads in a row that fit the declared codec, while another one is in force
    declared_ms: float = 0.0  # how long each of those plays


class CodecDetector:
    """Count the misfits of one receive chain, report them, and find the codec that they have."""

    __slots__ = ("_declared", "_pcm_hz", "_plan", "_rows", "_told", "count", "events")

    def __init__(self, plan: StreamPlan, declared: ReceiveCodec, pcm_hz: PcmRate) -> None:
        self._plan = plan
        self._declared = declared
        self._pcm_hz: PcmRate = pcm_hz
        self._rows: dict[str, _Row] = {}
        self._told: frozenset[str] = NO_NAMES
        self.count = 0
        self.events: list[Event] = []
        """Events to report before the payload that caused them."""

    def take_events(self) -> list[Event]:
        """Remove and return the events."""
        events, self.events = self.events, []
        return events

    def misfit(self, track: str, payload: bytes, current: ReceiveCodec, reason: str) -> ReceiveCodec | None:
        """Take a payload that does not fit.

        Args:
            track: Its track.
            payload: The payload.
            current: The codec in force on that track.
            reason: The rule of that codec that it breaks.

        Returns:
            The codec to use from this payload on; None: the one in force.
        """
        self.count += 1
        encoding = current.media_format.encoding
        if encoding not in self._told:
            self._told |= {encoding}
            self.events.append(PayloadMisfit(encoding, track, reason, self._remedy(payload, current)))
        row = self._rows.setdefault(track, _Row())
        if len(payload) > MAX_JUDGED_OCTETS:
            row.misfits.clear()
            return None
        if self._declared_returns(row, payload, current):
            return self._changed(track, current, self._declared)
        row.misfits.append(payload)
        if len(row.misfits) < IN_A_ROW:
            return None
        found = self._reading(row.misfits, current)
        row.misfits.clear()
        return None if found is None else self._changed(track, current, found)

    def fit(self, track: str, payload: bytes, current: ReceiveCodec) -> ReceiveCodec | None:
        """Take a payload that fits, on a track that had misfits. Arguments and result as for `misfit`."""
        row = self._rows[track]
        row.misfits.clear()
        if len(payload) <= MAX_JUDGED_OCTETS and self._declared_returns(row, payload, current):
            return self._changed(track, current, self._declared)
        return None

    def _declared_returns(self, row: _Row, payload: bytes, current: ReceiveCodec) -> bool:
        """Return whether another codec is in force, and the declared one has fitted often enough."""
        if current is self._declared:
            return False
        payloads = self._declared.new_payloads()
        found_ms = None if payloads is None else _steady_ms(payloads, self._declared.clock_hz, [payload])
        if found_ms is None:
            row.declared_fits = 0
            return False
        row.declared_fits = row.declared_fits + 1 if found_ms == row.declared_ms else 1
        row.declared_ms = found_ms
        return row.declared_fits >= IN_A_ROW

    def _changed(self, track: str, before: ReceiveCodec, after: ReceiveCodec) -> ReceiveCodec:
        self._rows[track] = _Row()
        reason = f"{IN_A_ROW} payloads in a row fit {after.media_format.encoding}"
        if after.media_format.encoding == before.media_format.encoding:
            reason += ", in another packing than before"
        self.events.append(
            FormatChanged(before.media_format, after.media_format, announced=False, reason=reason, track=track)
        )
        return after

    def _reading(self, row: list[bytes], current: ReceiveCodec) -> ReceiveCodec | None:
        """Return the only codec that fits all payloads; None: there is none, or there are several."""
        # 1. The same codec in another packing than the plan gives.
        if current.is_given and current.info is not None and _fits(current.info, row):
            return ReceiveCodec(self._plan, current.media_format, self._pcm_hz, plan_decides=False)
        # 2. Another codec. All sample codecs fit alike.
        found = [info for info in _others(current) if _fits(info, row)]
        if any(info.kind == "sample" for info in found):
            return None
        sure = [info for info in found if isinstance(payload_format(info), AdaptivePayloadFormat)]
        if not sure and len({len(payload) for payload in row}) == 1:
            return None
        found = sure or found
        if len(found) != 1:
            return None
        media_format = MediaFormat(found[0].name, found[0].sample_rate_hz(), 1)
        return ReceiveCodec(self._plan, media_format, self._pcm_hz, plan_decides=False)

    def _remedy(self, payload: bytes, current: ReceiveCodec) -> str:
        """Return what to change, by the codecs that this payload would fit."""
        info = current.info
        if current.is_given and info is not None and _fits(info, [payload]):
            given = self._plan.payload_options(info.name)
            fields = ", ".join(setting.field for setting in info.payload_settings if setting.keyword in given)
            return f"it fits {info.name} in another packing: leave {fields} of the plan at its default"
        names = [info.name for info in _others(current) if _fits(info, [payload])]
        if not names:
            return "it fits no codec that is known here: compare media_format of start with what the sender has"
        return (
            f"it fits {', '.join(names)}: if the call has changed its codec without a start, name the codec to receive "
            "by stream_codec in the command, or stop the stream and start it again"
        )


def _others(current: ReceiveCodec) -> Iterable[CodecInfo]:
    return (info for info in map(codec, codec_names()) if info is not current.info)


def _fits(info: CodecInfo, row: list[bytes]) -> bool:
    """Return whether all payloads are valid, and equally long, at one of the codec's rates."""
    rates_hz = info.sample_rates_hz if info.kind == "sample" else info.sample_rates_hz[:1]
    return any(
        _steady_ms(payload_format(info, rate_hz), info.rtp_clock_hz(rate_hz), row) is not None for rate_hz in rates_hz
    )


def _steady_ms(payloads: PayloadFormat, clock_hz: int, row: list[bytes]) -> float | None:
    """Return how long each payload plays; None: one is not valid, or they are not equally long, or not by STEP_MS."""
    try:
        durations_ms = {payloads.ticks(payload) * 1000 / clock_hz for payload in row}
    except PayloadError:
        return None
    duration_ms = durations_ms.pop()
    return None if durations_ms or duration_ms % STEP_MS else duration_ms
