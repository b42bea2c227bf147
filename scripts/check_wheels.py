"""Runs every codec of an installed rtpcodec: `python -I check_wheels.py alone|both`, away from the checkout.

alone: rtpcodec's wheel without rtpcodec-amrwb, so AMR-WB has to be off and to say what to install. The system's own
libraries have to be hidden; that is checked first, for with them in reach the rest would prove nothing.
"""

from __future__ import annotations

import ctypes
import math
import sys
from array import array
from pathlib import Path
from typing import Any

import rtpcodec
from rtpcodec.codecs import codec, codec_names
from rtpcodec.errors import MissingLibrary

RATE_OF_TONE_HZ = 400
OPTIONS: dict[str, dict[str, Any]] = {"L16": {"byte_order": "big"}}
MIN_SNR_DB = {"PCMU": 30, "PCMA": 30, "G722": 30, "L16": 200, "OPUS": 10, "AMR-WB": 10}
"""Of a tone at half of full scale; what codes waveforms reaches more, libraries that code speech reach less."""


def tone(rate_hz: int) -> array[int]:
    """Generate one second of a sine, native int16."""
    return array("h", (round(16000 * math.sin(2 * math.pi * RATE_OF_TONE_HZ * i / rate_hz)) for i in range(rate_hz)))


def best_snr_db(sent: array[int], heard: array[int], rate_hz: int) -> float:
    """Return the SNR of the middle half of a second, at the best delay of up to 40 ms."""
    first, last = rate_hz // 4, rate_hz * 3 // 4

    def snr_db(delay: int) -> float:
        noise = sum((heard[i + delay] - sent[i]) ** 2 for i in range(first, last))
        return 10 * math.log10(sum(sent[i] ** 2 for i in range(first, last)) / noise) if noise else math.inf

    return max(map(snr_db, range(rate_hz // 25)))


def there_and_back(name: str) -> float:
    """Encode and decode the tone; its SNR in dB."""
    info = codec(name)
    options = OPTIONS.get(name, {})
    encoder, decoder = info.encoder(**options), info.decoder(**options)
    sent = tone(encoder.sample_rate_hz)
    step = getattr(encoder, "frame_samples", encoder.sample_rate_hz // 50)
    heard: array[int] = array("h")
    for start in range(0, len(sent), step):
        heard.frombytes(decoder.decode(encoder.encode(sent[start : start + step])))
    return best_snr_db(sent, heard, encoder.sample_rate_hz)


def mp3_there_and_back() -> float:
    """Measure the same through an MP3 file."""
    from rtpcodec.audio import mp3

    sent = tone(16000)
    pcm, rate_hz = mp3.decode(mp3.encode(sent.tobytes(), 16000))
    if rate_hz != 16000:
        sys.exit(f"MP3 comes back at {rate_hz} Hz")
    return best_snr_db(sent, array("h", pcm), rate_hz)


def require_hidden() -> None:
    """Stop when the system's libraries are in reach, or rtpcodec is not the installed one."""
    for name in codec_names():
        for library in codec(name).libraries:
            for file_name in library.file_names:
                try:
                    ctypes.CDLL(file_name)
                except OSError:
                    continue
                sys.exit(f"{file_name} of the system is not hidden")
    if not Path(rtpcodec.__file__).is_relative_to(sys.prefix):
        sys.exit(f"{rtpcodec.__file__} is not in {sys.prefix}")


def check_missing_amrwb() -> None:
    """AMR-WB is off, and the error says what to install."""
    for make in (codec("AMR-WB").encoder, codec("AMR-WB").decoder):
        try:
            make()
        except MissingLibrary as error:
            print(f"  AMR-WB  off: {error}")
            if "pip install rtpcodec-amrwb" not in str(error):
                sys.exit("the error does not say what to install")
        else:
            sys.exit("AMR-WB works without rtpcodec-amrwb")


def main(which: str) -> None:
    """Check each codec; SystemExit says what failed."""
    require_hidden()
    alone = which == "alone"
    for name in codec_names():
        if alone and name == "AMR-WB":
            check_missing_amrwb()
            continue
        snr_db = there_and_back(name)
        places = [library.status().path or "" for library in codec(name).libraries]
        print(f"  {name:7} {snr_db:6.1f} dB", *(Path(place).relative_to(sys.prefix) for place in places))
        if snr_db < MIN_SNR_DB[name]:
            sys.exit(f"{name}: {snr_db:.1f} dB, {MIN_SNR_DB[name]} are needed")
    print(f"  MP3     {mp3_there_and_back():6.1f} dB")


if __name__ == "__main__":
    main(sys.argv[1])
