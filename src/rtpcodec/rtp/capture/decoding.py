"""Decodes the calls of a capture file."""

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
    """Decode all calls of a capture in one pass over its file.

    Each direction of a call is one channel, placed by the RTP timestamps of its streams. Memory grows with the number
    of simultaneous calls, not with the file.

    Args:
        path: path of the capture.
        report: result of `find_streams` for the same file.
        sink_of: function of a call, its sample rate in Hz and its number of channels. It returns a context manager
            whose object has `write(pcm)`, such as `create_audio` does; None: the call is only measured.
        pcm_hz: sample rate of the sound in Hz; None: the highest rate of the call's codecs.
        gaps: "conceal" or "silence" for lost packets.

    Returns:
        One entry per call, in the order of the report.

    Raises:
        ValueError: an impossible rate or value of gaps.
        PacketFileError: the file breaks a rule of its format.
        OSError: the file cannot be read, or a sink cannot be written.
    """
    with open_packets(path) as packets:
        return decode_datagrams(packets, report, sink_of, pcm_hz=pcm_hz, gaps=gaps)
