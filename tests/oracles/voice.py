"""Voice activity by its definition in plain Python: one block at a time, with lists of all previous blocks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

FLOOR_WINDOWS = 5
FLOOR_BLOCKS = 25
LOSS_WINDOWS = 3
LOSS_BLOCKS = 100
NEAR_BLOCKS = 25
NEAR_DB = 3.0
INFINITE = math.inf


def block_dbov(samples: Sequence[int]) -> float:
    """Return the variance of a block in dBov, at least -127."""
    n = len(samples)
    squares = sum(sample * sample for sample in samples)
    power = squares / n - (sum(samples) / n) ** 2
    return max(10 * math.log10(power / 32768**2), -127.0) if power > 0 else -127.0


@dataclass
class Detector:
    """One stream of blocks. Its members are the arguments of the kernel's class."""

    threshold_dbov: float
    noise_margin_db: float
    hysteresis_db: float
    playing_dbov: float
    start_loss_db: float
    least_loss_db: float
    most_loss_db: float
    loss_margin_db: float
    onset_blocks: int
    onset_while_playing_blocks: int
    hangover_blocks: int
    speaking: bool = False
    since_onset: int = 0
    idle: int = 0
    loss_db: float = 0.0
    evidence: float = 0.0
    played: bool = False
    quiet_levels: list[float] = field(default_factory=list)
    """Of all blocks during which we do not play."""
    near: list[bool] = field(default_factory=list)
    """Whether each block came near the limit, since the end of speech or a gap."""
    losses: list[float] = field(default_factory=list)
    """Levels of all blocks during which we play, since the last restart of the return loss."""

    def __post_init__(self) -> None:
        self.loss_db = self.start_loss_db

    @property
    def noise_dbov(self) -> float:
        """Return the lowest block of the current and the last four complete windows; the first starts high."""
        whole = len(self.quiet_levels) // FLOOR_BLOCKS
        first = max(whole - FLOOR_WINDOWS + 1, 0) * FLOOR_BLOCKS
        levels = self.quiet_levels[first:]
        assumed = [self.threshold_dbov - self.noise_margin_db] if whole < FLOOR_WINDOWS - 1 else []
        return min(levels + assumed)

    @property
    def since_near(self) -> int:
        """Return the blocks since the first one of the last run near the limit, with pauses up to NEAR_BLOCKS."""
        first, pause = len(self.near), 0
        for at in range(len(self.near) - 1, -1, -1):
            pause = 0 if self.near[at] else pause + 1
            if self.near[at]:
                first = at
            if pause > NEAR_BLOCKS:
                break
        return len(self.near) - first

    def step(self, level_dbov: float, reference_dbov: float, verdict: int) -> int:
        """Process a block: 0: no change, 1: speech starts, 2: it has ended."""
        playing = reference_dbov >= self.playing_dbov
        quiet = max(self.threshold_dbov, self.noise_dbov + self.noise_margin_db)
        if self.speaking:
            quiet -= self.hysteresis_db
        echo = reference_dbov - self.loss_db if playing else -INFINITE
        limit = max(quiet, echo) if verdict == -1 else echo
        active = level_dbov > limit and bool(verdict)
        if self.speaking:
            if not playing:
                self.quiet_levels.append(level_dbov)
            if active:
                self.idle = 0
                return 0
            return self.skip(1)
        self.near.append(active or (playing and level_dbov > limit - NEAR_DB))
        if self.evidence == 0:
            self.since_onset, self.played = 0, False
        self.played |= playing
        self.evidence = self.evidence + 1 if active else max(self.evidence - 0.5, 0)
        if self.evidence:
            self.since_onset += 1
        needed = self.onset_while_playing_blocks if self.played else self.onset_blocks
        if active and self.evidence >= needed:
            self.speaking, self.evidence, self.idle = True, 0.0, 0
            self.since_onset = min(self.since_onset, 3 * needed)
            return 1
        if not playing:
            self.quiet_levels.append(level_dbov)
        elif not self.evidence:
            self.learn_loss(reference_dbov - level_dbov)
        return 0

    def learn_loss(self, loss_db: float) -> None:
        """At the end of each window, use the smallest loss of the last three."""
        self.losses.append(loss_db)
        if len(self.losses) % LOSS_BLOCKS == 0:
            least = min(self.losses[-LOSS_WINDOWS * LOSS_BLOCKS :]) - self.loss_margin_db
            self.loss_db = min(max(least, self.least_loss_db), self.most_loss_db)

    def skip(self, blocks: int) -> int:
        """Advance by blocks that are not active."""
        if not self.speaking:
            self.evidence = max(self.evidence - blocks / 2, 0)
            self.since_onset += blocks
            self.near.clear()
            return 0
        self.idle += blocks
        if self.idle < self.hangover_blocks:
            return 0
        self.speaking = False
        self.near.clear()
        if self.played:
            self.losses.clear()
            self.loss_db = min(self.loss_db, self.start_loss_db)
        return 2
