"""Ready-made handlers: echo, record, play a file. Each is a model for your own."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from os import PathLike
from pathlib import Path
from typing import Final

from rtpcodec.audio.files import read_wav
from rtpcodec.carriers.telnyx.commands import MP3_MODE, Mode
from rtpcodec.errors import MissingExtra
from rtpcodec.kernels.resample import RATES_HZ
from rtpcodec.server.call import Call
from rtpcodec.server.options import with_concealment
from rtpcodec.server.rate_changer import RateChanger
from rtpcodec.server.recording import record

__all__ = ["echo", "play_file", "record"]

MP3_ECHO_MS: Final = 2000.0
"""Audio per file of an echo in mode mp3, and so its delay. The carrier accepts only one file per second."""


@with_concealment
async def echo(call: Call) -> None:
    """Play back what the caller says at once; in mode mp3 in files of MP3_ECHO_MS."""
    track = "outbound" if call.plan.tracks == "outbound_track" else "inbound"
    if call.plan.mode == MP3_MODE:
        await _echo_files(call, track)
        return
    async for audio in call.audio(track):
        await call.play(audio)


async def _echo_files(call: Call, track: str) -> None:
    to_send_rate = RateChanger(call.send_pcm_hz)
    collected_ms = 0.0
    async for audio in call.audio(track):
        await call.play(to_send_rate.change(audio.pcm, audio.sample_rate_hz))
        collected_ms += audio.duration_ms
        if collected_ms >= MP3_ECHO_MS and not call.ended:
            call.flush()
            collected_ms = 0.0


def play_file(
    path: str | PathLike[str], *, loop: bool = False, mode: Mode | None = None
) -> Callable[[Call], Coroutine[None, None, None]]:
    """Make a handler that plays a WAV or MP3 file of any rate, once or until the stream ends.

    The file is read and decoded now, so that errors show before the first call. A file whose rate is not one of the
    resampler's nine is converted once, now, to the next higher one (at most 48000 Hz). In mode mp3, an MP3 file is sent
    unchanged.

    Args:
        path: the file; the suffix `.mp3` means an MP3 file, any other a WAV file. Several channels are mixed to their
            mean.
        loop: whether to repeat the file until the stream ends. Otherwise the end of the file ends the stream, and
            `on_handler_end` decides about the phone call.
        mode: the plan's mode, if it is known. "mp3": an MP3 file is not decoded; "rtp": decoding must be possible.

    Raises:
        ValueError: the file is not of its format, or has no samples.
        OSError: the file cannot be read.
        MissingExtra: an MP3 file must be decoded and no decoder is installed. Without `mode`, the handler raises it
            instead, in calls of mode rtp.
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
    to_send_rate = RateChanger(call.send_pcm_hz)
    while True:
        for start in range(0, len(pcm), 2 * rate_hz):
            await call.play(to_send_rate.change(pcm[start : start + 2 * rate_hz], rate_hz))
        if not loop or call.ended:
            await call.play(to_send_rate.flush())
            return
