"""Ready-made handlers: echo, record, play a file. Each is a model for your own."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Callable, Coroutine, Iterator, Sequence
from os import PathLike
from pathlib import Path
from typing import Final, TypeVar

from rtpcodec.audio.files import WavWriter, read_wav
from rtpcodec.audio.rates import resampler_between
from rtpcodec.audio.resample import Resampler
from rtpcodec.carriers.telnyx.commands import MP3_MODE, Mode
from rtpcodec.errors import MissingExtra
from rtpcodec.kernels.resample import RATES_HZ
from rtpcodec.server.call import Call
from rtpcodec.server.settings import CONCEALS, FILES_PER_CALL, Handler
from rtpcodec.stream.events import Audio, Started

MAX_SILENCE_MS: Final = 60_000.0
"""Longest silence written for one gap that makes a recording longer than its call: wild counters must not fill the
disk. A hold of any length is written, because its time has passed."""
SILENCE_PIECE_MS: Final = 10_000.0
"""Silence is written in pieces of this length: an hour of it must not be in memory at once."""
MIN_SILENCE_MS: Final = 1.0
"""Shorter gaps come from rounding milliseconds to samples and are not filled."""
TRACKS: Final = 2
"""Tracks of a call, and so files of a recording."""
MAX_NAME_CHARACTERS: Final = 100
MP3_ECHO_MS: Final = 2000.0
"""Audio per file of an echo in mode mp3, and so its delay. The carrier accepts only one file per second."""

_UNSAFE = re.compile(r"[^A-Za-z0-9_-]+")

_HandlerT = TypeVar("_HandlerT", bound=Handler)


def _for_ears(handler: _HandlerT) -> _HandlerT:
    """Mark a handler whose audio people will hear, so that its gaps are concealed."""
    setattr(handler, CONCEALS, True)
    return handler


@_for_ears
async def echo(call: Call) -> None:
    """Play back what the caller says at once; in mode mp3 in files of MP3_ECHO_MS."""
    track = "outbound" if call.plan.tracks == "outbound_track" else "inbound"
    to_send_rate = _RateChanger(call.send_pcm_hz)
    collected_ms = 0.0
    async for audio in call.audio(track):
        await call.play(to_send_rate.change(audio.pcm, audio.sample_rate_hz))
        collected_ms += audio.duration_ms
        if call.plan.mode == "mp3" and collected_ms >= MP3_ECHO_MS and not call.ended:
            call.flush()
            collected_ms = 0.0


def record(folder: str | PathLike[str]) -> Callable[[Call], Coroutine[None, None, None]]:
    """Make a handler that records each track of a call to `{stream_id}-{track}.wav` in a folder.

    The folder is created if it is missing. Lost audio is concealed, or silent with `serve(conceal=False)`, so that each
    sample stays at its time. An existing file is not replaced; the call's id is then added to the name. Audio that
    cannot be decoded is not recorded.

    Raises: OSError if the folder cannot be created.
    """
    into = Path(folder)
    into.mkdir(parents=True, exist_ok=True)

    @_for_ears
    async def record_call(call: Call) -> None:
        begun_s = asyncio.get_running_loop().time()
        with contextlib.ExitStack() as files:
            tracks: dict[str, _TrackFile] = {}
            async for event in call.events():
                if isinstance(event, Audio) and event.pcm:
                    if event.track not in tracks:
                        tracks[event.track] = _TrackFile(files.enter_context(_open(into, call, event)), begun_s)
                    tracks[event.track].write(event)
                elif isinstance(event, Started):
                    for track in tracks.values():
                        track.begin_anew()

    setattr(record_call, FILES_PER_CALL, TRACKS)
    return record_call


def play_file(
    path: str | PathLike[str], *, loop: bool = False, mode: Mode | None = None
) -> Callable[[Call], Coroutine[None, None, None]]:
    """Make a handler that plays a WAV or MP3 file of any rate, once or until the stream ends.

    The file is read and decoded now, so that whatever is wrong with it is known before the first call. A rate that
    streams cannot be resampled from is converted once, now, to the next higher one that they can (at most 48000 Hz). In
    mode mp3, an MP3 file is sent unchanged.

    path: the file; the suffix `.mp3` means an MP3 file, any other a WAV file. Several channels become their mean.
    loop: whether to repeat the file until the stream ends. The end of the file ends the stream, but not the phone call.
    mode: the plan's mode, if it is known. With "mp3", an MP3 file is not decoded; with "rtp", it must be possible.
    Raises: ValueError if the file is not of its kind or has no samples; OSError if it cannot be read; MissingExtra if
    an MP3 file must be decoded and no decoder is installed. Without `mode`, the handler raises MissingExtra instead, in
    calls of mode rtp.
    """
    if Path(path).suffix.lower() == ".mp3":
        return _play_mp3_file(Path(path), loop=loop, mode=mode)
    pcm, rate_hz = read_wav(path)
    if not pcm:
        raise ValueError(f"{Path(path).name} has 0 samples, at least 1 is needed")
    pcm, rate_hz = _at_streaming_rate(pcm, rate_hz)

    async def play_call(call: Call) -> None:
        await _play_pcm(call, pcm, rate_hz, loop=loop)

    return play_call


def _play_mp3_file(path: Path, *, loop: bool, mode: Mode | None) -> Callable[[Call], Coroutine[None, None, None]]:
    from rtpcodec.audio import mp3  # noqa: PLC0415 -- it loads numpy

    data = path.read_bytes()
    try:
        mp3.require_mp3(data)
    except ValueError as error:
        raise ValueError(f"{path.name}: {error}") from None
    decoded: tuple[bytes, int] | None = None
    missing: MissingExtra | None = None
    if mode != MP3_MODE:
        try:
            decoded = _decoded(mp3.decode_parts(data))
        except MissingExtra as error:
            if mode is not None:
                raise
            missing = error

    async def play_call(call: Call) -> None:
        if call.plan.mode == MP3_MODE:
            await call.play_mp3(data)
            while loop and not call.ended:
                await call.play_mp3(data)
            return
        if missing is not None:
            raise missing
        await _play_pcm(call, *(decoded or _decoded(mp3.decode_parts(data))), loop=loop)

    return play_call


def _decoded(parts: Sequence[tuple[bytes, int]]) -> tuple[bytes, int]:
    """Join the parts of an MP3 file, each brought to the rate that the first is played at."""
    from rtpcodec.audio.whole_rate import at_rate  # noqa: PLC0415 -- it loads numpy

    first, rate_hz = _at_streaming_rate(*parts[0])
    return b"".join([first, *(at_rate(pcm, part_hz, rate_hz) for pcm, part_hz in parts[1:])]), rate_hz


def _at_streaming_rate(pcm: bytes, rate_hz: int) -> tuple[bytes, int]:
    if rate_hz in RATES_HZ:
        return pcm, rate_hz
    from rtpcodec.audio.whole_rate import at_streaming_rate  # noqa: PLC0415 -- it loads numpy

    return at_streaming_rate(pcm, rate_hz)


async def _play_pcm(call: Call, pcm: bytes, rate_hz: int, *, loop: bool) -> None:
    to_send_rate = _RateChanger(call.send_pcm_hz)
    while True:
        for piece in _pieces(pcm, rate_hz, call.send_pcm_hz):
            await call.play(to_send_rate.change(*piece))
        if not loop or call.ended:
            await call.play(to_send_rate.flush())
            return


def _pieces(pcm: bytes, rate_hz: int, send_hz: int) -> Iterator[tuple[bytes, int]]:
    """Yield a file second by second, with its rate, or converted where no resampler has the rate that is sent."""
    if rate_hz == send_hz or {rate_hz, send_hz} <= set(RATES_HZ):
        for start in range(0, len(pcm), 2 * rate_hz):
            yield pcm[start : start + 2 * rate_hz], rate_hz
        return
    from rtpcodec.audio.whole_rate import pieces_at_rate  # noqa: PLC0415 -- it loads numpy

    for piece in pieces_at_rate(pcm, rate_hz, send_hz):
        yield piece, send_hz


class _RateChanger:
    """Resample PCM of any rate to one rate, without a seam between chunks of equal rate."""

    __slots__ = ("_resampler", "_to_hz")

    def __init__(self, to_hz: int) -> None:
        self._to_hz = to_hz
        self._resampler: Resampler | None = None

    def change(self, pcm: bytes, from_hz: int) -> bytes:
        """Resample a chunk."""
        if not pcm or from_hz == self._to_hz:
            return pcm
        if self._resampler is None or self._resampler.from_hz != from_hz:
            self._resampler = resampler_between("the received rate", from_hz, "the rate to send", self._to_hz)
        return pcm if self._resampler is None else self._resampler.resample(pcm)

    def flush(self) -> bytes:
        """Return the resampler's tail."""
        return b"" if self._resampler is None else self._resampler.flush()


