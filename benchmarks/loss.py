"""The gain of concealment and in-band FEC when 10 % of the packets are lost: `python -m benchmarks.loss`.

Speech is coded, packets are lost in five seeded ways, and what is heard is compared with what is heard without loss.
Segmental SNR: the mean over frames of 20 ms with sound, each between -10 and 35 dB, higher is better. Log-spectral
distance: the mean over all frames with sound of the root mean square difference of the spectra in dB, lower is better.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.harness.signals import speech
from rtpcodec import codec

RATE_HZ: Final = 16_000
FRAME: Final = RATE_HZ // 50
SECONDS: Final = 20
LOST: Final = 0.1
SEEDS: Final = range(5)
FEC_BITRATE: Final = 24_000
LOUD: Final = 100.0
"""Frames with a lower root mean square are pauses."""
FLOOR_POWER: Final = 1e4
"""Added to each bin of a spectrum, so that silence has a finite level: slightly more than the rounding of 16 bits."""

Audio = NDArray[np.float64]
Heard = Callable[[Sequence[bytes], frozenset[int]], bytes]


@dataclass(frozen=True, slots=True)
class Figure:
    """A method to treat losses, and how its output differs from the loss-free audio."""

    codec: str
    way: str
    segmental_snr_db: float
    log_spectral_distance_db: float


def segmental_snr_db(wanted: Audio, got: Audio) -> float:
    """Return the mean SNR of the frames with sound."""
    signal = (wanted**2).sum(axis=1)
    noise = ((wanted - got) ** 2).sum(axis=1) + 1e-9
    loud = signal > LOUD**2 * FRAME
    return float(np.clip(10 * np.log10(signal[loud] / noise[loud]), -10, 35).mean())


def log_spectral_distance_db(wanted: Audio, got: Audio) -> float:
    """Return the mean distance of the spectra of the frames with sound."""
    window = np.hanning(FRAME)
    loud = (wanted**2).mean(axis=1) > LOUD**2
    levels = [
        10 * np.log10(np.abs(np.fft.rfft(audio[loud] * window, axis=1)) ** 2 + FLOOR_POWER) for audio in (wanted, got)
    ]
    return float(np.sqrt(((levels[0] - levels[1]) ** 2).mean(axis=1)).mean())


def lost_of(count: int, seed: int) -> frozenset[int]:
    """Return which packets are lost."""
    generator = np.random.default_rng(seed)
    return frozenset(generator.choice(np.arange(5, count), int(LOST * count), replace=False).tolist())


def coded(name: str, **options: Any) -> list[bytes]:
    """Return speech as frames of a codec."""
    encoder = codec(name).encoder(RATE_HZ, **options)
    pcm = speech(SECONDS * RATE_HZ, RATE_HZ)
    return [encoder.encode(frame.tobytes()) for frame in np.split(pcm, pcm.size // FRAME)]


def zero_filled(name: str) -> Heard:
    """Insert zeros for each lost frame; the decoder is not informed."""

    def hear(frames: Sequence[bytes], lost: frozenset[int]) -> bytes:
        decoder = codec(name).decoder(RATE_HZ)
        return b"".join(bytes(2 * FRAME) if i in lost else decoder.decode(frame) for i, frame in enumerate(frames))

    return hear


def concealed(name: str) -> Heard:
    """Let the decoder conceal each lost frame."""

    def hear(frames: Sequence[bytes], lost: frozenset[int]) -> bytes:
        decoder: Any = codec(name).decoder(RATE_HZ)
        return b"".join(
            decoder.conceal(FRAME) if i in lost else decoder.decode(frame) for i, frame in enumerate(frames)
        )

    return hear


def with_fec(frames: Sequence[bytes], lost: frozenset[int]) -> bytes:
    """Decode a lost frame from the next packet's copy, or conceal it if that packet is lost too."""
    decoder: Any = codec("OPUS").decoder(RATE_HZ)
    heard = []
    for i, frame in enumerate(frames):
        if i not in lost:
            heard.append(decoder.decode(frame))
        elif i + 1 in lost or i + 1 == len(frames):
            heard.append(decoder.conceal(FRAME))
        else:
            heard.append(decoder.decode_fec(frames[i + 1], FRAME))
    return b"".join(heard)


def framed(pcm: bytes) -> Audio:
    """Return PCM in rows of 20 ms."""
    return np.frombuffer(pcm, np.int16).astype(np.float64).reshape(-1, FRAME)


def figure(name: str, way: str, frames: Sequence[bytes], hear: Heard) -> Figure:
    """Return the means over all seeds."""
    whole = framed(hear(frames, frozenset()))
    heard = [framed(hear(frames, lost_of(len(frames), seed))) for seed in SEEDS]
    return Figure(
        name,
        way,
        float(np.mean([segmental_snr_db(whole, audio) for audio in heard])),
        float(np.mean([log_spectral_distance_db(whole, audio) for audio in heard])),
    )


def figures() -> Iterator[Figure]:
    """Measure OPUS with FEC in the stream, used or not, and AMR-WB."""
    stream = coded("OPUS", bitrate=FEC_BITRATE, fec=True, expected_loss_percent=round(100 * LOST))
    yield figure("OPUS", "in-band FEC", stream, with_fec)
    yield figure("OPUS", "concealment, FEC not used", stream, concealed("OPUS"))
    yield figure("OPUS", "zeros", stream, zero_filled("OPUS"))
    frames = coded("AMR-WB")
    yield figure("AMR-WB", "concealment", frames, concealed("AMR-WB"))
    yield figure("AMR-WB", "zeros", frames, zero_filled("AMR-WB"))


def table() -> list[str]:
    """Return the figures in Markdown."""
    return [
        f"| codec, {LOST:.0%} of the packets lost | segmental SNR, dB | log-spectral distance, dB |",
        "|---|--:|--:|",
        *(
            f"| {one.codec}, {one.way} | {one.segmental_snr_db:.1f} | {one.log_spectral_distance_db:.2f} |"
            for one in figures()
        ),
    ]


if __name__ == "__main__":
    print("\n".join(table()))
