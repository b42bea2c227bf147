"""Calls that keep no audio: an hour needs no more memory than a minute."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from types import FunctionType, ModuleType
from typing import Any

from rtpcodec import pcmu_encode
from rtpcodec.sim.media.stream import CarrierStream
from rtpcodec.sim.media.variations import Variations
from tests.sim.streams import START_MS, mark, media, open_stream, payloads, ramp, sent

MINUTE_MS = 60_000
CHUNK_MS = 500
ANSWER = media(pcmu_encode(ramp(8 * CHUNK_MS)))


def silence() -> Iterator[bytes]:
    piece = bytes(16 * CHUNK_MS)
    while True:
        yield piece


def talk(stream: CarrierStream, from_ms: int, to_ms: int, *, echoes: bool = True) -> None:
    """Run the stream; the app answers every chunk, or is silent."""
    for now_ms in range(from_ms, to_ms, CHUNK_MS):
        if stream.outgoing(START_MS + now_ms) and now_ms and echoes:
            stream.receive(ANSWER, START_MS + now_ms + 5)
            stream.receive(mark("m"), START_MS + now_ms + 5)


def long_stream(**options: Any) -> CarrierStream:
    return open_stream(silence(), variations=Variations(chunk_ms=CHUNK_MS), keeps_audio=False, **options)


def held_octets(root: object) -> int:
    """Return the memory of all objects that can be reached, code apart."""
    seen: set[int] = set()
    waiting, octets = [root], 0
    while waiting:
        found = waiting.pop()
        if id(found) in seen or isinstance(found, type | ModuleType | FunctionType):
            continue
        seen.add(id(found))
        octets += sys.getsizeof(found)
        waiting += gc.get_referents(found)
    return octets


def growth(stream: CarrierStream, *, echoes: bool) -> int:
    """Return how many octets more an hour needs than ten minutes."""
    talk(stream, 0, 10 * MINUTE_MS, echoes=echoes)
    before = held_octets(stream)
    assert before > 10_000, "the stream's objects are found"
    talk(stream, 10 * MINUTE_MS, 60 * MINUTE_MS, echoes=echoes)
    return held_octets(stream) - before


def test_memory_is_flat_over_an_hour_of_echo() -> None:
    stream = long_stream(settings={"tracks": "both_tracks", "target_legs": "both"}, bridged=True)
    assert growth(stream, echoes=True) < 100_000, "the audio of 50 minutes has 144 MB, its latencies 40 kB"
    stream.end("hang_up", START_MS + 60 * MINUTE_MS)
    report = stream.report()
    assert (report.source_pcm, report.heard_pcm, report.peer_heard_pcm) == (b"", b"", b"")
    assert (report.ticks, report.media_received) == (7200, 7199)
    assert len(report.latencies_ms) == 3000
    assert report.dry_count == 0


def test_memory_is_flat_over_an_hour_with_a_silent_app() -> None:
    stream = long_stream()
    talk(stream, 0, 2 * CHUNK_MS)
    assert growth(stream, echoes=False) < 1_000_000, "chunks whose echo is awaited are kept up to a limit"
    stream.receive(ANSWER, START_MS + 60 * MINUTE_MS)
    stream.end("hang_up", START_MS + 60 * MINUTE_MS + 500)
    report = stream.report()
    assert report.dry_count == 1
    assert report.dry_ms > 59 * MINUTE_MS


def test_the_measurement_finds_kept_objects() -> None:
    stream = open_stream(silence(), variations=Variations(chunk_ms=CHUNK_MS))
    talk(stream, 0, MINUTE_MS)
    before = held_octets(stream)
    talk(stream, MINUTE_MS, 2 * MINUTE_MS)
    assert held_octets(stream) - before > 2 * 900_000, "a minute of speech and of its echo"


def test_the_outbound_track_is_the_same_without_memory() -> None:
    def outbound(*, keeps_audio: bool) -> bytes:
        stream = open_stream(
            silence(),
            settings={"tracks": "outbound_track"},
            variations=Variations(chunk_ms=CHUNK_MS),
            keeps_audio=keeps_audio,
        )
        found = []
        for now_ms in range(0, 20_000, 50):
            found += sent(stream, now_ms)
            if now_ms % 700 < 350:
                stream.receive(ANSWER, START_MS + now_ms + 3)
        return payloads(found, "outbound")

    assert outbound(keeps_audio=True) == outbound(keeps_audio=False)
