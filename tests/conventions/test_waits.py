"""Every wait of the package is listed here: those for an outside party with their bound and the test that proves it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.conventions.wait_bounds import (
    ADAPTED,
    CLOSE_OF_CALL,
    CLOSE_OF_STREAM,
    DIAL,
    DOCTOR,
    DOCTORS_CALL,
    DOCTORS_HOOK,
    DRAIN,
    ENTRY,
    HANDSHAKE,
    HEARD,
    KEYS,
    LIBRARY,
    PAUSE,
    PEER_OF_HTTP,
    RECONNECTION,
    REPLY,
    SCRAPE,
    SILENCE,
    SPACE,
    STATUS_REQUEST,
    STREAM,
    SYNC,
    TRANSFER,
    VERDICT,
    WEBHOOK,
    WORKER_ANSWERS,
    WORKER_ENDS,
    WORKER_STARTS,
    Bound,
)
from tests.conventions.waits import loads_of, waits_below, waits_of

TESTS = Path(__file__).parents[1]
ROOT = TESTS.parent / "src" / "rtpcodec"


OUTSIDE: dict[str, Bound] = {
    "server/workers/process.py:WorkerProcess.start": WORKER_STARTS,
    "server/workers/supervisor.py:Supervisor._start": WORKER_STARTS,
    "server/workers/supervisor.py:Supervisor.open": WORKER_STARTS,
    "server/workers/process.py:WorkerProcess.figures": WORKER_ANSWERS,
    "server/workers/supervisor.py:Supervisor.statistics": WORKER_ANSWERS,
    "server/workers/supervisor.py:Supervisor._kill_late": WORKER_ENDS,
    "server/workers/supervisor.py:Supervisor.close": WORKER_ENDS,
    "server/workers/status_page.py:StatusPage._serve": STATUS_REQUEST,
    "adapters/aiohttp.py:_read": ADAPTED,
    "adapters/aiohttp.py:serve_websocket": ADAPTED,
    "adapters/aiohttp.py:serve_websocket.close": ADAPTED,
    "adapters/starlette.py:_read": ADAPTED,
    "adapters/starlette.py:serve_websocket": ADAPTED,
    "adapters/websockets.py:serve_websocket": ADAPTED,
    "adapters/websockets.py:serve_websocket.send_text": ADAPTED,
    "client/aio_http.py:AsyncHttp._attempt": SYNC,
    "client/deadline_network.py:DeadlineNetwork.connect_tcp": SYNC,
    "client/deadline_network.py:_Plain.receive": SYNC,
    "client/deadline_network.py:_in_thread": SYNC,
    "codecs/_dynamic.pyx:dlopen": LIBRARY,
    "doctor/checks/certificate.py:check_certificate": DOCTOR,
    "doctor/examination.py:_bounded": DOCTOR,
    "doctor/network/address.py:Address._connect_to": DOCTOR,
    "doctor/network/address.py:Address.connect": DOCTOR,
    "doctor/network/listener.py:HookListener._serve": DOCTORS_HOOK,
    "doctor/network/listener.py:_body": DOCTORS_HOOK,
    "doctor/network/request.py:_answer": DOCTOR,
    "doctor/network/request.py:_body": DOCTOR,
    "doctor/network/request.py:ask": DOCTOR,
    "doctor/network/threads.py:in_thread": DOCTOR,
    "doctor/readings/ending.py:closing": CLOSE_OF_CALL,
    "doctor/readings/webhook_inbox.py:WebhookInbox.arrival": DOCTORS_CALL,
    "doctor/readings/webhook_inbox.py:WebhookInbox.has": DOCTORS_CALL,
    "doctor/readings/observer.py:Observer.has_audio": DOCTORS_CALL,
    "doctor/readings/observer.py:Observer.has_mark": DOCTORS_CALL,
    "doctor/readings/streams.py:_observed": CLOSE_OF_CALL,
    "doctor/readings/streams.py:_first_call": DOCTORS_CALL,
    "server/accepted_socket.py:AcceptedSocket._open": HANDSHAKE,
    "server/half_open.py:HalfOpenSockets.settled": HANDSHAKE,
    "server/call_speaking.py:SpeakingSide._files_played": HEARD,
    "server/running_calls.py:RunningCalls.wait_idle": DRAIN,
    "server/first_words.py:FirstWords.verdict": VERDICT,
    "server/play_out.py:PlayOut._in_time": REPLY,
    "server/play_out.py:PlayOut._play_files_out.heard": HEARD,
    "server/hanging_up.py:HangUp._run": REPLY,
    "server/handler_end.py:HandlerEnd._hang_up": REPLY,
    "server/handler_task.py:HandlerTask._decide": REPLY,
    "server/sending_keys.py:KeySender._sound": KEYS,
    "server/play_waits.py:MarkWaits.wait": HEARD,
    "server/play_waits.py:ReplyWaits._next_end": REPLY,
    "adapters/livekit.py:CallAudioOutput._finish": REPLY,
    "server/pausing.py:PlaybackPause._wait": PAUSE,
    "server/phone_control.py:send": SYNC,
    "server/collecting.py:KeyCollection.run": ENTRY,
    "server/typed_keys.py:TypedKeys.wait": ENTRY,
    "server/voice.py:CallVoice.silent": SILENCE,
    "server/loop_thread.py:LoopThread.read": SCRAPE,
    "server/threads.py:_result": SPACE,
    "server/threads.py:play": SPACE,
    "server/stream_request.py:ask": STREAM,
    "server/transferring.py:Transfer.result": TRANSFER,
    "server/transferring.py:transfer": SYNC,
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
    "stream/connection_watch.py:connected_ms": Bound(
        "from the upgrade to `connected`",
        ("stream/test_connection_watch.py::test_a_socket_without_connected_is_closed",),
    ),
    "stream/connection_watch.py:start_ms": Bound(
        "from `connected` to `start`", ("server/test_limits.py::test_a_socket_without_start_is_closed",)
    ),
    "stream/connection_watch.py:ping_ms": Bound(
        "a ping and its pong", ("server/test_limits.py::test_a_socket_that_answers_a_ping_and_later_none_is_dropped",)
    ),
    "stream/connection_watch.py:idle_ms": Bound(
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
QUEUES = "queues less audio than the queue of a stream holds"
NO_WAIT = "a function of ours of that name, which returns at once"
LOOKUP = "runs in the thread that `_in_thread` leaves behind at the deadline"

INSTALLED = "a regular file of this installation or system"

INSIDE: dict[str, str] = {
    "adapters/livekit.py:CallAudioInput.__anext__": READER,
    "adapters/livekit.py:CallAudioOutput.capture_frame": READER,
    "server/placement.py:PlacementReporter.__aexit__": TASK,
    "server/placement.py:PlacementReporter._repeat": KNOWN,
    "server/workers/channel.py:WorkerChannel._fill": "blocks for the job only, which the supervisor sends at once",
    "server/workers/channel.py:WorkerChannel.send": "a socket that does not block any more",
    "server/workers/worker_slot.py:WorkerSlot.keep": KNOWN,
    "server/workers/worker_slot.py:WorkerSlot.replace": TASK,
    "server/workers/worker_slot.py:_left": "as long as a worker serves",
    "server/workers/process.py:WorkerProcess._spawn": "our own socket pair, and the system, which starts a process",
    "server/workers/process.py:WorkerProcess._watch": "as long as a process runs; those that wait for its end kill it",
    "server/workers/running.py:_all_serve": TASK,
    "server/workers/running.py:_opened_page": LISTEN,
    "server/workers/running.py:_supervise": CLOSES,
    "server/workers/sockets.py:bound_socket": LISTEN,
    "server/workers/status_page.py:StatusPage.close": CLOSES,
    "server/workers/status_page.py:StatusPage.open": LISTEN,
    "server/workers/supervisor.py:Supervisor._bury": "as long as a process runs; those that wait for its end kill it",
    "server/workers/supervisor.py:Supervisor._restart_when_asked": "as long as the supervisor runs",
    "server/workers/supervisor.py:Supervisor.over": "as long as the supervisor runs",
    "adapters/pipecat.py:StreamSerializer._send": USER,
    "adapters/pipecat.py:StreamSerializer.read_start": USER,
    "adapters/pipecat.py:StreamSerializer.serialize": "as long as the last audio plays, and LEAD_MS at most",
    "audio/channels.py:downmix": NO_WAIT,
    "audio/wav_random_access.py:RandomAccessWav.__init__": USER,
    "audio/wav_reader.py:WavReader.__init__": USER,
    "cli/info/show.py:in_order": TASK,
    "cli/inputs.py:is_capture_file": USER,
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
    "client/attempts.py:CommandAttempts._is_cut": NO_WAIT,
    "client/memory_transport.py:_transport.MemoryTransport.handle_async_request": MEMORY,
    "client/sync_http.py:BlockingHttp.send": KNOWN,
    "client/transport.py:Progress.aclose": CLOSES,
    "doctor/checks/ports.py:check_port": LISTEN,
    "doctor/checks/stream_endpoint.py:_echoed": LISTEN,
    "doctor/checks/stream_endpoint.py:_start": CLOSES,
    "doctor/checks/stream_endpoint.py:check_own_endpoint": LISTEN,
    "doctor/checks/webhook.py:check_own_app": LISTEN,
    "doctor/examination.py:_listed": TASK,
    "doctor/network/listener.py:HookListener.__aenter__": LISTEN,
    "doctor/network/listener.py:HookListener.__aexit__": CLOSES,
    "doctor/readings/amrwb.py:is_accepted": QUEUES,
    "doctor/readings/sequence.py:_kept": TASK,
    "doctor/readings/sequence.py:read_call": TASK,
    "doctor/readings/webhook_inbox.py:WebhookInbox.listening": LISTEN,
    "doctor/readings/l16.py:received": QUEUES,
    "doctor/readings/live.py:live_call": CLOSES,
    "doctor/readings/observer.py:Observer.run": READER,
    "doctor/readings/observer.py:passed": KNOWN,
    "doctor/readings/simulated.py:_call": LISTEN,
    "doctor/readings/sound.py:echo_and_own_speech": QUEUES,
    "doctor/readings/streams.py:dialled": LISTEN,
    "doctor/readings/streams.py:dialled.hold": TASK,
    "doctor/readings/streams.py:streamed": LISTEN,
    "codecs/library_file.py:_own_ident": INSTALLED,
    "codecs/library_file.py:_require_listed": INSTALLED,
    "codecs/library_file.py:loader_copies": INSTALLED,
    "pump/memory.py:MemoryNetwork._answer": MEMORY,
    "pump/memory.py:MemoryNetwork.connect": MEMORY,
    "pump/memory.py:MemoryNetwork.request": MEMORY,
    "pump/writer.py:AwaitedSocket.__aexit__": TASK,
    "pump/writer.py:AwaitedSocket._run": USER,
    "pump/writer.py:AwaitedSocket._work": USER,
    "bulk/manifest.py:Manifest.begin": USER,
    "bulk/manifest.py:_require_manifest": USER,
    "bulk/manifest.py:Manifest.resume": USER,
    "bulk/manifest.py:_octets_of_lines": USER,
    "bulk/manifest.py:rows_of": USER,
    "bulk/whole_files.py:_read": USER,
    "bulk/work.py:run_jobs": TASK,
    "files/writing.py:_place_of": USER,
    "files/input.py:InputFile.__init__": USER,
    "rtp/payloads/amrwb_file.py:read_amrwb": USER,
    "stream/speaking/background_source.py:background_source": KNOWN,
    "server/endpoint.py:Endpoint.close": CLOSES,
    "server/endpoint.py:Endpoint.open": LISTEN,
    "server/background.py:Background.begin.loaded": TASK,
    "server/background_commands.py:BackgroundCommands.wait": TASK,
    "server/background_commands.py:RunningCommand._end_of_command": TASK,
    "server/handler_end.py:HandlerEnd.act": USER,
    "server/handler_task.py:HandlerTask._run": USER,
    "server/hanging_up.py:HangUp.wait_ms": KNOWN,
    "server/handlers.py:_play_mp3_file": USER,
    "server/handlers.py:_play_mp3_file.play_call": READER,
    "server/handlers.py:_play_pcm": READER,
    "server/handlers.py:_echo_files": READER,
    "server/handlers.py:echo": READER,
    "server/readers/shaped_reading.py:ShapedReader.__anext__": READER,
    "server/readers/inbox.py:Inbox.wait": READER,
    "server/readers/reading.py:DtmfReader.__anext__": READER,
    "server/invitations.py:Invitation.withdraw": NO_WAIT,
    "server/memory_server.py:MemoryServer._admit.accept": NO_WAIT,
    "server/external_websockets.py:_wait": TASK,
    "server/external_websockets.py:call_on": TASK,
    "server/picows_server.py:PicowsServer._admit.begin": NO_WAIT,
    "server/tcp_server.py:TcpServer.close": KNOWN,
    "server/tcp_server.py:TcpServer.open": LISTEN,
    "adapters/websockets.py:MediaCalls.__call__": TASK,
    "server/websockets_handshake.py:Handshake._answer": NO_WAIT,
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
    "server/transferring.py:Transfer.known": KNOWN,
    "server/transferring.py:Transferring._known": KNOWN,
    "sim/calls/waiting.py:finished": TASK,
    "sim/calls/waiting.py:waited": KNOWN,
    "sim/calls/memory_dialer.py:MemoryDialer.dial": MEMORY,
    "sim/calls/streaming.py:CallStreaming._carry": TASK,
    "sim/calls/streaming.py:CallStreaming.wait_over": TASK,
    "sim/calls/texml.py:execute": KNOWN,
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
    "rtp/capture/packet_writer.py:PacketWriter.__init__": USER,
    "rtp/capture/reading.py:PacketReader.__init__": USER,
    "stream/capture/reading.py:opened": USER,
    "stream/tapping/tap_file.py:new_file": USER,
    "stream/file_chain.py:FileChain.octets_of": NO_WAIT,
    "stream/incoming.py:Incoming.receive": NO_WAIT,
    "stream/incoming.py:Incoming.receive_media": NO_WAIT,
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
