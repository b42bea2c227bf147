"""The load of the endpoint races: real sockets whose other end echoes, drops or changes messages, or ends calls."""

import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import numpy as np
import pytest

from benchmarks.endpoint.generator import Calls
from benchmarks.endpoint.inside import python_calls
from benchmarks.endpoint.likeness import correlation
from benchmarks.endpoint.measuring import Measured, connected, measure
from benchmarks.endpoint.processes import MissingServer, ServerSpec, served
from benchmarks.endpoint.rounds import Found
from benchmarks.endpoint.traffic import MASK, masked_frame, traffic
from benchmarks.harness.model import Row
from benchmarks.harness.signals import speech
from benchmarks.harness.stream_report import only_streams, page, without_streams
from benchmarks.race_endpoint import row

FRAMES = 40
PERIOD_NS = 1_000_000
SAFETY_S = 30.0

Answer = Callable[[int, bytes], bytes | None]
"""Function of a media message's number and text, which returns the text of its echo, or None."""


def unmasked_frames(stream: socket.socket) -> Iterator[bytes]:
    """Return the texts of a client's frames."""
    with stream.makefile("rb") as file:
        while (head := file.read(2)) and head[0] == 0x81:
            octets = head[1] & 0x7F
            if octets == 126:
                octets = int.from_bytes(file.read(2))
            key = file.read(4)
            yield bytes(octet ^ key[place % 4] for place, octet in enumerate(file.read(octets)))


def frame(text: bytes) -> bytes:
    length = bytes((len(text),)) if len(text) < 126 else b"\x7e" + len(text).to_bytes(2)
    return b"\x81" + length + text


@contextmanager
def answered(answer: Answer, calls: int = 3) -> Iterator[Calls]:
    """Run calls of 40 messages whose other end returns these answers."""
    frames = traffic("PCMU", 20, FRAMES * 0.02)
    pairs = [socket.socketpair() for _ in range(calls)]

    def serve(stream: socket.socket) -> None:
        with suppress(OSError):  # a test may end before all is answered
            for number, text in enumerate(unmasked_frames(stream)):
                if (echo := answer(number, text)) is not None:
                    stream.sendall(frame(echo))

    threads = [threading.Thread(target=serve, args=(theirs,)) for _, theirs in pairs]
    for thread in threads:
        thread.start()
    try:
        yield Calls(frames.frames, frames.payloads, PERIOD_NS, [ours for ours, _ in pairs])
    finally:
        for ours, _ in pairs:
            ours.shutdown(socket.SHUT_RDWR)
        for thread in threads:
            thread.join()
        for pair in pairs:
            for one in pair:
                one.close()


def spent(load: Calls) -> Calls:
    """Send all frames, and receive the echoes."""
    with pytest.raises(IndexError, match="40 frames do not suffice"):
        load.run(SAFETY_S)
    return load


def test_each_message_is_sent_once_and_its_echo_is_found() -> None:
    with answered(lambda _, text: text) as load:
        spent(load).receive(SAFETY_S)
        assert (load.sent, load.echoed, load.outstanding) == (120, 120, 0)
        assert (load.different, load.missing, load.blocked, load.lost) == (0, 0, 0, 0)
        assert 0 < load.delay_ms(0.5) <= load.delay_ms(0.99)


def test_messages_without_an_echo_are_missing() -> None:
    with answered(lambda number, text: None if number in (5, 6, 20) else text, calls=2) as load:
        spent(load).receive(SAFETY_S)
        assert (load.echoed, load.missing, load.different, load.outstanding) == (74, 6, 0, 0)


def test_an_echo_of_other_audio_is_different() -> None:
    with answered(
        lambda number, text: text.replace(b'"payload":"', b'"payload":"AAAA') if number == 7 else text
    ) as load:
        spent(load).receive(SAFETY_S)
        assert (load.echoed, load.missing, load.different) == (120, 0, 3)


