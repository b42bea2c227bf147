"""The end of a recording's files: FLAC, checksums, and the sidecar."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import Final

from rtpcodec.audio.wav_random_access import RandomAccessWav
from rtpcodec.errors import MissingExtra

BLOCK_FRAMES: Final = 1 << 16
"""Frames per block of the conversion to FLAC."""


def flac_library() -> ModuleType:
    """Return the module that writes FLAC. Raises MissingExtra if it is not installed."""
    from rtpcodec.audio import mp3  # noqa: PLC0415 -- it loads numpy

    try:
        return mp3.soundfile()
    except MissingExtra as error:
        raise MissingExtra("FLAC", "soundfile", "mp3") from error


def to_flac(wav: RandomAccessWav, flac: Path) -> None:
    """Convert a WAV file to FLAC, and remove the WAV file. The new file appears only when it is complete.

    Raises:
        FileExistsError: it exists.
        OSError, RuntimeError: the WAV file stays.
    """
    part = flac.with_name(flac.name + ".part")
    at = 0
    try:
        with flac_library().SoundFile(part, "w", wav.sample_rate_hz, wav.channels, "PCM_16", format="FLAC") as file:
            while block := wav.read(at, BLOCK_FRAMES):
                file.buffer_write(block, "int16")
                at += BLOCK_FRAMES
        if flac.exists():
            raise FileExistsError(f"{flac.name} already exists")
        part.replace(flac)
    finally:
        with suppress(OSError):
            part.unlink()
        wav.close()
    wav.path.unlink()


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal digits. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_sidecar(path: Path, members: Mapping[str, object]) -> None:
    """Write a JSON file, which appears only when it is complete. Raises OSError."""
    temporary = path.with_name(path.name + ".part")
    try:
        with temporary.open("w", encoding="utf-8") as file:
            json.dump(members, file, indent=1)
            file.write("\n")
        temporary.replace(path)
    except OSError:
        with suppress(OSError):
            temporary.unlink()
        raise
