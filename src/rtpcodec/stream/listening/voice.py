"""Voice activity: detects when the caller speaks, and distinguishes speech from the echo of our own audio."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import inf
from typing import Final, Protocol

from rtpcodec.kernels.voice import ANY_LEVEL, ENDED, STARTED, VoiceActivity
from rtpcodec.pickling import Live
from rtpcodec.stream.events import Audio, Event, FormatChanged, SpeechEnded, SpeechStarted, Stopped
from rtpcodec.stream.listening.pre_roll import PreRoll
from rtpcodec.stream.listening.privacy import Privacy
from rtpcodec.stream.listening.voice_settings import BLOCK_MS, VoiceSettings

SILENCE_DBOV: Final = -127.0
LEAST_LOSS_DB: Final = 12.0
"""The least return loss to learn: by its level, a louder echo cannot be distinguished from a caller."""
MOST_LOSS_DB: Final = 40.0
"""The greatest return loss to learn."""
LOSS_MARGIN_DB: Final = 2.0
"""How much louder than the loudest echo of the last seconds the next one may be."""
HYSTERESIS_DB: Final = 4.0
"""How much lower the limit is while the caller speaks."""
REFERENCE_SLACK_MS: Final = (30, 80)
"""Widens the range of echo delays, at its late and early end: the time of the reference is known within 20 ms, and an
echo fades out after its sound."""
UNDER_ECHO_MS: Final = 1000
"""How much earlier a caller may have begun below the level of an echo. The pre-roll keeps this audio."""
PAUSE_MS: Final = 200.0
"""Audio that is late by this plus the hang-over will not come: hold, DTX, or a stalled socket."""
SEAM_MS: Final = 1.0
"""Chunks are contiguous if the media time differs from the expected one by at most this."""


class PlayedLevel(Protocol):
    """Source of the level at which the caller heard us, such as HeardSignal."""

    def level_dbov(self, from_media_ms: float, to_media_ms: float) -> float:
        """Return the level in dBov of the loudest 20 ms heard between two inbound media times; -127: nothing."""


class SpeechJudge(Protocol):
    """A speech detector of the user. It is called in the session's thread for each block of 20 ms, in order."""

    def is_speech(self, pcm: bytes, sample_rate_hz: int) -> bool | float | None:
        """Return whether a block is speech, or the probability of speech; None: let the level decide.

        pcm: 20 ms of native int16 samples.
        sample_rate_hz: their rate.
        """


class EchoWindow(Live):
    """The level at which we were heard, in the window whose echo may lie in a block."""

    __slots__ = ("_from_ms", "_reference", "_to_ms")

    def __init__(self, reference: PlayedLevel, echo_delay_ms: tuple[int, int]) -> None:
        first_ms, last_ms = echo_delay_ms
        later_ms, earlier_ms = REFERENCE_SLACK_MS
        self._reference = reference
        self._from_ms = BLOCK_MS + last_ms + earlier_ms
        self._to_ms = max(first_ms - later_ms, 0)

    def level_dbov(self, end_ms: float) -> float:
        """Return the highest level whose echo may lie in the block that ends at this media time."""
        return self._reference.level_dbov(end_ms - self._from_ms, end_ms - self._to_ms)


class BlockVerdicts(Live):
    """Collects blocks of 20 ms from chunks of any length, and has the user's detector judge them."""

    __slots__ = ("_block", "_judge", "_probability")

    def __init__(self, judge: SpeechJudge, probability: float) -> None:
        self._judge = judge
        self._probability = probability
        self._block = bytearray()

    def add(self, pcm: bytes, begin: int, end: int) -> None:
        """Add samples of a chunk to the block."""
        self._block += memoryview(pcm)[2 * begin : 2 * end]

    def verdict(self, sample_rate_hz: int) -> int:
        """Judge the block, and begin the next one. Returns the argument of `VoiceActivity.step`."""
        pcm = bytes(self._block)
        self._block.clear()
        found = self._judge.is_speech(pcm, sample_rate_hz)
        return ANY_LEVEL if found is None else int(found >= self._probability)

    def clear(self) -> None:
        """Drop the samples of the block."""
        self._block.clear()