def test_texts_without_audio_are_not_echoes() -> None:
    mark = b'{"event":"mark","mark":{"name":"a mark"}}'
    with answered(lambda number, text: mark if number == 39 else text, calls=1) as load:
        spent(load).receive(0.01)
        assert (load.echoed, load.outstanding) == (39, 1)


def test_a_call_that_the_other_side_ends_is_lost() -> None:
    frames = traffic("PCMU", 20, FRAMES * 0.02)
    ours, theirs = socket.socketpair()
    with ours:
        theirs.close()
        load = Calls(frames.frames, frames.payloads, PERIOD_NS, [ours])
        spent(load)
        assert (load.lost, load.echoed) == (1, 0)


def test_a_reset_begins_a_new_measurement_of_the_same_calls() -> None:
    with answered(lambda _, text: text, calls=1) as load:
        load.run(0.005)
        first = load.sent
        load.reset()
        assert (load.sent, load.late_ms(0.99)) == (0, 0.0)
        spent(load)
        assert first + load.sent == FRAMES


def test_likeness_allows_for_delay_and_finds_other_audio() -> None:
    sent = speech(4800, 16000).astype(float)
    delayed = np.concatenate([np.zeros(100), sent])[:4800]
    assert correlation(sent, delayed) == pytest.approx(1.0)
    assert correlation(sent, speech(4800, 16000, seed=1)[::-1].astype(float)) < 0.7
    assert correlation(sent, np.zeros(4800)) == 0.0


def test_a_client_frame_is_masked() -> None:
    text = b"x" * 200
    sent = masked_frame(text)
    assert sent[:8] == b"\x81\xfe\x00\xc8" + MASK
    assert sent[8:12] == bytes(ord("x") ^ octet for octet in MASK)


def test_frames_and_payloads_must_match() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs, pytest.raises(ValueError, match="1 frames, 0 payloads and 1 sockets do not match"):
        Calls([b"x"], [], PERIOD_NS, [ours])
    assert os.fstat(0), "no descriptor that was never opened is closed"


def test_a_refused_call_is_an_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def refuse() -> None:
            stream, _ = listening.accept()
            with stream:
                stream.recv(4096)
                stream.sendall(b"HTTP/1.1 503 Service Unavailable\r\n\r\n")

        refusing = threading.Thread(target=refuse)
        refusing.start()
        refused = pytest.raises(ConnectionError, match=r"call 1 was refused: b'HTTP/1\.1 503")
        with refused, connected(listening.getsockname()[1], 1, []):
            pass
        refusing.join()


@pytest.mark.long
def test_a_server_of_another_process_is_measured_and_inspected() -> None:
    frames = traffic("PCMU", 20, 60.0)
    with served(ServerSpec("ours", options=(("form", "callback"),))) as server:
        taken = measure(server, frames, 4, seconds=0.3, settle_s=0.1)
        assert (taken.different, taken.missing, taken.lost) == (0, 0, 0)
        assert taken.cpu_us > 1
        with connected(server.port, 1, frames.opening) as sockets:
            counted = python_calls(server, Calls(frames.frames, frames.payloads, 20_000_000, sockets), seconds=0.3)
    assert "frame servers/ours.py play_back" in counted


def test_a_server_whose_library_is_missing_says_which() -> None:
    missing = pytest.raises(MissingServer, match=r"No module named 'benchmarks\.endpoint\.servers\.no_such_server'")
    with missing, served(ServerSpec("no_such_server")):
        pass


def measured(cpu_us: float, *, late_p99_ms: float = 0.0, waited: float = 0.0, missing: int = 0) -> Measured:
    return Measured(
        calls=100,
        seconds=10.0,
        sent=50_000,
        echoed=50_000 - missing,
        different=0,
        missing=missing,
        blocked=0,
        lost=0,
        outstanding=0,
        cpu_us=cpu_us,
        busy=cpu_us / 200,
        waited=waited,
        delay_p50_ms=0.1,
        delay_p99_ms=0.2,
        late_p99_ms=late_p99_ms,
    )


