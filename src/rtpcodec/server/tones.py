"""Tone detection of one call."""

from __future__ import annotations

from rtpcodec.pickling import Live
from rtpcodec.server.loop_access import LoopAccess
from rtpcodec.stream.listening.tone_settings import ToneSettings


class CallTones(Live):
    """The tone detection of one call. Use it in the event loop's thread only."""

    __slots__ = ("_access", "_listener")

    def __init__(self, access: LoopAccess, settings: ToneSettings | None) -> None:
        """Begin. Errors as for `MediaSession.tones`."""
        self._access = access
        self._listener = access.machine("tones").session.tones(settings)

    @property
    def settings(self) -> ToneSettings:
        """The kinds that are reported."""
        return self._listener.settings

    def stop(self) -> None:
        """Report no more tones. A second call does nothing."""
        self._access.machine("stop").session.stop_listening(self._listener)
