"""Checks for octets passed as 16-bit PCM that are a file or floats (docs/audio-checks.md, Floats)."""

from __future__ import annotations

import warnings
from typing import Final

from rtpcodec.audio.file_headers import FILE_STARTS, HEAD_OCTETS, FileKind, HeaderWatch, kind_of
from rtpcodec.audio.wav_writer import SAMPLE_OCTETS
from rtpcodec.errors import AudioWarning

FLOAT_OCTETS: Final = 1024
"""The part of a chunk that is examined for floats."""
_MIN_FLOATS: Final = 32
"""Fewer values other than 0 are not enough evidence."""
_JUDGED_CHUNKS: Final = 3
"""After this many chunks of PCM the check ends: a program that passes floats does so from the first chunk."""
_EXPONENTS: Final = {
    4: bytes((*range(0x20, 0x40), *range(0xA0, 0xC0))),
    8: bytes((*range(0x3C, 0x40), *range(0xBC, 0xC0))),
}
"""By octets of a float: the upper octet of values of either sign from 2^-63 (2^-61) to below 2."""


class PcmCheck:
    """Checks the chunks of one stream of PCM. Use from one thread at a time."""

    __slots__ = ("_judged", "_name", "_watch", "alert")

    def __init__(self, name: str) -> None:
        """Create a check; errors call the PCM `name`."""
        self._name = name
        self._watch = HeaderWatch()
        self._judged = 0
        self.alert = True
        """If it is false, a chunk that does not begin with one of FILE_STARTS need not be checked."""

    def check(self, chunk: memoryview) -> None:
        """Check a chunk. Issue AudioWarning, once, if the octets are floats.

        Raises:
            ValueError: the chunk, or the previous chunks with it, begin with the header of a file.
        """
        if chunk.itemsize > SAMPLE_OCTETS or chunk.ndim != 1:
            return  # it will be refused, or is an array of samples
        octets = chunk[: HEAD_OCTETS // chunk.itemsize].tobytes()
        if self._watch.carried or octets[:2] in FILE_STARTS:
            kind = self._watch.look(octets)
            if kind is not None:
                raise _not_samples(self._name, kind)
        if self._judged < _JUDGED_CHUNKS:
            self._judge(octets[:FLOAT_OCTETS])
        self.alert = self._judged < _JUDGED_CHUNKS or bool(self._watch.carried)

    @property
    def carries(self) -> bool:
        """Whether the previous chunks may be the beginning of a file."""
        return bool(self._watch.carried)

    def clear(self) -> None:
        """Drop the carried octets: the next chunk does not continue the previous ones."""
        self._watch.clear()

    def _judge(self, octets: bytes) -> None:
        bits = float_bits(octets)
        if bits is None:
            return
        self._judged = _JUDGED_CHUNKS if bits else self._judged + 1
        if bits:
            warnings.warn(
                f"{self._name} looks like {bits}-bit floats taken for 16-bit samples, which is loud noise; "
                "convert them first: (floats * 32767).astype(numpy.int16)",
                AudioWarning,
                stacklevel=4,
            )


def refuse_file(name: str, chunk: memoryview) -> None:
    """Raise ValueError if a first chunk begins with the whole header of a file."""
    if chunk.itemsize <= SAMPLE_OCTETS and chunk.ndim == 1:
        kind = kind_of(chunk[: HEAD_OCTETS // chunk.itemsize].tobytes())
        if kind is not None:
            raise _not_samples(name, kind)


def _not_samples(name: str, kind: FileKind) -> ValueError:
    return ValueError(f"{name} is {kind.name}, samples are needed; {kind.remedy}")


def float_bits(octets: bytes) -> int | None:
    """Return the size in bits of the floats that the octets probably are; 0: PCM; None: not enough evidence.

    The upper octet of a float within -1 to 1 has few values. As 16-bit PCM, every second or fourth sample would be
    large and those between them arbitrary, which is not speech, a tone or a constant.
    """
    if octets == bytes(len(octets)):
        return None  # the same result as below, but faster: calls begin with silence
    sounding = False
    for width, exponents in _EXPONENTS.items():
        whole = len(octets) // width * width
        # 1. Ignore floats of exactly 0.
        upper = octets[width - 1 : whole : width].translate(None, b"\0\x80")
        if len(upper) < _MIN_FLOATS:
            continue
        sounding = True
        # 2. All others must have one of the exponents; the octets between them must not, which excludes a constant or
        #    a slow wave.
        between = octets[1:whole:width]
        if not upper.translate(None, exponents) and 2 * len(between.translate(None, exponents)) >= len(between):
            return 8 * width
    return 0 if sounding else None
