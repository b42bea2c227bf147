"""Rules that product and simulator share, checked against independent sources: carrier documents, RFCs, a vector.

docs/simulator.md lists them. Without such a source a rule could be wrong on both sides and still pass every call.
"""

from __future__ import annotations

import ast
import json
import re
from base64 import b64decode
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from rtpcodec import codec, verify_webhook
from rtpcodec.carriers.telnyx import commands, errors, streaming
from rtpcodec.rtp.packet import RtpPacket
from rtpcodec.sim.calls.leg import Leg
from rtpcodec.sim.commands.bodies import StreamSettings
from rtpcodec.sim.media.formats import AudioFormat
from rtpcodec.sim.media.variations import Variations
from rtpcodec.sim.webhooks import payloads
from rtpcodec.sim.webhooks.signing import Signer
from rtpcodec.stream import messages
from rtpcodec.stream.wire import TELNYX, build, parse
from tests import vectors
from tests.client.sdk_types import EVENT_MEMBERS, SEEN_ON_CALLS, STREAM_VALUES
from tests.client.test_webhook import BODY, KEY, NOW, SIGNATURE
from tests.sim.streams import START_MS, media, open_stream, ramp, run

ROOT = Path(__file__).parents[2]
SHAPES = [
    json.loads(line) for line in (vectors.SHIPPED / "messages" / "telnyx_shapes.jsonl").read_text("utf-8").splitlines()
]
DOCUMENTED = [shape for shape in SHAPES if "vendor documentation" in shape["seen_in"]]
FROM_CARRIER = [shape["message"] for shape in DOCUMENTED if shape["direction"] == "from_provider"]
TO_CARRIER = [shape["message"] for shape in DOCUMENTED if shape["direction"] == "to_provider"]


def typed_members(value: object, path: str = "") -> set[tuple[str, str]]:
    """Return the paths of all members, and the JSON types of their values; names in custom parameters are the app's."""
    if not isinstance(value, dict) or path.endswith(("custom_parameters", "customParameters")):
        return {(path, type(value).__name__)}
    return set().union(*(typed_members(inner, f"{path}.{name}") for name, inner in value.items()))


def documented_members(event: str) -> set[tuple[str, str]]:
    return set().union(*(typed_members(message) for message in FROM_CARRIER if message["event"] == event))


@pytest.mark.parametrize("message", FROM_CARRIER, ids=lambda message: message["event"])
def test_the_writer_gives_the_documented_message_member_by_member(message: dict[str, Any]) -> None:
    written = json.loads(build(parse(json.dumps(message))))
    if message.get("start", {}).get("media_format", {}).get("encoding") == "audio/x-mulaw":
        message = json.loads(json.dumps(message).replace("audio/x-mulaw", "PCMU"))
    assert written == message


def test_the_messages_of_the_simulator_have_documented_members_of_documented_types() -> None:
    settings = {"client_state": "e30=", "custom_parameters": {"k": "v"}, "auth_token": "token"}
    stream = open_stream(ramp(1600), settings=settings, dtmf=((45.0, "1"),), tags=("a",))
    stream.receive('{"event":"mark","mark":{"name":"m"}}', START_MS)
    stream.receive("{", START_MS)
    seen = [message for _, message in run(stream)]
    kinds = {message["event"] for message in seen}
    assert kinds == {"connected", "start", "media", "dtmf", "mark", "error", "stop"}
    for message in seen:
        if message["event"] != "dtmf":
            assert typed_members(message) <= documented_members(message["event"])
        else:
            # docs/carrier.md, rule C39: no shape of it is published in the vectors.
            assert message.keys() == {"event", "sequence_number", "stream_id", "occurred_at", "dtmf"}
            assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", message["occurred_at"])


def test_the_app_sends_the_documented_messages() -> None:
    sent: list[str] = []
    for message in TO_CARRIER:
        read = parse(json.dumps(message))
        match read:
            case messages.Media():
                sent.append(TELNYX.media_text(read.payload, None))
            case messages.Mark():
                sent.append(TELNYX.mark_text(read.name, None))
            case messages.Clear():
                sent.append(TELNYX.clear_text(None))
    assert [json.loads(text) for text in sent] == TO_CARRIER


BASE64_VECTORS = {b"": "", b"f": "Zg==", b"fo": "Zm8=", b"foo": "Zm9v", b"foob": "Zm9vYg==", b"foobar": "Zm9vYmFy"}
"""RFC 4648 section 10."""


@pytest.mark.parametrize("octets", BASE64_VECTORS)
def test_payloads_are_base64_by_the_vectors_of_its_rfc(octets: bytes) -> None:
    text = f'{{"event":"media","media":{{"payload":"{BASE64_VECTORS[octets]}"}}}}'
    assert (parse(text), TELNYX.media_text(octets, None)) == (messages.Media(octets), text)


