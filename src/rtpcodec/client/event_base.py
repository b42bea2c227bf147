"""Base of all webhook events: common fields, the repr, and how fields are read from the payload.

A field is read from the payload member of its name, or from the paths of its metadata. A member that is missing or of
another type is None.
"""

from __future__ import annotations

import base64
import binascii
import dataclasses
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from rtpcodec.carriers.telnyx import members

Hidden = str | None
"""A text that no repr shows."""
HiddenPairs = tuple[tuple[str, str], ...]
"""Names and values that no repr shows, in the order of the wire; a name may repeat."""
Texts = tuple[str, ...]

Path = tuple[str, ...]

_NUMBER = re.compile(r"[0-9]{1,15}(?:\.[0-9]{1,15})?")
_INTEGER = re.compile(r"[0-9]{1,15}")


def at(*paths: Path | str, read: Callable[[object], Any] | None = None) -> dict[str, Any]:
    """Return the metadata of a dataclass field that is read from the first of these paths that has a value.

    Args:
        paths: names of members; a tuple leads from an object to a member within it.
        read: how the value is read; by default as the annotation says.
    """
    return {"paths": tuple((path,) if isinstance(path, str) else path for path in paths), "read": read}


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class EventValue:
    """A value read from a payload; its repr shows neither hidden fields nor absent ones."""

    def __repr__(self) -> str:
        given = ((each.name, getattr(self, each.name)) for each in fields(self) if is_shown(each))
        shown = ", ".join(f"{name}={value!r}" for name, value in given if value is not None and value != ())
        return f"{type(self).__name__}({shown})"


def is_shown(field: dataclasses.Field[Any]) -> bool:
    """Return whether a repr may show the field."""
    return field.repr and not str(field.type).startswith("Hidden")


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class WebhookEvent(EventValue):
    """Fields of all events; `id` is the same in every delivery of one event."""

    event_type: str
    """The type with the prefix that the carrier documents; `raw` has it as received."""
    id: str | None = None
    occurred_at: datetime | None = None
    attempt: int | None = None
    """Number of this delivery of the event: 1, 2, ..."""
    delivered_to: Hidden = None
    call_control_id: str | None = None
    call_leg_id: str | None = None
    call_session_id: str | None = None
    connection_id: str | None = None
    client_state: Hidden = None
    """Base64, as a command has set it; `state` has its octets."""
    raw: Mapping[str, Any] = dataclasses.field(default_factory=dict, repr=False, compare=False)
    """The whole body as parsed JSON."""

    @property
    def state(self) -> bytes | None:
        """The octets of `client_state`; None without one, or if it is not base64."""
        try:
            return None if self.client_state is None else base64.b64decode(self.client_state, validate=True)
        except (binascii.Error, ValueError):
            return None

    @property
    def payload(self) -> Mapping[str, Any]:
        """All members of the event's own payload, as received."""
        payload = self.raw.get(members.DATA, {}).get(members.PAYLOAD)
        return payload if isinstance(payload, dict) else {}


def values_of(kind: type[EventValue], found: object) -> dict[str, Any]:
    """Return the fields of a class as they are read from a JSON object."""
    values = {}
    for field in fields(kind):
        read = field.metadata.get("read") or READERS.get(field.type)
        if read is not None:
            values[field.name] = read(_first(found, field.metadata.get("paths", ((field.name,),))))
    return values


def _first(found: object, paths: tuple[Path, ...]) -> object:
    """Return the first value that is there; None without one."""
    for path in paths:
        value = found
        for name in path:
            value = value.get(name) if isinstance(value, dict) else None
        if value is not None:
            return value
    return None


def text(value: object) -> str | None:
    """Read a string."""
    return value if isinstance(value, str) else None


def integer(value: object) -> int | None:
    """Read an integer from 0, as a number or as digits."""
    if isinstance(value, str) and _INTEGER.fullmatch(value):
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def decimal(value: object) -> Decimal | None:
    """Read a decimal number from 0, as a number or as its text."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = repr(value)
    return Decimal(value) if isinstance(value, str) and _NUMBER.fullmatch(value) else None


def number(value: object) -> float | None:
    """Read a number from 0, as a number or as its text."""
    exact = decimal(value)
    return None if exact is None else float(exact)


def boolean(value: object) -> bool | None:
    """Read a bool."""
    return value if isinstance(value, bool) else None


def moment(value: object) -> datetime | None:
    """Read an ISO 8601 time."""
    try:
        return datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None


def texts(value: object) -> Texts:
    """Read the strings of a list."""
    return tuple(one for one in value if isinstance(one, str)) if isinstance(value, list) else ()


def pairs(value: object) -> HiddenPairs:
    """Read names and values, as headers are listed."""
    listed = value if isinstance(value, list) else []
    found = ((_first(one, ((members.NAME,),)), _first(one, ((members.VALUE,),))) for one in listed)
    return tuple((name, content) for name, content in found if isinstance(name, str) and isinstance(content, str))


READERS: Final[dict[Any, Callable[[object], Any]]] = {
    "str | None": text,
    "Hidden": text,
    "HiddenPairs": pairs,
    "Texts": texts,
    "int | None": integer,
    "float | None": number,
    "bool | None": boolean,
    "Decimal | None": decimal,
    "datetime | None": moment,
}
"""How a field is read, by its annotation."""
