"""What ends each wait for an outside party, and the tests that prove it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Bound:
    """What ends a wait for an outside party, and the tests that prove it: FILE::NAME below tests."""

    limit: str
    proofs: tuple[str, ...]


SYNC = Bound(
    "timeout_s of the control, for each attempt as a whole; connect_timeout_s for lookup and connect, and for TLS",
    (
        "client/test_deadline.py::test_an_answer_that_is_slow_before_its_status_leaves_the_outcome_unknown",
        "client/test_deadline.py::test_an_answer_that_is_slow_after_its_status_ends_with_it",
        "client/test_deadline.py::test_a_tls_handshake_that_is_slow",
        "client/test_deadline.py::test_a_peer_that_reads_octet_by_octet",
        "client/test_deadline.py::test_a_connection_that_is_not_accepted_got_nothing",
        "client/test_deadline.py::test_a_lookup_without_end_is_abandoned",
        "client/test_deadline.py::test_each_attempt_has_the_deadline",
    ),
)
DIAL = Bound("connect_timeout_s of the simulator", ("sim/test_dialling.py::test_an_address_that_never_answers",))
WEBHOOK = Bound(
    "timeout_s of Webhooks, for each post as a whole",
    ("sim/test_webhooks.py::test_an_app_that_hangs_is_retried_and_delays_no_other_event",),
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
TRANSFER = Bound(
    "timeout_s of the transfer and DEADLINE_MARGIN_S, and the end of stream and handler",
    (
        "server/test_transfer.py::test_without_webhooks_of_the_other_leg_the_deadline_ends_it",
        "server/test_transfer_ends.py::test_a_handler_that_returns_without_the_result_leaves_nothing_behind",
    ),
)
HEARD = Bound(
    "a mark that does not come back times out after 10 s, and at the end of the stream",
    ("stream/test_machine.py::test_a_sent_mark_of_a_socket_that_stops_reading_times_out",),
)
REPLY = Bound(
    "1 s behind the estimated end of its audio, whatever the carrier does with marks, 1 s and a round trip behind a "
    "clear, and the end of the stream",
    (
        "server/test_replies.py::test_no_carrier_lets_a_reply_wait_for_longer_than_a_second_behind_its_audio",
        "server/test_replies.py::test_the_end_of_the_stream_ends_the_block_quietly",
        "server/test_settled_replies.py::test_a_carrier_that_does_not_answer_the_clear_is_waited_for_a_second_and_a_round_trip",
        "server/test_settled_replies.py::test_the_end_of_the_stream_ends_the_wait",
    ),
)
KEYS = Bound(
    "REPLY for what was said before and for the keys, and the end of the stream",
    (
        "server/test_send_dtmf.py::test_the_end_of_the_stream_ends_the_wait",
        "server/test_send_dtmf.py::test_keys_end_on_a_carrier_that_returns_no_marks",
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
ADAPTED = Bound(
    "ping_interval_s behind a ping, idle_timeout_s, and CLOSE_TIMEOUT_MS: then the connection is cut",
    (
        "adapters/test_websockets.py::test_a_peer_that_stops_answering_pings_is_cut",
        "adapters/test_web_hosts.py::test_a_silent_peer_is_closed_by_the_idle_time_out",
        "adapters/test_web_hosts.py::test_aiohttp_pings_a_silent_peer_and_cuts_one_that_vanished",
    ),
)
DRAIN = Bound(
    "drain_s, then handler_grace_s and ENDING_GRACE_S",
    ("server/test_drain.py::test_calls_that_still_run_after_drain_s_are_closed",),
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
VERDICT = Bound(
    "await_verdict_s, and the end of the stream",
    (
        "server/test_first_words.py::test_they_wait_no_longer_than_the_limit_for_it",
        "server/test_first_words.py::test_a_verdict_is_not_awaited_beyond_the_end",
    ),
)
SCRAPE = Bound(
    "timeout_s of `statistics_threadsafe`",
    ("server/test_metrics.py::test_a_scrape_does_not_wait_without_end_for_a_loop_that_is_held",),
)
LIBRARY = Bound(
    "files that are not an ELF library are refused before they are opened; the loader itself waits for the disk",
    ("codecs/test_libraries.py::test_a_broken_file_is_reported_and_not_skipped",),
)

DOCTOR = Bound(
    "limit_s of the doctor for each step, CHECK_LIMITS of them for a check",
    (
        "doctor/test_network.py::test_a_server_that_sends_slowly_ends_with_the_limit",
        "doctor/test_network.py::test_a_lookup_without_end_is_abandoned",
        "doctor/test_certificate.py::test_a_server_that_never_answers_ends_with_the_limit",
    ),
)
DOCTORS_HOOK = Bound(
    "REQUEST_LIMIT_S of the doctor's listener, and the end of the doctor",
    ("doctor/test_network.py::test_a_client_that_never_ends_its_request_does_not_hold_the_end",),
)
DOCTORS_CALL = Bound(
    "ring_s and STARTS_WITHIN_S for the first stream, and a limit for each reading",
    (
        "doctor/test_sequence.py::test_a_phone_that_is_not_answered",
        "doctor/test_sequence.py::test_a_carrier_that_sends_no_audio",
    ),
)
WORKER_STARTS = Bound(
    "START_TIMEOUT_S, then the process is killed",
    ("server/workers/test_process.py::test_a_worker_that_does_not_become_ready_is_killed",),
)
WORKER_ANSWERS = Bound(
    "STATISTICS_TIMEOUT_S, then the worker's latest figures stand for it",
    ("server/workers/test_process.py::test_a_worker_that_does_not_answer_keeps_its_latest_figures",),
)
WORKER_ENDS = Bound(
    "the grace period that the log names, then the process is killed",
    ("server/workers/test_process.py::test_a_worker_that_does_not_end_is_killed",),
)
STATUS_REQUEST = Bound(
    "REQUEST_TIMEOUT_S", ("server/workers/test_status_page.py::test_a_client_that_sends_nothing_is_cut",)
)
