"""The octets of memory that a waiting event holds. Shared texts, such as a reason, count each time.

A str has a header of 41 to 76 octets, and 1, 2 or 4 octets per character, as its widest character needs.
`sys.getsizeof` returns both; it is called for rare events only, because the lengths of an Audio are known.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from sys import getsizeof
from typing import Final, cast, get_args

from rtpcodec.stream.events import Audio, Event
from rtpcodec.stream.messages import MediaFormat
from rtpcodec.stream.wire.json_text import RawObject

AUDIO_OCTETS: Final = 300
"""Octets of an Audio without payload and PCM: the object, the headers of both, and its place in a queue."""
EVENT_OCTETS: Final = 180
"""Octets of any other event without its texts."""
MEMBER_OCTETS: Final = 80
"""Octets of a member of an object, without its name and its value."""
VALUE_OCTETS: Final = 100
"""Octets of a value that is an object, without its text."""

_FIELDS: Final[dict[type, tuple[str, ...]]] = {
    kind: tuple(field.name for field in fields(kind))
    for kind in cast("tuple[type, ...]", get_args(Event))
    if is_dataclass(kind)
}


def octets_of(event: Event) -> int:
    """Return the octets of memory that an event holds, its place in a queue included. For all events except Audio."""
    octets = EVENT_OCTETS
    for name in _FIELDS[type(event)]:
        octets += _octets_of_value(getattr(event, name))
    return octets


def _octets_of_value(value: object) -> int:
    octets = 0
    if isinstance(value, str):
        octets = getsizeof(value)
    elif isinstance(value, RawObject):
        octets = VALUE_OCTETS + getsizeof(value.text)
    elif isinstance(value, MediaFormat):
        octets = VALUE_OCTETS + getsizeof(value.encoding)
    elif isinstance(value, Audio):
        octets = AUDIO_OCTETS + len(value.payload) + len(value.pcm)
    elif isinstance(value, Mapping):
        octets = sum(MEMBER_OCTETS + getsizeof(key) + getsizeof(item) for key, item in value.items())
    elif isinstance(value, tuple):
        octets = sum(8 + getsizeof(item) for item in value)
    return octets
