"""The plan of a stream: one value that the command and the endpoint share, so that they cannot disagree."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, NotRequired, TypedDict, overload

from rtpcodec.audio.mp3_frames import RATES_HZ
from rtpcodec.carriers.telnyx import commands, streaming
from rtpcodec.carriers.telnyx import texml as texml_facts
from rtpcodec.carriers.telnyx.commands import Mode, TargetLegs, Track
from rtpcodec.carriers.telnyx.texml import StreamVerb
from rtpcodec.codecs import CodecInfo, codec
from rtpcodec.codecs.info import ByteOrder, Encoder, FrameEncoder
from rtpcodec.errors import MissingLibrary, PlanError, PlanWarning, UnknownCodec, warn_user
from rtpcodec.stream import texml, twiml

MODES = (commands.RTP_MODE, commands.MP3_MODE)
TRACKS = commands.TRACKS
INBOUND_TRACK: Final = commands.INBOUND_TRACK
TRACK_NAMES: Final = streaming.TRACK_NAMES
"""Track names in chunks; TRACKS has the names in commands."""
TARGET_LEGS = commands.TARGET_LEGS
BYTE_ORDERS = ("little", "big")
AMRWB_PACKINGS = ("auto", "bandwidth-efficient", "octet-aligned")
MP3_RATES_HZ: Final = tuple(sorted(rate_hz for rates_hz in RATES_HZ.values() for rate_hz in rates_hz))
MP3_RATE_HZ: Final = 16000
"""Default rate of the MP3s that are made from PCM: no codec of a phone call carries more than wideband speech."""
MIN_MESSAGE_MS: Final = streaming.MIN_CHUNK_MS
"""The shortest chunk that the carrier accepts."""


class CommandFields(TypedDict):
    """The fields of a streaming command that a plan determines."""

    stream_track: str
    stream_bidirectional_mode: str
    stream_bidirectional_target_legs: str
    stream_bidirectional_codec: NotRequired[str]
    stream_bidirectional_sampling_rate: NotRequired[int]
    stream_codec: NotRequired[str]


class CallCommandFields(CommandFields):
    """The fields of `dial` and `answer` that a plan determines."""

    send_silence_when_idle: NotRequired[bool]


CALL_COMMANDS: Final = ("dial", "answer")
"""Methods of CallControl whose commands take `send_silence_when_idle` (docs/carrier.md, rule C5)."""
PLAN_COMMANDS: Final = ("start_streaming", *CALL_COMMANDS)
"""Methods of CallControl whose commands can start a stream."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamPlan:
    """Codec, rate and legs of a stream, chosen once and used in the command and in the endpoint.

    The carrier's defaults, mode `mp3` and target legs `opposite`, mean silence for an agent on a call with one leg. So
    the command fields of a plan always contain both, with the defaults of an agent: `rtp` and `self`.

    The carrier's `start` message alone determines the received codec; `receive_codec` is only a request.

    Raises:
        PlanError: No carrier knows a value; the text has the known values.

    Warns:
        PlanWarning: Target legs that are silent on a call with one leg, or a track without the person who hears us. No
            diagnosis can find either.

    >>> plan = StreamPlan(send_codec="L16", send_rate_hz=16000)
    >>> plan.command_fields()["stream_bidirectional_sampling_rate"]
    16000
    """

    send_codec: str = "PCMU"
    """Codec of the audio that we send; unused in mode mp3."""
    send_rate_hz: int = 0
    """Its rate as in the command; 0: the documented rate, which is then filled in. A command names G722 with its RTP
    clock of 8000 or with 16000, AMR-WB with 16000 or 8000: send_sample_rate_hz is the rate of their PCM. In mode mp3,
    the
    rate of the MP3 files that are made from PCM, which commands do not contain."""
    mode: Mode = "rtp"
    """`rtp`: each message has one payload of send_codec. `mp3`: each has one whole MP3 file, at most one per second."""
    tracks: Track = "inbound_track"
    """The legs whose audio the carrier sends."""
    target_legs: TargetLegs = "self"
    """The legs that hear us; `self` is the leg of the command."""
    receive_codec: str = commands.OWN_CODEC
    """Codec that we request from the carrier; `default`: the codec of the call."""
    l16_byte_order: ByteOrder = "little"
    """Byte order of L16 in both directions. Carriers use little, RTP uses big (RFC 3551 section 4.5.11)."""
    amrwb_packing: Literal["auto", "bandwidth-efficient", "octet-aligned"] = "auto"
    """Packing of AMR-WB in both directions. `auto`: as in the carrier's payloads; bandwidth-efficient before the first
    payload."""
    send_options: Mapping[str, Any] = field(default_factory=dict, hash=False)
    """Keyword arguments for the encoder of send_codec, such as `bitrate` of OPUS or `mode` of AMR-WB."""
    send_silence_when_idle: bool = False
    """Whether the carrier sends silence to the phone while it has nothing else to send. Only `dial` and `answer` have
    this field, so `command_fields` must know the command."""

    def __post_init__(self) -> None:
        for name, known in (
            ("mode", MODES),
            ("tracks", TRACKS),
            ("target_legs", TARGET_LEGS),
            ("l16_byte_order", BYTE_ORDERS),
            ("amrwb_packing", AMRWB_PACKINGS),
        ):
            value = getattr(self, name)
            if value not in known:
                raise PlanError(f"{name} is {value!r}, one of {', '.join(known)} is needed")
        try:
            info = codec(self.send_codec)
            if self.receive_codec != commands.OWN_CODEC:
                codec(self.receive_codec)
            if self.mode == commands.RTP_MODE:
                rate_hz = _command_rate_hz(info, self.send_rate_hz)
            else:
                rate_hz = _mp3_rate_hz(self.send_rate_hz)
        except UnknownCodec as error:
            raise PlanError(str(error)) from None
        except ValueError as error:
            raise PlanError(f"send_rate_hz: {error}") from None
        object.__setattr__(self, "send_rate_hz", rate_hz)
        if not isinstance(self.send_silence_when_idle, bool):
            raise PlanError(f"send_silence_when_idle is {self.send_silence_when_idle!r}, True or False is needed")
        if not isinstance(self.send_options, Mapping):
            raise PlanError(f"send_options is of type {type(self.send_options).__name__}, a mapping is needed")
        object.__setattr__(self, "send_options", dict(self.send_options))
        self._check_send_options()
        self._check_legs()

    @property
    def send_info(self) -> CodecInfo:
        """Facts about the send codec."""
        return codec(self.send_codec)

    @property
    def send_sample_rate_hz(self) -> int:
        """Sample rate of the PCM that is encoded: 16000 for G722 and AMR-WB, also where a command says 8000."""
        if self.mode == commands.MP3_MODE:
            return self.send_rate_hz
        return self.send_info.named_sample_rate_hz(self.send_rate_hz)

    def codec_options(self, name: str) -> dict[str, Any]:
        """Return the keyword arguments that an encoder or decoder of a codec needs in addition to its rate."""
        return codec(name).coder_options(self)

    def payload_options(self, name: str) -> dict[str, Any]:
        """Return the keyword arguments that the payload format of a codec needs."""
        return codec(name).payload_options(self)

    def new_encoder(self) -> Encoder:
        """Return an encoder of the send codec. Raises MissingLibrary."""
        return self.send_info.encoder(
            self.send_sample_rate_hz, **self.codec_options(self.send_codec), **self.send_options
        )

    def _check_legs(self) -> None:
        """Warn about legs and tracks that are wrong for most calls: the stream of a silent leg looks like any other."""
        if self.target_legs == commands.OPPOSITE_LEG:
            warn_user(f"StreamPlan: target_legs is {self.target_legs!r}: {commands.SILENT_LEG}", PlanWarning)
        elif self.tracks == commands.OUTBOUND_TRACK:
            warn_user(f"StreamPlan: tracks is {self.tracks!r}: {commands.UNHEARD_LEG}", PlanWarning)

    def _check_send_options(self) -> None:
        """Let the encoder check the values of its options, if it can be made here."""
        if not self.send_options:
            return
        if self.mode == commands.MP3_MODE:
            raise PlanError(f"send_options are for the encoder of mode 'rtp', mode {self.mode!r} has no encoder")
        known = [name for name in self.send_info.encoder_options if name not in self.codec_options(self.send_codec)]
        for name in self.send_options:
            if name not in known:
                only = f", only {', '.join(known)}" if known else ""
                raise PlanError(f"send_options: {self.send_codec} has no option {name!r}{only}")
        try:
            encoder = self.new_encoder()
        except MissingLibrary:
            return
        except (TypeError, ValueError) as error:
            raise PlanError(f"send_options: {error}") from None
        if isinstance(encoder, FrameEncoder):
            frame_ms = encoder.frame_samples * 1000 / encoder.sample_rate_hz
            if frame_ms < MIN_MESSAGE_MS:
                raise PlanError(f"send_options: frame_ms is {frame_ms:g}, a message holds at least {MIN_MESSAGE_MS} ms")

    @overload
    def command_fields(self, command: Literal["start_streaming"] | None = None) -> CommandFields: ...
    @overload
    def command_fields(self, command: Literal["dial", "answer"]) -> CallCommandFields: ...
    def command_fields(self, command: str | None = None) -> CommandFields:
        """Return the fields for `CallControl.start_streaming(..., **plan.command_fields())`, `dial` or `answer`.

        Args:
            command: `start_streaming`, `dial` or `answer`. All three have the same fields, except
                `send_silence_when_idle`, which `start_streaming` lacks. None: any of them.

        Raises:
            PlanError: The plan has `send_silence_when_idle` and no command is given, so the field would get lost.
            ValueError: The command is not one of these three.
        """
        fields = CallCommandFields(
            stream_track=self.tracks,
            stream_bidirectional_mode=self.mode,
            stream_bidirectional_target_legs=self.target_legs,
        )
        if self.mode == commands.RTP_MODE:
            fields["stream_bidirectional_codec"] = self.send_codec
            fields["stream_bidirectional_sampling_rate"] = self.send_rate_hz
        if self.receive_codec != commands.OWN_CODEC:
            fields["stream_codec"] = self.receive_codec
        if self._asks_for_silence(command):
            fields[commands.SEND_SILENCE_WHEN_IDLE] = True
        return fields

    def texml(
        self,
        url: str,
        *,
        verb: StreamVerb = "Connect",
        parameters: Mapping[str, str] | None = None,
        name: str | None = None,
        status_callback: str | None = None,
        status_callback_method: Literal["GET", "POST"] | None = None,
    ) -> str:
        """Return the TeXML element that streams a call by this plan, for the `<Response>` of a document.

        Args:
            url: URL of the endpoint. TeXML has no token, so nobody must be able to guess its path.
            verb: "Connect": the document waits until the stream ends; without a next verb the call ends then. "Start":
                the document continues beside the stream; without a next verb the call ends at once.
            parameters: The custom parameters of `start`.
            name: Name of the stream, for status callbacks.
            status_callback: URL to which the carrier reports that the stream has started, stopped or failed.
            status_callback_method: HTTP method of the callback; None: the carrier's default, POST.

        Raises:
            ValueError: The URL is not a WebSocket URL, the verb or method is unknown, or XML cannot contain a text.

        Warns:
            PlanWarning: TeXML does not document a value of the plan; one warning per value.
        """
        return texml.element(
            self,
            url,
            verb=verb,
            parameters=parameters or {},
            others={
                texml_facts.NAME: name,
                texml_facts.STATUS_CALLBACK: status_callback,
                texml_facts.STATUS_CALLBACK_METHOD: status_callback_method,
            },
        )

    def twiml(self, url: str, *, parameters: Mapping[str, str] | None = None) -> str:
        """Return the TwiML element that streams a Twilio call both ways, for the `<Response>` of a document.

        The document waits until the stream ends; without a next verb the call ends then.

        Args:
            url: URL of the endpoint. TwiML has no token, so nobody must be able to guess its path.
            parameters: The custom parameters of `start`.

        Raises:
            PlanError: Twilio does not support the plan.
            ValueError: The URL is not a WebSocket URL or has a query, XML cannot contain a text, or a parameter has
                more than 500 characters with its name.

        Warns:
            PlanWarning: The scheme is ws: the simulator connects to it, Twilio does not.
        """
        return twiml.element(self, url, parameters or {})

    def _asks_for_silence(self, command: str | None) -> bool:
        """Return whether a command has `send_silence_when_idle`. Raises PlanError, ValueError: see `command_fields`."""
        if command not in (None, *PLAN_COMMANDS):
            raise ValueError(f"command is {command!r}, one of {', '.join(PLAN_COMMANDS)} is needed")
        if self.send_silence_when_idle and command is None:
            raise PlanError(
                "send_silence_when_idle is a field of dial and answer only: "
                'name the command, plan.command_fields("dial")'
            )
        return self.send_silence_when_idle and command in CALL_COMMANDS


