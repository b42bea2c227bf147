"""Notes about converted files, and reasons for calls of captures that were not decoded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from rtpcodec.bulk.manifest import Row
from rtpcodec.rtp.capture.payload_audio import not_decoded
from rtpcodec.rtp.capture.report import UNKNOWN
from rtpcodec.rtp.capture.sound import CallSound, StreamSound

_UNKNOWN_TYPE = not_decoded(UNKNOWN)
_NO_SAMPLES = "the output has 0 samples"


def notes_of(row: Row) -> list[str]:
    """Return the notes of a manifest's row, about its input and its outputs."""
    facts = row.get("facts") or {}
    found = [*row.get("notes", ()), *facts.get("notes", ())]
    outputs = row.get("outputs")
    if outputs is None:
        return found + [_NO_SAMPLES] * (row.get("samples") == 0)
    for one in outputs:
        if one["output"] is not None:
            begins = f"call {one['call']}: " if len(outputs) > 1 else ""
            found += [f"{begins}{note}" for note in one["notes"]]
            found += [f"{begins}{_NO_SAMPLES}"] * (one["samples"] == 0)
    return found


def stream_notes(sound: StreamSound) -> Iterator[str]:
    """Yield the notes about a stream; those about unknown payload types name the option to use."""
    for note in sound.notes:
        if note == _UNKNOWN_TYPE:
            for payload_type, codec in sound.stream.codecs.items():
                if codec.name == UNKNOWN:
                    yield f"payload type {payload_type} unknown; --codec {payload_type}=NAME names it"
        else:
            yield note


def undecoded_notes(sounds: Iterable[CallSound]) -> list[str]:
    """Return one note per reason for which calls were not decoded."""
    counts = Counter(_reason(sound) for sound in sounds)
    return [f"{count} {'call' if count == 1 else 'calls'} not decoded: {reason}" for reason, count in counts.items()]


def _reason(sound: CallSound) -> str:
    notes = dict.fromkeys(note for track in sound.tracks for one in track.streams for note in stream_notes(one))
    return ", ".join(notes) or "there is no audio in it"
