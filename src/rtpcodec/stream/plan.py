"""What we ask the carrier for: one value that the command and the endpoint share, so that they cannot disagree."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, NotRequired, TypedDict

from rtpcodec.codecs import CodecInfo, codec
from rtpcodec.codecs.info import ByteOrder
from rtpcodec.errors import PlanError, UnknownCodec

MODES = ("rtp", "mp3")
TRACKS = ("inbound_track", "outbound_track", "both_tracks")
TARGET_LEGS = ("both", "self", "opposite")
BYTE_ORDERS = ("little", "big")
COMMAND_RATES_HZ: Final = {"G722": (8000, 16000)}
"""The rates that a command may name for a codec where they are not its sample rates, the documented one first.

The carrier's guide lists G722 by its RTP clock, the vendor's own sample by its sample rate (media streaming, sections 7
and 2.11). Both mean the same audio.
"""


class CommandFields(TypedDict):
    """The part of a streaming command's body that a plan decides."""

    stream_track: str
    stream_bidirectional_mode: str
    stream_bidirectional_target_legs: str
    stream_bidirectional_codec: NotRequired[str]
    stream_bidirectional_sampling_rate: NotRequired[int]
    stream_codec: NotRequired[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamPlan:
    """Codec, rate and legs of a stream, agreed once and used on both sides.

    The carrier's own defaults are traps: mode `mp3` and target legs `opposite` mean silence for an agent on a call of
    one leg. So this plan always names them, and its defaults are those of an agent: `rtp` and `self`.

    What the carrier sends us is decided by its `start` message alone; `receive_codec` is a wish.

    PlanError: a value that no carrier knows, with the values that there are.

    >>> plan = StreamPlan(send_codec="L16", send_rate_hz=16000)
    >>> plan.command_fields()["stream_bidirectional_sampling_rate"]
    16000
    """

    send_codec: str = "PCMU"
    """Codec of the audio that we send."""
    send_rate_hz: int = 0
    """Its rate as the command names it; 0: the documented one, which is then filled in. G722 goes by its RTP clock of
    8000 there, or by 16000: see send_sample_rate_hz for what its PCM has."""
    mode: Literal["rtp", "mp3"] = "rtp"
    tracks: Literal["inbound_track", "outbound_track", "both_tracks"] = "inbound_track"
    target_legs: Literal["both", "self", "opposite"] = "self"
    """Who hears us: `self` is the leg that the command is issued on."""
    receive_codec: str = "default"
    """Codec that we would like to get; `default`: the call's own."""
    l16_byte_order: ByteOrder = "little"
    """Of L16 in both directions. Field reports favour little, RTP itself is big."""

    def __post_init__(self) -> None:
        for name, known in (
            ("mode", MODES),
            ("tracks", TRACKS),
            ("target_legs", TARGET_LEGS),
            ("l16_byte_order", BYTE_ORDERS),
        ):
            value = getattr(self, name)
            if value not in known:
                raise PlanError(f"{name} is {value!r}, one of {', '.join(known)} is needed")
        try:
            rate_hz = _command_rate_hz(codec(self.send_codec), self.send_rate_hz)
            if self.receive_codec != "default":
                codec(self.receive_codec)
        except UnknownCodec as error:
            raise PlanError(str(error)) from None
        except ValueError as error:
            raise PlanError(f"send_rate_hz: {error}") from None
        object.__setattr__(self, "send_rate_hz", rate_hz)

    @property
    def send_info(self) -> CodecInfo:
        """Facts about the codec that we send."""
        return codec(self.send_codec)

    @property
    def send_sample_rate_hz(self) -> int:
        """Sample rate of the PCM that becomes what we send: 16000 for G722, whatever the command calls it."""
        named = self.send_codec in COMMAND_RATES_HZ
        return self.send_info.sample_rate_hz(None if named else self.send_rate_hz)

    def codec_options(self, name: str) -> dict[str, ByteOrder]:
        """What an encoder or decoder of this codec must be told beside its rate."""
        return {"byte_order": self.l16_byte_order} if name == "L16" else {}

    def command_fields(self) -> CommandFields:
        """The fields for `CallControl.start_streaming(..., **plan.command_fields())`."""
        fields = CommandFields(
            stream_track=self.tracks,
            stream_bidirectional_mode=self.mode,
            stream_bidirectional_target_legs=self.target_legs,
        )
        if self.mode == "rtp":
            fields["stream_bidirectional_codec"] = self.send_codec
            fields["stream_bidirectional_sampling_rate"] = self.send_rate_hz
        if self.receive_codec != "default":
            fields["stream_codec"] = self.receive_codec
        return fields


def _command_rate_hz(info: CodecInfo, wanted_hz: int) -> int:
    """The rate that a command names for a codec; 0 wants the documented one. ValueError: no command names it."""
    rates_hz = COMMAND_RATES_HZ.get(info.name)
    if rates_hz is None:
        return info.sample_rate_hz(wanted_hz or None)
    if wanted_hz and wanted_hz not in rates_hz:
        raise ValueError(f"a command names {info.name} with {' or '.join(map(str, rates_hz))} Hz, not with {wanted_hz}")
    return wanted_hz or rates_hz[0]


__all__ = ["BYTE_ORDERS", "MODES", "TARGET_LEGS", "TRACKS", "CommandFields", "StreamPlan"]
