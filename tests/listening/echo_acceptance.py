"""The acceptance of echo handling: an agent, a far side that returns its audio, callers over it, and the results."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from rtpcodec.stream.events import Audio, SpeechStarted
from rtpcodec.stream.listening.voice import VoiceDetector
from tests.listening.echo_line import EchoLine, PlayedLevels
from tests.listening.talkers import BLOCK, RATE_HZ, Samples, at_level, levels_of

AGENT_DBOV: Final = (-20.0, -26.0, -32.0)
CALLER_DBOV: Final = -26.0
LINE_NOISE_DBOV: Final = -60.0
FIRST_PHONEME_DBOV: Final = -46.0
"""A caller's sentence begins with its first block that is louder."""
REFERENCE_ERROR_MS: Final = 20.0
"""How far the time of heard audio may be off."""
Talker = Callable[[int], NDArray[np.float64]]


@dataclass
class Found:
    """What a detector found on lines of one kind."""

    agent_ms: float = 0.0
    false_starts: int = 0
    callers: int = 0
    delays_ms: list[float] = field(default_factory=list)
    """The delays of detected callers, from their first phoneme to the event."""
    whole: int = 0
    """Callers whose first phoneme is in the pre-roll."""

    def add(self, other: Found) -> None:
        self.agent_ms += other.agent_ms
        self.false_starts += other.false_starts
        self.callers += other.callers
        self.delays_ms += other.delays_ms
        self.whole += other.whole

    def __str__(self) -> str:
        found = len(self.delays_ms)
        median, late = np.quantile(self.delays_ms, [0.5, 0.9]) if found else (0, 0)
        return (
            f"{self.agent_ms / 60_000:.0f} min of agent, {self.false_starts} false starts; {found} of {self.callers} "
            f"callers found, median {median:.0f} ms, 90 % within {late:.0f} ms, first phoneme held {self.whole} times"
        )


def speech(talker: Talker, seed: int, duration_ms: int, level_dbov: float) -> NDArray[np.float64]:
    """Sentences of one talker with pauses of 0.2 to 1.5 s."""
    drawn, parts, samples = np.random.default_rng(seed), [], 0
    while samples < duration_ms * RATE_HZ // 1000:
        parts += [
            at_level(talker(int(drawn.integers(40))), level_dbov),
            np.zeros(int(drawn.uniform(0.2, 1.5) * RATE_HZ)),
        ]
        samples += len(parts[-1]) + len(parts[-2])
    return np.concatenate(parts)[: duration_ms * RATE_HZ // 1000]


def started(pcm: Samples, played: NDArray[np.float64], error_ms: float) -> Iterator[tuple[float, SpeechStarted]]:
    """The starts that a detector reports, with the media time of each report."""
    detector = VoiceDetector("inbound", reference=PlayedLevels(played, error_ms))
    octets = pcm.tobytes()
    for number in range(len(pcm) // BLOCK):
        chunk = octets[2 * BLOCK * number : 2 * BLOCK * (number + 1)]
        now_ms = 20.0 * (number + 1)
        for event in detector.take(Audio("inbound", b"", chunk, RATE_HZ, now_ms - 20, 20.0), now_ms):
            if isinstance(event, SpeechStarted):
                yield now_ms, event


def measured(line: EchoLine, agent: Talker, caller: Talker, *, seed: int, duration_ms: int, level_dbov: float) -> Found:
    """One line: first the agent alone, then the same with callers every 3 to 5 s."""
    drawn = np.random.default_rng(seed)
    played = speech(agent, seed, duration_ms, level_dbov)
    error_ms = float(drawn.uniform(-REFERENCE_ERROR_MS, REFERENCE_ERROR_MS))
    noise = drawn.standard_normal(len(played)) * 32768 * 10 ** (LINE_NOISE_DBOV / 20)
    returned = line.returned(played) + noise
    found = Found(agent_ms=duration_ms)
    found.false_starts = len(list(started(line.coded(returned), played, error_ms)))
    # Callers, the first one early.
    sentences: list[tuple[float, float]] = []
    at = int(drawn.uniform(0.5, 3) * RATE_HZ)
    while at < len(played) - 5 * RATE_HZ:
        sentence = at_level(caller(int(drawn.integers(100, 160))), CALLER_DBOV)[: len(played) - at]
        returned[at : at + len(sentence)] += sentence
        first_ms = at * 1000 / RATE_HZ + 20 * int(np.argmax(levels_of(sentence) > FIRST_PHONEME_DBOV))
        sentences.append((first_ms, (at + len(sentence)) * 1000 / RATE_HZ))
        at += len(sentence) + int(drawn.uniform(3, 5) * RATE_HZ)
    events = list(started(line.coded(returned), played, error_ms))
    for first_ms, end_ms in sentences:
        found.callers += 1
        first = next(((at_ms, event) for at_ms, event in events if first_ms <= at_ms <= end_ms + 100), None)
        if first is not None:
            at_ms, event = first
            found.delays_ms.append(at_ms - first_ms)
            found.whole += event.pre_roll.media_ms <= first_ms + 20
    return found
