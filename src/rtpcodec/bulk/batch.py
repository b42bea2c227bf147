"""Transcodes many files per call in memory: the function that the engines call."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rtpcodec.bulk.direct import transcode_directly
from rtpcodec.bulk.opening import DecodedSource, OpenedRow, open_row
from rtpcodec.bulk.result_format import ResultFormat, result_format
from rtpcodec.bulk.rows import OutputRow, failed, finished, path_of


def transcode_batch(
    rows: Iterable[Mapping[str, Any]],
    *,
    to: str,
    sample_rate_hz: int | None = None,
    channel: int | None = None,
    **options: Any,
) -> list[OutputRow]:
    """Transcode audio files in memory, mono.

    Call it from any number of threads; kernels run without the GIL. With `functools.partial` it can be pickled for
    processes and clusters.

    Args:
        rows: mappings with `path` and `bytes`, a whole file of any kind; for raw files also `kind`, `sample_rate_hz`
            and `byte_order` (InputRow). A row with an `error` keeps it.
        to: kind of the results, as in `create_audio`: wav, flac, mp3, ogg, awb, ulaw, alaw, g722 or l16.
        sample_rate_hz: sample rate of the results in Hz; None: that of each file or the next that the kind has, for a
            raw kind its usual one.
        channel: channel to take, from 0; None: the mean of all, rounded down.
        options: options of the kind, as in `create_audio`.

    Returns:
        Per row, in order, a dict with `path`, `bytes`, `facts` and `error` (OutputRow). A file that cannot be read, or
        does not have the channel, has an error and no bytes; the others are not affected.

    Raises:
        ValueError: an argument with which no row can be transcoded; so does TypeError.
        MissingExtra: a package for the kind is missing.
        MissingLibrary: a codec's shared library is missing.

    >>> rows = transcode_batch([{"path": "a.ulaw", "bytes": bytes(8000)}, {"path": "b.wav", "bytes": b"?"}], to="wav")
    >>> len(rows[0]["bytes"]), rows[0]["facts"]["duration_ms"], rows[1]["bytes"] is None
    (16044, 1000.0, True)
    """
    return _transcoded_rows(rows, result_format(to, sample_rate_hz, channel, options))


def _transcoded_rows(rows: Iterable[Mapping[str, Any]], wanted: ResultFormat) -> list[OutputRow]:
    done: list[OutputRow] = []
    banked: dict[int, OpenedRow] = {}
    for number, row in enumerate(rows):
        if (error_before := row.get("error")) and isinstance(error_before, str):
            done.append({"path": path_of(row), "bytes": None, "facts": None, "error": error_before})
            continue
        try:
            opened = open_row(row)
        except Exception as error:  # the content of a row must not end the batch
            done.append(failed(path_of(row), error))
            continue
        if wanted.kind.name == "g722" or opened.source.facts.codec == "G722":
            banked[number] = opened
            done.append(failed(opened.path, RuntimeError("it waits for its bank")))
        else:
            done.append(_transcoded(opened, wanted))
    if banked:
        for number, result in zip(banked, _by_banks(list(banked.values()), wanted), strict=True):
            done[number] = result
    return done


def _transcoded(row: OpenedRow, wanted: ResultFormat) -> OutputRow:
    """Transcode a single row."""
    try:
        return transcode_directly(row, wanted) or wanted.transcode(row)
    except Exception as error:  # see transcode_batch
        return failed(row.path, error, row.facts)


def _by_banks(rows: Sequence[OpenedRow], wanted: ResultFormat) -> list[OutputRow]:
    """Transcode rows from or to G.722 in banks of similar length."""
    from rtpcodec.bulk.g722_rows import decode_rows, encode_rows  # noqa: PLC0415 -- other rows need no arrays

    try:
        coded = [row for row in rows if row.source.facts.codec == "G722"]
        for row, pcm in zip(coded, decode_rows([row.octets for row in coded]), strict=True):
            row.source = DecodedSource(pcm, row.source.facts)
        if wanted.kind.name != "g722":
            return [_transcoded(row, wanted) for row in rows]
        read = [_read(row, wanted) for row in rows]
        octets = iter(encode_rows([found for found in read if isinstance(found, bytes)]))
        return [
            finished(row.path, next(octets), row.facts, row.facts.samples) if isinstance(found, bytes) else found
            for row, found in zip(rows, read, strict=True)
        ]
    except Exception as error:  # see transcode_batch; memory for all of them may be missing
        return [failed(row.path, error) for row in rows]


def _read(row: OpenedRow, wanted: ResultFormat) -> bytes | OutputRow:
    """Return the whole sound of a row, or its result row with the error."""
    try:
        return wanted.pcm_of(row)
    except Exception as error:  # see transcode_batch
        return failed(row.path, error, row.facts)
