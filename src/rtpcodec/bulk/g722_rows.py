"""Codes many rows of G.722 in one bank, sixteen in the lanes of a register."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from rtpcodec.codecs.g722_bank import G722DecoderBank, G722EncoderBank

BANK_ROWS: Final = 32
"""Rows per bank; further rows use another bank afterwards, so that the tables stay in the cache."""
BLOCK_CODES: Final = 4000
"""Octets of each row per call of a bank: half a second."""
_SAMPLES_PER_CODE: Final = 2


def decode_rows(payloads: Sequence[bytes]) -> list[memoryview]:
    """Decode G.722 files of any lengths.

    Returns:
        Octets of native int16 PCM of 16 kHz per row, equal to those of a separate decoder.
    """
    decoded = [np.empty(_SAMPLES_PER_CODE * len(payload), np.int16) for payload in payloads]
    for chosen in _banks([len(payload) for payload in payloads]):
        bank = G722DecoderBank(len(chosen))
        codes = np.zeros((len(chosen), BLOCK_CODES), np.uint8)
        pcm = np.zeros((len(chosen), _SAMPLES_PER_CODE * BLOCK_CODES), np.int16)
        sources = [np.frombuffer(payloads[number], np.uint8) for number in chosen]
        targets = [decoded[number] for number in chosen]
        for at in range(0, len(sources[0]), BLOCK_CODES):
            active = [one for one in sources if len(one) > at]
            for row, source in enumerate(active):
                _put(codes[row], source[at : at + BLOCK_CODES])
            count = len(active)
            bank.decode(codes[:count], rows=range(count), out=pcm[:count])
            begins = _SAMPLES_PER_CODE * at
            for row, target in enumerate(targets[:count]):
                room = target[begins : begins + pcm.shape[1]]
                room[:] = pcm[row, : len(room)]
    return [pcm.view(np.uint8).data for pcm in decoded]


def encode_rows(recordings: Sequence[bytes]) -> list[bytes]:
    """Encode native int16 PCM of 16 kHz and any lengths; an odd number of samples is followed by one of silence.

    Returns:
        G.722 per row, equal to that of a separate encoder.
    """
    coded = [np.empty(-(-len(pcm) // (2 * _SAMPLES_PER_CODE)), np.uint8) for pcm in recordings]
    for chosen in _banks([len(one) for one in coded]):
        bank = G722EncoderBank(len(chosen))
        pcm = np.zeros((len(chosen), _SAMPLES_PER_CODE * BLOCK_CODES), np.int16)
        codes = np.zeros((len(chosen), BLOCK_CODES), np.uint8)
        sources = [np.frombuffer(recordings[number], np.int16) for number in chosen]
        targets = [coded[number] for number in chosen]
        for at in range(0, len(targets[0]), BLOCK_CODES):
            active = [one for one in targets if len(one) > at]
            count, begins = len(active), _SAMPLES_PER_CODE * at
            for row, source in enumerate(sources[:count]):
                _put(pcm[row], source[begins : begins + pcm.shape[1]])
            bank.encode(pcm[:count], rows=range(count), out=codes[:count])
            for row, target in enumerate(active):
                room = target[at : at + BLOCK_CODES]
                room[:] = codes[row, : len(room)]
    return [codes.tobytes() for codes in coded]


def _banks(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Yield the indices of the rows of each bank, the longest first: rows of similar length end together."""
    order = sorted(range(len(lengths)), key=lengths.__getitem__, reverse=True)
    for at in range(0, len(order), BANK_ROWS):
        yield order[at : at + BANK_ROWS]


def _put(
    row: np.ndarray[tuple[int], np.dtype[np.generic]], found: np.ndarray[tuple[int], np.dtype[np.generic]]
) -> None:
    """Fill a row, followed by silence, which does not change the results before it."""
    row[: len(found)] = found
    row[len(found) :] = 0
