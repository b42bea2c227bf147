"""Concealment compared with the reference's: `RTPCODEC_VECTORS=FOLDER python -m benchmarks.plc`.

The vectors in plc/ are speech, patterns of loss, and what the programs of ITU-T G.191 made of them: Appendix I for
PCMU, two methods in the domain of codes for G.722 (plc0 mutes, plc3 is their best). All are scored here in one run
against the audio without loss. Log-spectral distance: the mean over the lost 10 ms frames and the first 20 ms after
each gap, lower is better. STOI: intelligibility of the whole, 0 to 1. The cost is that of `conceal` on 20 ms.
"""

from __future__ import annotations

import os
import sys
import timeit
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from rtpcodec import codec

SPEECH: Final = ("en_m", "en_f")
PATTERNS: Final = ("loss05_20ms", "loss10_20ms", "bursty_20ms", "one_100ms_gap")
REFERENCES: Final = {"PCMU": ("appendix_i",), "G722": ("g722_plc0", "g722_plc3")}
FLOOR: Final = 1e-6
"""Added to each bin, relative to the mean power of the speech: 60 dB below it is silence."""
PAYLOAD_OCTETS: Final = 160

Pcm = NDArray[np.int16]


@dataclass(frozen=True, slots=True)
class Score:
    """The scores of one method on one file."""

    codec: str
    file: str
    way: str
    lsd_db: float
    stoi: float


def samples(path: Path) -> Pcm:
    """Read a file of PCM."""
    return np.fromfile(path, "<i2").astype(np.int16)


def is_scored(lost: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Return the 10 ms frames whose distance is measured: the lost ones, and two after each gap."""
    near = lost.astype(bool)
    for frames in (1, 2):
        near[frames:] |= lost[:-frames].astype(bool)
    return near


def log_spectral_distance_db(wanted: Pcm, got: Pcm, near: NDArray[np.bool_], rate_hz: int) -> float:
    """Return the mean RMS difference of the spectra in dB, of 20 ms Hann windows around these 10 ms frames."""
    hop = rate_hz // 100
    starts = np.arange(len(near)) * hop

    def spectra(pcm: Pcm) -> NDArray[np.float64]:
        padded = np.pad(pcm.astype(np.float64), (hop // 2, hop))
        frames = np.lib.stride_tricks.sliding_window_view(padded, 2 * hop)[starts]
        return np.asarray(np.abs(np.fft.rfft(frames * np.hanning(2 * hop))) ** 2)

    before, after = spectra(wanted), spectra(got)
    floor = FLOOR * before.mean()
    difference = 10 * np.log10((after + floor) / (before + floor))
    return float(np.sqrt((difference**2).mean(axis=1))[near].mean())


def ours(name: str, octets: bytes, lost: NDArray[np.uint8]) -> Pcm:
    """Decode a stream with losses by our decoder."""
    decoder = codec(name).decoder()
    step = decoder.sample_rate_hz // 50
    heard = [
        decoder.conceal(step) if lost[2 * i] else decoder.decode(octets[i * PAYLOAD_OCTETS : (i + 1) * PAYLOAD_OCTETS])
        for i in range(len(octets) // PAYLOAD_OCTETS)
    ]
    return np.frombuffer(b"".join(heard), np.int16)


def scores(folder: Path) -> Iterator[Score]:
    """Measure every method on every file."""
    from pystoi import stoi  # noqa: PLC0415 (brings scipy, which takes a second; collecting the tests imports this file)

    for name, references in REFERENCES.items():
        rate_hz = codec(name).sample_rate_hz()
        for speech in SPEECH:
            octets = (folder / f"{speech}.{name.lower()}").read_bytes()
            whole = np.frombuffer(codec(name).decoder().decode(octets), np.int16)
            for pattern in PATTERNS:
                lost = np.fromfile(folder / f"{speech}.{pattern}.lost10ms.u8", np.uint8)
                near = is_scored(lost)
                ways = {way: samples(folder / f"{speech}.{pattern}.{way}.s16le")[: whole.size] for way in references}
                for way, got in {**ways, "ours": ours(name, octets, lost)}.items():
                    distance_db = log_spectral_distance_db(whole, got, near, rate_hz)
                    intelligibility = float(stoi(whole.astype(np.float64), got.astype(np.float64), rate_hz))
                    yield Score(name, f"{speech} {pattern}", way, distance_db, intelligibility)


def cost_us(name: str, octets: bytes) -> float:
    """Measure `conceal` on the 20 ms after a good frame, which includes the pitch search: the least of many means."""
    decoder = codec(name).decoder()
    payload = octets[50 * PAYLOAD_OCTETS : 51 * PAYLOAD_OCTETS]
    step = decoder.sample_rate_hz // 50

    def good() -> None:
        decoder.decode(payload)
        decoder.decode(payload)

    def with_gap() -> None:
        decoder.decode(payload)
        decoder.conceal(step)
        decoder.decode(payload)

    calls = 1000
    with_us, without_us = (min(timeit.repeat(run, number=calls, repeat=25)) / calls * 1e6 for run in (with_gap, good))
    return with_us - without_us


def mean(found: list[Score], name: str, way: str) -> Score:
    """Return the mean of a method over all files of a codec."""
    rows = [one for one in found if (one.codec, one.way) == (name, way)]
    return Score(name, "mean", way, float(np.mean([r.lsd_db for r in rows])), float(np.mean([r.stoi for r in rows])))


def table(folder: Path) -> list[str]:
    """Return the scores in Markdown, the means last, and the cost of a lost frame."""
    found = list(scores(folder))
    lines = []
    for name, references in REFERENCES.items():
        ways = (*references, "ours")
        lines += [f"| {name} | " + " | ".join(f"{way}: LSD, dB | STOI" for way in ways) + " |"]
        lines += ["|---|" + "--:|--:|" * len(ways)]
        rows = [one for one in found if one.codec == name] + [mean(found, name, way) for way in ways]
        for file in dict.fromkeys(one.file for one in rows):
            cells = [f"{one.lsd_db:.2f} | {one.stoi:.3f}" for one in rows if one.file == file]
            lines.append(f"| {file} | {' | '.join(cells)} |")
        lines.append("")
    for name in REFERENCES:
        octets = (folder / f"en_m.{name.lower()}").read_bytes()
        lines.append(f"{name}: {cost_us(name, octets):.1f} us a lost frame of 20 ms")
    return lines


if __name__ == "__main__":
    if "RTPCODEC_VECTORS" not in os.environ:
        sys.exit("RTPCODEC_VECTORS is not set, it names the folder of the reference vectors")
    print("\n".join(table(Path(os.environ["RTPCODEC_VECTORS"], "plc"))))