class _TrackFile:
    """One track's recording, with each chunk at its media time.

    It writes from the event loop, without a thread. A chunk of 20 ms goes into a buffer, and the operating system's
    cache accepts a buffer of several seconds within microseconds. Handing each chunk to a thread would cost more.
    """

    __slots__ = ("_begins_at", "_begun_s", "_to_file_rate", "_wav")

    def __init__(self, wav: WavWriter, begun_s: float) -> None:
        self._wav = wav
        self._begun_s = begun_s
        self._to_file_rate = _RateChanger(wav.sample_rate_hz)
        self._begins_at = 0

    def write(self, audio: Audio) -> None:
        """Add a chunk; a gap before it is filled with silence."""
        rate_hz = self._wav.sample_rate_hz
        pcm = self._to_file_rate.change(audio.pcm, audio.sample_rate_hz)
        begins_at = self._begins_at + round(audio.media_ms * rate_hz / 1000)
        self._fill(begins_at - self._wav.samples_written)
        self._wav.write(pcm)

    def begin_anew(self) -> None:
        """Set the stream's time zero to the current end of the file, because the stream has restarted."""
        self._begins_at = self._wav.samples_written

    def _fill(self, samples: int) -> None:
        """Write silence up to now, or MAX_SILENCE_MS. A shorter one moves all later audio to an earlier position."""
        rate_hz = self._wav.sample_rate_hz
        if samples * 1000 / rate_hz < MIN_SILENCE_MS:
            return
        passed = round((asyncio.get_running_loop().time() - self._begun_s) * rate_hz) - self._wav.samples_written
        silent = min(samples, max(passed, round(MAX_SILENCE_MS * rate_hz / 1000)))
        self._begins_at -= samples - silent
        piece = round(SILENCE_PIECE_MS * rate_hz / 1000)
        for begin in range(0, silent, piece):
            self._wav.write(bytes(2 * min(piece, silent - begin)))


def _open(folder: Path, call: Call, audio: Audio) -> WavWriter:
    stem = f"{_file_name(call.started.stream_id or call.id)}-{_file_name(audio.track)}"
    try:
        return WavWriter(folder / f"{stem}.wav", audio.sample_rate_hz, replace=False)
    except FileExistsError:
        return WavWriter(folder / f"{stem}-{call.id}.wav", audio.sample_rate_hz, replace=False)


def _file_name(text: str) -> str:
    """Return a safe part of a file name for any text from the wire: no dots or separators, not empty, not too long."""
    return _UNSAFE.sub("_", text)[:MAX_NAME_CHARACTERS] or "_"
