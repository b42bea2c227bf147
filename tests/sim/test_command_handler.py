"""Every command and every refusal, without HTTP."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from rtpcodec.sim.calls.joined_calls import JoinedCalls
from rtpcodec.sim.calls.leg import CommandIds, Direction, Leg, State
from rtpcodec.sim.commands.bodies import AnswerCommand, DialCommand, StreamSettings, TransferCommand
from rtpcodec.sim.commands.error_answers import refused
from rtpcodec.sim.commands.handler import CommandHandler, HttpRequest

URL = "ws://127.0.0.1:9/"
SECRETS = ("KEY_1", "token-secret", "state-secret", "value-secret")


class RecordedCall:
    """A call as the handler needs it, which records the commands."""

    def __init__(self, state: State = "answered", direction: Direction = "incoming") -> None:
        self.leg = Leg(direction=direction, state=state, call_leg_id="leg", connection_id="1")
        self.commands: list[tuple[str, dict[str, Any]]] = []
        self.settings: StreamSettings | None = None
        self.answer_command: AnswerCommand | None = None
        self.stopped: list[str | None] = []
        self.dialled = 0
        self.joined = JoinedCalls()

    def begin(self, settings: StreamSettings) -> Callable[[], None]:
        if self.settings is not None:
            raise refused("90045", "streaming already")
        self.settings = settings
        return self._dial

    def cease(self, stream_id: str | None) -> None:
        if self.settings is None:
            raise refused("90048", "not streaming")
        self.settings = None
        self.stopped.append(stream_id)

    def answer(self, command: AnswerCommand) -> Callable[[], None]:
        self.answer_command = command
        self.leg.state = "answered"
        return self._dial

    @property
    def ended(self) -> bool:
        return self.leg.ended

    def become(self, state: State) -> None:
        self.leg.state = state

    def bridge(self, other: RecordedCall) -> None:
        self.leg.state = other.leg.state = "bridged"

    def leave(self, _reason: str, cause: str = "normal_clearing", *, by_us: bool = False) -> None:
        self.leg.end(cause, self.leg.ours if by_us else self.leg.theirs)

    def _dial(self) -> None:
        self.dialled += 1


class RecordedCarrier:
    """The calls of a carrier."""

    def __init__(self, **calls: RecordedCall) -> None:
        self.calls: dict[str, Any] = {f"v3:{name}": call for name, call in calls.items()}
        self.command_ids = CommandIds()
        self.dialled: list[DialCommand] = []
        self.transferred: list[TransferCommand] = []
        self.dialogflow_url: str | None = None

    def transfer(self, call: RecordedCall, command: TransferCommand) -> Callable[[], None]:
        self.transferred.append(command)
        return call._dial

    def confer(self, name: str, creator: Any) -> Any:
        raise NotImplementedError

    def conference(self, id_or_name: str) -> None:
        return None

    def dial(self, command: DialCommand) -> tuple[dict[str, Any], Callable[[], None]]:
        name = f"v3:dialled{len(self.dialled)}"
        call = self.calls[name] = RecordedCall("ringing", "outgoing")
        self.dialled.append(command)
        return {"call_control_id": name, "is_alive": False}, call._dial


class Counter:
    """A handler with one call, and another one."""

    def __init__(self, state: State = "answered", direction: Direction = "incoming") -> None:
        self.call, self.other = RecordedCall(state, direction), RecordedCall()
        self.carrier = RecordedCarrier(call=self.call, other=self.other)
        self.handler = CommandHandler("KEY_1", self.carrier)

    def send(self, action: str | None, body: object, **changes: Any) -> tuple[int, dict[str, Any]]:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        fields = {"authorization": "Bearer KEY_1", "content_type": "application/json", "call_control_id": "v3:call"}
        answer = self.handler.answer(HttpRequest(body=raw, action=action, **(fields | changes)))
        if answer.then is not None:
            answer.then()
        found: dict[str, Any] = json.loads(answer.body)
        return answer.status, found

    def start(self, **members: Any) -> tuple[int, dict[str, Any]]:
        return self.send("streaming_start", {"stream_url": URL} | members)


def codes(answer: tuple[int, dict[str, Any]]) -> list[str]:
    return [entry["code"] for entry in answer[1]["errors"]]


def test_start_and_stop_succeed() -> None:
    counter = Counter()
    assert counter.start() == (200, {"data": {"result": "ok"}})
    assert counter.call.dialled == 1
    assert counter.call.settings == StreamSettings(stream_url=URL)
    assert counter.send("streaming_stop", {"stream_id": "id"}) == (200, {"data": {"result": "ok"}})
    assert counter.call.stopped == ["id"]


def test_every_documented_member_reaches_the_call() -> None:
    counter = Counter()
    status, _ = counter.start(
        stream_track="both_tracks",
        stream_codec="PCMA",
        stream_bidirectional_mode="rtp",
        stream_bidirectional_codec="L16",
        stream_bidirectional_sampling_rate=16000,
        stream_bidirectional_target_legs="self",
        stream_auth_token="token-secret",
        custom_parameters=[{"name": "a", "value": "1"}, {"name": "b", "value": "2"}],
        enable_dialogflow=False,
        dialogflow_config={"analyze_sentiment": False},
        client_state="dGVzdA==",
        command_id="one",
        unknown_member={"is": "ignored"},
    )
    assert status == 200
    assert counter.call.settings == StreamSettings(
        stream_url=URL,
        tracks="both_tracks",
        codec="PCMA",
        mode="rtp",
        return_codec="L16",
        return_rate_hz=16000,
        target_legs="self",
        auth_token="token-secret",
        client_state="dGVzdA==",
        custom_parameters={"a": "1", "b": "2"},
    )
    assert not any(secret in repr(counter.call.settings) for secret in (*SECRETS, "dGVzdA=="))


def test_null_counts_as_left_out() -> None:
    counter = Counter()
    assert counter.start(stream_codec=None, client_state=None)[0] == 200


WRONG_MEMBERS: list[tuple[str, Any, str, str]] = [
    ("stream_url", 7, "10026", "/stream_url"),
    ("stream_url", "http://127.0.0.1/", "10003", "/stream_url"),
    ("stream_url", "wss://", "10003", "/stream_url"),
    ("stream_url", "ws://127.0.0.1:99999/", "10003", "/stream_url"),
    ("stream_url", "ws://127.0.0.1/a b", "10003", "/stream_url"),
    ("stream_url", "ws://127.0.0.1/\r\nX: y", "10003", "/stream_url"),
    ("stream_url", "ws://127.0.0.1/#part", "10003", "/stream_url"),
    ("stream_url", "ws://[::1/", "10003", "/stream_url"),
    ("stream_url", "ws://h/" + "x" * 1994, "10003", "/stream_url"),
    ("stream_url", None, "10004", "/stream_url"),
    ("stream_track", "inbound", "10032", "/stream_track"),
    ("stream_track", 1, "10026", "/stream_track"),
    ("stream_codec", "pcmu", "10032", "/stream_codec"),
    ("stream_codec", ["PCMU"], "10026", "/stream_codec"),
    ("stream_bidirectional_mode", "RTP", "10032", "/stream_bidirectional_mode"),
    ("stream_bidirectional_codec", "G729", "10032", "/stream_bidirectional_codec"),
    ("stream_bidirectional_codec", "default", "10032", "/stream_bidirectional_codec"),
    ("stream_bidirectional_sampling_rate", 44100, "10032", "/stream_bidirectional_sampling_rate"),
    ("stream_bidirectional_sampling_rate", "8000", "10026", "/stream_bidirectional_sampling_rate"),
    ("stream_bidirectional_sampling_rate", 8000.5, "10026", "/stream_bidirectional_sampling_rate"),
    ("stream_bidirectional_sampling_rate", True, "10026", "/stream_bidirectional_sampling_rate"),
    ("stream_bidirectional_target_legs", "all", "10032", "/stream_bidirectional_target_legs"),
    ("stream_auth_token", "token-secret" * 400, "10025", "/stream_auth_token"),
    ("stream_auth_token", 5, "10026", "/stream_auth_token"),
    ("stream_auth_token", "token-secret\r\nHost: other", "10015", "/stream_auth_token"),
    ("client_state", "state-secret", "90017", "/client_state"),
    ("client_state", "dGVzdA", "90017", "/client_state"),
    ("client_state", {}, "10026", "/client_state"),
    ("command_id", 3, "10026", "/command_id"),
    ("enable_dialogflow", "yes", "10026", "/enable_dialogflow"),
    ("enable_dialogflow", True, "100001", "/enable_dialogflow"),
    ("dialogflow_config", [], "10026", "/dialogflow_config"),
    ("dialogflow_config", {"analyze_sentiment": 1}, "10026", "/dialogflow_config/analyze_sentiment"),
    (
        "dialogflow_config",
        {"partial_automated_agent_reply": "no"},
        "10026",
        "/dialogflow_config/partial_automated_agent_reply",
    ),
    ("custom_parameters", {"tenant": "value-secret"}, "10026", "/custom_parameters"),
    ("custom_parameters", ["value-secret"], "10026", "/custom_parameters/0"),
    ("custom_parameters", [{"name": "a"}], "10004", "/custom_parameters/0/value"),
    ("custom_parameters", [{"name": "a", "value": 7}], "10026", "/custom_parameters/0/value"),
    ("custom_parameters", [{"name": "a", "value": ""}, {"value": ""}], "10004", "/custom_parameters/1/name"),
]


@pytest.mark.parametrize(("member", "value", "code", "pointer"), WRONG_MEMBERS)
def test_each_wrong_member_of_start_is_named(member: str, value: Any, code: str, pointer: str) -> None:
    counter = Counter()
    status, body = counter.start(**{member: value})
    assert status == (400 if code == "10015" else 422)
    assert [(entry["code"], entry["source"]["pointer"]) for entry in body["errors"]] == [(code, pointer)]
    assert all(set(entry) == {"code", "title", "detail", "source"} for entry in body["errors"])
    assert not any(secret in json.dumps(body) for secret in SECRETS)
    assert counter.call.settings is None


def test_all_problems_are_in_one_error() -> None:
    answer = Counter().send("streaming_start", {"stream_track": 1, "stream_codec": "x", "client_state": "?"})
    assert answer[0] == 422
    assert codes(answer) == ["10026", "10032", "90017", "10004"]


def test_a_url_of_2000_characters_and_a_token_of_4000_pass() -> None:
    assert Counter().start(stream_url="ws://h/" + "x" * 1993, stream_auth_token="t" * 4000)[0] == 200


@pytest.mark.parametrize(("member", "value"), [("stream_id", 1), ("client_state", 2), ("command_id", [])])
def test_wrong_types_of_stop_are_named(member: str, value: Any) -> None:
    counter = Counter()
    counter.start()
    answer = counter.send("streaming_stop", {member: value})
    assert (answer[0], codes(answer)) == (422, ["10026"])
    assert counter.call.stopped == []


@pytest.mark.parametrize(
    "key", ["", "Bearer", "Bearer KEY_2", "bearer KEY_1", "KEY_1", "Bearer KEY_1 ", "Bearer \udcff"]
)
def test_a_wrong_key_is_refused_before_anything_else(key: str) -> None:
    answer = Counter().send("nothing", b"{", authorization=key, call_control_id=None)
    assert (answer[0], codes(answer)) == (401, ["10009"])


@pytest.mark.parametrize("kind", ["", "text/plain", "application/jsonx", "multipart/form-data"])
def test_a_body_must_be_declared_as_json(kind: str) -> None:
    answer = Counter().send("streaming_start", {}, content_type=kind)
    assert (answer[0], codes(answer)) == (400, ["10029"])


def test_a_charset_does_no_harm() -> None:
    assert (
        Counter().send("streaming_start", {"stream_url": URL}, content_type="Application/JSON; charset=utf-8")[0] == 200
    )


@pytest.mark.parametrize("body", [b"", b"{", b'{"a":NaN}', b"\xff", b"[" * 100_000, b'{"a":"\\ud800"}'])
def test_a_body_must_be_json(body: bytes) -> None:
    answer = Counter().send("streaming_start", body)
    assert (answer[0], codes(answer)) == (400, ["10023"])


@pytest.mark.parametrize("body", [b"[]", b"null", b'"text"', b"7"])
def test_a_body_must_be_an_object(body: bytes) -> None:
    answer = Counter().send("streaming_start", body)
    assert (answer[0], codes(answer)) == (400, ["10015"])


def test_calls_and_actions_must_exist() -> None:
    counter = Counter()
    answer = counter.send("streaming_start", {}, call_control_id="v3:none")
    assert (answer[0], codes(answer)) == (422, ["90015"])
    for action in ("streaming_begin", "dial", "", None):
        answer = counter.send(action, {})
        assert (answer[0], codes(answer)) == (404, ["10005"])


def test_each_action_has_one_method() -> None:
    counter = Counter()
    body = {"client_state": "bmV3"}
    assert codes(counter.send("client_state_update", body)) == ["10005"]
    assert counter.send("client_state_update", body, method="PUT") == (200, {"data": {"result": "ok"}})
    assert counter.call.leg.client_state == "bmV3"
    for action in ("answer", "hangup", "speak", "streaming_start"):
        assert codes(counter.send(action, {}, method="PUT")) == ["10005"]


@pytest.mark.parametrize("body", [{"digits": "0123456789ABCD*#wW"}, {"digits": "1", "duration_millis": 100}])
def test_digits_can_be_sent(body: dict[str, Any]) -> None:
    counter = Counter()
    assert counter.send("send_dtmf", body)[0] == 200
    assert counter.call.commands == [("send_dtmf", body)]


@pytest.mark.parametrize(
    ("body", "code", "detail"),
    [
        ({}, "10004", "digits is missing"),
        ({"digits": 5}, "10026", "digits is not a string"),
        ({"digits": ""}, "10015", "digits is empty"),
        ({"digits": "12a"}, "10015", "digits: position 2 is not a DTMF key or pause, allowed are 0123456789ABCD*#wW"),
        ({"digits": "1", "duration_millis": 99}, "10015", "duration_millis is 99, 100 to 500 are allowed"),
        ({"digits": "1", "duration_millis": 501}, "10015", "duration_millis is 501, 100 to 500 are allowed"),
        ({"digits": "1", "duration_millis": "250"}, "10026", "duration_millis is not an integer"),
    ],
)
def test_digits_are_checked(body: dict[str, Any], code: str, detail: str) -> None:
    counter = Counter()
    _, answer = counter.send("send_dtmf", body)
    assert [(entry["code"], entry["detail"]) for entry in answer["errors"]] == [(code, detail)]
    assert counter.call.commands == []


def test_a_transfer_is_read_and_checked() -> None:
    counter = Counter()
    body = {"to": "sip:a@b", "timeout_secs": 5, "target_leg_client_state": "YQ==", "park_after_unbridge": "self"}
    assert counter.send("transfer", body)[0] == 200
    assert counter.carrier.transferred == [
        TransferCommand(to_number="sip:a@b", timeout_s=5, target_client_state="YQ==", park_after_unbridge="self")
    ]
    assert "sip:a@b" not in repr(counter.carrier.transferred)
    for wrong, code in (
        ({}, "10004"),
        ({"to": 5}, "10026"),
        ({"to": "a", "timeout_secs": 4}, "10015"),
        ({"to": "a", "timeout_secs": 601}, "10015"),
        ({"to": "a", "target_leg_client_state": "?"}, "90017"),
    ):
        assert codes(counter.send("transfer", wrong)) == [code]
    counter.call.joined.called = counter.other
    assert codes(counter.send("transfer", {"to": "a"})) == ["90102"]


def test_a_second_start_and_a_stop_without_a_stream_are_refused() -> None:
    counter = Counter()
    answer = counter.send("streaming_stop", {})
    assert (answer[0], codes(answer)) == (422, ["90048"])
    counter.start()
    answer = counter.start()
    assert (answer[0], codes(answer)) == (422, ["90045"])


def test_an_ended_call_takes_no_command() -> None:
    counter = Counter()
    counter.call.leg.end("normal_clearing", "caller")
    for action in ("streaming_start", "streaming_stop"):
        answer = counter.send(action, {})
        assert (answer[0], codes(answer)) == (422, ["90018"])


def test_a_repeated_command_id_is_answered_with_ok_and_does_nothing() -> None:
    counter = Counter()
    for _ in range(3):
        assert counter.start(command_id="one") == (200, {"data": {"result": "ok"}})
    assert counter.call.dialled == 1
    assert counter.send("streaming_stop", {"command_id": "two"})[0] == 200
    assert counter.send("streaming_stop", {"command_id": "two"})[0] == 200
    assert counter.call.stopped == [None]
    counter.call.leg.end("normal_clearing", "caller")
    assert counter.start(command_id="one")[0] == 200


def test_the_id_of_a_refused_command_can_be_used_again() -> None:
    counter = Counter()
    assert counter.start(command_id="one", stream_codec="x")[0] == 422
    assert counter.start(command_id="one")[0] == 200
    assert counter.call.dialled == 1
