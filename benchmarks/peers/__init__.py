"""Other implementations, one file each, and how races find them.

A file may define decode, encode and transcode, each also as *_into. It takes no part in what it lacks; only in *_into
races a peer without that form enters with its ordinary call. A library that is not installed makes its file raise
ImportError, which names the peer as absent.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any

from benchmarks.harness.model import Absent, Contender

G711 = ("audioop", "numpy_tables", "pyav", "soundfile", "g711", "spandsp", "bytes_translate")
"""The files of this folder with G.711."""
G722 = ("libg722", "pyav", "spandsp")
"""The files with G.722, as the law `g722`. Each contender is a separate stream, which begins with its first call."""


def contenders(files: Sequence[str], operation: str, *args: Any) -> tuple[Contender | Absent, ...]:
    """Yield the contenders of these peers for an operation such as `decode` or `encode_into`."""
    found: list[Contender | Absent] = []
    for file in files:
        try:
            peer = import_module(f"benchmarks.peers.{file}")
        except (ImportError, OSError) as error:
            found.append(Absent(file.replace("_", " "), str(error)))
            continue
        found += _offers(peer, operation, args)
    return tuple(found)


def _offers(peer: Any, operation: str, args: tuple[Any, ...]) -> list[Contender | Absent]:
    offer = getattr(peer, operation, None)
    if offer is None and operation.endswith("_into"):
        offer = getattr(peer, operation.removesuffix("_into"), None)
        args = args[:-1]
    return list(offer(*args)) if offer else []
