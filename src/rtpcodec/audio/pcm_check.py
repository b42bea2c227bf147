"""Octets that are taken for 16-bit PCM, and are something else: a file, or 32-bit floats (docs/audio-checks.md)."""

from __future__ import annotations

import warnings
from typing import Final

from rtpcodec.audio.file_headers import FILE_STARTS, HEAD_OCTETS, HeaderWatch
from rtpcodec.errors import AudioWarning

FLOAT_OCTETS: Final = 640
"""As much of a chunk is looked at for floats: 10 ms of them at 16 kHz."""
_MIN_FLOATS: Final = 32
"""Fewer values other than 0 prove nothing."""
_JUDGED_CHUNKS: Final = 3
"""Chunks of PCM that settle the question: who passes floats does so from the first chunk on."""
_UNIT_EXPONENTS: Final = bytes((*range(0x33, 0x40), *range(0xB3, 0xC0)))
"""The upper octet of a float of 2^-24 to below 2, of either sign."""


class PcmCheck:
    """Checks the chunks of one stream of PCM. Use from one thread at a time."""

    __slots__ = ("_judged", "_name", "_watch", "alert")

    def __init__(self, name: str) -> None:
        """Make a check; `name` is what errors call the PCM."""
        self._name = name
        self._watch = HeaderWatch()
        self._judged = 0
        self.alert = True
        """If it is false, a chunk that does not begin with one of FILE_STARTS need not be checked."""

    def check(self, chunk: memoryview) -> None:
        """Check a chunk.

        It warns with AudioWarning, once, if the octets are 32-bit floats.

        Raises: ValueError if it, or it with the chunks before it, begins with the header of a file.
        """
        octets = chunk[: HEAD_OCTETS // chunk.itemsize].tobytes() if chunk.ndim == 1 else chunk.tobytes()
        if self._watch.carried or octets[:2] in FILE_STARTS:
            kind = self._watch.look(octets)
            if kind is not None:
                raise ValueError(f"{self._name} is not PCM, it begins with the header of {kind.name}; {kind.remedy}")
        if self._judged < _JUDGED_CHUNKS:
            self._judge(octets[:FLOAT_OCTETS])
        self.alert = self._judged < _JUDGED_CHUNKS or bool(self._watch.carried)

    def clear(self) -> None:
        """The next chunk does not follow those before it."""
        self._watch.clear()

    def _judge(self, octets: bytes) -> None:
        verdict = are_floats(octets)
        if verdict is None:
            return
        self._judged += 1
        if verdict:
            self._judged = _JUDGED_CHUNKS
            warnings.warn(
                f"{self._name} looks like 32-bit floats taken for 16-bit samples, which is loud noise; "
                "convert them first: (floats * 32767).astype(numpy.int16)",
                AudioWarning,
                stacklevel=4,
            )


def are_floats(octets: bytes) -> bool | None:
    """Whether octets are little-endian 32-bit floats within -1 to 1, and not 16-bit PCM; None: too few say it.

    The upper octet of such a float is one of 26 values, nearly always. As 16-bit PCM, every second sample would be
    13,000 to 16,400 or -19,700 to -16,400, and those between them anything else: no speech, no tone, no constant.
    """
    whole = len(octets) // 4 * 4
    upper = octets[3:whole:4]
    # 1. Floats of exactly 0 have a zero as their upper octet; they say nothing.
    sounding = len(upper) - upper.count(0)
    if sounding < _MIN_FLOATS:
        return None
    # 2. All the others have an exponent of a value below 2.
    if len(upper.translate(None, _UNIT_EXPONENTS)) - upper.count(0) > 0:
        return False
    # 3. The samples between them do not: else it is a constant or a slow wave.
    between = octets[1:whole:4]
    return len(between.translate(None, _UNIT_EXPONENTS)) >= len(between) // 2
