"""Codec and rate of a stream in each direction, from the call and from the settings of the command."""

from __future__ import annotations

from dataclasses import dataclass, replace
from importlib.util import find_spec
from typing import Any, Self

from rtpcodec.carriers.telnyx import commands, errors
from rtpcodec.codecs import CodecInfo, Decoder, Encoder, codec
from rtpcodec.errors import MissingLibrary, UnknownCodec
from rtpcodec.rtp.payloads import PayloadFormat, payload_format
from rtpcodec.sim.commands.bodies import StreamSettings
from rtpcodec.sim.commands.error_answers import refused
from rtpcodec.sim.media.speech import Speech
from rtpcodec.sim.media.variations import AS_DOCUMENTED, Restart, Variations


def legs_that_hear(target_legs: str, *, bridged: bool) -> tuple[str, ...]:
    """Return the legs that hear the app. The carrier's default, `opposite`, is silence on a call of one leg."""
    wanted = (commands.SELF_LEG, commands.OPPOSITE_LEG) if target_legs == commands.BOTH_LEGS else (target_legs,)
    return tuple(leg for leg in wanted if leg == commands.SELF_LEG or bridged)


@dataclass(frozen=True, slots=True)
class AudioFormat:
    """A codec at a rate, as sent by a carrier with these habits."""

    info: CodecInfo
    sample_rate_hz: int
    habits: Variations = AS_DOCUMENTED

    @classmethod
    def of(cls, info: CodecInfo, sample_rate_hz: int | None, habits: Variations) -> Self:
        """Return the format of a codec at a carrier with these habits.

        Args:
            info: the codec.
            sample_rate_hz: rate of its PCM; None: its usual rate.
            habits: habits of the carrier.

        Raises:
            ValueError: the codec does not have the rate.
        """
        return cls(info, info.sample_rate_hz(sample_rate_hz), habits)

    @property
    def name(self) -> str:
        """The name of the codec."""
        return self.info.name

    @property
    def announced_hz(self) -> int:
        """The rate that `start` names: the sample rate, but for G722 its RTP clock, as the carrier's guide does."""
        return self.info.command_rates_hz[0] if self.info.command_rates_hz else self.sample_rate_hz

    def encoder(self, chunk_ms: int) -> Encoder:
        """Make an encoder of this format, for chunks of one length. MissingLibrary."""
        options: dict[str, Any] = {"frame_ms": chunk_ms} if "frame_ms" in self.info.encoder_options else {}
        return self.info.encoder(self.sample_rate_hz, **self.info.coder_options(self.habits), **options)

    def decoder(self) -> Decoder:
        """Make a decoder of this format. MissingLibrary."""
        return self.info.decoder(self.sample_rate_hz, **self.info.coder_options(self.habits))

    def payloads(self) -> PayloadFormat:
        """Make the payload format."""
        return payload_format(self.info, self.sample_rate_hz, **self.info.payload_options(self.habits))

    def samples_in_ms(self, duration_ms: int) -> int:
        """Return how many samples a chunk of that length has. ValueError: the codec has none of that length."""
        chunks_ms = self.info.chunks_ms or (duration_ms,)
        if duration_ms not in chunks_ms:
            steps = f"{chunks_ms[0]}, {chunks_ms[1]} and so on to {chunks_ms[-1]}"
            raise ValueError(f"{self.info.name} has no chunks of {duration_ms} ms, only of {steps}")
        samples, rest = divmod(self.sample_rate_hz * duration_ms, 1000)
        if rest:
            raise ValueError(f"{duration_ms} ms are not a whole number of samples at {self.sample_rate_hz} Hz")
        return samples

    def require_chunks(self, duration_ms: int) -> None:
        """Check that chunks of this length can be made.

        Raises: ValueError if the codec has none of that length. MissingLibrary.
        """
        self.samples_in_ms(duration_ms)
        self.encoder(duration_ms)


