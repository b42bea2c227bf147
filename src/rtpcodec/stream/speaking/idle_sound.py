"""The sound beside speech: background sounds under it, and between replies these and a keep-alive."""

from __future__ import annotations

from typing import Final, Literal, get_args

from rtpcodec.audio.comfort_noise import ComfortNoise
from rtpcodec.kernels.fading import fade
from rtpcodec.kernels.mixing import gain, mix
from rtpcodec.pickling import Live
from rtpcodec.stream.speaking._states import IdleState
from rtpcodec.stream.speaking.background_sound import BackgroundSound
from rtpcodec.stream.speaking.background_source import FADE_MS

KeepAlive = Literal["silence", "comfort_noise"]
KEEP_ALIVES: Final[tuple[KeepAlive, ...]] = get_args(KeepAlive)
MAX_BACKGROUND_SOUNDS: Final = 8
"""Limit of simultaneous background sounds per call: each costs some microseconds per message."""
KEPT_MS: Final = 5000
"""How long an ended recording is kept for `rewind`: more than the far end holds unheard at any usual lead."""


class IdleSound(IdleState, Live):
    """The sound of one call beside its speech: background sounds, and a keep-alive between replies.

    Background sounds continue under speech. A keep-alive is heard only between replies and never changes speech. So
    comfort noise fades in after speech, and breaks off where speech begins: its samples are below -50 dBov.
    Use from one thread at a time.
    """

    __slots__ = ("_fade_in", "_fade_samples", "_noise", "_sounds", "_wanted", "keep_alive", "sample_rate_hz", "stops")

    def __init__(self, sample_rate_hz: int, keep_alive: KeepAlive | None = None) -> None:
        """Make the sound of a call.

        Args:
            sample_rate_hz: the rate of all PCM here.
            keep_alive: `silence` (zeros), `comfort_noise` (white noise at -62 dBm0), or None: nothing is sent.

        Raises:
            ValueError: for another word.
        """
        if keep_alive is not None and keep_alive not in KEEP_ALIVES:
            raise ValueError(f"keep_alive is {keep_alive!r}, None, {' or '.join(map(repr, KEEP_ALIVES))} is needed")
        self.sample_rate_hz = sample_rate_hz
        self.keep_alive = keep_alive
        """The current keep-alive."""
        self._wanted = keep_alive  # restored by `resume_keep_alive`
        self.stops = 0
        """How often `stop` was called. A recording that was loaded meanwhile is not wanted any more."""
        self._noise = ComfortNoise(sample_rate_hz) if keep_alive == "comfort_noise" else None
        self._sounds: list[BackgroundSound] = []
        self.silent = keep_alive is None
        """Whether there is no sound at all. Then no other member needs to be checked."""
        self._fade_samples = sample_rate_hz * FADE_MS // 1000
        self._fade_in = self._fade_samples  # remaining samples of the noise's fade-in

    @property
    def follows_speech(self) -> bool:
        """Whether `under` must be called for speech."""
        return self.keep_alive == "comfort_noise" or bool(self._sounds)

    @property
    def active(self) -> bool:
        """Whether there is sound to send between replies."""
        return self.keep_alive is not None or (bool(self._sounds) and any(not sound.ended for sound in self._sounds))

    def add(self, sound: BackgroundSound) -> None:
        """Add a background sound. `BackgroundSound.stop` ends it.

        Raises: ValueError if it has another rate, was already added, or MAX_BACKGROUND_SOUNDS are active.
        """
        if sound.to_hz != self.sample_rate_hz:
            raise ValueError(f"the background sound has {sound.to_hz} Hz, the call has {self.sample_rate_hz} Hz")
        if sound in self._sounds:
            raise ValueError("the background sound was already added")
        if len(self._sounds) >= MAX_BACKGROUND_SOUNDS:
            # Drop an ended one, although `rewind` cannot bring it back then.
            over = next((one for one in self._sounds if one.ended), None)
            if over is None:
                raise ValueError(
                    f"{MAX_BACKGROUND_SOUNDS} background sounds are heard, one of them must be stopped first"
                )
            self._sounds.remove(over)
        self._sounds.append(sound)
        self.silent = False

    def stop(self) -> None:
        """Fade out all background sounds, and send no keep-alive until `resume_keep_alive`."""
        self.stops += 1
        self.keep_alive = None
        for sound in self._sounds:
            sound.stop()
        self.silent = not self._sounds

    def resume_keep_alive(self) -> None:
        """Send the keep-alive again after `stop`. Background sounds stay stopped."""
        self.keep_alive = self._wanted
        self._fade_in = self._fade_samples
        self.silent = self.keep_alive is None and not self._sounds

    def frame(self, samples: int) -> bytes | None:
        """Return the next samples between replies; None: nothing is to be sent."""
        if not self.active:
            return None
        parts = self._parts(samples, under_speech=False)
        if self.keep_alive == "comfort_noise" and self._noise is not None:
            parts.append((self._faded_in(self._noise.samples(samples)), 1.0))
        if not parts:
            return bytes(2 * samples)
        if len(parts) > 1:
            return mix([pcm for pcm, _ in parts], [factor for _, factor in parts])
        pcm, factor = parts[0]
        return pcm if factor == 1 else gain(pcm, factor)

    def under(self, speech: bytes) -> bytes:
        """Return speech with the background sounds mixed under it; the same object without background sound."""
        self._fade_in = self._fade_samples
        if not self._sounds:
            return speech
        parts = self._parts(len(speech) >> 1, under_speech=True)
        if not parts:
            return speech
        return mix([speech, *(pcm for pcm, _ in parts)], [1.0, *(factor for _, factor in parts)])

    def unmixed(self) -> None:
        """Record that other audio was sent without `under`, such as payloads of the codec: all sounds fade in."""
        self._fade_in = self._fade_samples
        for sound in self._sounds:
            sound.fade_in()

    def rewind(self, samples: int) -> None:
        """Go back by this many samples, which the carrier dropped unheard. All sounds fade in.

        Args:
            samples: of `frame` and `under` together.
        """
        self._fade_in = self._fade_samples
        for sound in self._sounds:
            sound.rewind(samples)

    def _parts(self, samples: int, *, under_speech: bool) -> list[tuple[bytes, float]]:
        """Return the next samples of all background sounds, each with its factor. Silent ones are left out."""
        parts = [sound.part(samples, under_speech=under_speech) for sound in self._sounds]
        kept_samples = self.sample_rate_hz * KEPT_MS // 1000
        if any(sound.ended and (sound.stopped or sound.over_samples > kept_samples) for sound in self._sounds):
            self._sounds = [sound for sound in self._sounds if not sound.stopped and sound.over_samples <= kept_samples]
            self.silent = self.keep_alive is None and not self._sounds
        return [part for part in parts if part[1]]

    def _faded_in(self, noise: bytes) -> bytes:
        whole, left = self._fade_samples, self._fade_in
        if not left:
            return noise
        self._fade_in = max(0, left - (len(noise) >> 1))
        return fade(noise, whole - left, whole, True)
