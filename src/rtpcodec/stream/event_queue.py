"""Bounded queue of events: a slow reader loses the oldest audio instead of filling memory.

MAX_AUDIO_MS      audio that waits: speech older than this is useless to a live listener
MAX_OTHER_EVENTS  waiting events other than audio, such as keys and marks; no real call has as many
MAX_OCTETS        octets of all waiting events: unknown messages may be long, so their number alone is not a bound
"""

from __future__ import annotations

from rtpcodec.stream._event_queue import MAX_AUDIO_MS, MAX_OCTETS, MAX_OTHER_EVENTS, EventQueue

__all__ = ["MAX_AUDIO_MS", "MAX_OCTETS", "MAX_OTHER_EVENTS", "EventQueue"]
