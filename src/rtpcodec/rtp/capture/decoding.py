"""A capture's file to the sound of its calls."""

from __future__ import annotations

from os import PathLike

from rtpcodec.rtp.capture.call_decoding import SinkOf, decode_datagrams
from rtpcodec.rtp.capture.reading import open_packets
from rtpcodec.rtp.capture.report import CaptureReport
from rtpcodec.rtp.capture.sound import CallSound, Gaps


def decode_capture(
    path: str | PathLike[str],
    report: CaptureReport,
    sink_of: SinkOf,
    *,
    pcm_hz: int | None = None,
    gaps: Gaps = "conceal",
) -> list[CallSound]:
    """Make the sound of all calls of a capture in one pass over its file.

    Each direction of a call is one channel, true to the RTP timestamps of its streams. Memory grows with the calls at
    the same time, not with the file.

    path: the file that `find_streams` made the report of.
    report: its report.
    sink_of: makes what takes the sound of a call, such as `create_audio` does: the call, its sample rate in Hz and its
        number of channels are given. None: the sound is only measured.
    pcm_hz: the rate of the sound; None: the highest rate of the call's codecs.
    gaps: what stands for lost packets.
    Returns: one entry per call, in the order of the report.
    Raises: ValueError: a rate or gaps that there are not. PacketFileError: the file breaks a rule of its format.
        OSError: the file cannot be read, or a sink written.
    """
    with open_packets(path) as packets:
        return decode_datagrams(packets, report, sink_of, pcm_hz=pcm_hz, gaps=gaps)
