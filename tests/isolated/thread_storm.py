"""Several threads use one object at once: `python -m tests.isolated.thread_storm CALLS [OBJECT ...]`.

Whatever an object gives has to be what it could give to one thread, in type and length, or an exception; arguments stay
as they are. Audio may be garbled. A crash ends the process, so this runs in one of its own. Without a GIL
(`python3.13t`) threads really meet in the C code; with it they meet where it is released.
"""

from __future__ import annotations

import contextlib
import ctypes
import random
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

import rtpcodec
from rtpcodec.audio.concealment import Concealer
from rtpcodec.audio.resample import Resampler
from rtpcodec.codecs import codec
from rtpcodec.codecs.g722_bank import G722DecoderBank, G722EncoderBank
from rtpcodec.errors import PayloadError
from rtpcodec.kernels.goertzel import ToneBank, ToneTables

THREADS = 4
TIGHT_ROUNDS = 8
"""A new object for each group of calls repeats held payloads, a first gap and a first call."""
Step = Callable[[Any, random.Random], None]


def octets(chance: random.Random, *lengths: int) -> bytes:
    """Return a constant bytes object whose length determines its content."""
    length = chance.choice(lengths)
    return KNOWN[length]


KNOWN = {n: bytes((7 * i + 3) & 0xFF for i in range(n)) for n in (0, 2, 40, 80, 160, 320, 640, 1920, 40000, 80000)}
COPIES = {n: bytes(bytearray(known)) for n, known in KNOWN.items()}


def decoder_step(gaps: tuple[int, ...], samples_per_octet: float, *lengths: int) -> Step:
    """Decode, conceal, copy and reset a sample decoder."""

    def step(one: Any, chance: random.Random) -> None:
        payload = octets(chance, *lengths)
        match chance.randrange(8):
            case 0:
                gap = chance.choice(gaps)
                assert len(one.conceal(gap)) == 2 * gap
            case 1:
                room = bytearray(int(2 * samples_per_octet * len(payload)))
                assert one.decode_into(payload, room) == samples_per_octet * len(payload)
            case 2:
                assert len(one.copy().decode(payload)) == 2 * samples_per_octet * len(payload)
            case 3:
                one.reset()
            case _:
                assert len(one.decode(payload)) == 2 * samples_per_octet * len(payload)

    return step


def encoder_step(one: Any, chance: random.Random) -> None:
    """Encode, copy and reset a G722 encoder."""
    pcm = octets(chance, 640, 1920, 80000)
    match chance.randrange(4):
        case 0:
            one.reset()
        case 1:
            assert len(one.copy().encode(pcm)) == len(pcm) // 4
        case _:
            assert len(one.encode(pcm)) == len(pcm) // 4


