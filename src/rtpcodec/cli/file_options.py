"""Options that several commands for files share."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Final

import typer

PAYLOAD_TYPES: Final = 128
"""RTP's field has 7 bits."""

ToRate = Annotated[
    int | None,
    typer.Option("--rate", metavar="HZ", help="Sample rate of the output. Default: that of the input, if possible."),
]
Channel = Annotated[int | None, typer.Option(min=0, help="The channel to take, from 0. Default: all.")]
FromKind = Annotated[str | None, typer.Option("--from", metavar="KIND", help="Kind of raw input, such as ulaw.")]
FromRate = Annotated[int | None, typer.Option("--from-rate", metavar="HZ", help="Sample rate of raw input.")]
ByteOrder = Annotated[str | None, typer.Option("--byte-order", help="Byte order of raw L16 input: `big` or `little`.")]
Jobs = Annotated[int | None, typer.Option("--jobs", "-j", metavar="N", help="Threads. Default: one per core.")]
ManifestFile = Annotated[
    Path | None,
    typer.Option("--manifest", metavar="FILE", help="New file of JSON lines with the result of each file."),
]
ResumeFile = Annotated[
    Path | None, typer.Option("--resume", metavar="FILE", help="Manifest of a run to continue; created if missing.")
]
Replace = Annotated[bool, typer.Option("--replace", help="Replace existing files.")]
PayloadTypes = Annotated[
    list[str] | None,
    typer.Option("--codec", metavar="PT=NAME[/RATE]", help="Codec of a payload type, as 96=L16/16000; repeatable."),
]


def payload_types(pairs: list[str] | None, *, decoded: bool = True) -> dict[int, str] | None:
    """Parse the codecs of payload types.

    Args:
        pairs: texts `PT=NAME[/RATE]`.
        decoded: whether the codecs must be decodable.

    Raises:
        ValueError: not PT=NAME[/RATE], a payload type twice, a wrong rate, or a codec that cannot be decoded, also
            because its library is missing.
        UnknownCodec: an unknown name.
    """
    found: dict[int, str] = {}
    for pair in pairs or ():
        number, equals, name = pair.partition("=")
        if not (number.isascii() and number.isdigit() and equals and name and int(number) < PAYLOAD_TYPES):
            raise ValueError(f"--codec {pair} is not of the form PT=NAME[/RATE] with PT from 0 to {PAYLOAD_TYPES - 1}")
        if int(number) in found:
            raise ValueError(f"--codec has payload type {number} twice")
        found[int(number)] = name
    from rtpcodec.rtp.capture.codec_choice import COMFORT_NOISE, TELEPHONE_EVENT, given_codecs
    from rtpcodec.rtp.capture.payload_audio import payload_audio

    for payload_type, given in given_codecs(found).items():
        if decoded and given.name not in (TELEPHONE_EVENT, COMFORT_NOISE):
            reason = payload_audio(given, None)
            if isinstance(reason, str):
                raise ValueError(f"--codec {payload_type}={found[payload_type]}: {reason}")
    return found or None


def threads_of(jobs: int | None) -> int:
    """Return the number of threads, by default one per processor that this process may use. ValueError."""
    from rtpcodec.bulk.work import MAX_JOBS, require_jobs

    if jobs is not None:
        return require_jobs(jobs)
    affinity = getattr(os, "sched_getaffinity", None)  # not everywhere
    return min(MAX_JOBS, len(affinity(0)) if affinity is not None else os.cpu_count() or 1)
