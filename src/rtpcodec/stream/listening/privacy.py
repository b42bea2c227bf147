"""Private sections: while one runs, recorders, taps and captures keep nothing of what the caller says or keys."""

from __future__ import annotations

from collections.abc import Callable

from rtpcodec.pickling import Live

Listener = Callable[[bool, str, float], object]
"""Called at once when private sections begin and when all have ended: (whether one runs, its label, the time)."""


class Privacy(Live):
    """The private sections of one session, which may overlap. Use from one thread at a time."""

    __slots__ = ("_labels", "_listeners")

    def __init__(self) -> None:
        self._labels: list[str] = []
        self._listeners: list[Listener] = []

    @property
    def active(self) -> bool:
        """Whether a section runs."""
        return bool(self._labels)

    @property
    def label(self) -> str:
        """What the section that began first is about; empty: none runs."""
        return self._labels[0] if self._labels else ""

    def enter(self, label: str, now_ms: float) -> None:
        """Begin a section. Listeners hear of the first one.

        label: what it is about, such as "card"; it is written into sidecars and logs.
        now_ms: the time.
        """
        self._labels.append(label)
        if len(self._labels) == 1:
            self._tell(active=True, label=label, now_ms=now_ms)

    def leave(self, label: str, now_ms: float) -> None:
        """End a section. Listeners hear of the end of the last one. ValueError: none of this label runs."""
        self._labels.remove(label)
        if not self._labels:
            self._tell(active=False, label=label, now_ms=now_ms)

    def subscribe(self, listener: Listener) -> None:
        """Call a listener from now on."""
        self._listeners.append(listener)

    def unsubscribe(self, listener: Listener) -> None:
        """Call a listener no more. One that is not there is ignored."""
        if listener in self._listeners:
            self._listeners.remove(listener)

    def _tell(self, *, active: bool, label: str, now_ms: float) -> None:
        for listener in list(self._listeners):
            listener(active, label, now_ms)