def _command_rate_hz(info: CodecInfo, wanted_hz: int) -> int:
    """Return the rate of a codec in commands; 0: the default. Raises ValueError if commands do not have it."""
    if info.command_rates_hz:
        return info.command_rate_hz(wanted_hz or None)
    known_hz = [rate_hz for rate_hz in info.sample_rates_hz if rate_hz in commands.SAMPLING_RATES_HZ]
    if wanted_hz and wanted_hz not in known_hz:
        known = ", ".join(map(str, known_hz))
        if wanted_hz in info.sample_rates_hz:
            raise ValueError(f"a command names {info.name} with {known} Hz, not with {wanted_hz}")
        raise ValueError(f"{info.name} has no sample rate of {wanted_hz} Hz, only {known}")
    return wanted_hz or known_hz[0]


def _mp3_rate_hz(wanted_hz: int) -> int:
    """Return the rate of MP3 files; 0: the default. Raises ValueError if MP3 does not have it."""
    if wanted_hz and wanted_hz not in MP3_RATES_HZ:
        raise ValueError(f"MP3 has no sample rate of {wanted_hz} Hz, only {', '.join(map(str, MP3_RATES_HZ))}")
    return wanted_hz or MP3_RATE_HZ


__all__ = [
    "AMRWB_PACKINGS",
    "BYTE_ORDERS",
    "MODES",
    "TARGET_LEGS",
    "TRACKS",
    "CallCommandFields",
    "CommandFields",
    "StreamPlan",
]
