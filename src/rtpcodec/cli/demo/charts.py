"""One chart of all calls: waveforms over each other, spectrograms side by side."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from rtpcodec.cli.demo.scenario import CallResult

INK = "#1f2933"
SOURCE = "#486581"
RECEIVED = "#d64545"
FLOOR_DB = -85.0


def draw(results: list[CallResult], path: Path) -> None:
    """Write the PNG: one row per call."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    style: Any = {"font.size": 9, "axes.edgecolor": INK, "axes.labelcolor": INK, "xtick.color": INK, "ytick.color": INK}
    with plt.rc_context(style):
        figure, axes = plt.subplots(
            len(results), 3, figsize=(15, 2.6 * len(results) + 0.9), squeeze=False, layout="constrained"
        )
        figure.suptitle("A phone call through rtpcodec: speech as sent and as received", fontsize=14, color=INK)
        for row, result in zip(axes, results, strict=True):
            _draw_call(row, result)
        for axis in axes[-1]:
            axis.set_xlabel("seconds")
        figure.savefig(path, dpi=110, facecolor="white")
        plt.close(figure)


def _draw_call(row: Any, result: CallResult) -> None:
    # Aligned: the received audio is late by the codec's delay, and in mode mp3 by the whole turn of the caller.
    source, recorded = result.fidelity.source, result.fidelity.aligned
    rate_hz = result.sample_rate_hz
    waveform, before, after = row
    loudest = max(1, int(np.abs(source).max(initial=0)))
    for samples, place, color in ((source, 1, SOURCE), (recorded, -1, RECEIVED)):
        waveform.plot(np.arange(len(samples)) / rate_hz, samples / loudest + place, color=color, linewidth=0.4)
    waveform.set_xlim(0, len(source) / rate_hz)
    waveform.set_ylim(-2.1, 2.1)
    waveform.set_yticks([1, -1], ["sent", "received"])
    waveform.set_ylabel(result.codec, fontsize=13, fontweight="bold")
    waveform.set_title(f"{result.quality_text}, echo after {result.latency_text}", loc="left")
    _spectrogram(before, source, rate_hz, f"sent, {rate_hz // 1000} kHz")
    _spectrogram(after, recorded, rate_hz, "received")


def _spectrogram(axis: Any, samples: Any, rate_hz: int, title: str) -> None:
    """Short-time spectra of 20 ms every 5 ms, in dB below full scale."""
    size, hop = rate_hz // 50, rate_hz // 200
    count = max(1, (len(samples) - size) // hop)
    window = np.hanning(size)
    padded = np.pad(samples / 32768, (0, size))
    frames = np.stack([padded[at * hop : at * hop + size] * window for at in range(count)])
    level_db = 20 * np.log10(np.abs(np.fft.rfft(frames)) * 2 / window.sum() + 1e-9)
    axis.imshow(
        level_db.T,
        origin="lower",
        aspect="auto",
        cmap="magma",
        vmin=FLOOR_DB,
        vmax=-20,
        extent=(0, count * hop / rate_hz, 0, rate_hz / 2000),
    )
    axis.set_ylabel("kHz")
    axis.set_title(title, loc="left")
