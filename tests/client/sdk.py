"""The official SDK and ours side by side: `make sdk`.

Each generated set of fields is sent by both to one server on loopback; method, path and JSON body must be equal.
Every action of the SDK must be known to ours, with the same method and path, and no other. Deliberate differences are
listed with their reasons. Also reported: the fields that each knows, and the CPU time that each takes to load.
"""

from __future__ import annotations

import argparse
import base64
import inspect
import os
import random
import subprocess
import sys
import threading
import warnings
from collections import Counter
from importlib import import_module
from importlib.metadata import version
from typing import Any, get_args, get_type_hints

import msgspec

from rtpcodec.carriers.telnyx import commands
from rtpcodec.client import (
    AnswerFields,
    CallControl,
    DialFields,
    HangupFields,
    SendDtmfFields,
    StartFields,
    StopFields,
    UpdateClientStateFields,
)
from rtpcodec.errors import CommandError
from tests.client.conftest import Received, RecordingCarrier
from tests.client.sdk_types import EVENT_MEMBERS, STREAM_VALUES

KEY = "KEY0123456789_abcdefghij"
MAX_COST = 0.15
"""CPU time to load our package, as a share of the SDK's."""
FACES = {
    "start_streaming": (StartFields, "calls.action_start_streaming_params", "ActionStartStreamingParams"),
    "stop_streaming": (StopFields, "calls.action_stop_streaming_params", "ActionStopStreamingParams"),
    "answer": (AnswerFields, "calls.action_answer_params", "ActionAnswerParams"),
    "hangup": (HangupFields, "calls.action_hangup_params", "ActionHangupParams"),
    "send_dtmf": (SendDtmfFields, "calls.action_send_dtmf_params", "ActionSendDtmfParams"),
    "update_client_state": (
        UpdateClientStateFields,
        "calls.action_update_client_state_params",
        "ActionUpdateClientStateParams",
    ),
    "dial": (DialFields, "call_dial_params", "CallDialParams"),
}
OURS_ALONE = {
    "strict": "a switch of the checks, not sent",
    "extra_body": "in the SDK a parameter of every method, outside of the fields",
    "stream_auth_token": "on answer: integrations send it, so we do, with a warning",
    "stream_bidirectional_sampling_rate": "on answer: so that a plan's fields fit every command; a warning beyond 8000",
}
"""Fields that the SDK lacks, and why we have them."""
DIFFERENCES = {
    "body": "we add command_id where it is not given: one UUID for all attempts, so that a repeat has no effect",
    "path": "call_control_id: we percent-encode all but unreserved characters and the colon, the SDK keeps others too",
    "Accept-Encoding": "identity: the limit on an answer's length holds only for octets that nobody inflates",
    "User-Agent": "of the HTTP library",
    "X-Stainless-*": "the SDK's description of the machine; we send nothing of it",
}
NEEDED = {"send_dtmf": "digits", "update_client_state": "client_state"}
_WORDS = ("alpha", "Zoë", "a b", "+15550100", "0123", "wss", '"quoted"', "日本")


def drawn(rng: random.Random) -> tuple[str, dict[str, Any]]:
    """Return a command and fields for it that both libraries accept in the same form."""
    command = rng.choice(list(FACES))
    choices = _choices(rng)
    known = get_type_hints(FACES[command][0]).keys() & _sdk_fields(command)
    fields = {name: choices[name]() for name in sorted(known & choices.keys()) if rng.random() < 0.5}
    if command in NEEDED:
        fields |= {NEEDED[command]: choices[NEEDED[command]]()}
    if command == "dial":
        fields |= {"to": rng.choice(["+15550100", ["+15550100", "sip:a@b.example"]])}
        fields |= {"from_": "+15550101", "connection_id": "1700000000000000001"}
    else:
        fields["call_control_id"] = "v3:" + "".join(rng.choices("abcXYZ019-_~.", k=rng.randint(1, 40)))
    return command, fields


