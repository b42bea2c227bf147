"""The contract of a dialect: how one carrier spells the messages of a stream, and what that carrier can do."""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Protocol, TypedDict, cast

from typing_extensions import Buffer

from rtpcodec.kernels.media_scan import MediaScanner
from rtpcodec.stream.messages import Message


class PlanValues(TypedDict, total=False):
    """The only values that fields of a StreamPlan may have; a field that is not there may have any."""

    tracks: tuple[str, ...]
    target_legs: tuple[str, ...]
    send_codec: tuple[str, ...]
    receive_codec: tuple[str, ...]
    send_silence_when_idle: tuple[bool, ...]


class Dialect(Protocol):
    """The messages of one carrier's stream as texts, seen from the app's side. Stateless: all sessions share it.

    A session calls nothing else of a carrier, and holds none of its names.
    """

    @property
    def name(self) -> str:
        """The carrier, for error texts."""

    @property
    def signs(self) -> Set[str]:
        """Members of a whole message that no other carrier's messages have: they show the dialect of a stream."""

    @property
    def modes(self) -> tuple[str, ...]:
        """The modes that a plan may have: `rtp` for payloads of one codec, `mp3` for whole files."""

    @property
    def plan_values(self) -> PlanValues:
        """The values of a plan that the carrier can do, where there are others."""

    @property
    def tracks(self) -> Mapping[str, tuple[str, ...]]:
        """The tracks that chunks name, by `StreamPlan.tracks`. A chunk that names none is of the first."""

    @property
    def marks(self) -> bool:
        """Whether the carrier returns marks when the audio before them has been heard."""

    @property
    def clear(self) -> bool:
        """Whether the carrier can drop audio that it has not played yet."""

    @property
    def too_many_messages(self) -> int | None:
        """The code of the error that says that messages come too often; None if it does not exist."""

    @property
    def invalid_media(self) -> int | None:
        """The code of the error that says that a payload cannot be played; None if it does not exist."""

    @property
    def digits(self) -> bool:
        """Whether keys of the phone are messages of the stream."""

    @property
    def in_band_digits(self) -> bool:
        """Whether tones of keys in our audio reach the other end."""

    @property
    def counters(self) -> bool:
        """Whether chunks are numbered. Without numbers they are in order as they come, and no loss is noticed."""

    @property
    def token_in_connected(self) -> bool:
        """Whether the first message repeats the token that the command gave."""

    @property
    def commands(self) -> bool:
        """Whether commands of `rtpcodec.client` are about its calls, and webhooks that it reads report them."""

    @property
    def media_scanner(self) -> MediaScanner | None:
        """The names of `media` messages, for the native path: it reads them as `parse` does. None: no such path."""

    def parse(self, text: str | Buffer, /) -> Message:
        """Return the message of one text frame, given as str or as UTF-8 octets.

        Raises:
            BrokenMessage: the text breaks a rule of the wire.
            OddMessage: it breaks rules only in members that nobody needs; the exception has the message.
        """

    def media_text(self, payload: bytes, stream_id: str | None = None, /) -> str:
        """Return the text that sends one payload to the carrier.

        stream_id: of the last `start`; here as below, a dialect whose carrier asks for it writes it.
        """

    def media_texts(self, stream_id: str | None = None, /) -> tuple[str, str] | None:
        """Return head and tail of every `media_text`: what stands before and behind the base64 of the payload.

        Both are ASCII. None: the texts differ in more than the payload, or have no base64.
        """

    def mark_text(self, name: str, stream_id: str | None = None, /) -> str:
        """Return the text that asks for a mark behind all audio so far."""

    def clear_text(self, stream_id: str | None = None, /) -> str:
        """Return the text that makes the carrier drop all audio that it has not played yet."""


def refusal_of(dialect: Dialect, plan: object) -> str | None:
    """Return why a carrier cannot do a StreamPlan; None: it can."""
    values = cast("Mapping[str, tuple[object, ...]]", dialect.plan_values)
    for name, able in {"mode": dialect.modes, **values}.items():
        value = getattr(plan, name)
        if value not in able:
            return f"{name} is {value!r}, {dialect.name} has {', '.join(map(str, able))}"
    return None
