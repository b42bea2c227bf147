"""Private sections: while one runs, recorders, taps and captures keep nothing that the caller says or keys."""

from __future__ import annotations

import re
from collections.abc import Callable
from math import inf
from typing import Final

from rtpcodec.pickling import Live

Listener = Callable[[bool, str, float], object]
"""Called at once when the first section begins and when the last one ends: (whether one runs, its label, the time)."""

PRIVATE_TAIL_MS: Final = 250.0
"""How long audio from the end of a section may be in transit. The last key also sounds after its message."""
CHUNK_MS: Final = 20.0
"""Our own audio of a section returns on the outbound track one round trip later, in chunks of this length."""
MAX_LABEL_CHARACTERS: Final = 40
"""A label names the purpose in a few words."""
_LABEL: Final = re.compile(r"[A-Za-z](?:[A-Za-z0-9 _-]*[A-Za-z0-9])?")
"""Safe in a log, in JSON and in the name of a file."""
_NUMBER: Final = re.compile(r"\d[ _-]?\d[ _-]?\d[ _-]?\d")
"""A purpose has fewer digits in a row; a PIN that was passed by mistake has as many."""


def require_label(label: str) -> None:
    """Check that a label is safe in logs and files. Raises: TypeError, ValueError, which do not show the label."""
    if not isinstance(label, str):
        raise TypeError(f"label is of type {type(label).__name__}, a str such as 'card' is needed")
    if len(label) > MAX_LABEL_CHARACTERS:
        raise ValueError(f"label has {len(label)} characters, at most {MAX_LABEL_CHARACTERS} are allowed")
    if not _LABEL.fullmatch(label):
        raise ValueError("label is not a name: a letter, then letters, digits, spaces, '_' and '-' are needed")
    if _NUMBER.search(label):
        raise ValueError("label has 4 digits in a row: it is written into logs and files, so it must not be a number")


class Privacy(Live):
    """The private sections of one session, which may overlap. Use from one thread at a time."""

    __slots__ = ("_labels", "_listeners", "_round_trip_ms", "ended", "hidden_until_ms")

    def __init__(self, round_trip_ms: Callable[[], float | None] | None = None) -> None:
        """Make the sections of a session; round_trip_ms: returns the round trip to the carrier, or None if unknown."""
        self._round_trip_ms = round_trip_ms
        self._labels: list[str] = []
        self._listeners: list[Listener] = []
        self.ended = False
        """Whether `end` was called. No section can begin any more."""
        self.hidden_until_ms = -inf
        """Audio that arrived by then, or would have arrived without jitter, may have been said in an ended section."""

    @property
    def active(self) -> bool:
        """Whether a section runs."""
        return bool(self._labels)

    @property
    def label(self) -> str:
        """The label of the section that began first; empty: no section runs."""
        return self._labels[0] if self._labels else ""

    def hides(self, now_ms: float, said_ms: float | None) -> bool:
        """Return whether audio that arrives now must not be kept: it may have been said in a section.

        now_ms: the time.
        said_ms: when it would have arrived without jitter and stalls; None: unknown.
        """
        hidden_ms = self.hidden_until_ms
        return bool(self._labels) or now_ms < hidden_ms or (said_ms is not None and said_ms < hidden_ms)

    def enter(self, label: str, now_ms: float) -> None:
        """Begin a section. Listeners are called for the first one. Does nothing after `end`.

        label: the purpose, such as "card". It is written into sidecars and logs.
        now_ms: the time.
        Raises: ValueError, TypeError if the label is not safe in logs and files: see `require_label`.
        """
        require_label(label)
        if self.ended:
            return
        self._labels.append(label)
        if len(self._labels) == 1:
            self._report(active=True, label=label, now_ms=now_ms)

    def leave(self, label: str, now_ms: float) -> None:
        """End a section. Listeners are called for the last one. Does nothing after `end`.

        Raises: ValueError if no section with this label runs.
        """
        if self.ended:
            return
        if label not in self._labels:
            raise ValueError("no private section of this label runs")
        self._labels.remove(label)
        if not self._labels:
            round_trip_ms = None if self._round_trip_ms is None else self._round_trip_ms()
            self.hidden_until_ms = now_ms + max(PRIVATE_TAIL_MS, (round_trip_ms or 0.0) + CHUNK_MS)
            self._report(active=False, label=label, now_ms=now_ms)

    def end(self, now_ms: float) -> None:
        """End all sections, because the stream has ended."""
        label, running = self.label, self.active
        self._labels.clear()
        self.ended = True
        if running:
            self._report(active=False, label=label, now_ms=now_ms)

    def subscribe(self, listener: Listener) -> None:
        """Call a listener from now on."""
        self._listeners.append(listener)

    def unsubscribe(self, listener: Listener) -> None:
        """Stop calling a listener. An unknown one is ignored."""
        if listener in self._listeners:
            self._listeners.remove(listener)

    def _report(self, *, active: bool, label: str, now_ms: float) -> None:
        """Call every listener, even after one that fails: the others must still respect the section."""
        failed: Exception | None = None
        for listener in list(self._listeners):
            try:
                listener(active, label, now_ms)
            except Exception as error:  # the first one is raised, once all were called
                failed = failed or error
        if failed is not None:
            raise failed
