"""Contract tests of frame codecs (docs/adr/0002-two-kinds-of-codecs.md), for each codec at all its rates."""

from __future__ import annotations

import threading
from array import array
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import pytest

from benchmarks.harness.signals import speech
from rtpcodec.codecs import CodecInfo, Decoder, FrameEncoder, codec, codec_names

OPTIONS: dict[str, list[dict[str, Any]]] = {
    "OPUS": [{"frame_ms": 20}, {"frame_ms": 2.5}, {"frame_ms": 60}],
    "AMR-WB": [{"mode": 8}, {"mode": 2, "dtx": True}],
}
"""Sets of encoder options; other codecs are tested without options."""
WRONG_FRAMES = {"OPUS": b"\x03\x00", "AMR-WB": b"\x44\x00"}
"""A frame that the decoder must refuse, per codec."""
FRAMES = 8
CANARY = 0xA5


@dataclass(frozen=True)
class Case:
    """One codec at one rate with one set of options."""

    info: CodecInfo
    rate_hz: int
    options: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return "-".join([self.info.name, str(self.rate_hz), *map(str, self.options.values())])

    def encoder(self) -> FrameEncoder:
        made = self.info.encoder(self.rate_hz, **self.options)
        assert isinstance(made, FrameEncoder)
        return made

    def decoder(self) -> Decoder:
        return self.info.decoder(self.rate_hz)

    def pcm(self, seed: int = 1) -> list[bytes]:
        """Return frames of speech."""
        samples = self.encoder().frame_samples
        return [part.tobytes() for part in np.split(speech(FRAMES * samples, self.rate_hz, seed), FRAMES)]

    def frames(self, seed: int = 1) -> list[bytes]:
        """Return encoded frames."""
        return list(map(self.encoder().encode, self.pcm(seed)))

    def decoded(self, frames: list[bytes]) -> list[bytes]:
        """Decode frames with a new decoder."""
        return list(map(self.decoder().decode, frames))


def cases() -> list[Case]:
    """Return a case for every frame codec."""
    return [
        Case(info, rate_hz, options)
        for info in map(codec, codec_names())
        if info.kind == "frame"
        for rate_hz in info.sample_rates_hz
        for options in OPTIONS.get(info.name, [{}])
    ]


def loudest(pcm: bytes) -> int:
    return int(np.abs(np.frombuffer(pcm, np.int16).astype(int)).max())


def one_frame_in_one_frame_out(case: Case) -> None:
    encoder = case.encoder()
    for frame, pcm in zip(case.frames(), case.decoded(case.frames()), strict=True):
        assert 1 <= len(frame) <= encoder.max_octets
        assert len(pcm) == 2 * encoder.frame_samples
    assert len(set(case.decoded(case.frames()))) > 1, "the audio is lost"


def other_sizes_are_refused_and_change_nothing(case: Case) -> None:
    encoder, samples = case.encoder(), case.encoder().frame_samples
    frames = []
    for pcm in case.pcm():
        for wrong in (0, samples - 1, samples + 1, 2 * samples):
            text = f"^{case.info.name} frame has {wrong} samples, {samples} are needed$"
            with pytest.raises(ValueError, match=text):
                encoder.encode(bytes(2 * wrong))
            with pytest.raises(ValueError, match=text):
                encoder.encode_into(bytes(2 * wrong), bytearray(encoder.max_octets))
        frames.append(encoder.encode(pcm))
    assert frames == case.frames()
    with pytest.raises(ValueError, match=r"^pcm has 641 octets, 16-bit samples need an even number$"):
        encoder.encode(bytes(641))


def what_is_no_frame_is_refused_and_changes_nothing(case: Case) -> None:
    decoder = case.decoder()
    decoded = []
    for frame in case.frames():
        for wrong in (b"", WRONG_FRAMES[case.info.name]):
            with pytest.raises(ValueError, match=rf" has {len(wrong)} octets?, | has 0 frames "):
                decoder.decode(wrong)
            with pytest.raises(ValueError, match=rf" has {len(wrong)} octets?, | has 0 frames "):
                decoder.decode_into(wrong, bytearray(20000))
        decoded.append(decoder.decode(frame))
    assert decoded == case.decoded(case.frames())


