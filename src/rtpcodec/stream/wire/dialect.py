"""The protocol class of a dialect: the spelling of one carrier's messages, and the abilities of that carrier."""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Protocol, TypedDict, cast

from typing_extensions import Buffer

from rtpcodec.kernels.media_scan import MediaScanner
from rtpcodec.stream.messages import Message


class PlanValues(TypedDict, total=False):
    """The only values that fields of a StreamPlan may have; fields that are left out may have any value."""

    tracks: tuple[str, ...]
    target_legs: tuple[str, ...]
    send_codec: tuple[str, ...]
    receive_codec: tuple[str, ...]
    send_silence_when_idle: tuple[bool, ...]


class Dialect(Protocol):
    """The messages of one carrier's stream as texts, seen from the app's side. Stateless: all sessions share it.

    A session knows its carrier through this class alone, and contains none of the carrier's names.
    """

    @property
    def name(self) -> str:
        """The carrier, for error texts."""

    @property
    def signs(self) -> Set[str]:
        """Top-level members that only this carrier's messages have: the dialect of a stream is detected by them."""

    @property
    def modes(self) -> tuple[str, ...]:
        """The modes that a plan may have: `rtp` for payloads of one codec, `mp3` for whole files."""

    @property
    def plan_values(self) -> PlanValues:
        """The values of a plan that the carrier supports, for each field with values that it does not support."""

    @property
    def tracks(self) -> Mapping[str, tuple[str, ...]]:
        """The track names of chunks, by `StreamPlan.tracks`. A chunk without a name belongs to the first track."""

    @property
    def marks(self) -> bool:
        """Whether the carrier returns marks when the audio before them has been heard."""

    @property
    def clear(self) -> bool:
        """Whether the carrier can drop audio that it has not played yet."""

    @property
    def too_many_messages(self) -> int | None:
        """The code of the error "too many messages"; None if the carrier has none."""

    @property
    def invalid_media(self) -> int | None:
        """The code of the error "payload cannot be played"; None if the carrier has none."""

    @property
    def digits(self) -> bool:
        """Whether the stream has a message for each key that is pressed on the phone."""

    @property
    def in_band_digits(self) -> bool:
        """Whether DTMF tones in our audio reach the other end."""

    @property
    def counters(self) -> bool:
        """Whether chunks are numbered. Without numbers, the order of arrival counts and loss is not detected."""

    @property
    def token_in_connected(self) -> bool:
        """Whether the first message repeats the token of the command."""

    @property
    def commands(self) -> bool:
        """Whether `rtpcodec.client` has the carrier's commands, and reads its webhooks."""

    @property
    def media_scanner(self) -> MediaScanner | None:
        """The scanner of `media` messages for the native path; it reads as `parse` does. None: no native path."""

    def parse(self, text: str | Buffer, /) -> Message:
        """Return the message of one text frame, given as str or as UTF-8 octets.

        Raises:
            BrokenMessage: The text breaks one of RULES.
            OddMessage: Only members that are not needed break rules; the exception has the message.
        """

    def media_text(self, payload: bytes, stream_id: str | None = None, /) -> str:
        """Return the text that sends one payload to the carrier.

        stream_id: The stream of the last `start`. Here and below, only dialects whose carrier needs it write it.
        """

    def media_texts(self, stream_id: str | None = None, /) -> tuple[str, str] | None:
        """Return the ASCII text before and after the base64 payload of every `media_text`.

        Returns: None if the texts differ in more than the payload, or do not contain base64.
        """

    def mark_text(self, name: str, stream_id: str | None = None, /) -> str:
        """Return the text that requests a mark after all audio so far."""

    def clear_text(self, stream_id: str | None = None, /) -> str:
        """Return the text that makes the carrier drop all audio that it has not played yet."""


def refusal_of(dialect: Dialect, plan: object) -> str | None:
    """Return the reason why a carrier does not support a StreamPlan; None if it does."""
    values = cast("Mapping[str, tuple[object, ...]]", dialect.plan_values)
    for name, supported in {"mode": dialect.modes, **values}.items():
        value = getattr(plan, name)
        if value not in supported:
            return f"{name} is {value!r}, {dialect.name} has {', '.join(map(str, supported))}"
    return None
