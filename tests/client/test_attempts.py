"""One command over all its attempts, without I/O: repeats, waits, and the outcome."""

from __future__ import annotations

import pickle

import pytest

from rtpcodec.client import Access, CommandAttempts, CommandResult, Retry
from rtpcodec.client.command import dial, stop_streaming
from rtpcodec.errors import (
    CallEnded,
    CommandError,
    CommandRefused,
    CommandUnreachable,
    OutcomeUnknown,
    RateLimited,
    UnreadableAnswer,
)

ACCESS = Access.of("KEY0123456789_abcdefghij", "https://carrier.example/v2")
STOP = stop_streaming("v3:x", command_id="once")
OK = b'{"data":{"result":"ok"}}'
Step = tuple[int, dict[str, str], bytes] | str


def drive(*steps: Step, retries: int = 2, cut: bool = False) -> tuple[CommandAttempts[CommandResult], list[float]]:
    """Give one step to each attempt: an answer, or how it was lost."""
    attempts = CommandAttempts(STOP, ACCESS, Retry(retries, random=lambda: 1.0, unix_time_s=lambda: 1_700_000_000.0))
    waits = []
    left = iter(steps)
    for wait_s in attempts:
        waits.append(wait_s)
        match next(left):
            case (status, headers, body):
                answer = attempts.answered(status, headers)
                assert answer.add(body)
                answer.ended = not cut
            case "refused":
                attempts.lost("ConnectError", nothing_sent=True)
            case _:
                attempts.lost("ReadTimeout", nothing_sent=False)
    assert next(left, None) is None, "more steps than attempts"
    return attempts, waits


def test_success_needs_one_attempt() -> None:
    attempts, waits = drive((200, {}, OK))
    assert (attempts.result().result, waits) == ("ok", [0.0])


def test_every_attempt_sends_the_same_octets() -> None:
    attempts = CommandAttempts(STOP, ACCESS, Retry())
    seen = set()
    for _ in attempts:
        seen.add(attempts.request.body)
        attempts.lost("ReadTimeout", nothing_sent=False)
    assert seen == {b'{"command_id":"once"}'}


@pytest.mark.parametrize(
    "first", ["refused", "hung", (429, {}, b""), (503, {}, b"<html>"), (408, {}, b""), (409, {}, b"")]
)
def test_temporary_refusals_are_repeated(first: Step) -> None:
    attempts, waits = drive(first, first, (200, {}, OK))
    assert (attempts.result().result, waits) == ("ok", [0.0, 0.5, 1.0])


def test_the_carriers_wait_is_kept() -> None:
    _, waits = drive((429, {"retry-after": "7"}, b""), (429, {"x-ratelimit-reset": "1700000003"}, b""), (200, {}, OK))
    assert waits == [0.0, 7.0, 3.0]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422, 302])
def test_final_refusals_are_not_repeated(status: int) -> None:
    attempts, waits = drive((status, {}, b""))
    with pytest.raises(CommandRefused) as caught:
        attempts.result()
    assert waits == [0.0]
    assert (caught.value.is_retryable, caught.value.outcome_unknown, caught.value.attempts) == (False, False, 1)


def test_the_carriers_retry_header_wins() -> None:
    assert drive((503, {"x-should-retry": "false"}, b""))[1] == [0.0]
    assert drive((422, {"x-should-retry": "true"}, b""), (200, {}, OK))[1] == [0.0, 0.5]


def test_retries_end() -> None:
    attempts, waits = drive(*[(429, {"retry-after": "9"}, b"")] * 3)
    with pytest.raises(RateLimited) as caught:
        attempts.result()
    assert waits == [0.0, 9.0, 9.0]
    error = caught.value
    assert (error.is_retryable, error.retry_after_s, error.attempts, error.outcome_unknown) == (True, 9.0, 3, False)
    assert drive((500, {}, b""), retries=0)[1] == [0.0]


