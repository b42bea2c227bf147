"""The carrier's commands from a shell: the request, the output, and secrets that are never printed."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from rtpcodec.cli.app import main
from tests.client.conftest import RecordingCarrier

KEY = "KEY0123456789_abcdefghij"
STREAM = ["--token", "tok_hidden", "--codec", "L16", "--rate", "16000", "--receive-codec", "PCMA", "--tracks",
          "both_tracks", "--legs", "both"]  # fmt: skip
STREAM_FIELDS = {
    "stream_auth_token": "tok_hidden",
    "stream_bidirectional_mode": "rtp",
    "stream_bidirectional_codec": "L16",
    "stream_bidirectional_sampling_rate": 16000,
    "stream_codec": "PCMA",
    "stream_track": "both_tracks",
    "stream_bidirectional_target_legs": "both",
}
COMMON = ["--client-state", "state_hidden", "--command-id", "once", "--extra-body", '{"later":"extra_hidden"}']
COMMON_FIELDS = {"client_state": "c3RhdGVfaGlkZGVu", "command_id": "once", "later": "extra_hidden"}
ALL: dict[str, tuple[list[str], str, dict[str, Any]]] = {
    "start": (
        ["start", "v3:x", "wss://h/guarded", *STREAM, "--parameter", "tenant=t1_hidden", "--enable-dialogflow",
         "--no-analyze-sentiment", "--partial-automated-agent-reply", *COMMON],
        "/v2/calls/v3:x/actions/streaming_start",
        {
            "stream_url": "wss://h/guarded",
            **STREAM_FIELDS,
            "custom_parameters": [{"name": "tenant", "value": "t1_hidden"}],
            "enable_dialogflow": True,
            "dialogflow_config": {"analyze_sentiment": False, "partial_automated_agent_reply": True},
        },
    ),
    "stop": (
        ["stop", "v3:x", "--stream-id", "s-1", *COMMON],
        "/v2/calls/v3:x/actions/streaming_stop",
        {"stream_id": "s-1"},
    ),
    "dial": (
        ["dial", "+15550100", "sip:a@hidden", "--from", "+15550101", "--connection-id", "c-1", "--stream-url",
         "wss://h/guarded", *STREAM, "--stream-establish-before-call-originate", "--preferred-codecs", "G722,PCMU",
         "--send-silence-when-idle", "--header", "X-A=hidden", "--timeout-secs", "30", "--time-limit-secs", "60",
         "--webhook-url", "https://hooks.example.com/", "--no-enable-dialogflow", "--analyze-sentiment",
         "--no-partial-automated-agent-reply", *COMMON],
        "/v2/calls",
        {
            "to": ["+15550100", "sip:a@hidden"],
            "from": "+15550101",
            "connection_id": "c-1",
            "stream_url": "wss://h/guarded",
            **STREAM_FIELDS,
            "stream_establish_before_call_originate": True,
            "preferred_codecs": "G722,PCMU",
            "send_silence_when_idle": True,
            "custom_headers": [{"name": "X-A", "value": "hidden"}],
            "timeout_secs": 30,
            "time_limit_secs": 60,
            "webhook_url": "https://hooks.example.com/",
            "enable_dialogflow": False,
            "dialogflow_config": {"analyze_sentiment": True, "partial_automated_agent_reply": False},
        },
    ),
    "answer": (
        ["answer", "v3:x", "--stream-url", "wss://h/guarded", *STREAM, "--no-send-silence-when-idle",
         "--preferred-codecs", "OPUS", "--header", "X-A=hidden", "--webhook-url", "https://hooks.example.com/",
         *COMMON],
        "/v2/calls/v3:x/actions/answer",
        {
            "stream_url": "wss://h/guarded",
            **STREAM_FIELDS,
            "send_silence_when_idle": False,
            "preferred_codecs": "OPUS",
            "custom_headers": [{"name": "X-A", "value": "hidden"}],
            "webhook_url": "https://hooks.example.com/",
        },
    ),
    "hangup": (
        ["hangup", "v3:x", "--reason", "elsewhere", *COMMON],
        "/v2/calls/v3:x/actions/hangup",
        {"reason": "elsewhere"},
    ),
}  # fmt: skip
HIDDEN = (KEY, "hidden", "5550", "c3RhdG", "guarded")


@pytest.fixture
def carrier(monkeypatch: pytest.MonkeyPatch) -> Iterator[RecordingCarrier]:
    with RecordingCarrier() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        monkeypatch.setenv("TELNYX_API_KEY", KEY)
        monkeypatch.setenv("TELNYX_BASE_URL", server.url)
        server.answer(
            200, b'{"data":{"result":"ok","call_control_id":"v3:new","call_leg_id":"l","call_session_id":"s"}}'
        )
        yield server
        server.shutdown()
        thread.join()


@pytest.mark.filterwarnings("default::rtpcodec.errors.CommandWarning")
@pytest.mark.parametrize("name", ALL)
def test_every_flag_reaches_the_wire(name: str, carrier: RecordingCarrier, capsys: pytest.CaptureFixture[str]) -> None:
    arguments, path, fields = ALL[name]
    assert main([*arguments, "--json"]) == 0
    (received,) = carrier.received
    assert (received.method, received.path) == ("POST", path)
    assert json.loads(received.body) == {**fields, **COMMON_FIELDS}
    assert received.headers["authorization"] == f"Bearer {KEY}"
    out, err = capsys.readouterr()
    told = json.loads(out)
    assert told.pop("command") == path.rpartition("/")[2].replace("calls", "dial")
    assert told.pop("command_id") == "once"
    expected = {"call_control_id": "v3:new", "call_leg_id": "l", "call_session_id": "s"}
    assert told == (expected if name == "dial" else {"result": "ok"})
    assert not [word for word in HIDDEN if word in out + err]


@pytest.mark.filterwarnings("default::rtpcodec.errors.CommandWarning")
@pytest.mark.parametrize("name", ALL)
def test_a_dry_run_shows_the_request_and_sends_nothing(
    name: str, carrier: RecordingCarrier, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments, path, fields = ALL[name]
    monkeypatch.delenv("TELNYX_API_KEY")
    assert main([*arguments, "--dry-run", "--json"]) == 0
    request = json.loads(capsys.readouterr().out)
    assert (request["method"], request["url"]) == ("POST", carrier.url.removesuffix("/v2") + path)
    assert request["headers"]["Authorization"] == "Bearer ***"
    assert request["body"].keys() == {**fields, **COMMON_FIELDS}.keys()
    assert request["body"]["client_state"] == "***"
    assert request["body"].get("stream_url", "wss://h/***") == "wss://h/***"
    assert main([*arguments, "--dry-run"]) == 0
    out, err = capsys.readouterr()
    assert out.startswith(f"POST {request['url']}\nAuthorization: Bearer ***\n")
    assert json.loads(out.partition("\n\n")[2]) == request["body"]
    assert not [word for word in HIDDEN if word in f"{request} {out} {err}"]
    assert carrier.received == []


def test_the_result_is_one_line(carrier: RecordingCarrier, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["hangup", "v3:x", "--command-id", "once"]) == 0
    assert capsys.readouterr().out == "hangup requested: ok (command_id once)\n"
    assert main(["dial", "+1", "--from", "+2", "--connection-id", "c", "--command-id", "once"]) == 0
    assert capsys.readouterr().out == "dialing: v3:new, l, s (command_id once)\n"
    assert json.loads(carrier.received[1].body) == {
        "to": "+1",
        "from": "+2",
        "connection_id": "c",
        "command_id": "once",
    }


def test_a_refusal_is_one_line(carrier: RecordingCarrier, capsys: pytest.CaptureFixture[str]) -> None:
    carrier.answer(422, b'{"errors":[{"code":"90018","title":"Call has already ended"}]}')
    assert main(["hangup", "v3:x", "--command-id", "once"]) == 1
    out, err = capsys.readouterr()
    assert (out, err) == (
        "", "rtpcodec: hangup was refused with status 422: 90018 Call has already ended (command_id once)\n"
    )  # fmt: skip


def test_the_key_is_not_a_flag_and_is_typed_without_echo(
    carrier: RecordingCarrier, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["hangup", "v3:x", "--api-key", "k"]) == 2
    assert "No such option: --api-key" in capsys.readouterr().err
    monkeypatch.delenv("TELNYX_API_KEY")
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("typer.prompt", _typed)
    assert main(["hangup", "v3:x"]) == 0
    assert carrier.received[0].headers["authorization"] == "Bearer KEYtyped"
    assert "KEYtyped" not in "".join(capsys.readouterr())


def _typed(question: str, *, hide_input: bool) -> str:
    assert (question, hide_input) == ("API key", True)
    return "KEYtyped"


def test_extra_body_that_is_not_an_object(carrier: RecordingCarrier, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["stop", "v3:x", "--extra-body", "{"]) == 2
    assert "--extra-body is not JSON" in capsys.readouterr().err
    assert main(["stop", "v3:x", "--extra-body", "[]"]) == 2
    assert "extra_body is list, must be a mapping" in capsys.readouterr().err
    assert carrier.received == []
