"""Payloads that are not valid in the codec of their `start` (*misfits*), and the codec in which they are valid.

A call can change its codec without a `start`, for instance by a transfer. The payloads alone are weak evidence: every
octet string is valid PCMU, PCMA and G722, every string of even length is valid L16, and one in four payloads of speech
in PCMU is a valid OPUS packet. Therefore (docs/odd-messages.md#another-codec-without-a-start):

- One misfit changes nothing. IN_A_ROW misfits in a row change the codec if exactly one codec or packing fits them all.
- A codec fits only if all payloads have equal durations, a multiple of STEP_MS.
- If any sample codec fits, none is chosen, because PCMU, PCMA, G722 and L16 cannot be distinguished.
- A codec with several packings, which validates its payloads in full, is preferred to one that hardly does. The latter
  is chosen only if the payloads differ in length: payloads of equal length may be samples that were cut wrongly.
- After a change, the declared codec returns as soon as it fits IN_A_ROW payloads in a row.
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
"""Durations of chunks are multiples of this."""
MAX_JUDGED_OCTETS: Final = 8192
"""A longer payload is not judged: rows store payloads, and senders of such chunks announce a new codec."""


@dataclass(slots=True)
class _Row:
    """The evidence of the last payloads of one track."""

    misfits: list[bytes] = field(default_factory=list)
    declared_fits: int = 0  # payloads in a row that fit the declared codec, while another one is in force
    declared_ms: float = 0.0  # duration of each of those payloads


class CodecDetector:
    """Counts the misfits of one receive chain, reports them, and finds their codec."""

    __slots__ = ("_declared", "_pcm_hz", "_plan", "_reported", "_rows", "count", "events")

    def __init__(self, plan: StreamPlan, declared: ReceiveCodec, pcm_hz: PcmRate) -> None:
        self._plan = plan
        self._declared = declared
        self._pcm_hz: PcmRate = pcm_hz
        self._rows: dict[str, _Row] = {}
        self._reported: frozenset[str] = NO_NAMES
        self.count = 0
        self.events: list[Event] = []
        """Events to report before the payload that caused them."""

    def take_events(self) -> list[Event]:
        """Remove and return the events."""
        events, self.events = self.events, []
        return events

    def misfit(self, track: str, payload: bytes, current: ReceiveCodec, reason: str) -> ReceiveCodec | None:
        """Record a payload that is not valid.

        Args:
            track: The track of the payload.
            payload: Its octets.
            current: The current codec of the track.
            reason: The rule of that codec that the payload breaks.

        Returns:
            The codec to use from this payload on; None: the current one.
        """
        # 1. Count it, and report the first one per codec.
        self.count += 1
        encoding = current.media_format.encoding
        if encoding not in self._reported:
            self._reported |= {encoding}
            self.events.append(PayloadMisfit(encoding, track, reason, self._remedy(payload, current)))
        # 2. Too long to judge? 3. Does the declared codec return? 4. Enough misfits in a row to find another one?
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
        """Record a valid payload, on a track that had misfits. Arguments and result are those of `misfit`."""
        row = self._rows[track]
        row.misfits.clear()
        if len(payload) <= MAX_JUDGED_OCTETS and self._declared_returns(row, payload, current):
            return self._changed(track, current, self._declared)
        return None

    def _declared_returns(self, row: _Row, payload: bytes, current: ReceiveCodec) -> bool:
        """Return whether another codec is in use, and the declared one has fitted often enough."""
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
        """Return the only codec that fits all payloads; None if there is none, or several."""
        # 1. The same codec in another packing than in the plan?
        if current.is_given and current.info is not None and _fits(current.info, row):
            return ReceiveCodec(self._plan, current.media_format, self._pcm_hz, plan_decides=False)
        # 2. Another codec? If a sample codec fits, all of them do, so none can be chosen.
        found = [info for info in _others(current) if _fits(info, row)]
        if any(info.kind == "sample" for info in found):
            return None
        # 3. Codecs that validate in full are preferred; others need payloads of different lengths.
        sure = [info for info in found if isinstance(payload_format(info), AdaptivePayloadFormat)]
        if not sure and len({len(payload) for payload in row}) == 1:
            return None
        found = sure or found
        if len(found) != 1:
            return None
        media_format = MediaFormat(found[0].name, found[0].sample_rate_hz(), 1)
        return ReceiveCodec(self._plan, media_format, self._pcm_hz, plan_decides=False)

    def _remedy(self, payload: bytes, current: ReceiveCodec) -> str:
        """Return the change that helps, by the codecs in which this payload would be valid."""
        info = current.info
        if current.is_given and info is not None and _fits(info, [payload]):
            given = self._plan.payload_options(info.name)
            fields = ", ".join(setting.field for setting in info.payload_settings if setting.keyword in given)
            return f"it is valid {info.name} in another packing: leave {fields} of the plan at its default"
        names = [info.name for info in _others(current) if _fits(info, [payload])]
        if not names:
            return "it is not valid in any codec of this package: compare media_format of start with the sender's codec"
        return (
            f"it would be valid in {', '.join(names)}: if the call has changed its codec without a start, name the "
            "codec by stream_codec in the command, or stop the stream and start it again"
        )


def _others(current: ReceiveCodec) -> Iterable[CodecInfo]:
    return (info for info in map(codec, codec_names()) if info is not current.info)


def _fits(info: CodecInfo, row: list[bytes]) -> bool:
    """Return whether all payloads are valid, with equal durations, at one of the codec's rates."""
    rates_hz = info.sample_rates_hz if info.kind == "sample" else info.sample_rates_hz[:1]
    return any(
        _steady_ms(payload_format(info, rate_hz), info.rtp_clock_hz(rate_hz), row) is not None for rate_hz in rates_hz
    )


def _steady_ms(payloads: PayloadFormat, clock_hz: int, row: list[bytes]) -> float | None:
    """Return the duration of each payload; None if one is not valid, or durations differ or are not whole STEP_MS."""
    try:
        durations_ms = {payloads.ticks(payload) * 1000 / clock_hz for payload in row}
    except PayloadError:
        return None
    duration_ms = durations_ms.pop()
    return None if durations_ms or duration_ms % STEP_MS else duration_ms