def test_nothing_sent_in_any_attempt_has_no_effect() -> None:
    attempts, _ = drive("refused", "refused", "refused")
    with pytest.raises(CommandUnreachable) as caught:
        attempts.result()
    assert type(caught.value) is CommandUnreachable
    assert str(caught.value) == (
        "streaming_stop found no connection to carrier.example in 3 attempts (ConnectError); nothing was sent "
        "(command_id once)"
    )
    assert (caught.value.nothing_sent, caught.value.outcome_unknown, caught.value.is_retryable) == (True, False, True)


@pytest.mark.parametrize(
    "steps",
    [
        ("hung", "refused", "refused"),
        ("refused", "hung", "refused"),
        ((504, {}, b""), "refused", "refused"),
        ("hung", "hung", "refused"),
    ],
)
def test_one_attempt_that_may_have_worked_leaves_the_outcome_unknown(steps: tuple[Step, ...]) -> None:
    attempts, _ = drive(*steps)
    with pytest.raises(OutcomeUnknown) as caught:
        attempts.result()
    assert str(caught.value) == (
        "streaming_stop got no answer from carrier.example in 3 attempts (ConnectError); whether it took effect is "
        "unknown (command_id once)"
    )
    assert (caught.value.nothing_sent, caught.value.outcome_unknown, caught.value.command_id) == (False, True, "once")
    twin = pickle.loads(pickle.dumps(caught.value))
    assert (str(twin), vars(twin)) == (str(caught.value), vars(caught.value))


@pytest.mark.parametrize(("last", "kind"), [(429, RateLimited), (500, CommandRefused), (422, CallEnded)])
def test_a_refusal_after_a_lost_answer_says_so(last: int, kind: type[CommandRefused]) -> None:
    body = b'{"errors":[{"code":"90018","title":"Call has already ended"}]}'
    attempts, _ = drive("hung", *[(last, {}, body)] * (1 if last == 422 else 2))
    with pytest.raises(kind) as caught:
        attempts.result()
    assert caught.value.outcome_unknown


def test_a_success_whose_body_broke_off_is_repeated() -> None:
    attempts, waits = drive((200, {}, b'{"data":'), (200, {}, b""), (200, {}, OK), cut=True)
    assert (attempts.result().result, waits) == ("ok", [0.0, 0.5, 1.0])
    attempts, waits = drive(*[(200, {}, b'{"da')] * 3, cut=True)
    with pytest.raises(UnreadableAnswer) as caught:
        attempts.result()
    assert (caught.value.attempts, caught.value.outcome_unknown, caught.value.is_retryable) == (3, True, False)


def test_a_success_of_another_shape_is_not() -> None:
    attempts, waits = drive((200, {}, b"<html>"))
    with pytest.raises(UnreadableAnswer, match=r"without data\.result"):
        attempts.result()
    assert waits == [0.0]


def test_nothing_but_a_command_is_retryable_by_default() -> None:
    assert not CommandError().is_retryable
    assert not CommandError().outcome_unknown


def test_a_dialed_call() -> None:
    order = dial(to="+15550100", from_="+15550101", connection_id="c-1", command_id="once")
    attempts = CommandAttempts(order, ACCESS, Retry(0))
    for _ in attempts:
        attempts.answered(200, {}).add(
            b'{"data":{"call_control_id":"v3:new","call_leg_id":"l","call_session_id":5,"is_alive":false,'
            b'"record_type":"call"}}'
        )
    call = attempts.result()
    assert repr(call) == (
        "DialedCall(call_control_id='v3:new', call_leg_id='l', call_session_id=None, command_id='once')"
    )
    for data in (b"{}", b'{"call_control_id":""}', b'{"call_control_id":1}', b'{"result":"ok"}'):
        for _ in attempts:
            attempts.answered(200, {}).add(b'{"data":' + data + b"}")
        with pytest.raises(UnreadableAnswer, match=r"dial was answered .* without data\.call_control_id"):
            attempts.result()
