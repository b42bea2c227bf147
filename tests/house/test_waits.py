"""Every wait of the package is listed here: those for an outside party with their bound and the test that proves it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.house.waits import loads_of, waits_below, waits_of

TESTS = Path(__file__).parents[1]
ROOT = TESTS.parent / "src" / "rtpcodec"


@dataclass(frozen=True)
class Bound:
    """What ends a wait for an outside party, and the tests that prove it: FILE::NAME below tests."""

    limit: str
    proofs: tuple[str, ...]


SYNC = Bound(
    "timeout_s of the control, for each attempt as a whole; connect_timeout_s for lookup and connect, and for TLS",
    (
        "client/test_deadline.py::test_an_answer_that_drips_before_its_status_leaves_the_outcome_unknown",
        "client/test_deadline.py::test_an_answer_that_drips_after_its_status_ends_with_it",
        "client/test_deadline.py::test_a_tls_handshake_that_drips",
        "client/test_deadline.py::test_a_peer_that_reads_octet_by_octet",
        "client/test_deadline.py::test_a_connection_that_is_not_accepted_got_nothing",
        "client/test_deadline.py::test_a_lookup_without_end_is_left_behind",
        "client/test_deadline.py::test_each_attempt_has_the_deadline",
    ),
)
DIAL = Bound("connect_timeout_s of the simulator", ("sim/test_dialling.py::test_an_address_that_never_answers",))
WEBHOOK = Bound(
    "timeout_s of Webhooks, for each post as a whole",
    ("sim/test_webhooks.py::test_an_app_that_hangs_is_asked_again_and_delays_no_other_event",),
)
STREAM = Bound(
    "timeout_s of `stream`",
    ("server/test_invitations.py::test_without_a_socket_the_wait_times_out_and_a_late_socket_is_refused",),
)
RECONNECTION = Bound(
    "STOP_LIMIT_S for the stop, BUSY_LIMIT_S for the last start, STREAM behind it",
    (
        "server/test_reconnecting_commands.py::test_a_carrier_that_stays_busy_ends_the_stream_after_10_s",
        "server/test_reconnecting_controls.py::test_commands_without_an_answer_end_the_stream_in_time",
        "server/test_reconnecting_controls.py::test_without_a_socket_the_attempt_times_out",
    ),
)
CLOSE_OF_CALL = Bound(
    "CLOSE_TIMEOUT_MS after our close frame, or the idle time-out before it",
    ("server/test_limits.py::test_a_peer_that_never_answers_our_close_frame_is_cut",),
)
CLOSE_OF_STREAM = Bound(
    "CLOSE_TIMEOUT_MS of the simulator after its close frame",
    (
        "sim/test_call_ends.py::test_leaving_does_not_wait_long_for_an_app_that_ignores_the_close",
        "sim/test_call_ends.py::test_an_app_that_does_not_read_is_cut_off",
    ),
)
HEARD = Bound(
    "a mark that does not come back times out after 10 s, and at the end of the stream",
    ("stream/test_machine.py::test_a_sent_mark_of_a_socket_that_stops_reading_times_out",),
)
REPLY = Bound(
    "1 s behind the estimated end of its audio, whatever the carrier does with marks, and the end of the stream",
    (
        "server/test_replies.py::test_no_carrier_lets_a_reply_wait_for_longer_than_a_second_behind_its_audio",
        "server/test_replies.py::test_the_end_of_the_stream_ends_the_block_quietly",
    ),
)
PAUSE = Bound(
    "timeout_s of the pause, and the end of the stream",
    (
        "server/test_pausing.py::test_the_time_out_resolves_it",
        "server/test_pausing.py::test_a_hang_up_discards_it",
    ),
)
ENTRY = Bound(
    "first_timeout_s and between_timeout_s of the entry, REPLY for its prompt, and the end of the stream",
    (
        "listening/test_collecting.py::test_time_outs",
        "listening/test_prompts.py::test_the_first_time_out_begins_when_the_prompt_was_heard",
        "listening/test_collecting.py::test_without_limits_it_waits_until_the_caller_hangs_up",
    ),
)
SPACE = Bound(
    "timeout_s of the play, an interruption, the end of the stream, and the end of the event loop",
    (
        "server/test_play_threadsafe.py::test_a_time_out_drops_what_was_not_queued",
        "server/test_play_threadsafe.py::test_the_end_of_the_stream_ends_the_wait",
        "server/test_play_threadsafe.py::test_a_thread_does_not_wait_for_an_event_loop_that_was_closed",
    ),
)
HANDSHAKE = Bound(
    "HANDSHAKE_TIMEOUT_S, TLS and request together",
    (
        "server/test_descriptors.py::test_a_handshake_has_a_deadline",
        "server/test_descriptors.py::test_more_silent_sockets_than_the_limit_push_out_the_oldest",
    ),
)
DRAIN = Bound(
    "drain_s, then ENDING_GRACE_S", ("server/test_drain.py::test_calls_that_still_run_after_drain_s_are_closed",)
)
PEER_OF_HTTP = Bound(
    "the end of the simulator, which serves this machine only; SHUTDOWN_TIMEOUT_S after it, connections are dropped",
    ("sim/test_http_server.py::test_a_client_that_never_ends_its_request_does_not_hold_the_end",),
)
SILENCE = Bound(
    "the end of the stream; speech ends with its audio, and silence is a timer",
    (
        "listening/test_voice_calls.py::test_the_end_of_the_stream_ends_the_wait",
        "listening/test_voice.py::test_speech_ends_when_no_audio_comes",
    ),
)
SCRAPE = Bound(
    "timeout_s of `statistics_threadsafe`",
    ("server/test_metrics.py::test_a_scrape_does_not_wait_without_end_for_a_loop_that_is_held",),
)
LIBRARY = Bound(
    "files that are not an ELF library are refused before they are opened; the loader itself waits for the disk",
    ("codecs/test_libraries.py::test_a_broken_file_is_told_and_not_passed_over",),
)

OUTSIDE: dict[str, Bound] = {
    "client/aio_http.py:AsyncHttp._attempt": SYNC,
    "client/deadline_network.py:DeadlineNetwork.connect_tcp": SYNC,
    "client/deadline_network.py:_Plain.receive": SYNC,
    "client/deadline_network.py:_in_thread": SYNC,
    "codecs/_dynamic.pyx:dlopen": LIBRARY,
    "server/picows_server.py:_Handshake._open": HANDSHAKE,
    "server/call_speaking.py:SpeakingSide._files_played": HEARD,
    "server/running_calls.py:RunningCalls.wait_idle": DRAIN,
    "server/handler_task.py:HandlerTask._play_files_out": HEARD,
    "server/handler_task.py:HandlerTask._speak_out": REPLY,
    "server/heard.py:HeardMarks.wait": HEARD,
    "server/heard.py:HeardReplies.ended": REPLY,
    "server/pausing.py:PlaybackPause._wait": PAUSE,
    "server/phone_control.py:send": SYNC,
    "server/collecting.py:Collection.run": ENTRY,
    "server/typed_keys.py:TypedKeys.wait": ENTRY,
    "server/voice.py:CallVoice.silent": SILENCE,
    "server/endpoint.py:Endpoint.statistics_threadsafe": SCRAPE,
    "server/threads.py:_result": SPACE,
    "server/threads.py:play": SPACE,
    "server/stream_request.py:ask": STREAM,
    "server/reconnecting.py:Reconnection._limited": RECONNECTION,
    "server/reconnecting.py:Reconnection.reconnect": RECONNECTION,
    "sim/calls/picows_dialer.py:PicowsDialer.dial": DIAL,
    "sim/calls/picows_dialer.py:_Connector.__call__": DIAL,
    "sim/calls/stream_pump.py:StreamPump.wait_closed": CLOSE_OF_STREAM,
    "sim/commands/http_server.py:HttpServer._read": PEER_OF_HTTP,
    "sim/commands/http_server.py:HttpServer._respond": PEER_OF_HTTP,
    "sim/commands/http_server.py:HttpServer.close": PEER_OF_HTTP,
    "sim/webhooks/http_transport.py:HttpTransport.post": WEBHOOK,
    "sim/webhooks/sender.py:WebhookSender._carry": WEBHOOK,
    "sim/webhooks/sender.py:WebhookSender.close": WEBHOOK,
}
TIMERS: dict[str, Bound] = {
    "stream/line_watch.py:connected_ms": Bound(
        "from the upgrade to `connected`", ("stream/test_line_watch.py::test_a_socket_without_connected_is_closed",)
    ),
    "stream/line_watch.py:start_ms": Bound(
        "from `connected` to `start`", ("server/test_limits.py::test_a_socket_without_start_is_closed",)
    ),
    "stream/line_watch.py:ping_ms": Bound(
        "a ping and its pong", ("server/test_limits.py::test_a_socket_that_answers_a_ping_and_later_none_is_dropped",)
    ),
    "stream/line_watch.py:idle_ms": Bound(
        "between two frames", ("stream/test_machine.py::test_a_silent_call_is_closed_with_1008",)
    ),
    "stream/machine.py:CLOSE_TIMEOUT_MS": CLOSE_OF_CALL,
    "sim/media/closing.py:CLOSE_TIMEOUT_MS": CLOSE_OF_STREAM,
    "server/settings_fields.py:ping_interval_s": Bound(
        "a ping and its pong", ("server/test_limits.py::test_a_socket_that_answers_a_ping_and_later_none_is_dropped",)
    ),
    "server/settings_fields.py:start_timeout_s": Bound(
        "from the accept to the upgrade", ("server/test_drain.py::test_sockets_without_a_request_are_cut",)
    ),
}
"""Bounds of waits that are timers, by the name in the source: nothing is awaited there."""

KNOWN = "sleeps a length that was asked for"
TASK = "a task, an event or a thread of ours, which ends with what it waits for itself"
READER = "the handler's own loop over its call, which the end of the call ends"
USER = "code or a file of the user, whose matter its end is"
MEMORY = "in memory, without a peer outside of the process; the caller's deadline holds around it"
LISTEN = "opens a listening socket, for which no peer is needed"
CLOSES = "closes a socket, for which no peer is needed"
NO_WAIT = "a function of ours of that name, which returns at once"
LOOKUP = "runs in the thread that `_in_thread` leaves behind at the deadline"

INSTALLED = "a regular file of this installation or system"

INSIDE: dict[str, str] = {
    "audio/channels.py:downmix": NO_WAIT,
    "audio/wav_places.py:PlacedWav.__init__": USER,
    "audio/wav_reader.py:WavReader.__init__": USER,
    "cli/demo/scenario.py:_record_and_answer": READER,
    "cli/demo/scenario.py:_record_and_echo": READER,
    "cli/demo/scenario.py:run_call": TASK,
    "cli/demo/scenario.py:run_calls": TASK,
    "cli/simulated_calls.py:_ring": TASK,
    "cli/simulated_calls.py:_stream": TASK,
    "cli/simulated_calls.py:_stream_started": KNOWN,
    "client/aio_http.py:AsyncHttp.aclose": CLOSES,
    "client/aio_http.py:AsyncHttp.send": KNOWN,
    "client/deadline_network.py:addresses_of": LOOKUP,
    "client/exchange.py:Exchange._is_cut": NO_WAIT,
    "client/memory_transport.py:_transport.MemoryTransport.handle_async_request": MEMORY,
    "client/sync_http.py:BlockingHttp.send": KNOWN,
    "client/transport.py:Progress.aclose": CLOSES,
    "codecs/library_file.py:_own_ident": INSTALLED,
    "codecs/library_file.py:_require_listed": INSTALLED,
    "codecs/library_file.py:loader_copies": INSTALLED,
    "pump/memory.py:MemoryNetwork._answer": MEMORY,
    "pump/memory.py:MemoryNetwork.connect": MEMORY,
    "pump/memory.py:MemoryNetwork.request": MEMORY,
    "pump/writer.py:AwaitedSocket.__aexit__": TASK,
    "pump/writer.py:AwaitedSocket._run": USER,
    "rtp/payloads/amrwb_file.py:read_amrwb": USER,
    "stream/speaking/bed_source.py:bed_source": KNOWN,
    "server/endpoint.py:Endpoint.close": CLOSES,
    "server/endpoint.py:Endpoint.open": LISTEN,
    "server/background.py:Background.begin.loaded": TASK,
    "server/handler_task.py:HandlerTask._run": USER,
    "server/handlers.py:_play_mp3_file": USER,
    "server/handlers.py:_play_mp3_file.play_call": READER,
    "server/handlers.py:_play_pcm": READER,
    "server/handlers.py:echo": READER,
    "server/readers/even_reading.py:EvenReader.__anext__": READER,
    "server/readers/inbox.py:Inbox.wait": READER,
    "server/readers/reading.py:AudioReader.__anext__": READER,
    "server/readers/reading.py:DtmfReader.__anext__": READER,
    "server/readers/reading.py:EventReader.__anext__": READER,
    "server/invitations.py:Invitation.give_up": NO_WAIT,
    "server/memory_server.py:MemoryServer._admit.accept": NO_WAIT,
    "server/other_servers.py:_wait": TASK,
    "server/other_servers.py:call_on": TASK,
    "server/picows_server.py:PicowsServer._admit.begin": NO_WAIT,
    "server/picows_server.py:PicowsServer.close": KNOWN,
    "server/picows_server.py:PicowsServer.open": LISTEN,
    "server/reconnecting.py:Reconnection._pause": KNOWN,
    "server/recorder/finishing.py:sha256_of": USER,
    "server/recorder/recorder.py:Recorder._waited": NO_WAIT,
    "server/recorder/recorder.py:Recorder.finished": TASK,
    "server/recording.py:record.record_call": READER,
    "server/saying.py:Saying._feed": USER,
    "server/saying.py:Saying.say": NO_WAIT,
    "server/serving.py:_drained_before": TASK,
    "server/serving.py:_opened": LISTEN,
    "server/serving.py:_serve_until_signalled": TASK,
    "server/stream_request.py:_doubt": NO_WAIT,
    "server/tcp_listener.py:TcpListener._accept": NO_WAIT,
    "server/tcp_listener.py:TcpListener.open": LISTEN,
    "sim/calls/call.py:SimulatedCall.finished": TASK,
    "sim/calls/call.py:SimulatedCall.wait": KNOWN,
    "sim/calls/memory_dialer.py:MemoryDialer.dial": MEMORY,
    "sim/calls/streaming.py:CallStreaming._carry": TASK,
    "sim/calls/streaming.py:CallStreaming.wait_over": TASK,
    "sim/carrier.py:Carrier.__aenter__": LISTEN,
    "sim/carrier.py:Carrier.__aexit__": TASK,
    "sim/carrier.py:_OwnThread._stay": TASK,
    "sim/carrier.py:_OwnThread.start": TASK,
    "sim/carrier.py:_OwnThread.stop": TASK,
    "sim/commands/http_server.py:HttpServer.open": LISTEN,
    "sim/commands/memory_server.py:MemoryHttpServer._serve": KNOWN,
    "sim/loop_thread.py:LoopThread.run": KNOWN,
    "sim/media/stream.py:CarrierStream._look_at_end": NO_WAIT,
    "sim/webhooks/http_transport.py:HttpTransport.close": CLOSES,
    "sim/webhooks/memory_transport.py:MemoryTransport.post": MEMORY,
    "stream/capture/reading.py:opened": USER,
    "stream/tapping/tap_file.py:new_file": USER,
    "stream/file_chain.py:FileChain.octets_of": NO_WAIT,
    "stream/incoming.py:Incoming.receive": NO_WAIT,
    "stream/speaking/reply.py:Reply.octets_of": NO_WAIT,
}
"""Waits that no outside party can prolong, with the reason."""


def test_every_wait_is_listed() -> None:
    """Add a new one to OUTSIDE, with its bound and a test with a hostile peer, or say in INSIDE why it needs none."""
    found = waits_below(ROOT)
    listed = OUTSIDE.keys() | INSIDE.keys()
    assert {place: expressions for place, expressions in found.items() if place not in listed} == {}
    assert listed - found.keys() == set(), "these places wait no longer"
    assert OUTSIDE.keys().isdisjoint(INSIDE)


@pytest.mark.parametrize(
    "proof", sorted({proof for bound in [*OUTSIDE.values(), *TIMERS.values()] for proof in bound.proofs})
)
def test_every_bound_has_its_proof(proof: str) -> None:
    file, name = proof.split("::")
    assert re.search(rf"^(async )?def {name}\(", (TESTS / file).read_text("utf-8"), re.MULTILINE)


@pytest.mark.parametrize("place", TIMERS)
def test_timers_are_there(place: str) -> None:
    file, name = place.split(":")
    assert re.search(rf"^ *{name}\b.*= ", (ROOT / file).read_text("utf-8"), re.MULTILINE)


SOURCE = """
class Dialer:
    async def ours(self): ...
    async def dial(self):
        await self.ours()
        await other.ours()
        async with socket.connect() as peer:
            await peer.read()
        async for part in peer:
            pass
def read(path):
    with path.open("rb") as file:
        thread.join()
        ", ".join(words)
        return queue.get(timeout=1), mapping.get("x"), path.read_text()
"""


def test_what_counts_as_a_wait() -> None:
    assert sorted(waits_of(SOURCE, {"ours"})) == [
        ("Dialer.dial", "peer"),
        ("Dialer.dial", "peer.read()"),
        ("Dialer.dial", "socket.connect()"),
        ("Dialer.dial", "socket.connect()"),
        ("read", "path.open('rb')"),
        ("read", "path.read_text()"),
        ("read", "queue.get(timeout=1)"),
        ("read", "thread.join()"),
    ]


def test_a_source_that_loads_a_library_is_found(tmp_path: Path) -> None:
    (tmp_path / "a.pyx").write_text("handle = dlopen(path, 1)\n")
    (tmp_path / "b.pyx").write_text("# dlopen(path) is elsewhere\n")
    assert list(loads_of(tmp_path)) == ["a.pyx"]
