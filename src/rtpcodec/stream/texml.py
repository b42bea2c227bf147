"""The TeXML element that streams a call, from a plan."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final, Protocol
from urllib.parse import urlsplit

from rtpcodec.carriers.telnyx import commands
from rtpcodec.carriers.telnyx import texml as facts
from rtpcodec.errors import PlanWarning, warn_user

VERBS: Final = (facts.CONNECT, facts.START)

_NOT_XML: Final = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 cannot contain, escaped or not (XML 1.0 section 2.2)."""
_UNFIT: Final = re.compile(r"[\s\x00-\x1f\x7f]")
"""Characters that URLs must not have; `urlsplit` drops some of them."""
_ESCAPES: Final = str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\t": "&#9;", "\n": "&#10;", "\r": "&#13;"}
)
"""Unescaped tabs and line ends would be read as spaces (XML 1.0 section 3.3.3)."""


class TexmlPlan(Protocol):
    """The part of a StreamPlan that the element needs."""

    @property
    def send_codec(self) -> str:
        """Codec of the audio that we send."""

    @property
    def send_rate_hz(self) -> int:
        """Its rate as in commands."""

    @property
    def mode(self) -> str:
        """`rtp` or `mp3`."""

    @property
    def tracks(self) -> str:
        """The tracks to receive."""

    @property
    def receive_codec(self) -> str:
        """The codec to receive."""

    @property
    def target_legs(self) -> str:
        """The legs that hear us."""

    @property
    def send_silence_when_idle(self) -> bool:
        """Whether the carrier sends silence."""


def element(
    plan: TexmlPlan, url: str, *, verb: str, parameters: Mapping[str, str], others: Mapping[str, str | None]
) -> str:
    """Return the verb with its Stream: see StreamPlan.texml. Raises ValueError; warns with PlanWarning."""
    if verb not in VERBS:
        raise ValueError(f"verb is {verb!r}, one of {', '.join(VERBS)} is needed")
    method = others.get(facts.STATUS_CALLBACK_METHOD)
    if method not in (None, *facts.METHODS):
        raise ValueError(f"status_callback_method is {method!r}, one of {', '.join(facts.METHODS)} is needed")
    require_url(url)
    for warning in _beyond_texml(plan):
        warn_user(f"StreamPlan.texml: {warning}", PlanWarning)
    attributes = {facts.URL: url, facts.TRACK: plan.tracks, facts.BIDIRECTIONAL_MODE: plan.mode}
    if plan.mode == commands.RTP_MODE:
        attributes[facts.BIDIRECTIONAL_CODEC] = plan.send_codec
        attributes[facts.BIDIRECTIONAL_SAMPLING_RATE] = str(plan.send_rate_hz)
    if plan.receive_codec != commands.OWN_CODEC:
        attributes[facts.CODEC] = plan.receive_codec
    attributes |= {name: value for name, value in others.items() if value is not None}
    return stream_element(verb, attributes, parameters)


def stream_element(verb: str, attributes: Mapping[str, str], parameters: Mapping[str, str]) -> str:
    """Return a verb with a Stream. Raises TypeError, ValueError for texts that XML cannot contain."""
    within = "".join(
        f"<{facts.PARAMETER}{_written({facts.NAME: name, facts.VALUE: value})}/>" for name, value in parameters.items()
    )
    stream = f"<{facts.STREAM}{_written(attributes)}"
    stream += f">{within}</{facts.STREAM}>" if within else "/>"
    return f"<{verb}>{stream}</{verb}>"


def require_url(url: str) -> None:
    """Raise ValueError if it is not a WebSocket URL. The text does not show the URL, because its path is secret."""
    if unfit := _UNFIT.search(url):
        raise ValueError(f"url has a blank or control character at position {unfit.start()}")
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("ws", "wss") and bool(parts.hostname) and parts.port != 0 and not parts.fragment
    except ValueError:
        good = False
    if not good:
        raise ValueError("url must be a ws or wss URL with a host and without fragment")
    if len(url) > commands.MAX_URL_CHARACTERS:
        raise ValueError(f"url has {len(url)} characters, at most {commands.MAX_URL_CHARACTERS} are allowed")


def _beyond_texml(plan: TexmlPlan) -> Iterator[str]:
    """Yield a sentence per value that the carrier does not document for TeXML."""
    codecs, rates = ", ".join(facts.CODECS), ", ".join(map(str, facts.SAMPLING_RATES_HZ))
    others = "start_streaming and dial accept all"
    if plan.mode == commands.RTP_MODE:
        if plan.send_codec not in facts.CODECS:
            yield f"send_codec is {plan.send_codec!r}, TeXML documents {codecs}; {others}"
        if plan.send_rate_hz not in facts.SAMPLING_RATES_HZ:
            yield f"send_rate_hz is {plan.send_rate_hz}, TeXML documents {rates}; {others}"
    if plan.receive_codec not in (commands.OWN_CODEC, *facts.CODECS):
        yield f"receive_codec is {plan.receive_codec!r}, TeXML documents {codecs}; {others}"
    if plan.target_legs != commands.SELF_LEG:
        yield f"target_legs is {plan.target_legs!r}, TeXML has no attribute for it; start_streaming and dial have"
    if plan.send_silence_when_idle:
        yield "send_silence_when_idle is True, TeXML has no attribute for it; dial and answer have"


def _written(attributes: Mapping[str, str]) -> str:
    return "".join(f' {name}="{_escaped(name, value)}"' for name, value in attributes.items())


def _escaped(name: str, value: object) -> str:
    """Return a text escaped for an attribute. Raises ValueError, TypeError, which do not show it."""
    if not isinstance(value, str):
        raise TypeError(f"{name} is of type {type(value).__name__}, a str is needed")
    if _NOT_XML.search(value):
        raise ValueError(f"{name} has a character that XML cannot contain")
    return value.translate(_ESCAPES)
