"""DTMF keys as audio: the tones of a string of digits, with the silence that receivers need."""

from __future__ import annotations

from typing import Final

from rtpcodec.audio.tones import DEFAULT_LEVEL_DBM0, KEY_FREQUENCIES_HZ, DualTone

TONE_MS: Final = 100.0
"""A receiver must accept a tone of 40 ms and may ignore one of less than 20 to 25 ms (ITU-T Q.24, table A-1). Each lost
packet shortens the tone by 20 ms, so 100 ms survive the loss of two."""
MIN_TONE_MS: Final = 40.0
"""The shortest tone that every receiver must accept (ITU-T Q.24, table A-1)."""
MAX_TONE_MS: Final = 1000.0
"""Longer than any menu needs; some receivers take a longer key for a second one."""
SILENCE_MS: Final = 100.0
"""Before, between and after keys. Receivers need 30 to 70 ms, and at most 8 keys per second (ITU-T Q.24, table A-1);
MIN_TONE_MS with this silence gives 7."""
PAUSES_MS: Final = {"w": 500.0, "W": 1000.0}
"""Characters for pauses, as in the carrier's command."""
LEVEL_DBM0: Final = DEFAULT_LEVEL_DBM0
"""Both tones of a key together. Each has -13 dBm0, in the middle of the range that receivers accept (ITU-T Q.24, table
A-1), so the network may attenuate or amplify it by some 10 dB."""


def key_sequence(digits: str, rate_hz: int, tone_ms: float = TONE_MS) -> bytes:
    """Return the tones of keys as native int16 PCM, with silence around each.

    Args:
        digits: keys 0-9, A-D, * and #, and pauses: `w` is 0.5 s, `W` is 1 s.
        rate_hz: sample rate, 8000 to 192000.
        tone_ms: duration of each key, 40 to 1000.

    Raises:
        ValueError: digits has another character or no key, or tone_ms is out of range. The error shows no digits.
    """
    check_digits(digits)
    if not MIN_TONE_MS <= tone_ms <= MAX_TONE_MS:
        raise ValueError(f"tone_ms is {tone_ms!r}, {MIN_TONE_MS:g} to {MAX_TONE_MS:g} is needed")
    silence = _silence(SILENCE_MS, rate_hz)
    tone_samples = int(tone_ms * rate_hz / 1000)
    parts = [silence]
    for digit in digits:
        if digit in PAUSES_MS:
            parts.append(_silence(PAUSES_MS[digit], rate_hz))
        else:
            parts += DualTone(digit, rate_hz, LEVEL_DBM0).samples(tone_samples), silence
    return b"".join(parts)


def tone_spans(digits: str, rate_hz: int, tone_ms: float = TONE_MS) -> list[tuple[int, int]]:
    """Return start and end of each tone of `key_sequence` with the same arguments, in samples."""
    silence = int(SILENCE_MS * rate_hz / 1000)
    at, found = silence, []
    for digit in digits:
        if digit in PAUSES_MS:
            at += int(PAUSES_MS[digit] * rate_hz / 1000)
        else:
            end = at + int(tone_ms * rate_hz / 1000)
            found.append((at, end))
            at = end + silence
    return found


def check_digits(digits: object) -> None:
    """Check a string of keys and pauses. The TypeError or ValueError does not show it, because it may be a PIN."""
    if not isinstance(digits, str):
        raise TypeError(f"digits is of type {type(digits).__name__}, a str is needed")
    for position, digit in enumerate(digits):
        if digit not in KEY_FREQUENCIES_HZ and digit not in PAUSES_MS:
            raise ValueError(
                f"digits has a character at position {position} that is neither a DTMF key (0-9, A-D, *, #) nor a "
                "pause (w, W)"
            )
    if not any(digit in KEY_FREQUENCIES_HZ for digit in digits):
        raise ValueError("digits has no DTMF key, at least 1 is needed")


def _silence(duration_ms: float, rate_hz: int) -> bytes:
    return bytes(2 * int(duration_ms * rate_hz / 1000))