def restarted_format(restart: Restart, before: AudioFormat, habits: Variations) -> AudioFormat:
    """Return the format of the audio to the app after a restart.

    Raises: UnknownCodec; ValueError if the codec does not have the rate.
    """
    if restart.codec is not None:
        return AudioFormat.of(codec(restart.codec), restart.sample_rate_hz, habits)
    return AudioFormat.of(before.info, restart.sample_rate_hz or before.sample_rate_hz, habits)


@dataclass(frozen=True, slots=True)
class Mp3Format:
    """MP3 files of any rate, heard at the rate of the call."""

    sample_rate_hz: int
    name = "MP3"


@dataclass(frozen=True, slots=True)
class StreamFormats:
    """Both directions of a stream, as the carrier's command names them: `media` to the app, `returned` from it."""

    media: AudioFormat
    returned: AudioFormat | Mp3Format


def agree(
    settings: StreamSettings, call_format: AudioFormat, speech: Speech, habits: Variations = AS_DOCUMENTED
) -> StreamFormats:
    """Choose the formats of a stream. Raises Refused (90046) if the codec of the app cannot be decoded here."""
    if settings.mode == commands.RTP_MODE:
        returned: AudioFormat | Mp3Format = _return_format(settings, call_format, habits.returned_rate_hz)
    else:
        returned = _mp3_format(call_format)
    media = _wished_format(settings.codec, call_format, speech, habits.chunk_ms) if habits.transcodes else None
    media = media or call_format
    try:
        require_restarts(media, habits)
    except ValueError as error:
        raise refused(errors.MEDIA_STREAMING_FAILED, str(error)) from None
    return StreamFormats(media, returned)


def require_restarts(media: AudioFormat, habits: Variations) -> None:
    """Check that the audio can change as these habits require.

    Raises: ValueError if it cannot. UnknownCodec, MissingLibrary.
    """
    restarted = media
    for restart in habits.restarts:
        restarted = restarted_format(restart, restarted, habits)
        restarted.require_chunks(habits.chunk_ms)


def _wished_format(name: str, call_format: AudioFormat, speech: Speech, chunk_ms: int) -> AudioFormat | None:
    """Return the format for `stream_codec`; None: the call's own, as for any pair that cannot be transcoded."""
    if name in (commands.OWN_CODEC, call_format.info.name):
        return None
    try:
        wished = replace(call_format, info=codec(name), sample_rate_hz=codec(name).sample_rate_hz())
        wished.require_chunks(chunk_ms)
        speech.require_way_to(wished.sample_rate_hz)
    except (UnknownCodec, MissingLibrary, ValueError):
        return None
    return wished


def preferred(names: tuple[str, ...], call_format: AudioFormat, speech: Speech, chunk_ms: int) -> AudioFormat:
    """Return the format of the first of `preferred_codecs` that this call can have; its own if there is none."""
    for name in names:
        if name == call_format.name:
            break
        found = _wished_format(name, call_format, speech, chunk_ms)
        if found is not None:
            return found
    return call_format


def _return_format(settings: StreamSettings, call_format: AudioFormat, own_rate_hz: int | None = None) -> AudioFormat:
    """Return the format of the app's audio; own_rate_hz: of a carrier that plays another rate than the command's."""
    try:
        info = codec(settings.return_codec)
        # The documents allow a rate that the codec does not have: the vendor's sample has G722 with 16000.
        wanted_hz = own_rate_hz or settings.return_rate_hz
        rate_hz = wanted_hz if wanted_hz in info.sample_rates_hz else info.sample_rate_hz()
        returned = replace(call_format, info=info, sample_rate_hz=rate_hz)
        returned.decoder()
    except (UnknownCodec, MissingLibrary) as error:
        raise refused(
            errors.MEDIA_STREAMING_FAILED, f"this simulator cannot decode stream_bidirectional_codec: {error}"
        ) from None
    return returned


def _mp3_format(call_format: AudioFormat) -> Mp3Format:
    """Codec and rate of return audio are ignored in mode mp3; the phone hears what its call can carry."""
    if find_spec("soundfile") is None:
        raise refused(errors.MEDIA_STREAMING_FAILED, "this simulator cannot decode MP3: pip install 'rtpcodec[mp3]'")
    return Mp3Format(call_format.sample_rate_hz)