def resampler_step(one: Any, chance: random.Random) -> None:
    """Resample, flush, copy and reset."""
    pcm = octets(chance, 2, 320, 640, 40000)
    match chance.randrange(6):
        case 0:
            assert len(one.flush()) == 2 * one.delay_samples
        case 1:
            one.reset()
        case 2:
            one.copy().resample(pcm)
        case 3:
            assert one.resample_into(pcm, bytearray(3 * len(pcm) + 2)) <= 3 * len(pcm) // 2
        case _:
            # 3 / 1 is the largest ratio here, and the position of a stream adds at most one sample.
            assert abs(len(one.resample(pcm)) // 2 - 3 * len(pcm) // 2) <= 3
            assert one.output_samples(10) in range(28, 33)


def concealer_step(one: Any, chance: random.Random) -> None:
    """Take, conceal, copy and reset."""
    pcm = octets(chance, 0, 2, 40, 320, 1920)
    match chance.randrange(6):
        case 0 | 1:
            samples = chance.choice((0, 1, 20, 160, 2000))
            assert len(one.conceal(samples)) == 2 * samples
        case 2:
            one.copy().take(pcm)
        case 3:
            one.reset()
        case _:
            assert len(one.take(pcm)) == len(pcm)


def frame_encoder_step(one: Any, chance: random.Random) -> None:
    """Encode and reset, while other threads change settings."""
    if chance.randrange(8) == 0:
        one.reset()
    elif hasattr(one, "mode"):
        one.mode = chance.randrange(9)
    elif chance.randrange(4) == 0:
        one.copy().encode(bytes(2 * one.frame_samples))
    assert 0 < len(one.encode(bytes(2 * one.frame_samples))) <= one.max_octets


def frame_decoder_step(frame: bytes, samples: int) -> Step:
    """Decode a frame from a buffer that other threads change."""
    # Not a bytearray: CPython 3.13 counts the exports of one without a lock.
    shared = (ctypes.c_ubyte * len(frame))(*frame)

    def step(one: Any, chance: random.Random) -> None:
        shared[chance.randrange(len(shared))] = chance.randrange(256)
        if chance.randrange(8) == 0:
            ctypes.memmove(shared, frame, len(frame))
        match chance.randrange(6):
            case 0:
                one.reset()
            case 1:
                assert len(one.conceal(samples)) == 2 * samples
            case 2:
                assert len(one.decode(frame)) == 2 * samples
            case _:
                one.decode(shared)

    return step


def bank_step(one: Any, chance: random.Random) -> None:
    """Code, copy and reset rows of a bank."""
    decodes = isinstance(one, G722DecoderBank)
    columns = chance.choice((2, 160, 4000))
    table = np.zeros((one.rows, columns), np.uint8 if decodes else np.int16)
    match chance.randrange(6):
        case 0:
            one.reset()
        case 1:
            one.reset(chance.randrange(one.rows))
        case 2:
            one.copy_row(0, one.rows - 1)
        case 3:
            assert one.copy().rows == one.rows
        case _:
            coded = one.decode(table) if decodes else one.encode(table)
            assert coded.shape == (one.rows, 2 * columns if decodes else columns // 2)


def tone_bank_step(one: Any, chance: random.Random) -> None:
    """Measure windows and reset."""
    if chance.randrange(8) == 0:
        one.reset()
        return
    pcm = octets(chance, 2, 320, 1920, 40000)
    # Samples that were held before are less than a window.
    assert len(pcm) // 160 - 4 < len(one.measure(pcm)) + 4 <= len(pcm) // 160 + 8


def packet_step(one: Any, chance: random.Random) -> None:
    """Read a packet that several threads initialise."""
    payload = octets(chance, 0, 160, 40000)
    try:
        one.__init__(
            payload_type=0, sequence_number=1, timestamp=2, ssrc=3, payload=payload, csrcs=range(len(payload) % 7)
        )
    except TypeError:
        assert len(one.payload) in (0, 160, 40000)
        assert len(one.csrcs) < 8
        assert len(one.build()) >= 12


Members = tuple[str, object] | tuple[str]
"""A method, and its argument if it has one."""


@dataclass
class Storm:
    """One kind of object, and the calls of threads on it."""

    make: Callable[[], Any]
    step: Step
    """One of several random actions, with checks."""
    tight: tuple[Members, ...] = ()
    """The call that each thread repeats, with minimal work between calls, so that threads overlap."""
    allowed: tuple[type[Exception], ...] = ()
    failures: list[str] = field(default_factory=list)

    def run(self, calls: int) -> None:
        """Run THREADS threads in one object, each with a number of random calls."""
        one = self.make()

        def work(seed: int) -> None:
            chance = random.Random(seed)
            for _ in range(calls):
                with contextlib.suppress(*self.allowed):
                    self.step(one, chance)

        self.together([partial(work, seed) for seed in range(THREADS)])

    def run_tight(self, calls: int) -> None:
        """Run one thread per method, each with a number of calls."""
        one = self.make()

        def work(method: Callable[..., object], *argument: object) -> None:
            for _ in range(calls):
                try:  # noqa: SIM105 -- suppress would be a Python call between two calls
                    method(*argument)
                except self.allowed:
                    pass

        self.together([partial(work, getattr(one, name), *argument) for name, *argument in self.tight])

    def together(self, works: list[Callable[[], None]]) -> None:
        """Run all functions at once, each on its own thread."""
        ready = threading.Barrier(max(len(works), 1))

        def begin(work: Callable[[], None]) -> None:
            ready.wait()
            try:
                work()
            except BaseException as error:
                self.failures.append(f"{type(error).__name__}: {error}")

        threads = [threading.Thread(target=begin, args=(work,)) for work in works]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


def storms() -> dict[str, Storm]:
    """Return all stateful Cython objects."""
    busy = (RuntimeError, PayloadError)
    opus, amrwb, g722 = codec("OPUS"), codec("AMR-WB"), codec("G722")
    opus_frame = opus.encoder().encode(KNOWN[640])
    amrwb_frame = amrwb.encoder().encode(KNOWN[640])
    pcm_rows, code_rows = np.zeros((18, 160), np.int16), np.zeros((18, 80), np.uint8)

    def decodes(octets: int, gap: int) -> tuple[Members, ...]:
        return ("decode", KNOWN[octets]), ("decode", KNOWN[octets]), ("conceal", gap), ("reset",)

    def codes(method: str, argument: object) -> tuple[Members, ...]:
        return (method, argument), (method, argument), ("reset",), ("copy",)

    return {
        "PCMU decoder": Storm(
            codec("PCMU").decoder, decoder_step((0, 1, 80, 600), 1, 0, 40, 160, 40000), decodes(160, 80)
        ),
        "L16 decoder": Storm(
            lambda: codec("L16").decoder(byte_order="big"),
            decoder_step((0, 1, 160), 0.5, 0, 40, 320, 80000),
            decodes(320, 80),
        ),
        "G722 decoder": Storm(g722.decoder, decoder_step((0, 2, 320, 640), 2, 0, 40, 160, 40000), decodes(40, 20)),
        "G722 encoder": Storm(g722.encoder, encoder_step, codes("encode", KNOWN[40])),
        "resampler": Storm(lambda: Resampler(8000, 24000), resampler_step, codes("resample", KNOWN[40])),
        "concealer": Storm(
            lambda: Concealer(8000),
            concealer_step,
            (("take", KNOWN[320]), ("conceal", 20), ("take", KNOWN[320]), ("conceal", 160)),
        ),
        "OPUS encoder": Storm(opus.encoder, frame_encoder_step, codes("encode", KNOWN[640]), busy),
        "OPUS decoder": Storm(opus.decoder, frame_decoder_step(opus_frame, 320), codes("decode", opus_frame), busy),
        "AMR-WB encoder": Storm(amrwb.encoder, frame_encoder_step, codes("encode", KNOWN[640])[:3], busy),
        "AMR-WB decoder": Storm(
            amrwb.decoder, frame_decoder_step(amrwb_frame, 320), codes("decode", amrwb_frame)[:3], busy
        ),
        "G722 encoder bank": Storm(lambda: G722EncoderBank(18), bank_step, codes("encode", pcm_rows), busy),
        "G722 decoder bank": Storm(lambda: G722DecoderBank(18), bank_step, codes("decode", code_rows), busy),
        "tone bank": Storm(
            lambda: ToneBank(ToneTables(8000, (700, 1300), 320), 80, split=1, least_power=0.0, least_share=0.0),
            tone_bank_step,
            (("measure", KNOWN[320]), ("measure", KNOWN[40]), ("reset",)),
            busy,
        ),
        "packet": Storm(lambda: rtpcodec.RtpPacket.__new__(rtpcodec.RtpPacket), packet_step),
    }


def main(calls: int, names: list[str]) -> None:
    """Run the storms; SystemExit reports failures."""
    sys.setswitchinterval(1e-5)
    chosen = storms()
    for name in names or chosen:
        storm = chosen[name]
        # A packet is initialised once: many objects, few calls.
        rounds, each = (calls // 10, 10) if name == "packet" else (1, calls)
        for _ in range(rounds):
            storm.run(each)
        for _ in range(TIGHT_ROUNDS):
            storm.run_tight(calls)
        failures = [*storm.failures, *("an argument was changed" for n in KNOWN if KNOWN[n] != COPIES[n])]
        if failures:
            raise SystemExit(f"{name}: {failures[:3]}")
    gil = getattr(sys, "_is_gil_enabled", lambda: True)()
    sys.stdout.write(
        f"{len(names or chosen)} kinds of objects, {THREADS} threads, {'with' if gil else 'without'} the GIL\n"
    )


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
