"""Runs under callgrind: counts all kernels, with `whole` also calls from Python. Prints the key of its figures."""

from __future__ import annotations

import json
import platform
import sys
from importlib import import_module
from pathlib import Path

import rtpcodec
import rtpcodec.kernels.g711
from benchmarks import floors
from benchmarks.counting.count_blocks import count_call
from benchmarks.counting.message_texts import DOCUMENTED, REORDERED, START, media_text, other_orders
from benchmarks.harness.machine import built_by, simd_level
from rtpcodec import MediaSession
from rtpcodec.kernels.media_reader import MediaReader
from rtpcodec.kernels.media_text import MediaText
from rtpcodec.stream.wire.telnyx.reading import MEDIA_SCANNER

CALLS = (20, 60)
WARM_CALLS = 40
"""Until a session has learnt the stream's numbering, its time and the shape of its messages."""


def count_message_calls(calls: int) -> None:
    """Count messages of 20 ms of PCMU; they have limits, so they are always counted."""
    text = MediaText('{"event":"media","media":{"payload":"', '"}}', "pcmu")
    count_call("message out", text.of_pcm, bytes(range(256)) + bytes(64), calls)
    reader = MediaReader(MEDIA_SCANNER, "pcmu")
    count_call("message in", reader.read, DOCUMENTED, calls)
    # A reader that has met this many orders learns from none of the next hundred messages.
    for message in other_orders(140):
        reader.read(message)
    count_call("message in, any order", reader.read, REORDERED, calls)


def count_session_calls(calls: int) -> None:
    """Count the ordinary message through a session with all options off, in and out, including the function's frame."""
    session = MediaSession(own_marks=False, diagnosis_s=None)
    session.receive(START, 0.0)
    steps = [(media_text(index), 20.0 * index) for index in range(WARM_CALLS + calls)]
    next_step = iter(steps).__next__

    def hear(_pcm: bytes) -> object:
        text, now_ms = next_step()
        session.receive(text, now_ms)
        return session.events(now_ms)

    def say(pcm: bytes) -> object:
        _, now_ms = next_step()
        session.play(pcm)
        return session.outgoing(now_ms)

    pcm = bytes(range(256)) + bytes(64)
    for _ in range(WARM_CALLS):
        hear(pcm)
    count_call("session in", hear, pcm, calls)
    next_step = iter(steps).__next__
    for _ in range(WARM_CALLS):
        say(pcm)
    count_call("session out", say, pcm, calls)


def count_whole_calls(calls: int) -> None:
    """Count frames through the public functions, and the floor."""
    octets, pcm = bytes(range(160)), bytes(range(256)) + bytes(64)
    for name in ("pcmu_decode", "pcma_decode", "pcmu_to_pcma", "pcma_to_pcmu"):
        count_call(name, getattr(rtpcodec, name), octets, calls)
    for name in ("pcmu_encode", "pcma_encode"):
        count_call(name, getattr(rtpcodec, name), pcm, calls)
    codec = rtpcodec.codec("G722")
    g722_octets = codec.encoder().encode(bytes(640))
    count_call("G722 encode, 320 samples", codec.encoder().encode, bytes(640), calls)
    count_call("G722 decode, 320 samples", codec.decoder().decode, g722_octets, calls)
    count_call("that only returns a fresh object", floors.fresh_double, octets, calls)


if __name__ == "__main__":
    for _calls in CALLS:
        for _path in sorted(Path(__file__).parent.glob("count_*.pyx")):
            import_module(f"benchmarks.counting.{_path.stem}").count(_calls)
        count_message_calls(_calls)
        count_session_calls(_calls)
        if "whole" in sys.argv:
            count_whole_calls(_calls)
    _compiler = built_by(Path(str(rtpcodec.kernels.g711.__file__)))
    print(json.dumps({"key": f"{_compiler} {platform.machine()} {simd_level()}"}))
