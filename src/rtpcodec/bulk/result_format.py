"""Kind, rate and channel of the results of a batch."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Final

from rtpcodec.bulk.opening import OpenedRow
from rtpcodec.bulk.rows import OutputRow, finished, whole
from rtpcodec.files.facts import AudioFacts
from rtpcodec.files.target_kinds import TargetKind, target_kind
from rtpcodec.files.writing import create_audio

MAX_PCM_OCTETS: Final = 1 << 30
"""Limit of sound per row, nine hours at 16 kHz: a small file can claim more sound than fits into memory."""
_TELEPHONE_HZ: Final = 8000
"""Used while the rates of the files are not known."""
_ALWAYS_WRITTEN: Final = ("wav", "ulaw", "alaw", "l16")
"""Kinds that need no library: any possible rate can be written."""


@dataclass(frozen=True, slots=True)
class ResultFormat:
    """Kind, rate and channel of the results of a batch."""

    kind: TargetKind
    sample_rate_hz: int | None
    channel: int | None
    options: Mapping[str, Any]

    def rate_hz(self, facts: AudioFacts) -> int:
        """Return the rate of the result for an input file."""
        if self.sample_rate_hz is not None:
            return self.sample_rate_hz
        return self.kind.rate_for_hz(facts.sample_rate_hz)

    @property
    def any_rate_hz(self) -> int:
        """The rate of the results, or one that they may have."""
        return self.kind.rate_for_hz(_TELEPHONE_HZ) if self.sample_rate_hz is None else self.sample_rate_hz

    def pcm_of(self, row: OpenedRow) -> bytes:
        """Read the whole sound of a row. ValueError: it has more than MAX_PCM_OCTETS."""
        return b"".join(_limited(row, self.rate_hz(row.facts), self.channel))

    def transcode(self, row: OpenedRow) -> OutputRow:
        """Transcode a row in pieces."""
        out = io.BytesIO()
        rate_hz = self.rate_hz(row.facts)
        with create_audio(out, sample_rate_hz=rate_hz, kind=self.kind.name, **self.options) as audio:
            for pcm in _limited(row, rate_hz, self.channel):
                audio.write(pcm)
        return finished(row.path, out.getvalue(), row.facts, row.facts.samples)


def result_format(to: str, sample_rate_hz: int | None, channel: int | None, options: Mapping[str, Any]) -> ResultFormat:
    """Check kind, rate, channel and options of the results.

    Raises:
        ValueError: an impossible combination; so does TypeError.
        MissingExtra: a package for the kind is missing.
        MissingLibrary: a codec's shared library is missing.
    """
    # Convert to int before the lookup: 16000.0 and 16000 are the same key, but writers need an int.
    rate_hz = None if sample_rate_hz is None else whole("sample_rate_hz", sample_rate_hz)
    found = _checked(to, rate_hz, None if channel is None else whole("channel", channel))
    return replace(found, options=_tried(found, options)) if options else found


@lru_cache(maxsize=64)
def _checked(to: str, sample_rate_hz: int | None, channel: int | None) -> ResultFormat:
    """Check each combination once, because batches may be as small as one row."""
    kind = target_kind(to)
    if channel is not None and channel < 0:
        raise ValueError(f"channel is {channel}, 0 or more is needed")
    found = ResultFormat(kind, sample_rate_hz, channel, {})
    kind.require(found.any_rate_hz, 1)
    if to not in _ALWAYS_WRITTEN:
        _tried(found, {})
    return found


def _tried(found: ResultFormat, options: Mapping[str, Any]) -> Mapping[str, Any]:
    """Check the options by creating a file with them, and return them."""
    create_audio(io.BytesIO(), sample_rate_hz=found.any_rate_hz, kind=found.kind.name, **options).abort()
    return options


def _limited(row: OpenedRow, rate_hz: int, channel: int | None) -> Iterator[bytes]:
    """Yield the sound of a row."""
    octets = 0
    with row.reader(rate_hz, channel) as audio:
        for pcm in audio:
            octets += len(pcm)
            if octets > MAX_PCM_OCTETS:
                raise ValueError(f"the sound has more than {MAX_PCM_OCTETS} octets of PCM, the most of a row")
            yield pcm
