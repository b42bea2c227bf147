"""RecordingFiles: the files of one recording. All methods run in the writer's threads."""

from __future__ import annotations

import errno
from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from rtpcodec.audio.wav_random_access import RandomAccessWav
from rtpcodec.server.recorder.covered_spans import CoveredSpans
from rtpcodec.server.recorder.finishing import sha256_of, to_flac
from rtpcodec.server.recorder.joining import HeardSide, Placed, ReceivedSide
from rtpcodec.server.recorder.pieces import Mask, Piece

if TYPE_CHECKING:
    from rtpcodec.server.recorder.outbound import Comparison

Sides = Literal["stereo", "separate"]

CALLER: Final = 0
HEARD: Final = 1
NAMES: Final = ("caller", "heard")
"""The names of the sides: channels, or suffixes of separate files."""
SAMPLE_OCTETS: Final = 2


class _Write(NamedTuple):
    side: int
    at: int
    pcm: bytes
    adds: bool


class RecordingFiles:
    """Writes pieces to one stereo file, or to one file per side."""

    __slots__ = (
        "_comparison",
        "_files",
        "_held",
        "_masks",
        "_outbound_spans",
        "_rate_hz",
        "_sides",
        "_tracks",
        "_waiting",
        "_writes",
        "heard",
        "knows_heard",
        "paths",
    )

    def __init__(self, path: Path, sample_rate_hz: int, sides: Sides) -> None:
        """Create the files.

        Args:
            path: the path of the file; files of the sides get a suffix.
            sample_rate_hz: the rate of the files.
            sides: "stereo" or "separate".

        Raises:
            FileExistsError: a file exists.
            OSError: a file cannot be created.
        """
        self._rate_hz = sample_rate_hz
        self.knows_heard = True
        """Whether the audio that the caller heard is known."""
        self.paths = (path,) if sides == "stereo" else tuple(side_path(path, name) for name in NAMES)
        """The finished files."""
        self._files: list[RandomAccessWav] = []
        try:
            for file in self.paths:
                _require_new(file)
                self._files.append(
                    RandomAccessWav(unfinished_path(file), sample_rate_hz, 2 if sides == "stereo" else 1)
                )
        except BaseException:
            for made in self._files:
                made.close()
                made.path.unlink()
            raise
        self._sides = sides
        self.heard = HeardSide(sample_rate_hz)
        """The heard audio."""
        self._tracks = {"caller": ReceivedSide(sample_rate_hz), "to_caller": ReceivedSide(sample_rate_hz)}
        self._comparison: Comparison | None = None
        self._outbound_spans = CoveredSpans()
        self._held: deque[Placed] = deque()
        """Audio of the outbound track, until it is known whether it contains us."""
        self._masks: list[Mask] = []
        self._writes: deque[_Write] = deque()
        self._waiting = [0, 0]
        """Octets of each side in `_writes`."""

    @property
    def heard_from(self) -> str:
        """The source of the heard side, one of the words of the sidecar."""
        if self._comparison is None:
            return "sent" if self.knows_heard else "nothing"
        if not self.knows_heard:
            return "outbound"
        return "outbound" if self._comparison.verdict == "contains us" else "sent and outbound"

    @property
    def duration_ms(self) -> float:
        """The length of the files."""
        return max(file.frames for file in self._files) * 1000 / self._rate_hz

    @property
    def waiting_ms(self) -> float:
        """Audio of one side that was placed and not written yet."""
        return max(self._waiting) * 1000 / (SAMPLE_OCTETS * self._rate_hz)

    def take(self, piece: Piece | Mask) -> None:
        """Place a piece; `write` writes it."""
        if isinstance(piece, Mask):
            self._masks.append(piece)
        elif piece.source == "caller":
            self._put(CALLER, self._tracks["caller"].place(piece))
        elif piece.source == "heard":
            self._put_heard(self.heard.place(piece))
        else:
            if self._comparison is None:
                from rtpcodec.server.recorder.outbound import Comparison  # noqa: PLC0415 -- it loads numpy

                self._comparison = Comparison(self._rate_hz)
            self._put_outbound(self._tracks["to_caller"].place(piece))

    def write(self, known_until_ms: float, *, at_end: bool = False) -> None:
        """Write placed samples, and then the sizes. After an OSError the rest is kept for the next call.

        Args:
            known_until_ms: up to where all pieces are known.
            at_end: whether no pieces follow.
        """
        if self._comparison is not None:
            self._decide(self._comparison, round(max(0.0, known_until_ms) * self._rate_hz / 1000), at_end=at_end)
        while self._writes:
            side, at, pcm, adds = self._joined_write()
            file = self._files[side if self._sides == "separate" else 0]
            file.place(side if self._sides == "stereo" else 0, at, pcm, adds=adds)
            self._writes.popleft()
            self._waiting[side] -= len(pcm)
        for file in self._files:
            file.update_header()

    def finish(self, end_ms: float) -> None:
        """Write the rest, and set the length of the files. Raises OSError."""
        self._put(CALLER, self._tracks["caller"].finish())
        self._put_heard(self.heard.finish())
        if self._comparison is not None:
            self._put_outbound(self._tracks["to_caller"].finish())
        self.write(end_ms, at_end=True)
        frames = max(round(end_ms * self._rate_hz / 1000), *(file.frames for file in self._files))
        for file in self._files:
            file.extend(frames)
            file.update_header()

    def close(self) -> None:
        """Close the files. An OSError is ignored: the sizes of the last `write` stay valid."""
        for file in self._files:
            with suppress(OSError):
                file.close()

    def complete(self) -> list[dict[str, object]]:
        """Close the files, convert to FLAC if needed, and return their sidecar entries. May raise OSError."""
        found: list[dict[str, object]] = []
        for number, (path, file) in enumerate(zip(self.paths, self._files, strict=True)):
            if path == file.path:
                file.close()
            else:
                to_flac(file, path)
            side = "both" if self._sides == "stereo" else NAMES[number]
            found.append({"name": path.name, "side": side, "octets": path.stat().st_size, "sha256": sha256_of(path)})
        return found

    def _put(self, side: int, placed: Iterable[Placed], *, adds: bool = False) -> None:
        """Queue samples for a file; private sections become silence."""
        for at, pcm in placed:
            if pcm:
                self._writes.append(_Write(side, at, self._masked(at, pcm), adds))
                self._waiting[side] += len(pcm)

    def _masked(self, at: int, pcm: bytes) -> bytes:
        for mask in self._masks:
            first = round(mask.from_ms * self._rate_hz / 1000) - at
            last = min(len(pcm) // SAMPLE_OCTETS, mask.to_ms * self._rate_hz / 1000 - at)
            if first < last and last > 0:
                begin, end = SAMPLE_OCTETS * max(0, first), SAMPLE_OCTETS * round(last)
                pcm = pcm[:begin] + bytes(end - begin) + pcm[end:]
        return pcm

    def _joined_write(self) -> _Write:
        """Join the oldest writes that follow one another, so that the file is written once for all of them."""
        first = self._writes.popleft()
        pcm, end = [first.pcm], first.at + len(first.pcm) // SAMPLE_OCTETS
        others: list[_Write] = []
        while self._writes and len(others) < 2 * len(pcm) + 2:
            one = self._writes.popleft()
            if one[:2] == (first.side, end) and one.adds == first.adds:
                pcm.append(one.pcm)
                end += len(one.pcm) // SAMPLE_OCTETS
            else:
                others.append(one)
                if one.side == first.side:  # later writes may replace it, so their order must be kept
                    break
        joined = _Write(first.side, first.at, b"".join(pcm), first.adds)
        self._writes.extendleft(reversed(others))
        self._writes.appendleft(joined)
        return joined

    # The side that the caller heard

    def _put_heard(self, placed: Iterable[Placed]) -> None:
        for at, pcm in placed:
            if self._comparison is None:
                self._put(HEARD, [(at, pcm)])
            elif self._comparison.verdict != "contains us":
                self._comparison.heard(at, pcm)
                self._put(HEARD, [(at, pcm)], adds=True)
            else:
                # The outbound track has gaps: lost chunks, and the time in which the caller is on hold.
                for first, last in self._outbound_spans.gaps(at, at + len(pcm) // SAMPLE_OCTETS):
                    self._put(HEARD, [(first, pcm[SAMPLE_OCTETS * (first - at) : SAMPLE_OCTETS * (last - at)])])

    def _put_outbound(self, placed: Iterable[Placed]) -> None:
        comparison = self._comparison
        for at, pcm in placed:
            self._outbound_spans.add(at, at + len(pcm) // SAMPLE_OCTETS)
            if comparison is None or comparison.verdict == "unknown":
                self._held.append((at, pcm))
                if comparison is not None:
                    comparison.track(at, pcm)
            else:
                self._put(HEARD, [(at, pcm)], adds=comparison.verdict == "without us")

    def _decide(self, comparison: Comparison, known_until: int, *, at_end: bool) -> None:
        """Write the outbound track as far as its content is known."""
        verdict = comparison.verdict
        if verdict == "unknown":
            verdict = comparison.decide(known_until, at_end=at_end)
        # Without a verdict for that long, we were silent there, so the track cannot contain us.
        oldest = known_until - comparison.max_undecided
        while self._held and (verdict != "unknown" or at_end or self._held[0][0] < oldest):
            self._put(HEARD, [self._held.popleft()], adds=verdict != "contains us")


def _require_new(path: Path) -> None:
    if path.exists():
        raise FileExistsError(errno.EEXIST, "already exists", path.name)


def side_path(path: Path, side: str) -> Path:
    """Return the path of the file of one side."""
    return path.with_name(f"{path.stem}-{side}{path.suffix}")


def unfinished_path(path: Path) -> Path:
    """Return the path of an unfinished file: FLAC recordings are WAV files until they end."""
    return path if path.suffix.lower() == ".wav" else path.with_name(path.name + ".wav")
