"""The TeXML element of a plan, parsed by a real XML parser."""

from __future__ import annotations

import warnings
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtpcodec import StreamPlan
from rtpcodec.errors import PlanWarning

URL = "wss://media.example.com/calls/x"


def read(text: str) -> tuple[str, dict[str, str], list[tuple[str, dict[str, str]]]]:
    """Return the verb, the attributes of its Stream, and the children of the Stream."""
    verb = ElementTree.fromstring(text)
    (stream,) = verb
    assert (stream.tag, verb.attrib, verb.text) == ("Stream", {}, None)
    return verb.tag, stream.attrib, [(one.tag, one.attrib) for one in stream]


def test_it_has_the_values_of_the_plan() -> None:
    assert read(StreamPlan().texml(URL)) == (
        "Connect",
        {
            "url": URL,
            "track": "inbound_track",
            "bidirectionalMode": "rtp",
            "bidirectionalCodec": "PCMU",
            "bidirectionalSamplingRate": "8000",
        },
        [],
    )
    plan = StreamPlan(send_codec="G722", send_rate_hz=16000, tracks="both_tracks", receive_codec="PCMA")
    callback = "https://example.com/status?a=1&b=2"
    text = plan.texml(
        URL,
        verb="Start",
        parameters={"tenant": 't<1>"&\n\t', "empty": ""},
        name="first",
        status_callback=callback,
        status_callback_method="GET",
    )
    assert read(text) == (
        "Start",
        {
            "url": URL,
            "track": "both_tracks",
            "codec": "PCMA",
            "bidirectionalMode": "rtp",
            "bidirectionalCodec": "G722",
            "bidirectionalSamplingRate": "16000",
            "name": "first",
            "statusCallback": callback,
            "statusCallbackMethod": "GET",
        },
        [
            ("Parameter", {"name": "tenant", "value": 't<1>"&\n\t'}),
            ("Parameter", {"name": "empty", "value": ""}),
        ],
    )


def test_mode_mp3_has_neither_codec_nor_rate() -> None:
    _, attributes, _ = read(StreamPlan(mode="mp3").texml(URL))
    assert attributes == {"url": URL, "track": "inbound_track", "bidirectionalMode": "mp3"}


@given(st.dictionaries(st.text(), st.text(), max_size=4), st.text())
def test_every_text_is_read_as_it_was_given_or_refused(parameters: dict[str, str], name: str) -> None:
    try:
        text = StreamPlan().texml(URL, parameters=parameters, name=name)
    except ValueError as error:
        assert str(error).endswith(" has a character that XML cannot contain")  # noqa: PT017 -- one of two outcomes
        return
    _, attributes, held = read(text)
    assert attributes["name"] == name
    assert [(one["name"], one["value"]) for _, one in held] == list(parameters.items())


@pytest.mark.parametrize("codec", ["PCMU", "PCMA", "G722", "OPUS", "AMR-WB"])
def test_what_texml_documents_is_made_without_a_warning(codec: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        StreamPlan(send_codec=codec, receive_codec=codec).texml(URL)


@pytest.mark.parametrize(
    ("options", "texts"),
    [
        ({"send_codec": "L16", "send_rate_hz": 16000}, ["send_codec is 'L16', TeXML documents PCMU, PCMA, G722"]),
        (
            {"send_codec": "L16", "send_rate_hz": 22050},
            ["send_codec is 'L16'", "send_rate_hz is 22050, TeXML documents 8000, 16000, 24000"],
        ),
        ({"send_codec": "L16", "send_rate_hz": 48000}, ["send_codec is 'L16'", "send_rate_hz is 48000"]),
        ({"receive_codec": "L16"}, ["receive_codec is 'L16', TeXML documents"]),
        ({"target_legs": "both"}, ["target_legs is 'both', TeXML has no attribute for it"]),
        ({"send_silence_when_idle": True}, ["send_silence_when_idle is True, TeXML has no attribute for it"]),
        ({"mode": "mp3", "send_rate_hz": 48000}, []),
    ],
)
def test_a_warning_names_what_texml_cannot_carry(options: dict[str, Any], texts: list[str]) -> None:
    plan = StreamPlan(**options)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        plan.texml(URL)
    assert len(caught) == len(texts)
    for warning, text in zip(caught, texts, strict=True):
        assert warning.category is PlanWarning
        assert str(warning.message).startswith(f"StreamPlan.texml: {text}")
        assert warning.filename == __file__


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"url": "https://secret.example.com/x"}, "url must be a ws or wss URL with a host and without fragment"),
        ({"url": "wss:///secret"}, "url must be a ws or wss URL with a host and without fragment"),
        ({"url": "wss://[secret"}, "url must be a ws or wss URL with a host and without fragment"),
        ({"url": "wss://h/secret\n"}, "url has a blank or control character at position 14"),
        ({"url": "wss://h/ secret"}, "url has a blank or control character at position 8"),
        ({"url": "wss://h:99999/secret"}, "url must be a ws or wss URL with a host and without fragment"),
        ({"url": f"wss://h/{'x' * 2000}"}, "url has 2008 characters, at most 2000 are allowed"),
        ({"verb": "Dial"}, "verb is 'Dial', one of Connect, Start is needed"),
        ({"status_callback_method": "PUT"}, "status_callback_method is 'PUT', one of GET, POST is needed"),
        ({"name": "secret\x00"}, "name has a character that XML cannot contain"),
        ({"parameters": {"a": "\ud800"}}, "value has a character that XML cannot contain"),
    ],
)
def test_what_no_document_can_have_is_refused_without_showing_it(options: dict[str, Any], text: str) -> None:
    with pytest.raises(ValueError, match=f"^{text}$"):
        StreamPlan().texml(**{"url": URL} | options)


def test_a_parameter_that_is_not_a_text_is_refused() -> None:
    with pytest.raises(TypeError, match=r"^value is of type int, a str is needed$"):
        StreamPlan().texml(URL, parameters={"a": 1})  # type: ignore[dict-item]