class VoiceDetector(Live):
    """Detects the caller's speech. A sink of a session, which `MediaSession.voice` makes and attaches.

    Use from one thread at a time.
    """

    __slots__ = (
        "_activity",
        "_block_end_ms",
        "_echo",
        "_heard_ms",
        "_last_chunk_ms",
        "_next_ms",
        "_onset_ms",
        "_pre_roll",
        "_rate_hz",
        "_verdicts",
        "on_change",
        "settings",
        "silent_since_ms",
        "suspended",
        "track",
    )

    def __init__(
        self,
        track: str,
        settings: VoiceSettings | None = None,
        *,
        reference: PlayedLevel | None = None,
        judge: SpeechJudge | None = None,
        privacy: Privacy | None = None,
        now_ms: float = 0.0,
    ) -> None:
        """Make a detector.

        Args:
            track: the track to examine; others are ignored.
            settings: None: the defaults.
            reference: how loud we were heard; None: nothing is played.
            judge: a detector of your own in place of the level test. The echo limit, onset and hang-over remain.
            privacy: the session's private sections, of which no audio is kept.
            now_ms: the time.
        """
        self.settings = settings = VoiceSettings() if settings is None else settings
        self.track = track
        """The track that is examined."""
        self._echo = None if reference is None else EchoWindow(reference, settings.echo_delay_ms)
        self._verdicts = None if judge is None else BlockVerdicts(judge, settings.probability)
        self._activity = new_activity(settings)
        # An onset lies at most three times its length back (MAX_ONSETS of the kernel).
        self._pre_roll = PreRoll(settings.pre_roll_ms + 3 * settings.onset_while_playing_ms + UNDER_ECHO_MS)
        if privacy is not None:
            self._pre_roll.private(privacy.active, privacy.label, now_ms)
            privacy.subscribe(self._pre_roll.private)
        self._rate_hz = 0
        self._next_ms = 0.0  # the media time behind the last chunk
        self._block_end_ms = 0.0  # behind the last whole block
        self._onset_ms = 0.0
        self._heard_ms = now_ms  # when the last chunk came
        self._last_chunk_ms = 0.0
        self.silent_since_ms = now_ms
        """When the caller fell silent, on the session's clock. Before the first speech: when the detector was made."""
        self.suspended = False
        """Whether detection is suspended. Only `suspend` and `resume` change it."""
        self.on_change: Callable[[], object] | None = None
        """Called when speech starts or ends, and when the stream has ended."""

    @property
    def speaking(self) -> bool:
        """Whether the caller is speaking."""
        return bool(self._activity.speaking)

    @property
    def return_loss_db(self) -> float:
        """The assumed return loss: how much quieter than our audio an echo is, at least."""
        return float(self._activity.loss_db)

    @property
    def noise_dbov(self) -> float:
        """The noise floor of the line."""
        return float(self._activity.noise_dbov)

    # Suspension

    def suspend(self, _now_ms: float) -> None:
        """Stop detection until `resume`. Current speech ends at the next check for events."""
        self.suspended = True
        self._pre_roll.clear()
        self._changed()

    def resume(self, now_ms: float) -> None:
        """Continue detection. The caller counts as silent from now on."""
        self.suspended = False
        self.silent_since_ms = now_ms
        self._changed()

    # As a sink

    @property
    def deadline_ms(self) -> float:
        """When speech ends if no audio arrives; infinity: the caller is silent."""
        if not self._activity.speaking:
            return inf
        if self.suspended:
            return -inf
        return self._heard_ms + self._last_chunk_ms + self.settings.hangover_ms + PAUSE_MS

    def take(self, event: Event, now_ms: float) -> Iterable[Event]:
        """Process an event, and return the start or the end of speech."""
        if type(event) is Audio:
            heard = event.pcm and event.track == self.track and not self.suspended
            return self._hear(event, now_ms) if heard else ()
        if type(event) is FormatChanged:
            return self._end()
        if type(event) is Stopped:
            ended = self._end()
            if not ended:
                self._changed()
            self.on_change = None
            return ended
        return ()

    def expired(self, now_ms: float) -> Iterable[Event]:
        """Return the end of speech if no audio has arrived for too long."""
        return () if now_ms < self.deadline_ms else self._end()

    # Audio

    def _hear(self, audio: Audio, now_ms: float) -> list[Event]:
        # 1. Not contiguous, or another rate?
        found: list[Event] = []
        if audio.sample_rate_hz != self._rate_hz or abs(audio.media_ms - self._next_ms) > SEAM_MS:
            found += self._seam(audio)
        self._pre_roll.add(audio)
        self._next_ms = audio.media_ms + audio.duration_ms
        self._heard_ms, self._last_chunk_ms = now_ms, audio.duration_ms
        # 2. Cut the chunk into blocks of 20 ms, which may span chunks, and step the kernel with each whole block.
        pcm, activity, verdicts = audio.pcm, self._activity, self._verdicts
        samples, at = len(pcm) // 2, 0
        while at < samples:
            begin, at = at, activity.fill(pcm, at)
            if verdicts is not None:
                verdicts.add(pcm, begin, at)
            if activity.missing_samples:
                break
            self._block_end_ms = end_ms = audio.media_ms + at * 1000 / self._rate_hz
            change = activity.step(
                SILENCE_DBOV if self._echo is None else self._echo.level_dbov(end_ms),
                ANY_LEVEL if verdicts is None else verdicts.verdict(self._rate_hz),
            )
            if change == STARTED:
                found.append(self._started(audio))
            elif change == ENDED:
                found.append(self._ended(self._active_end_ms))
        return found

    def _seam(self, audio: Audio) -> Iterable[Event]:
        """Handle a chunk that is not contiguous with the previous one, or has another rate."""
        missing_ms = audio.media_ms - self._next_ms
        if self._verdicts is not None:
            self._verdicts.clear()
        if audio.sample_rate_hz != self._rate_hz or missing_ms < 0:
            # Another format, or another `start`, which restarts the media time.
            ended = self._end()
            self._pre_roll.clear()
            self._rate_hz = audio.sample_rate_hz
            self._activity.begin_blocks(self._rate_hz * BLOCK_MS // 1000)
            return ended
        end_ms = self._active_end_ms
        change = self._activity.skip(round(missing_ms / BLOCK_MS))
        self._block_end_ms = audio.media_ms
        return (self._ended(end_ms),) if change == ENDED else ()

    # Start and end

    @property
    def _active_end_ms(self) -> float:
        """The media time at which the last active block ended."""
        return self._block_end_ms - float(self._activity.idle) * BLOCK_MS

    def _started(self, audio: Audio) -> SpeechStarted:
        # A caller who was quieter than our echo at first may have begun before the onset: the pre-roll includes that.
        activity = self._activity
        self._onset_ms = self._block_end_ms - activity.since_onset * BLOCK_MS
        under_echo_ms = (activity.since_near - activity.since_onset) * BLOCK_MS if activity.played else 0
        begin_ms = self._onset_ms - min(max(under_echo_ms, 0), UNDER_ECHO_MS)
        pre_roll = self._pre_roll.joined(begin_ms - self.settings.pre_roll_ms, audio)
        self._changed()
        return SpeechStarted(self.track, self._onset_ms, pre_roll, activity.level_dbov, activity.played)

    def _ended(self, end_ms: float) -> SpeechEnded:
        self.silent_since_ms = self._heard_ms - (self._next_ms - end_ms)
        self._changed()
        return SpeechEnded(self.track, end_ms, end_ms - self._onset_ms)

    def _end(self) -> Iterable[Event]:
        """End current speech, because no contiguous audio follows."""
        end_ms = self._active_end_ms
        if self._verdicts is not None:
            self._verdicts.clear()
        change = self._activity.skip(int(self.settings.hangover_ms // BLOCK_MS))
        return (self._ended(end_ms),) if change == ENDED else ()

    def _changed(self) -> None:
        if self.on_change is not None:
            self.on_change()


def new_activity(settings: VoiceSettings) -> VoiceActivity:
    """Make the detector of the kernel from settings."""
    return VoiceActivity(
        threshold_dbov=settings.threshold_dbov,
        noise_margin_db=settings.noise_margin_db,
        hysteresis_db=HYSTERESIS_DB,
        # The echo of quieter sound stays below the threshold.
        playing_dbov=settings.threshold_dbov + LEAST_LOSS_DB,
        start_loss_db=settings.return_loss_db,
        least_loss_db=min(LEAST_LOSS_DB, settings.return_loss_db),
        most_loss_db=max(MOST_LOSS_DB, settings.return_loss_db),
        loss_margin_db=LOSS_MARGIN_DB,
        onset_blocks=int(settings.onset_ms // BLOCK_MS),
        onset_while_playing_blocks=int(settings.onset_while_playing_ms // BLOCK_MS),
        hangover_blocks=int(settings.hangover_ms // BLOCK_MS),
    )