def _choices(rng: random.Random) -> dict[str, Any]:
    """Return how the value of each field is drawn; bytes and mappings, which only ours accepts, are left out."""

    def word() -> str:
        return rng.choice(_WORDS) + str(rng.randrange(1000))

    def pairs() -> list[dict[str, str]]:
        return [{"name": f"n{at}", "value": word()} for at in range(rng.randrange(4))]

    def of(values: tuple[Any, ...]) -> Any:
        return lambda: rng.choice(values)

    flags = ("enable_dialogflow", "send_silence_when_idle", "transcription", "stream_establish_before_call_originate",
             "bridge_intent", "bridge_on_answer", "prevent_double_bridge")  # fmt: skip
    texts = ("stream_auth_token", "command_id", "stream_id", "reason", "billing_group_id", "record_custom_file_name",
             "from_display_name", "link_to", "park_after_unbridge", "media_name", "sip_auth_password")  # fmt: skip
    counts = ("record_max_length", "record_timeout_secs", "timeout_secs", "time_limit_secs")
    return {
        **dict.fromkeys(flags, of((True, False))),
        **dict.fromkeys(texts, word),
        **dict.fromkeys(counts, lambda: rng.randrange(10_000)),
        "stream_url": lambda: f"wss://media.example.com/{rng.randrange(10**9)}?a=%20b",
        "stream_track": of(commands.TRACKS),
        "stream_codec": of(commands.RECEIVE_CODECS),
        "stream_bidirectional_mode": of(commands.MODES),
        "stream_bidirectional_codec": of(commands.SEND_CODECS),
        "stream_bidirectional_sampling_rate": of(commands.SAMPLING_RATES_HZ),
        "stream_bidirectional_target_legs": of(commands.TARGET_LEGS),
        "digits": lambda: "".join(rng.choices(commands.DTMF_DIGITS + commands.DTMF_PAUSES, k=rng.randint(1, 20))),
        "duration_millis": lambda: rng.randint(commands.MIN_DTMF_DURATION_MS, commands.MAX_DTMF_DURATION_MS),
        "custom_parameters": pairs,
        "custom_headers": pairs,
        "sip_headers": pairs,
        "dialogflow_config": lambda: {"analyze_sentiment": rng.random() < 0.5},
        "transcription_config": lambda: {"transcription_engine": "A", "transcription_tracks": "both"},
        "sound_modifications": lambda: {"pitch": rng.random(), "octaves": 0.5},
        "client_state": lambda: base64.b64encode(rng.randbytes(rng.randrange(20))).decode(),
        "preferred_codecs": of(("G722,PCMU,PCMA", "OPUS")),
        "record": of(("record-from-answer",)),
        "record_channels": of(("single", "dual")),
        "record_format": of(("wav", "mp3")),
        "webhook_url": lambda: "https://hooks.example.com/telnyx",
        "webhook_url_method": of(("POST", "GET")),
        "answering_machine_detection": of(("premium", "detect", "disabled")),
        "media_encryption": of(("disabled", "SRTP", "DTLS")),
    }


def _sdk_fields(command: str) -> set[str]:
    _, module, name = FACES[command]
    return set(getattr(import_module(f"telnyx.types.{module}"), name).__annotations__)


def compared(seed: int, carrier: RecordingCarrier, ours: CallControl, theirs: Any) -> tuple[str, set[str]]:
    """Send one set by both. AssertionError: their requests differ."""
    command, fields = drawn(random.Random(seed))
    carrier.answer(200, b'{"data":{"result":"ok","call_control_id":"v3:new"}}')
    carrier.received.clear()
    getattr(ours, command)(**fields)
    getattr(theirs.calls if command == "dial" else theirs.calls.actions, command)(**fields)
    own, official = carrier.received
    own_body, official_body = msgspec.json.decode(own.body), msgspec.json.decode(official.body)
    if "command_id" not in fields and own.method == "POST":
        assert len(own_body.pop("command_id")) == 36
    told = f"seed {seed}, {command}: {own} against {official}"
    assert (own.method, own.path) == (official.method, official.path), told
    assert own_body == official_body, told
    assert own.headers["authorization"] == official.headers["authorization"], told
    assert own.headers["content-type"] == official.headers["content-type"], told
    return command, _different_headers(own, official)


def _different_headers(own: Received, official: Received) -> set[str]:
    names = own.headers.keys() | official.headers.keys()
    return {name for name in names if own.headers.get(name) != official.headers.get(name)} - {"content-length"}


