"""The direct path of rows that keep their rate and have one channel: one kernel from file to file.

Octets and facts equal those of reader and writer, in a tenth of their time.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Final

from rtpcodec.bulk._g711_files import pcma_decode_behind, pcmu_decode_behind
from rtpcodec.bulk.opening import OpenedRow
from rtpcodec.bulk.result_format import ResultFormat
from rtpcodec.bulk.rows import OutputRow, finished
from rtpcodec.files.formats.wav_target import header
from rtpcodec.kernels.g711 import pcma_encode, pcmu_decode, pcmu_encode
from rtpcodec.kernels.g711_transcode import pcma_to_pcmu, pcmu_to_pcma

_SAMPLE_OCTETS: Final = 2
_CODED_OCTETS: Final = {"PCMU": 1, "PCMA": 1, "PCM 16": _SAMPLE_OCTETS}
"""Octets per sample, by coding of the input."""
_KERNELS: Final[dict[tuple[str, str], Callable[[bytes, memoryview], bytes]]] = {
    ("PCMU", "wav"): pcmu_decode_behind,
    ("PCMA", "wav"): pcma_decode_behind,
    # The code of negative zero becomes that of zero, as by way of PCM.
    ("PCMU", "ulaw"): lambda _, coded: pcmu_encode(pcmu_decode(coded)),
    ("PCMU", "alaw"): lambda _, coded: pcmu_to_pcma(coded),
    ("PCMA", "ulaw"): lambda _, coded: pcma_to_pcmu(coded),
    ("PCMA", "alaw"): lambda _, coded: bytes(coded),
    ("PCM 16", "ulaw"): lambda _, coded: pcmu_encode(coded),
    ("PCM 16", "alaw"): lambda _, coded: pcma_encode(coded),
}
"""By coding of the input and kind of the output: function of the output's header and the input's samples, which returns
the whole output."""
_IS_LITTLE_ENDIAN: Final = sys.byteorder == "little"
"""Whether 16-bit samples of a WAV file are in the processor's order."""


def transcode_directly(row: OpenedRow, wanted: ResultFormat) -> OutputRow | None:
    """Transcode a row from its first sample with one kernel. None: it needs the general path, and is unchanged."""
    facts = row.facts
    coding, to = facts.codec, wanted.kind.name
    if (
        coding not in _CODED_OCTETS
        or (coding, to) not in _KERNELS
        or facts.channels != 1
        or wanted.channel not in (None, 0)
        or wanted.rate_hz(facts) != facts.sample_rate_hz
        or wanted.options
        or not _IS_LITTLE_ENDIAN
        or row.octets.startswith(b"RIFX")
    ):
        return None
    coded = memoryview(row.octets)[row.file.tell() :]
    samples = len(coded) // _CODED_OCTETS[coding] if facts.samples is None else facts.samples
    coded = coded[: samples * _CODED_OCTETS[coding]]
    head = header(facts.sample_rate_hz, 1, _SAMPLE_OCTETS * samples) if to == "wav" else b""
    octets = _KERNELS[coding, to](head, coded)
    return finished(row.path, octets, facts, samples)
