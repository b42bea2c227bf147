"""Bounded queue of events: a slow reader loses the oldest audio instead of filling memory.

MAX_AUDIO_MS      waiting audio: older speech is useless to a live listener
MAX_OTHER_EVENTS  waiting events other than audio, such as keys and marks; no real call has as many
MAX_OCTETS        octets of all waiting events: unknown messages may be long, so a limit on their number is not enough
"""

from __future__ import annotations

from rtpcodec.stream._event_queue import MAX_AUDIO_MS, MAX_OCTETS, MAX_OTHER_EVENTS, EventQueue

__all__ = ["MAX_AUDIO_MS", "MAX_OCTETS", "MAX_OTHER_EVENTS", "EventQueue"]