def compared_actions(carrier: RecordingCarrier, ours: CallControl, theirs: Any) -> int:
    """Send every action of the SDK by both. AssertionError: one that ours does not know, or with another request."""
    carrier.answer(200, b'{"data":{"result":"ok"}}')
    seen = {}
    for name, method in inspect.getmembers(theirs.calls.actions, inspect.ismethod):
        if name.startswith("_"):
            continue
        carrier.received.clear()
        parameters = inspect.signature(method).parameters.values()
        needed = [one.name for one in parameters if one.kind is one.KEYWORD_ONLY and one.default is one.empty]
        method("v3:x", **dict.fromkeys(needed, "x"))
        action = carrier.received[-1].path.rpartition("/")[2]
        ours.command("v3:x", action)
        official, own = carrier.received
        assert (own.method, own.path) == (official.method, official.path), f"{name}: {own} against {official}"
        seen[action] = official.method
    assert seen == commands.ACTION_METHODS, f"differ: {sorted(seen.items() ^ commands.ACTION_METHODS.items())}"
    return len(seen)


def unknown_fields() -> list[str]:
    """Return the fields that only one of the two knows. AssertionError: one that has no reason."""
    told = []
    for command, (face, _, _) in FACES.items():
        known, official = set(get_type_hints(face)), _sdk_fields(command)
        assert not official - known, f"{command} lacks {sorted(official - known)}"
        told += [f"{command}: {name}" for name in sorted(known - official - {"strict", "extra_body"})]
        assert known - official <= OURS_ALONE.keys(), f"{command}: {sorted(known - official)}"
    return told


def compared_types() -> int:
    """Compare the types in `sdk_types` with the SDK. AssertionError: the SDK has changed its types."""
    hints = get_type_hints(import_module("telnyx.types.calls.action_start_streaming_params").ActionStartStreamingParams)
    for name, values in STREAM_VALUES.items():
        assert set(get_args(hints[name])) == set(values), f"{name}: {get_args(hints[name])}"
    for event, members in EVENT_MEMBERS.items():
        module = event if event.startswith("call.") else f"call.{event}"
        payload = import_module(f"telnyx.types.{module.replace('.', '_')}").Payload
        official = {found.alias or name for name, found in payload.model_fields.items()}
        assert official == members, f"{event}: {sorted(official ^ members)}"
    return len(STREAM_VALUES) + len(EVENT_MEMBERS)


def cost_s(code: str) -> float:
    """CPU seconds of a fresh process for these lines beyond a bare interpreter: the least of five."""

    def run(lines: str) -> float:
        before = os.times()
        subprocess.run([sys.executable, "-c", lines], check=True)
        after = os.times()
        return after.children_user + after.children_system - before.children_user - before.children_system

    return min(run(code) for _ in range(5)) - min(run("pass") for _ in range(5))


def main(arguments: list[str] | None = None) -> int:
    """Compare, and print the findings."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", type=int, default=200)
    sets = parser.parse_args(arguments).sets
    warnings.simplefilter("ignore")  # fields with warnings are sent too
    telnyx: Any = import_module("telnyx")
    say = sys.stdout.write
    with RecordingCarrier() as carrier:
        thread = threading.Thread(target=carrier.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            with (
                CallControl(KEY, base_url=carrier.url) as ours,
                telnyx.Telnyx(api_key=KEY, base_url=carrier.url) as theirs,
            ):
                found = [compared(seed, carrier, ours, theirs) for seed in range(sets)]
                actions = compared_actions(carrier, ours, theirs)
                types = compared_types()
        except (AssertionError, CommandError) as error:
            say(f"sdk: {error}\n")
            return 1
        finally:
            carrier.shutdown()
            thread.join()
    counts = Counter(command for command, _ in found)
    say(f"telnyx {version('telnyx')}: {sets} sets, method, path and JSON body equal: {dict(counts)}\n")
    say(f"{actions} actions, method and path equal\n")
    say(f"{types} types as the tests believe\n")
    say(f"headers that differ: {', '.join(sorted(set().union(*(names for _, names in found))))}\n")
    for what, why in DIFFERENCES.items():
        say(f"  {what}: {why}\n")
    say(f"fields that the SDK does not know: {', '.join(unknown_fields())}\n")
    own_s = cost_s("import rtpcodec.client")
    official_s = cost_s("import telnyx; telnyx.Telnyx(api_key='KEY')")
    say(f"CPU: import rtpcodec.client {own_s:.3f} s, the SDK and its client {official_s:.3f} s: ")
    say(f"{own_s / official_s:.3f}, at most {MAX_COST}\n")
    return 0 if own_s <= MAX_COST * official_s else 1


if __name__ == "__main__":
    sys.exit(main())
