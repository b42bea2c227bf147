"""Figures as lines of the tables of `rtpcodec info`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from rtpcodec.bulk.notes import stream_notes
from rtpcodec.cli.info.audio_figures import AudioFigures
from rtpcodec.cli.info.capture_figures import CaptureFigures
from rtpcodec.cli.info.tones import FoundTones
from rtpcodec.cli.printing import many
from rtpcodec.rtp.capture.report import UNKNOWN, CapturedCall, CapturedStream
from rtpcodec.rtp.capture.sound import CallSound, StreamSound

MAX_CALLS_SHOWN: Final = 100
"""Limit of calls per capture; --json has all."""
AUDIO_HEADING: Final = "kind  codec      rate Hz  ch  duration s  level dBov  tones       file"
_STREAM_HEADING: Final = (
    "ssrc", "from", "codec", "packets", "lost", "jitter ms", "MOS", "seconds", "dBov", "digits, tones",
)  # fmt: skip
_RIGHT: Final = frozenset({"packets", "lost", "jitter ms", "MOS", "seconds", "dBov"})
_BESIDE_AUDIO: Final = ("telephone-event", "CN")
_NOT_KNOWN: Final = "-"


def audio_line(figures: AudioFigures) -> str:
    """Return the line of one file. Its path is last, so the columns do not depend on its length."""
    facts = figures.facts
    duration = _NOT_KNOWN if facts.duration_ms is None else f"{facts.duration_ms / 1000:.3f}"
    tones = (figures.tones.text if figures.tones is not None else "") or _NOT_KNOWN
    notes = "".join(f"  ({note})" for note in facts.notes)
    return (
        f"{facts.container:4}  {facts.codec:9}  {facts.sample_rate_hz:7}  {facts.channels:2}  {duration:>10}  "
        f"{_number(figures.level_dbov, 1):>10}  {tones:10}  {figures.path}{notes}"
    )


def capture_lines(figures: CaptureFigures) -> Iterator[str]:
    """Yield the lines of a capture: a summary, its calls with their streams, and notes."""
    report, packets = figures.report, figures.packets
    yield (
        f"{figures.path}: {many(len(report.streams), 'stream')}, {many(len(report.calls), 'call')}, "
        f"{many(packets.packets, 'packet')}{_kinds(figures)}"
    )
    for place, call in enumerate(report.calls[:MAX_CALLS_SHOWN]):
        sound = figures.sounds[place] if figures.sounds else None
        yield from _call_lines(place + 1, call, sound, figures.tones.get(place, ()))
    if len(report.calls) > MAX_CALLS_SHOWN:
        yield f"  {len(report.calls) - MAX_CALLS_SHOWN} more calls: --json has all"
    for note in (*figures.notes, *report.notes):
        yield f"  note: {note}"


def _kinds(figures: CaptureFigures) -> str:
    """Return the counts that are not 0, also of packets that are not read."""
    counts, packets = figures.report.counts, figures.packets
    read = [
        ("RTP", counts.rtp),
        ("RTCP", counts.rtcp),
        ("SIP", counts.sip),
        ("STUN", counts.stun),
        ("DTLS", counts.dtls),
    ]
    read += [("other UDP", counts.other), ("TCP", packets.tcp), ("fragments", packets.fragments), ("cut", packets.cut)]
    read += [("malformed", packets.malformed), ("other", packets.other), ("unknown link layer", packets.unknown_link)]
    read += [("lost by the capture", packets.lost_by_capture)]
    words = [f"{count} {name}" for name, count in read if count]
    return f" ({', '.join(words)})" if words else ""


def _call_lines(
    number: int, call: CapturedCall, sound: CallSound | None, tones: tuple[FoundTones, ...]
) -> Iterator[str]:
    first = call.streams[0]
    words = [f"{first.source} {'<' * bool(call.backward)}-> {first.destination}"]
    words += [f"paired by {call.paired_by}" if call.backward else "one direction"]
    if sound is not None:
        words += [f"{sound.duration_ms / 1000:.3f} s"]
        words += [f"aligned by {sound.alignment}"] * (sound.alignment is not None)
    yield f"  call {number}: {', '.join(words)}"
    sounds = {} if sound is None else {id(one.stream): one for track in sound.tracks for one in track.streams}
    rows = [
        _stream_row(stream, first, sounds.get(id(stream)), _tones_of(stream, call, tones)) for stream in call.streams
    ]
    yield from (f"    {line}" for line in aligned([_STREAM_HEADING, *rows], _RIGHT))
    for stream in call.streams:
        own = sounds.get(id(stream))
        for note in (*stream.notes, *(stream_notes(own) if own is not None else ())):
            yield f"    note: 0x{stream.ssrc:08x}: {note}"
    for note in sound.notes if sound is not None else ():
        yield f"    note: {note}"


def _tones_of(stream: CapturedStream, call: CapturedCall, tones: tuple[FoundTones, ...]) -> str:
    """Return the tones of a direction for its first stream, "" for the others."""
    for streams, found in zip((call.forward, call.backward), tones, strict=False):
        if streams and streams[0] is stream:
            return found.text
    return ""


def _stream_row(
    stream: CapturedStream, first: CapturedStream, sound: StreamSound | None, tones: str
) -> tuple[str, ...]:
    """Return the cells of a stream, with its destination if its addresses differ from those of the first stream."""
    ends = {first.source, first.destination}
    address = str(stream.source)
    if {stream.source, stream.destination} != ends:
        address += f" -> {stream.destination}"
    return (
        f"0x{stream.ssrc:08x}",
        address,
        _codecs(stream),
        str(stream.packets),
        f"{100 * stream.loss:.2f}%",
        _number(stream.jitter_ms, 1),
        _number(stream.mos, 1),
        f"{stream.duration_ms / 1000:.3f}",
        _number(None if sound is None else sound.level_dbov, 1),
        " ".join(word for word in (stream.digits, tones) if word) or _NOT_KNOWN,
    )


def _codecs(stream: CapturedStream) -> str:
    """Return codecs with rates and how they are known; unknown ones have their payload type."""
    words = []
    for payload_type, codec in stream.codecs.items():
        if codec.name == UNKNOWN:
            words.append(f"{payload_type} unknown")
        elif codec.name not in _BESIDE_AUDIO:
            rate = f" {codec.sample_rate_hz}" if codec.sample_rate_hz else ""
            words.append(f"{codec.name}{rate} {codec.known_by}")
    return ", ".join(words) or _NOT_KNOWN


def aligned(rows: Sequence[Sequence[str]], right: Iterable[str] = ()) -> Iterator[str]:
    """Yield lines with columns under their headings, the first row; columns named in `right` are right-aligned."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    to_right = [heading in set(right) for heading in rows[0]]
    for row in rows:
        cells = (
            cell.rjust(width) if is_right else cell.ljust(width)
            for cell, width, is_right in zip(row, widths, to_right, strict=True)
        )
        yield "  ".join(cells).rstrip()


def _number(value: float | None, places: int) -> str:
    return _NOT_KNOWN if value is None else f"{value:.{places}f}"
