"""CPU of tone detection per second of audio: of keys alone and of all kinds, in speech, silence and keys.

python -m benchmarks.tones
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from rtpcodec import Resampler, ToneDetector
from rtpcodec.audio.files import read_wav
from rtpcodec.audio.key_sequence import key_sequence
from rtpcodec.audio.tone_detection import TONE_KINDS, ToneKind
from rtpcodec.audio.whole_rate import at_streaming_rate

SPEECH: Final = Path(__file__).parents[1] / "src" / "rtpcodec" / "cli" / "demo" / "speech.wav"
CHUNK_MS: Final = 20
ROUNDS: Final = 15
RATES_HZ: Final = (8000, 16000, 48000)


def speech(rate_hz: int) -> bytes:
    """Return the shipped talker at a rate."""
    pcm, from_hz = at_streaming_rate(*read_wav(SPEECH))
    return Resampler(from_hz, rate_hz).resample(pcm)


def cost_ms(pcm: bytes, rate_hz: int, kinds: Iterable[ToneKind]) -> float:
    """Return the CPU in ms per second of audio: the least of several rounds."""
    step, found = rate_hz * CHUNK_MS // 1000 * 2, []
    for _ in range(ROUNDS):
        detector = ToneDetector(rate_hz, kinds)
        before = time.process_time()
        for at in range(0, len(pcm), step):
            detector.detect(pcm[at : at + step])
        found.append((time.process_time() - before) * 1000 / (len(pcm) / 2 / rate_hz))
    return min(found)


def main() -> None:
    """Print a table."""
    for rate_hz in RATES_HZ:
        sounds = {
            "speech": speech(rate_hz),
            "silence": bytes(20 * rate_hz),
            "keys": key_sequence("0123456789*#ABCD" * 3, rate_hz),
        }
        for name, pcm in sounds.items():
            keys, everything = cost_ms(pcm, rate_hz, ("dtmf",)), cost_ms(pcm, rate_hz, TONE_KINDS)
            print(f"{rate_hz:6d} Hz  {name:8s}  keys {keys:.2f} ms/s  all kinds {everything:.2f} ms/s")


if __name__ == "__main__":
    main()
