"""The fields of an HTTP header as a mapping, whose names are found in any case."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rtpcodec.pickling import Value


class Headers(Value, Mapping[str, str]):
    """The fields of an HTTP header, by names in any case. Values never appear in a repr."""

    __slots__ = ("_fields",)

    def __init__(self, fields: Mapping[str, str]) -> None:
        self._fields = {name.lower(): (name, value) for name, value in fields.items()}

    def __getitem__(self, name: str) -> str:
        return self._fields[name.lower()][1]

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self._fields

    def __iter__(self) -> Iterator[str]:
        return (name for name, _ in self._fields.values())

    def __len__(self) -> int:
        return len(self._fields)

    def __repr__(self) -> str:
        return f"Headers({', '.join(self)})"
