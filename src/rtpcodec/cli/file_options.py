"""Options of the commands for files."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Final

import typer

PAYLOAD_TYPES: Final = 128
"""RTP has 7 bits for them."""

ToRate = Annotated[
    int | None,
    typer.Option("--rate", metavar="HZ", help="Sample rate of the output. Default: that of the input, if possible."),
]
Channel = Annotated[int | None, typer.Option(min=0, help="The channel to take, from 0. Default: all.")]
FromKind = Annotated[
    str | None, typer.Option("--from", metavar="KIND", help="Kind of the input, where its octets do not say it: ulaw.")
]
FromRate = Annotated[int | None, typer.Option("--from-rate", metavar="HZ", help="Its sample rate, if it is raw.")]
ByteOrder = Annotated[str | None, typer.Option("--byte-order", help="Of raw L16 input: `big` or `little`.")]
Jobs = Annotated[int | None, typer.Option("--jobs", "-j", metavar="N", help="Threads. Default: one per core.")]
ManifestFile = Annotated[
    Path | None,
    typer.Option("--manifest", metavar="FILE", help="New file of JSON lines: what became of each file."),
]
ResumeFile = Annotated[
    Path | None, typer.Option("--resume", metavar="FILE", help="Manifest of a run to continue; begun if it is missing.")
]
Replace = Annotated[bool, typer.Option("--replace", help="Replace existing files.")]
PayloadTypes = Annotated[
    list[str] | None,
    typer.Option("--codec", metavar="PT=NAME[/RATE]", help="What a payload type means: 96=L16/16000; repeatable."),
]


def payload_types(pairs: list[str] | None, *, decoded: bool = True) -> dict[int, str] | None:
    """Read the meanings of payload types.

    decoded: whether payloads will be decoded.
    Raises: ValueError: not PT=NAME[/RATE], twice the same payload type, a wrong rate, or one that cannot be decoded,
        because of a library that is missing as well. UnknownCodec.
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
    """Return the number of threads: one per processor that this process may use, unless given. ValueError."""
    from rtpcodec.bulk.work import MAX_JOBS, require_jobs

    if jobs is not None:
        return require_jobs(jobs)
    affinity = getattr(os, "sched_getaffinity", None)  # not everywhere
    return min(MAX_JOBS, len(affinity(0)) if affinity is not None else os.cpu_count() or 1)
