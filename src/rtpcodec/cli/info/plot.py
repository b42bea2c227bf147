"""Pictures of sound over time: level, for calls also loss and delay."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import matplotlib as mpl

from rtpcodec.cli.info.audio_figures import AudioFigures
from rtpcodec.cli.info.capture_figures import CaptureFigures
from rtpcodec.cli.printing import printable
from rtpcodec.rtp.capture.series import SecondSeries
from rtpcodec.rtp.capture.sound import CallSound

_COLORS: Final = ("tab:blue", "tab:orange")
_LOWEST_SHOWN_DBOV: Final = -90.0
_LEAST_HEIGHT: Final = 1.0
"""The least height of the axes of loss and delay, in % and ms, so that small values look small."""
_MINUTES_FROM_S: Final = 600
"""The time axis of longer sound is in minutes."""
MAX_POINTS: Final = 1000
"""Limit of points per line: of longer sound, each point is the worst of several seconds."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that is not saved yet."""

    title: str
    figure: Any

    def save(self, path: Path) -> None:
        """Write it as PNG. OSError."""
        from matplotlib import pyplot

        self.figure.savefig(path, format="png", dpi=110)
        pyplot.close(self.figure)


def draw(figures: AudioFigures | CaptureFigures) -> Iterator[Picture]:
    """Yield a picture of an audio file, or one per call of a capture."""
    mpl.use("Agg")
    name = printable(Path(figures.path).name)
    if isinstance(figures, AudioFigures):
        yield _audio_picture(name, figures.levels_dbov)
        return
    for number, sound in enumerate(figures.sounds, 1):
        yield _call_picture(f"{name}, call {number}", sound)


def _audio_picture(title: str, levels_dbov: Sequence[float]) -> Picture:
    from matplotlib import pyplot

    figure, axis = pyplot.subplots(figsize=(10, 3), layout="constrained")
    figure.suptitle(title, parse_math=False)
    _level(axis, [("", levels_dbov)])
    return Picture(title, figure)


def _call_picture(title: str, sound: CallSound) -> Picture:
    from matplotlib import pyplot

    figure, (level, loss, delay) = pyplot.subplots(3, 1, figsize=(10, 7), layout="constrained", sharex=True)
    figure.suptitle(title, parse_math=False)
    named = [(_name(sound, place), track.series) for place, track in enumerate(sound.tracks)]
    _level(level, [(name, series.level_dbov) for name, series in named])
    level.set_xlabel("")
    if any(name for name, _ in named):
        figure.legend(*level.get_legend_handles_labels(), loc="outside upper right", fontsize="small")
    for color, (_, series) in zip(_COLORS, named, strict=False):
        _draw(loss, _loss_percent(series), color)
        _draw(delay, [float("nan") if one is None else one for one in series.delay_ms], color)
    for axis, label in ((loss, "loss, %"), (delay, "delay above the least, ms")):
        axis.set_ylabel(label)
        axis.set_ylim(0, max(_LEAST_HEIGHT, axis.get_ylim()[1]))
        axis.grid(alpha=0.3)
    delay.set_xlabel(_unit(max((len(series.level_dbov) for _, series in named), default=0)))
    return Picture(title, figure)


def _name(sound: CallSound, place: int) -> str:
    """Return the addresses of a direction."""
    streams = sound.tracks[place].streams
    return f"{streams[0].stream.source} to {streams[0].stream.destination}" if streams else ""


def _level(axis: Any, named: Sequence[tuple[str, Sequence[float]]]) -> None:
    """Draw the levels of one or two channels."""
    for color, (name, levels_dbov) in zip(_COLORS, named, strict=False):
        _draw(axis, [max(one, _LOWEST_SHOWN_DBOV) for one in levels_dbov], color, name)
    axis.set_ylim(_LOWEST_SHOWN_DBOV - 2, 2)
    axis.set_ylabel("level, dBov")
    axis.set_xlabel(_unit(max((len(levels) for _, levels in named), default=0)))
    axis.grid(alpha=0.3)


def _draw(axis: Any, values: Sequence[float], color: str, name: str = "") -> None:
    """Draw one value per second as a step; for long sound the highest one of several seconds."""
    seconds = len(values)
    unit_s = 60 if seconds > _MINUTES_FROM_S else 1
    step = max(1, -(-seconds // MAX_POINTS))
    edges = [min(at, seconds) / unit_s for at in range(0, seconds + step, step)]
    highest = [max(values[at : at + step]) for at in range(0, seconds, step)]
    axis.stairs(highest, edges, baseline=None, color=color, label=name, linewidth=1.5)


def _loss_percent(series: SecondSeries) -> list[float]:
    return [
        100 * lost / (lost + received) if lost else 0.0
        for lost, received in zip(series.lost, series.received, strict=True)
    ]


def _unit(seconds: int) -> str:
    return "minutes" if seconds > _MINUTES_FROM_S else "seconds"
