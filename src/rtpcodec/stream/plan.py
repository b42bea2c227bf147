"""What we ask the carrier for: one value that the command and the endpoint share, so that they cannot disagree."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NotRequired, TypedDict

from rtpcodec.codecs import CodecInfo, codec
from rtpcodec.codecs.info import ByteOrder
from rtpcodec.errors import PlanError, UnknownCodec

MODES = ("rtp", "mp3")
TRACKS = ("inbound_track", "outbound_track", "both_tracks")
TARGET_LEGS = ("both", "self", "opposite")
BYTE_ORDERS = ("little", "big")


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
    """Its sample rate; 0: the codec's default, which is then filled in."""
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
            rate_hz = codec(self.send_codec).sample_rate_hz(self.send_rate_hz or None)
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


__all__ = ["BYTE_ORDERS", "MODES", "TARGET_LEGS", "TRACKS", "CommandFields", "StreamPlan"]
