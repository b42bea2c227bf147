"""Transcode files in memory, many per call: the function that engines of many machines run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rtpcodec.bulk.direct import transcode_directly
from rtpcodec.bulk.opening import DecodedSource, OpenedRow, open_row
from rtpcodec.bulk.rows import OutputRow, failed, finished, path_of
from rtpcodec.bulk.wanted import Wanted, wanted


def transcode_batch(
    rows: Iterable[Mapping[str, Any]],
    *,
    to: str,
    sample_rate_hz: int | None = None,
    channel: int | None = None,
    **options: Any,
) -> list[OutputRow]:
    """Transcode audio files in memory, mono.

    rows: each a mapping with `path` and `bytes`, a whole file of any kind, and if it is raw also `kind`,
        `sample_rate_hz` and `byte_order` (InputRow). A row that has an `error` keeps it.
    to: the kind wanted, as in `create_audio`: wav, flac, mp3, ogg, awb, ulaw, alaw, g722 or l16.
    sample_rate_hz: the rate wanted; None: that of each file or the next that the kind has, of a raw kind its usual one.
    channel: the channel to take, from 0; None: the mean of all, rounded down.
    options: of the kind, as in `create_audio`.
    Returns: for each row in order a dict with `path`, `bytes`, `facts` and `error` (OutputRow). A file that cannot be
        read, or has no such channel, has an error and no bytes; the others are not affected.
    Raises: ValueError, TypeError for arguments that no row can be transcoded with; MissingExtra, MissingLibrary.
    Threads: any number; kernels run without the GIL. With `functools.partial` it is pickled for processes and clusters.

    >>> rows = transcode_batch([{"path": "a.ulaw", "bytes": bytes(8000)}, {"path": "b.wav", "bytes": b"?"}], to="wav")
    >>> len(rows[0]["bytes"]), rows[0]["facts"]["duration_ms"], rows[1]["bytes"] is None
    (16044, 1000.0, True)
    """
    aim = wanted(to, sample_rate_hz, channel, options)
    done: list[OutputRow] = []
    banked: dict[int, OpenedRow] = {}
    for number, row in enumerate(rows):
        if (error_before := row.get("error")) and isinstance(error_before, str):
            done.append({"path": path_of(row), "bytes": None, "facts": None, "error": error_before})
            continue
        try:
            opened = open_row(row)
        except Exception as error:  # nothing that a row holds may end the batch
            done.append(failed(path_of(row), error))
            continue
        if to == "g722" or opened.source.facts.codec == "G722":
            banked[number] = opened
            done.append(failed(opened.path, RuntimeError("it waits for its bank")))
        else:
            done.append(_transcoded(opened, aim))
    if banked:
        for number, result in zip(banked, _by_banks(list(banked.values()), aim), strict=True):
            done[number] = result
    return done


def _transcoded(row: OpenedRow, aim: Wanted) -> OutputRow:
    """Transcode one row by itself."""
    try:
        return transcode_directly(row, aim) or aim.transcode(row)
    except Exception as error:  # see transcode_batch
        return failed(row.path, error, row.facts)


def _by_banks(rows: Sequence[OpenedRow], aim: Wanted) -> list[OutputRow]:
    """Transcode rows from G.722 or to it: those of like length side by side."""
    from rtpcodec.bulk.g722_rows import decode_rows, encode_rows  # noqa: PLC0415 -- other rows need no arrays

    try:
        coded = [row for row in rows if row.source.facts.codec == "G722"]
        for row, pcm in zip(coded, decode_rows([row.octets for row in coded]), strict=True):
            row.source = DecodedSource(pcm, row.source.facts)
        if aim.kind.name != "g722":
            return [_transcoded(row, aim) for row in rows]
        read = [_read(row, aim) for row in rows]
        octets = iter(encode_rows([found for found in read if isinstance(found, bytes)]))
        return [
            finished(row.path, next(octets), row.facts, row.facts.samples) if isinstance(found, bytes) else found
            for row, found in zip(rows, read, strict=True)
        ]
    except Exception as error:  # see transcode_batch; memory for all of them may be missing
        return [failed(row.path, error) for row in rows]


def _read(row: OpenedRow, aim: Wanted) -> bytes | OutputRow:
    """Read the whole sound of a row, or why it cannot be read."""
    try:
        return aim.pcm_of(row)
    except Exception as error:  # see transcode_batch
        return failed(row.path, error, row.facts)
