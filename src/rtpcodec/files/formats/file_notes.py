"""The notes about a file, collected while it is read: one sentence per kind, however often it occurs."""

from __future__ import annotations


class FileNotes:
    """Counts per sentence, with the offset of the first. Memory does not grow with the file."""

    __slots__ = ("_found",)

    def __init__(self) -> None:
        self._found: dict[str, tuple[int, int, float]] = {}

    def add(self, sentence: str, offset_octets: int, duration_ms: float = 0.0) -> None:
        """Count one more.

        Args:
            sentence: fixed text, without figures that differ from case to case.
            offset_octets: offset in the file.
            duration_ms: duration of the affected sound; the sum is reported.
        """
        count, first, total_ms = self._found.get(sentence, (0, offset_octets, 0.0))
        self._found[sentence] = count + 1, first, total_ms + duration_ms

    def texts(self) -> tuple[str, ...]:
        """Return the sentences, each with its count, total duration and the octet of the first."""
        return tuple(_note(sentence, *figures) for sentence, figures in self._found.items())


def _note(sentence: str, count: int, first: int, total_ms: float) -> str:
    duration = f", {total_ms:g} ms in all" if total_ms else ""
    if count == 1:
        return f"{sentence}{duration}, at octet {first}"
    return f"{sentence}{duration}, {count} times, first at octet {first}"
