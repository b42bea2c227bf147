"""TeXML and TwiML documents as steps: the verbs that stream a call (docs/carrier.md, rule C13)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from xml.etree import ElementTree

from rtpcodec.carriers.telnyx import commands, texml
from rtpcodec.sim.commands.bodies import StreamSettings
from rtpcodec.sim.commands.twilio_streams import twilio_stream
from rtpcodec.sim.wires.ids import DialectName

_ATTRIBUTES: Final = {
    texml.URL: "stream_url",
    texml.TRACK: "tracks",
    texml.CODEC: "codec",
    texml.BIDIRECTIONAL_MODE: "mode",
    texml.BIDIRECTIONAL_CODEC: "return_codec",
    texml.BIDIRECTIONAL_SAMPLING_RATE: "return_rate_hz",
}
"""Attributes of `<Stream>`, and their names in StreamSettings."""
_IGNORED: Final = (texml.NAME, texml.STATUS_CALLBACK)
"""The simulator has no status callbacks."""
_VALUES: Final[Mapping[str, tuple[str, ...]]] = {
    texml.TRACK: commands.TRACKS,
    texml.CODEC: (commands.OWN_CODEC, *texml.CODECS),
    texml.BIDIRECTIONAL_MODE: commands.MODES,
    texml.BIDIRECTIONAL_CODEC: texml.CODECS,
    texml.BIDIRECTIONAL_SAMPLING_RATE: tuple(map(str, texml.SAMPLING_RATES_HZ)),
    texml.STATUS_CALLBACK_METHOD: texml.METHODS,
}
_TWIML: Final = (texml.URL, texml.TRACK, *_IGNORED, texml.STATUS_CALLBACK_METHOD)
"""The attributes that TwiML has too."""


@dataclass(frozen=True, slots=True)
class Step:
    """One verb of a document."""

    verb: str
    stream: StreamSettings | None = None
    """Stream of Start and Connect."""
    pause_s: float = 0.0
    """Seconds of Pause."""


def read_texml(document: str, dialect: DialectName = "telnyx") -> list[Step]:
    """Read a document. ValueError: it is not XML, or has something unknown to the simulator or its carrier."""
    try:
        root = ElementTree.fromstring(document)  # noqa: S314 -- the document of the app under test
    except ElementTree.ParseError as error:
        raise ValueError(f"the document is not XML: {error}") from None
    if root.tag != texml.RESPONSE:
        raise ValueError(f"the root is {root.tag!r}, {texml.RESPONSE} is needed")
    return [_step(verb, dialect) for verb in root]


def _step(verb: ElementTree.Element, dialect: DialectName) -> Step:
    if verb.tag == texml.PAUSE:
        return Step(verb.tag, pause_s=float(verb.get(texml.LENGTH, 1)))
    if verb.tag == texml.HANGUP:
        return Step(verb.tag)
    if verb.tag not in (texml.START, texml.CONNECT, texml.STOP):
        raise ValueError(f"the simulator does not know the verb {verb.tag!r}")
    nouns = [noun.tag for noun in verb]
    if nouns != [texml.STREAM]:
        raise ValueError(f"{verb.tag} has {', '.join(nouns) or 'nothing'} in it, one {texml.STREAM} is needed")
    if verb.tag == texml.STOP:
        return Step(verb.tag)
    if dialect == "twilio":
        return Step(verb.tag, _twilio_stream(verb[0], two_way=verb.tag == texml.CONNECT))
    return Step(verb.tag, _stream(verb[0]))


def _twilio_stream(stream: ElementTree.Element, *, two_way: bool) -> StreamSettings:
    unknown = [name for name in stream.attrib if name not in _TWIML]
    if unknown:
        raise ValueError(f"{texml.STREAM} has no attribute {unknown[0]!r} in TwiML")
    wanted = _stream(stream)
    return twilio_stream(wanted.stream_url, wanted.tracks, wanted.custom_parameters, two_way=two_way)


def _stream(stream: ElementTree.Element) -> StreamSettings:
    fields: dict[str, Any] = {}
    for name, value in stream.attrib.items():
        known = _VALUES.get(name)
        if known is not None and value not in known:
            raise ValueError(f"{name} is {value!r}, one of {', '.join(known)} is needed")
        if name in _ATTRIBUTES:
            fields[_ATTRIBUTES[name]] = int(value) if name == texml.BIDIRECTIONAL_SAMPLING_RATE else value
        elif known is None and name not in _IGNORED:
            raise ValueError(f"{texml.STREAM} has no attribute {name!r}")
    if texml.URL not in stream.attrib:
        raise ValueError(f"{texml.STREAM} has no {texml.URL}")
    parameters = {}
    for one in stream:
        if one.tag != texml.PARAMETER or set(one.attrib) != {texml.NAME, texml.VALUE}:
            raise ValueError(f"{texml.STREAM} holds {one.tag!r}, a {texml.PARAMETER} of name and value is needed")
        parameters[one.attrib[texml.NAME]] = one.attrib[texml.VALUE]
    # TeXML has no attribute for the legs; an app hears and is heard on the leg that executes the document.
    return StreamSettings(**fields, target_legs=commands.SELF_LEG, custom_parameters=parameters)