def into_writes_the_same_and_counts_items(case: Case) -> None:
    encoder, decoder = case.encoder(), case.decoder()
    for pcm, frame, heard in zip(case.pcm(), case.frames(), case.decoded(case.frames()), strict=True):
        room = bytearray([CANARY]) * (encoder.max_octets + 3)
        written = encoder.encode_into(pcm, memoryview(room)[1:])
        assert bytes(room[1 : 1 + written]) == frame
        assert (room[0], set(room[1 + encoder.max_octets :])) == (CANARY, {CANARY})
        room = bytearray([CANARY]) * (len(heard) + 3)
        assert decoder.decode_into(frame, memoryview(room)[1:]) == len(heard) // 2
        assert (room[0], bytes(room[1:-2]), bytes(room[-2:])) == (CANARY, heard, bytes([CANARY] * 2))


def too_little_room_changes_nothing(case: Case) -> None:
    encoder, decoder = case.encoder(), case.decoder()
    pcm, frames = case.pcm(), case.frames()
    most, needed = encoder.max_octets, 2 * encoder.frame_samples
    with pytest.raises(ValueError, match=rf"^out has room for {most - 1} octets, the result needs {most}$"):
        encoder.encode_into(pcm[0], bytearray(most - 1))
    with pytest.raises(BufferError):
        encoder.encode_into(pcm[0], bytes(most))
    with pytest.raises(ValueError, match=rf"^out has room for {needed - 1} octets, the result needs {needed}$"):
        decoder.decode_into(frames[0], bytearray(needed - 1))
    assert list(map(encoder.encode, pcm)) == frames
    assert list(map(decoder.decode, frames)) == case.decoded(frames)


def room_over_the_source_is_refused(case: Case) -> None:
    encoder = case.encoder()
    shared = memoryview(bytearray(20000))
    with pytest.raises(ValueError, match="overlaps the source"):
        encoder.encode_into(shared[: 2 * encoder.frame_samples], shared[2:])
    frame = case.frames()[0]
    shared[: len(frame)] = frame
    with pytest.raises(ValueError, match="overlaps the source"):
        case.decoder().decode_into(shared[: len(frame)], shared)


