"""One call from the opening of its socket to its end: its machine, pump, handler and log."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable
from types import MethodType

from rtpcodec.pump._driving import AudioSink
from rtpcodec.pump.reconnectable_pump import ReconnectablePump
from rtpcodec.pump.socket import Receiver, Socket
from rtpcodec.pump.virtual import VirtualEventLoop
from rtpcodec.server.background_commands import BackgroundCommands
from rtpcodec.server.call import Call
from rtpcodec.server.call_files import CallFiles
from rtpcodec.server.call_log import CallLog, WarningQuota
from rtpcodec.server.call_parts import CallParts, UpgradeRequest
from rtpcodec.server.call_plan import plan_of
from rtpcodec.server.call_summary import log_summary
from rtpcodec.server.first_words import FirstWords
from rtpcodec.server.handler_end import HandlerEnd
from rtpcodec.server.handler_errors import drop_tracebacks, is_stream_ended
from rtpcodec.server.handler_task import INTERNAL_ERROR, HandlerTask
from rtpcodec.server.hanging_up import HangUp
from rtpcodec.server.hold_watch import HoldWatch
from rtpcodec.server.invitations import Invitation
from rtpcodec.server.phone_call import PhoneCall
from rtpcodec.server.play_out import PlayOut
from rtpcodec.server.play_waits import MarkWaits, ReplyWaits
from rtpcodec.server.readers.hub import ReaderHub, drop_audio
from rtpcodec.server.reconnecting import Reconnection, ReconnectionContext
from rtpcodec.server.sending_keys import KeySender
from rtpcodec.server.settings import EndpointSettings
from rtpcodec.server.slow_turns import SlowTurns
from rtpcodec.server.typed_keys import TypedKeys
from rtpcodec.stream import events
from rtpcodec.stream.ending import EndReason
from rtpcodec.stream.event_octets import octets_of
from rtpcodec.stream.events import Audio, Event, Started
from rtpcodec.stream.machine import NORMAL, CallMachine
from rtpcodec.stream.memory_budget import HeldBudget
from rtpcodec.stream.plan import StreamPlan


class CallRunner(AudioSink):
    """Runs one call on an open socket. It is the sink of the call's pump; the socket reports to `pump`.

    The call has ended when both its socket and its handler have ended, in either order. Use it from the event loop's
    thread only.
    """

    __slots__ = (
        "_ending",
        "_handler",
        "_invitation",
        "_on_end",
        "_parts",
        "_settings",
        "_settled",
        "call",
        "failed_call",
        "log",
        "phone",
        "pump",
        "readers",
        "reconnection",
    )

    def __init__(
        self,
        settings: EndpointSettings,
        socket: Socket,
        request: UpgradeRequest,
        on_end: Callable[[CallRunner], None],
        *,
        budget: HeldBudget | None = None,
        invitation: Invitation | None = None,
        slow_turn: Callable[[], None] | None = None,
        warnings: WarningQuota | None = None,
        phone: PhoneCall | None = None,
        reconnections: ReconnectionContext | None = None,
    ) -> None:
        """Begin a call.

        Args:
            settings: the endpoint's settings.
            socket: the open socket.
            request: the HTTP request that became the socket.
            on_end: called once, when socket and handler have ended.
            budget: the octets that the calls of the endpoint may hold together; None: only the limits of one call
                apply.
            invitation: the invitation that the request answers; None: the call was not requested.
            slow_turn: called each time when this call has held the event loop for too long.
            warnings: the quota of the endpoint's log; None: all warnings are logged.
            phone: the phone call behind the stream; None: it cannot be commanded, and no webhooks arrive.
            reconnections: the parts of the endpoint that reconnect it; None: it cannot be reconnected.
        """
        plan, plan_error = plan_of(settings, request, invitation)
        self.log = CallLog(secrets.token_hex(4), warnings)
        self.pump = self._new_pump(settings, socket, budget, plan)
        self.readers = ReaderHub(self.pump.machine.session.account, self._take_audio_by)
        self.call: Call | None = None
        self.failed_call = False
        """Whether an error of either side ended it."""
        self.take_audio = drop_audio
        self.phone = phone or PhoneCall(settings.control, lambda: False)
        fields = {} if invitation is None else invitation.fields
        self.reconnection = Reconnection(self.pump, self.phone, self.log, reconnections, fields)
        self._settings = settings
        self._invitation = invitation
        self._on_end = on_end
        self._parts = parts = self._new_parts(request)
        slow = self._slow_turns(slow_turn)
        self.pump.watch(slow)
        self._ending = HandlerEnd(settings.on_handler_end, parts, self.log)
        self._handler = HandlerTask(parts, self.log, self._ending, self._report_failed, slow)
        self._settled = False
        self._refuse(plan_error)
        self.pump.run()

    def _new_pump(
        self, settings: EndpointSettings, socket: Socket, budget: HeldBudget | None, plan: StreamPlan | None
    ) -> ReconnectablePump[CallMachine]:
        now_ms = asyncio.get_running_loop().time() * 1000
        session = settings.new_session(utc_offset_ms=time.time() * 1000 - now_ms, budget=budget, plan=plan)
        machine = CallMachine(session, now_ms, timeouts=settings.call_timeouts, may_wait=settings.may_wait)
        return ReconnectablePump(machine, socket, self, settings.new_budget(now_ms))

    def _new_parts(self, request: UpgradeRequest) -> CallParts:
        heard, heard_replies = MarkWaits(self.pump), ReplyWaits()
        disconnected = asyncio.get_running_loop().create_future()
        commands = BackgroundCommands(self.log, self._settle)
        play_out = PlayOut(self.pump, heard, heard_replies, self.reconnection, self.log)
        return CallParts(
            id=self.log.call_id,
            request=request,
            pump=self.pump,
            readers=self.readers,
            phone=self.phone,
            reconnect=self.reconnection.reconnect,
            first_words=FirstWords(
                self.pump,
                self.phone,
                self.log,
                after_ms=self._settings.first_words_after_ms,
                verdict_s=self._settings.await_verdict_s,
            ),
            keys=TypedKeys(self.pump),
            heard=heard,
            heard_replies=heard_replies,
            files=CallFiles(),
            disconnected=disconnected,
            play_out=play_out,
            commands=commands,
            hang_up=HangUp(self.pump, self.phone, play_out, commands, disconnected),
            key_sender=KeySender(self.pump, self.phone, heard_replies, play_out, commands),
            may_wait=self._settings.may_wait,
        )

    def _slow_turns(self, slow_turn: Callable[[], None] | None) -> SlowTurns | None:
        # On the virtual clock, turns take no time.
        virtual = isinstance(asyncio.get_running_loop(), VirtualEventLoop)
        if virtual or self._settings.slow_turn_ms is None:
            return None
        slow = SlowTurns(self._settings.slow_turn_ms, self.log, slow_turn)
        functions = {"on_audio": self._settings.on_audio, "on_event": self._settings.on_event}
        slow.within = "".join(f", and {name}" for name, function in functions.items() if function is not None)
        return slow

    def _attach(self, socket: Socket) -> Receiver:
        """Continue the call on another socket, and return the receiver of its reports."""
        self.pump.attach(socket, self._settings.new_budget(self.pump.now_ms()))
        return self.pump

    def close(self, code: int, cause: EndReason) -> None:
        """End the call from our side. The socket ends when the other side answers the close frame, or is cut."""
        self.pump.machine.close(code, self.pump.now_ms(), cause)
        self.pump.run()

    def stop_files(self) -> int:
        """End the recordings, captures and taps of the call. Returns how many were open."""
        return self._parts.files.stop()

    def cancel(self) -> None:
        """Cancel the handler and cut the connection now."""
        self._handler.cancel()
        self._parts.commands.cancel()
        self.cancelled()
        self.pump.machine.cut = True
        self.pump.run()

    def cancelled(self) -> None:
        """Record that the call ends because its task is cancelled, unless there was another cause before."""
        machine = self.pump.machine
        machine.end_cause = machine.end_cause or "cancelled"

    @property
    def hung(self) -> bool:
        """Whether the handler still runs, HUNG_AFTER_S or longer after it was cancelled."""
        return self._handler.hung

    # As a sink

    def take(self, event: Event) -> None:
        """Handle any event except Audio."""
        # 1. Events that concern the endpoint itself.
        match event:
            case Started() if self.call is None:
                self._begin(event)
            case events.MarkPlayed() | events.MarkCleared():
                if self._parts.heard.ended(event):
                    return
            case events.Dtmf():
                if self._parts.may_wait:
                    self._parts.keys.put(event.digit)
            case events.Disconnected():
                self.reconnection.disconnected()
            case events.Started():  # of another socket, or another format
                self.log.name_stream(event)
            case events.Reconnected() if self.call is not None:
                self.log.info("reconnected after %.0f ms", event.gap_ms)
                self.reconnection.reconnected(self.call, event.stream_id)
            case _:
                self._warn(event)
        # 2. Readers, or on_event.
        try:
            self._hand_over(event)
        # 3. The last event ends the readers, after they have received it.
        finally:
            if isinstance(event, events.Stopped):
                self._stream_ended(event.reason)

    def _hand_over(self, event: Event) -> None:
        if self.call is None:
            return
        if self._settings.may_wait:
            self.readers.put(event)
        elif self._settings.on_event is not None and not self.failed_call:
            self._settings.on_event(self.call, event)

    def failed(self, error: BaseException) -> None:
        """End the call because our side failed; StreamEnded raised after the end of the stream is not an error."""
        if not self._report_failed(error):
            return
        if self.call is not None and self._ending.acts:
            self._handler.begin_end(self.call, error, self._handler_ended)
        else:
            self.close(INTERNAL_ERROR, "handler_failed")
            drop_tracebacks(error)

    def _report_failed(self, error: BaseException) -> bool:
        """Log an exception of the handler. Returns False, and drops it, if it only reports the end of the stream."""
        if is_stream_ended(error) and (self.pump.machine.session.ended or self._parts.hang_up.begun):
            drop_tracebacks(error)
            return False
        self.failed_call = True
        self.take_audio = drop_audio
        self.log.error("the handler %s; %s", _what_failed(error), self._ending.words(), exc_info=error)
        return True

    def _refuse(self, error: BaseException | None) -> None:
        """Close the socket, if the function that returns plans has failed; None: it has not."""
        if error is None:
            return
        self.failed_call = True
        self.log.error("the function plan raised an exception; the call is closed", exc_info=error)
        self.pump.machine.close(INTERNAL_ERROR, self.pump.now_ms(), "handler_failed")
        drop_tracebacks(error)

    def disconnected(self) -> None:
        """Record that the connection is gone."""
        self._parts.disconnected.set_result(None)
        self._settle()

    def _take_audio_by(self, take_audio: Callable[[Audio], object]) -> None:
        """Hand audio to another function from now on."""
        if not self.failed_call:
            self.take_audio = take_audio

    def _warn(self, event: Event) -> None:
        """Log an event that reports a fault, once per kind, because handlers that only read audio do not see it."""
        match event:
            case events.Malformed(rule, detail):
                self.log.warn_once(rule, "malformed message (%s): %s", rule, detail)
            case events.UnsupportedCodec(encoding, _, remedy):
                self.log.warn_once("codec", "%.40r cannot be decoded: %s", encoding, remedy)
            case events.PayloadMisfit(encoding, _, reason, remedy):
                self.log.warn_once(f"misfit {encoding}", "a payload does not fit its codec: %s; %s", reason, remedy)
            case events.Diagnosis(kind, evidence, remedy):
                self.log.warn_of_peer("%s: %s: %s", kind, evidence, remedy)  # at most once per kind and change
            case events.SendStalled(late_ms):
                self.log.warn_once("send stalled", "audio was sent %.0f ms late: the event loop was held", late_ms)
            case events.CarrierError(code):
                self.log.warn_once(f"carrier {code}", "the carrier reports error %s: %.200r", code, event.title)

    # The phases of the call

    def _begin(self, started: Started) -> None:
        self.log.name_stream(started)
        self.phone.begin(started, self.pump.machine.session.dialect)
        account = self.pump.machine.session.account
        if account is not None:  # the call keeps this event, so it counts in the budget
            account.budget.take(account, octets_of(started))
        if self._invitation is not None and not self._invitation.wanted:
            self.log.info("the call is closed: `stream` no longer waits for it")
            self.close(NORMAL, "not_wanted")
            return
        holding = HoldWatch(self.pump, self.phone)
        self.phone.watch(holding.handle)
        holding.begin()
        self._parts.first_words.begin(answered=self._invitation is not None)
        settings = self._settings
        self.reconnection.begin(
            started.stream_id, self._attach, settings.disconnect_hold_s, automatic=settings.reconnect
        )
        self.log.info("started: %s", self.pump.machine.session.describe())
        self.call = call = Call(self._parts, started)
        if settings.on_audio is not None:
            self.take_audio = MethodType(settings.on_audio, call)  # as `partial`, which costs more in each call
        if settings.may_wait:
            self.readers.begin()
            if settings.handler is not None:
                self._handler.begin(settings.handler, call, self._handler_ended)
        if self._invitation is not None:
            self._invitation.started(call)

    def _stream_ended(self, reason: str) -> None:
        fault = self.pump.machine.fault
        if fault is not None:
            self.log.warn_of_peer("%s", fault)
        self.log.info("ended: %s", reason)
        self.reconnection.end()
        self.failed_call |= fault is not None or reason in ("malformed", "refused")
        self.readers.end()
        self._parts.first_words.end()
        self._parts.keys.end()
        self.pump.machine.session.end_privacy(self.pump.now_ms())
        if self.readers.dropped_events:
            self.log.warn_of_peer(
                "the handler read too slowly: %.0f ms of audio were dropped, %d events in total",
                self.readers.dropped_ms,
                self.readers.dropped_events,
            )
        # A handler may wait for the result of a transfer whose command has ended the stream.
        transfer_s = self.phone.result_due_s - asyncio.get_running_loop().time()
        self._handler.cancel_after(max(self._settings.handler_grace_s, transfer_s))

    def _handler_ended(self, task: asyncio.Task[None]) -> None:
        if not self.pump.machine.session.ended:
            # It cancelled itself, or raised a BaseException, which the event loop raises as well.
            self.failed_call = True
            what = "was cancelled from within" if task.cancelled() else f"raised {type(task.exception()).__name__}"
            self.log.error("the handler %s; %s", what, self._ending.words(acting=False))
            self.close(INTERNAL_ERROR, "handler_failed")
        self._settle()

    def _settle(self) -> None:
        """Report the end once both socket and handler have ended."""
        parts = self._parts
        if self._settled or not parts.disconnected.done() or self._handler.running or parts.commands.running:
            return
        self._settled = True
        if self._invitation is not None:
            self._invitation.fail("lost", "the socket closed before the stream began")
        self._handler.release()
        parts.commands.release()
        parts.play_out.release()
        self.phone.release()
        self._parts.files.release()
        if self.call is not None:
            log_summary(self.log, self.call)
        self._on_end(self)


def _what_failed(error: BaseException) -> str:
    if isinstance(error, asyncio.CancelledError):
        return "was cancelled from within"
    return "failed" if isinstance(error, Exception) else f"raised {type(error).__name__}"
