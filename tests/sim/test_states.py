"""Every command in every state of a call, over HTTP: allowed or refused, and by which error."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import httpx
import pytest

from rtpcodec.sim import Carrier, SimulatedCall
from tests.server.dialler import until
from tests.sim.apps import App, command, listening, run

NEVER_MS: Final = 3_600_000.0
OK: Final = "ok"
COMMANDS: Final[dict[str, dict[str, Any]]] = {
    "answer": {},
    "reject": {},
    "streaming_start": {},
    "streaming_stop": {},
    "hangup": {},
    "bridge": {},
    "speak": {"payload": "Hello", "voice": "female"},
    "client_state_update": {"client_state": "bmV3"},
}
STATES: Final[dict[str, tuple[str, ...]]] = {
    # in the order of COMMANDS
    "parked": (OK, OK, "90034", "90034", OK, "90034", "90034", OK),
    "ringing": ("90102", "90102", "90034", "90034", OK, "90034", "90034", OK),
    "answered": ("90102", "90102", OK, "90048", OK, OK, OK, OK),
    "answered, dialled": ("90102", "90102", OK, "90048", OK, OK, OK, OK),
    "streaming": ("90102", "90102", "90045", OK, OK, OK, OK, OK),
    "bridged": ("90102", "90102", OK, "90048", OK, "90102", OK, OK),
    "ended": ("90018",) * 8,
}
DETAILS: Final = {
    ("parked", "streaming_start"): "the call has not been answered yet",
    ("ringing", "answer"): "answer is for incoming calls, this one is outgoing",
    ("answered", "answer"): "the call is already answered",
    ("answered", "streaming_stop"): "the call is not streaming",
    ("streaming", "streaming_start"): "the call is already streaming",
    ("bridged", "bridge"): "a call can be bridged with one other call",
    ("ended", "hangup"): "the call has ended",
}


async def dial(carrier: Carrier, to: str, /, **body: Any) -> httpx.Response:
    """Send the dial command."""
    members = {"to": to, "from": "+15550100002", "connection_id": "17"} | body
    headers = {"Authorization": f"Bearer {carrier.api_key}"}
    async with httpx.AsyncClient(trust_env=False, verify=False, headers=headers) as client:
        return await client.post(f"{carrier.base_url}/calls", json=members)


async def dialled(carrier: Carrier, *, answers_after_s: float | None, **body: Any) -> SimulatedCall:
    """Return a call that we dialled."""
    carrier.phone("+15550100009", b"", answers_after_s=answers_after_s, tail_ms=NEVER_MS)
    found = (await dial(carrier, "+15550100009", **body)).json()["data"]["call_control_id"]
    (call,) = (call for call in carrier.calls if call.call_control_id == found)
    return call


@asynccontextmanager
async def call_in(state: str) -> AsyncIterator[tuple[Carrier, SimulatedCall, App]]:
    """Yield a call that commands have brought to this state."""
    async with listening(App()) as app, Carrier() as carrier:
        if state in ("ringing", "answered, dialled"):
            call = await dialled(carrier, answers_after_s=None if state == "ringing" else 0.0)
            if state != "ringing":
                await until(lambda: call.state != "ringing")
        else:
            call = carrier.incoming_call(b"", tail_ms=NEVER_MS)
            steps: dict[str, list[tuple[str, dict[str, Any]]]] = {
                "parked": [],
                "answered": [("answer", {})],
                "streaming": [("answer", {}), ("streaming_start", {"stream_url": app.url})],
                "bridged": [
                    ("answer", {}),
                    ("bridge", {"call_control_id": carrier.new_call(b"", tail_ms=NEVER_MS).call_control_id}),
                ],
                "ended": [("hangup", {})],
            }
            for action, body in steps[state]:
                assert (await command(carrier, call, action, **body)).status_code == 200
        yield carrier, call, app


@pytest.mark.parametrize("action", COMMANDS)
@pytest.mark.parametrize("state", STATES)
def test_each_command_in_each_state(state: str, action: str) -> None:
    expected = STATES[state][list(COMMANDS).index(action)]

    async def main() -> None:
        async with call_in(state) as (carrier, call, app):
            was = call.state
            body = COMMANDS[action]
            if action == "streaming_start":
                body = {"stream_url": app.url}
            if action == "bridge":
                body = {"call_control_id": carrier.new_call(b"", tail_ms=NEVER_MS).call_control_id}
            answer = await command(carrier, call, action, **body)
            if expected == OK:
                assert (answer.status_code, answer.json()) == (200, {"data": {"result": "ok"}})
                assert call.commands[-1] == (action, body)
                after = {"answer": "answered", "reject": "ended", "hangup": "ended", "bridge": "bridged"}
                assert call.state == after.get(action, was)
            else:
                (error,) = answer.json()["errors"]
                assert (answer.status_code, error["code"]) == (422, expected)
                assert set(error) == {"code", "title", "detail"}
                assert error["detail"] == DETAILS.get((state, action), error["detail"])
                assert call.state == was

    run(main)


@pytest.mark.parametrize("action", COMMANDS)
def test_a_repeat_of_each_command_changes_nothing(action: str) -> None:
    async def main() -> None:
        state = (
            "parked" if action in ("answer", "reject") else "streaming" if action == "streaming_stop" else "answered"
        )
        async with call_in(state) as (carrier, call, app):
            body = {"command_id": "one"} | COMMANDS[action]
            if action == "streaming_start":
                body |= {"stream_url": app.url}
            if action == "bridge":
                body |= {"call_control_id": carrier.new_call(b"", tail_ms=NEVER_MS).call_control_id}
            answers = [await command(carrier, call, action, **body) for _ in range(3)]
            assert [answer.json() for answer in answers] == [{"data": {"result": "ok"}}] * 3
            assert [done for done, _ in call.commands].count(action) == 1
            other = carrier.new_call(b"", tail_ms=NEVER_MS)
            repeated = await command(carrier, other, "client_state_update", command_id="one")
            assert repeated.status_code == 200
            assert [done for done, _ in other.commands] == ["client_state_update"], "ids are of one call"

    run(main)


@pytest.mark.parametrize(
    ("body", "codes"),
    [
        ({"stream_url": "http://h/"}, ["10003"]),
        ({"stream_codec": "pcmu"}, ["10032"]),
        ({"stream_track": 1}, ["10026"]),
        ({"client_state": "?"}, ["90017"]),
        ({"preferred_codecs": ["PCMU"]}, ["10026"]),
        ({"send_silence_when_idle": "yes"}, ["10026"]),
        ({"stream_bidirectional_mode": "RTP", "command_id": 1}, ["10032", "10026"]),
    ],
)
def test_an_answer_that_is_wrong_leaves_the_call_parked(body: dict[str, Any], codes: list[str]) -> None:
    async def main() -> None:
        async with call_in("parked") as (carrier, call, _):
            answer = await command(carrier, call, "answer", **body)
            assert answer.status_code == 422
            assert [error["code"] for error in answer.json()["errors"]] == codes
            assert call.state == "parked"

    run(main)


def test_a_bridge_needs_another_call_that_is_answered() -> None:
    async def main() -> None:
        async with call_in("answered") as (carrier, call, _):
            for other, code in (
                (None, "10004"),
                (7, "10026"),
                ("v3:none", "90015"),
                (call.call_control_id, "90102"),
                (carrier.incoming_call(b"").call_control_id, "90034"),
            ):
                answer = await command(carrier, call, "bridge", call_control_id=other)
                assert [error["code"] for error in answer.json()["errors"]] == [code]
            assert call.state == "answered"

    run(main)


def test_the_end_of_a_leg_is_the_end_of_both() -> None:
    async def main() -> None:
        async with call_in("answered") as (carrier, call, _):
            other = carrier.new_call(b"", tail_ms=NEVER_MS)
            await command(carrier, call, "bridge", call_control_id=other.call_control_id)
            await command(carrier, call, "hangup")
            assert (call.state, other.state) == ("ended", "ended")
            assert (await other.finished()).end_reason == "hang_up"

    run(main)