def reset_forgets_the_stream_and_keeps_the_settings(case: Case) -> None:
    encoder, decoder = case.encoder(), case.decoder()
    for _ in range(3):
        assert list(map(encoder.encode, case.pcm())) == case.frames()
        assert list(map(decoder.decode, case.frames())) == case.decoded(case.frames())
        encoder.encode(case.pcm(seed=3)[0])
        decoder.conceal(case.rate_hz // 50)
        encoder.reset()
        decoder.reset()


def copies_go_on_independently(case: Case) -> None:
    """If the library supports copies."""
    encoder: Any = case.encoder()
    decoder: Any = case.decoder()
    assert hasattr(encoder, "copy") == hasattr(decoder, "copy") == (case.info.name == "OPUS")
    if not hasattr(encoder, "copy"):
        return
    frames, half = case.frames(), FRAMES // 2
    begin = list(map(encoder.encode, case.pcm()[:half]))
    opening = list(map(decoder.decode, frames[:half]))
    twins = encoder.copy(), decoder.copy()
    assert [type(twin) for twin in twins] == [type(encoder), type(decoder)]
    assert (twins[0].frame_samples, twins[0].max_octets) == (encoder.frame_samples, encoder.max_octets)
    encoder.encode(case.pcm(seed=4)[0])
    decoder.conceal(case.rate_hz // 50)
    del encoder, decoder
    assert begin + list(map(twins[0].encode, case.pcm()[half:])) == frames
    assert opening + list(map(twins[1].decode, frames[half:])) == case.decoded(frames)
    twins[0].reset()
    assert list(map(twins[0].encode, case.pcm())) == frames


def another_thread_may_take_over(case: Case) -> None:
    encoder, decoder = case.encoder(), case.decoder()
    frames, half = case.frames(), FRAMES // 2
    begin = list(map(encoder.encode, case.pcm()[:half]))
    opening = list(map(decoder.decode, frames[:half]))

    def go_on() -> None:
        begin.extend(map(encoder.encode, case.pcm()[half:]))
        opening.extend(map(decoder.decode, frames[half:]))

    thread = threading.Thread(target=go_on)
    thread.start()
    thread.join()
    assert begin == frames
    assert opening == case.decoded(frames)


def two_threads_at_once_are_an_error(case: Case) -> None:
    encoder, decoder = case.encoder(), case.decoder()
    pcm, frame = case.pcm()[1], case.frames()[1]
    for coder, call in ((encoder, partial(encoder.encode, pcm)), (decoder, partial(decoder.decode, frame))):
        assert refusals_of_two_threads(call)[0] == f"{type(coder).__name__} is in use by another thread"
        assert call(), "the coder is of use again"


def refusals_of_two_threads(call: Callable[[], bytes]) -> list[str]:
    """Two threads repeat calls until one is refused."""
    refused: list[str] = []
    together = threading.Barrier(2)

    def work() -> None:
        together.wait()
        for _ in range(50_000):
            if refused:
                return
            try:
                call()
            except RuntimeError as error:
                refused.append(str(error))

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return refused


def concealment_gives_what_was_asked_for(case: Case) -> None:
    decoder, samples = case.decoder(), case.rate_hz // 50
    assert len(decoder.conceal(samples)) == 2 * samples
    frames = case.frames()
    levels = [loudest(pcm) for pcm in case.decoded(frames)]
    for frame in frames[: 1 + levels.index(max(levels))]:
        decoder.decode(frame)
    made_up = [loudest(decoder.conceal(samples)) for _ in range(40)]
    assert made_up[0] > max(levels) / 10, "a gap begins with silence"
    assert made_up[-1] < max(levels) / 5, "a long gap does not end in background noise or silence"
    wrong: Any
    for wrong in (0, -1, samples + 1, 2**40, samples / 1.5, "320"):
        with pytest.raises(ValueError, match=f"^samples is {wrong!r}, "):
            decoder.conceal(wrong)


def both_tell_what_they_are(case: Case) -> None:
    for made in (case.encoder(), case.decoder()):
        assert made.info is case.info
        assert made.sample_rate_hz == case.rate_hz
        assert str(case.rate_hz) in repr(made)
    with pytest.raises(TypeError, match="byte_order"):
        case.info.encoder(case.rate_hz, byte_order="little")
    with pytest.raises(TypeError, match="bitrate_of_decoder"):
        case.info.decoder(case.rate_hz, bitrate_of_decoder=1)


def every_buffer_is_taken(case: Case) -> None:
    pcm, frame = case.pcm()[0], case.frames()[0]
    decoded = case.decoded([frame])[0]
    for of in (bytes, bytearray, memoryview, lambda octets: memoryview(b"x" + octets)[1:]):
        assert case.encoder().encode(of(pcm)) == frame
        assert case.decoder().decode(of(frame)) == decoded
    assert case.encoder().encode(array("h", pcm)) == frame
    assert case.encoder().encode(np.frombuffer(pcm, np.int16).data) == frame
    wrong: Any
    for wrong in (array("d", [0.5]), "text", None):
        with pytest.raises(TypeError):
            case.encoder().encode(wrong)
        with pytest.raises(TypeError):
            case.decoder().decode(wrong)
    with pytest.raises(TypeError, match="items of format 'h'"):
        case.decoder().decode(array("h", [1]))


CHECKS: list[Callable[[Case], None]] = [
    one_frame_in_one_frame_out,
    other_sizes_are_refused_and_change_nothing,
    what_is_no_frame_is_refused_and_changes_nothing,
    into_writes_the_same_and_counts_items,
    too_little_room_changes_nothing,
    room_over_the_source_is_refused,
    reset_forgets_the_stream_and_keeps_the_settings,
    copies_go_on_independently,
    another_thread_may_take_over,
    two_threads_at_once_are_an_error,
    concealment_gives_what_was_asked_for,
    both_tell_what_they_are,
    every_buffer_is_taken,
]