def test_the_simulator_signs_the_published_vector(monkeypatch: pytest.MonkeyPatch) -> None:
    """docs/carrier.md, rule C45: two other libraries agree on it."""
    signer = Signer(0)
    monkeypatch.setattr(signer, "_key", Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
    assert (signer.public_key, signer.sign(str(NOW), BODY)) == (KEY, SIGNATURE)
    headers = {"telnyx-signature-ed25519": SIGNATURE, "telnyx-timestamp": str(NOW)}
    assert verify_webhook(BODY, headers, KEY, now=NOW).event_type == "streaming.started"


def test_the_webhooks_of_the_simulator_have_the_members_of_the_sdk() -> None:
    """`make sdk` compares the lists with the SDK itself."""
    stream = open_stream(ramp(160))
    facts, media_format = stream._facts, AudioFormat.of(codec("PCMU"), None, Variations())
    for direction in ("incoming", "outgoing"):
        leg = Leg(direction=direction, state="answered", call_leg_id="leg", connection_id="1")
        settings = StreamSettings(stream_url="ws://127.0.0.1/")
        sent = {
            "call.initiated": payloads.initiated(facts, leg, media_format),
            "call.answered": payloads.answered(facts, leg, media_format, settings),
            "call.bridged": payloads.of_phone(facts, leg),
            "call.hangup": payloads.hung_up(facts, leg, payloads.CallQuality()),
            "streaming.started": payloads.streaming(facts, leg, settings),
            "streaming.stopped": payloads.streaming(facts, leg, settings),
            "streaming.failed": payloads.streaming_failed(facts, leg, settings, "stream"),
        }
        assert sent.keys() == EVENT_MEMBERS.keys()
        for event, payload in sent.items():
            assert payload.keys() <= EVENT_MEMBERS[event] | SEEN_ON_CALLS.get(event, set()), event


def test_the_values_of_a_streaming_command_are_those_of_the_sdk() -> None:
    ours = {
        commands.STREAM_CODEC: commands.RECEIVE_CODECS,
        commands.STREAM_BIDIRECTIONAL_MODE: commands.MODES,
        commands.STREAM_BIDIRECTIONAL_CODEC: commands.SEND_CODECS,
        commands.STREAM_BIDIRECTIONAL_TARGET_LEGS: commands.TARGET_LEGS,
        commands.STREAM_BIDIRECTIONAL_SAMPLING_RATE: commands.SAMPLING_RATES_HZ,
        "stream_track": commands.TRACKS,
    }
    assert {name: set(values) for name, values in ours.items()} == {
        name: set(values) for name, values in STREAM_VALUES.items()
    }


def test_an_rtp_header_in_front_of_a_payload_is_that_of_its_rfc() -> None:
    """RFC 3550 section 5.1, by its bits: version 2, no padding, extension, CSRC or marker; type 0 is PCMU."""
    gone = run(open_stream(ramp(160 * 3), variations=Variations(rtp_headers=True)))
    first, second = [message["media"]["payload"] for _, message in gone if message["event"] == "media"][:2]
    for payload, number in ((first, 0), (second, 1)):
        octets = b64decode(payload)
        assert octets[0] == 0b10_0_0_0000
        assert octets[1] & 0x7F == 0
        assert int.from_bytes(octets[2:4]) == number
        assert int.from_bytes(octets[4:8]) == 160 * number
        assert (len(octets), RtpPacket.parse(octets).payload) == (172, octets[12:])


def test_the_numbers_of_the_documents() -> None:
    """docs/carrier.md, rules C5, C15, C29, C30, C40, C42 and C49: written here by hand."""
    assert (streaming.MIN_CHUNK_MS, streaming.MAX_CHUNK_MS, streaming.MP3_INTERVAL_MS) == (20, 30_000, 1000)
    assert errors.STREAM_ERRORS == {
        100002: "unknown_error",
        100003: "malformed_frame",
        100004: "invalid_media",
        100005: "rate_limit_reached",
    }
    assert streaming.TOKEN_HEADER == "x-telnyx-streaming-auth-token"
    assert (commands.DTMF_DIGITS, commands.DTMF_PAUSES) == ("0123456789ABCD*#", "wW")
    assert (commands.MIN_DTMF_DURATION_MS, commands.MAX_DTMF_DURATION_MS) == (100, 500)
    assert commands.SAMPLING_RATES_HZ == (8000, 16000, 22050, 24000, 48000)
    assert commands.TARGET_LEGS == ("both", "self", "opposite")
    assert commands.MODES == ("mp3", "rtp")


def test_a_mark_with_nothing_queued_returns_at_once_and_a_clear_returns_all() -> None:
    """The carrier's guide, in its own examples: docs/carrier.md, rules C36 and C37."""
    stream = open_stream(ramp(160 * 20))
    stream.receive('{"event":"mark","mark":{"name":"empty"}}', START_MS)
    stream.receive(media(b"\xff" * 8000), START_MS)
    stream.receive('{"event":"mark","mark":{"name":"queued"}}', START_MS)
    stream.receive('{"event":"clear"}', START_MS + 100)
    marks = [(at, message["mark"]["name"]) for at, message in run(stream) if message["event"] == "mark"]
    assert [name for _, name in marks] == ["empty", "queued"]
    assert (marks[0][0], marks[1][0] <= 120) == (0, True)


def test_each_rule_of_both_sides_names_a_test_that_exists() -> None:
    page = (ROOT / "docs" / "simulator.md").read_text("utf-8")
    table = page.partition("## Rules of both sides")[2].partition("\n## ")[0]
    named = re.findall(r"`((?:tests|scripts|benchmarks)/[\w./]+)(?:::(\w+))?`", table)
    assert len(named) >= 15
    for path, test in named:
        tree = ast.parse((ROOT / path).read_text("utf-8"))
        names = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
        assert not test or test in names, f"{path} has no {test}"
    rows = [line for line in table.splitlines() if line.startswith("| ") and not line.startswith("| rule")]
    assert all("`" in row for row in rows), "a rule without a test"
