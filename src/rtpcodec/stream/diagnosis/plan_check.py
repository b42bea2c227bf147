"""What `start`, tracks and formats of a stream say against its plan."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from rtpcodec.stream.diagnosis import kinds
from rtpcodec.stream.events import Diagnosis, FormatChanged
from rtpcodec.stream.messages import MediaFormat
from rtpcodec.stream.plan import StreamPlan

ANY_CODEC: Final = StreamPlan().receive_codec
"""The default of plans: that of the call."""


def of_start(plan: StreamPlan, media_format: MediaFormat) -> Iterable[Diagnosis]:
    """Compare the format of `start` with the codec that the plan asks for."""
    if plan.receive_codec not in (ANY_CODEC, media_format.encoding):
        yield kinds.codec_not_as_planned(plan.receive_codec, media_format.encoding)


def of_change(change: FormatChanged) -> Iterable[Diagnosis]:
    """Judge a format that was found in the payloads."""
    track = change.track or "inbound"
    if change.before.encoding == change.after.encoding:
        yield kinds.packing_not_as_planned(change.after.encoding, track)
    else:
        yield kinds.wrong_reading(change.before.encoding, change.after.encoding, change.reason, track)
