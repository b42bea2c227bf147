"""The contract of a format's writer."""

from __future__ import annotations

from typing import Protocol

from typing_extensions import Buffer


class SoundTarget(Protocol):
    """Writes one audio file in order. Use from one thread at a time."""

    def write(self, pcm: Buffer) -> None:
        """Write native int16 PCM: interleaved channels, whole frames. OSError: it cannot be written."""

    def finish(self) -> None:
        """Write the remaining samples and complete the header. The file stays open."""