def found(name: str, *rounds: Measured) -> Found:
    return Found(ServerSpec(name), "1.0", rounds)


def test_the_least_round_counts_and_the_bar_has_all_its_parts() -> None:
    from benchmarks.race_endpoint import CALLBACK_BAR

    floor, peer = found("picows_echo", measured(20.0)), found("picows_json", measured(50.0), measured(48.0))
    near = row("endpoint echo callback", found("ours", measured(27.0), measured(26.0)), floor, [peer], bar=CALLBACK_BAR)
    assert (near.ours_ns, near.peer_ns, near.met) == (26_000, 48_000, True)
    far = row("endpoint echo callback", found("ours", measured(28.5)), floor, [peer], bar=CALLBACK_BAR)
    assert far.ratio == pytest.approx(48 / 28.5)
    assert far.met is False
    assert far.bar == ">= 1.67x, >= 0.74 of the floor, <= 8000 ns above it"


def test_a_measurement_that_is_not_reliable_says_why() -> None:
    assert measured(20.0).faults == []
    assert measured(20.0, late_p99_ms=1.5).faults == ["the load was late by 1.5 ms in 1 % of its sends"]
    assert measured(20.0, waited=0.2).faults == ["another process had the server's core for 20% of the time"]


def test_a_message_that_was_not_echoed_is_in_the_row() -> None:
    peer = found("picows_json", measured(48.0, missing=2), measured(47.0, missing=1))
    made = row("endpoint echo callback", found("ours", measured(26.0)), found("picows_echo", measured(20.0)), [peer])
    assert [(one.differing, one.items) for one in made.peers] == [(3, 100_000)]
    assert made.details["picows_json"]["wrong"] == 3


def test_the_report_of_streams_keeps_faults_features_and_the_most_calls() -> None:
    floor, peer = found("picows_echo", measured(20.0)), found("picows_json", measured(48.0, missing=2))
    rows = [
        row("endpoint echo callback", found("ours", measured(60.0, late_p99_ms=2.0)), floor, [peer]),
        row("endpoint features tap", found("ours", measured(66.0)), found("ours", measured(60.0)), []),
        row("endpoint largest callback", found("ours", measured(60.0)), floor, [peer]),
    ]
    facts = {"cpu": "a processor", "load_average": [0.1], "libraries": {"picows": "2"}}
    result = {"machine": facts, "rows": [one.as_dict() for one in rows], "absent": {"gone": "missing"}, "failed": []}
    text = page(only_streams(result))
    assert "| endpoint echo callback | **60,000** | picows_json | 48,000 | 0.80 | 20,000 | 0.33 |" in text
    assert "the load was late by 2.0 ms in 1 % of its sends |" in text
    assert "| tap | 66.0 | 60.0 | +6.0 |" in text
    assert "| picows_json | 100 | 0.24 | 0.2 ms |  |" in text
    assert "- gone is absent: missing" in text
    assert without_streams(result)["rows"] == []


def test_measurements_are_chosen_by_the_names_of_their_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    from benchmarks import race_endpoint
    from benchmarks.harness.worker import run_group

    made = row("endpoint echo callback", found("ours", measured(26.0)), found("picows_echo", measured(20.0)), [])
    begun: list[str] = []

    def echo(_: object) -> list[Row]:
        begun.append("echo")
        return [made]

    def default(_: object) -> list[Row]:
        begun.append("default")
        raise ConnectionError("a server that has ended")

    measurements = ((["endpoint echo callback"], echo), (["endpoint default coroutine"], default))
    monkeypatch.setattr(race_endpoint, "measurements", lambda: measurements)
    assert [one["name"] for one in run_group("endpoint", 1.0, "echo callback", quick=True)["rows"]] == [made.name]
    assert begun == ["echo"]
    assert run_group("endpoint", 1.0, "coroutine", quick=True)["rows"] == []
    assert run_group("endpoint", 1.0, "", quick=True)["failed"] == [
        "endpoint default coroutine: ConnectionError: a server that has ended"
    ]
