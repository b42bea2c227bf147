"""Background: a background sound of a call. Its recording is loaded in a thread."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from os import PathLike
from typing import Any, Final

from typing_extensions import Buffer

from rtpcodec.pickling import Live
from rtpcodec.pump.virtual import VirtualEventLoop
from rtpcodec.server.call_log import CallLog
from rtpcodec.server.loop_access import LoopAccess
from rtpcodec.stream.events import Audio
from rtpcodec.stream.speaking.background_sound import BackgroundSound
from rtpcodec.stream.speaking.background_source import BackgroundSource, background_source

AT_ONCE_OCTETS: Final = 1 << 20
"""PCM up to this size is measured in the event loop, in less than a millisecond. Longer PCM, and every file, is loaded
in a thread."""

Source = BackgroundSource | str | PathLike[str] | Buffer | Audio


class Background(Live):
    """One background sound of a call, from `call.background`.

    Await it to wait until its recording is loaded; a failure to load it is raised there, and always logged. Use it in
    the event loop's thread only.
    """

    __slots__ = ("_access", "_loading", "_sound", "_stopped", "_to_hz")

    def __init__(self, access: LoopAccess, to_hz: int) -> None:
        self._access = access
        self._to_hz = to_hz
        self._sound: BackgroundSound | None = None
        self._loading: asyncio.Future[BackgroundSource] | None = None
        self._stopped = False

    def stop(self) -> None:
        """Fade the sound out within 5 ms. A second call does nothing."""
        self._access.machine("stop")
        self._stopped = True
        if self._sound is not None:
            self._sound.stop()
        self._access.pump.run()

    @property
    def ended(self) -> bool:
        """Whether the sound is over: it was stopped, its recording has ended, or the stream has ended."""
        if self._access.pump.machine.session.ended:
            return True
        return self._stopped if self._sound is None else self._sound.ended

    def __await__(self) -> Generator[Any, Any, Background]:
        self._access.require_coroutine("await background")
        if self._loading is not None:
            yield from asyncio.shield(self._loading).__await__()
        return self

    def begin(self, source: Source, pcm_hz: int | None, call_id: str, options: dict[str, Any]) -> None:
        """Load the recording, and start the sound.

        Args:
            source: the recording.
            pcm_hz: the rate of PCM.
            call_id: the id of the call, for the log record of a failure.
            options: keyword arguments of BackgroundSound.
        """
        loop = self._access.loop
        if _is_short(source) or isinstance(loop, VirtualEventLoop):  # it has no threads, and work takes no time there
            self._add(_loaded(source, pcm_hz), options)
            return
        BackgroundSound(_SILENT, self._to_hz, **options)  # raises for wrong options now
        stops = self._stops
        loading = loop.run_in_executor(None, _loaded, source, pcm_hz)
        self._loading = loading

        def loaded(done: asyncio.Future[BackgroundSource]) -> None:
            self._stopped |= self._stops != stops
            if done.cancelled() or self._stopped or self._access.pump.machine.session.ended:
                return
            error = done.exception()
            try:
                if error is None:
                    self._add(done.result(), options)
            except Exception as refusal:  # whatever the session raises
                error = refusal
            if error is not None:
                CallLog(call_id).warning("the background sound could not be loaded: %s", error)

        loading.add_done_callback(loaded)

    @property
    def _stops(self) -> int:
        speech = self._access.pump.machine.session.speech
        return 0 if speech is None else speech.idle.stops

    def _add(self, source: BackgroundSource, options: dict[str, Any]) -> None:
        sound = BackgroundSound(source, self._to_hz, **options)
        self._access.pump.machine.session.background(sound)
        self._sound = sound
        self._access.pump.run()


_SILENT: Final = BackgroundSource(bytes(2 * 8000), 8000, 0.0)


def _loaded(source: Source, pcm_hz: int | None) -> BackgroundSource:
    return source if isinstance(source, BackgroundSource) else background_source(source, pcm_hz)


def _is_short(source: Source) -> bool:
    if isinstance(source, BackgroundSource):
        return True
    if isinstance(source, str | PathLike):
        return False
    pcm = source.pcm if isinstance(source, Audio) else source
    return memoryview(pcm).nbytes <= AT_ONCE_OCTETS
