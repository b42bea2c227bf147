"""One live call of the simulator: the effect of commands and tests on it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, Literal

from rtpcodec.carriers.telnyx import commands, errors
from rtpcodec.carriers.telnyx import webhooks as events
from rtpcodec.sim.calls.call_streams import CallStreams
from rtpcodec.sim.calls.dialling import CallServices
from rtpcodec.sim.calls.direct_streams import document_of, wanted_stream
from rtpcodec.sim.calls.joined_calls import JoinedCalls, join, part
from rtpcodec.sim.calls.leg import Leg, State
from rtpcodec.sim.calls.lost_stream import LostStream
from rtpcodec.sim.calls.phones import OpenedPhone
from rtpcodec.sim.calls.ringing import Ringing
from rtpcodec.sim.calls.streaming import CAUSES, without_stream
from rtpcodec.sim.calls.texml import execute
from rtpcodec.sim.commands.bodies import AnswerCommand, StreamSettings
from rtpcodec.sim.commands.error_answers import refused
from rtpcodec.sim.commands.texml import Step, read_texml
from rtpcodec.sim.media.facts import CallFacts
from rtpcodec.sim.media.formats import AudioFormat, StreamFormats, agree, preferred
from rtpcodec.sim.media.stream import CarrierStream
from rtpcodec.sim.webhooks import payloads
from rtpcodec.sim.webhooks.signalling import Signalling
from rtpcodec.sim.wires.ids import new_stream_id
from rtpcodec.stream.plan import StreamPlan


class SimulatedCall(CallStreams):
    """A call of one leg, which a command streams to the app. A `Carrier` makes it; any thread may use it.

    The phone's side speaks from the begin of the stream, and hangs up when everything was said. `finished` is for async
    code, `wait` for blocking code.

    Args:
        services: the carrier's loop, dialer and webhooks.
        facts: ids, numbers and options.
        phone: codec, speech and keys.
        leg: direction and state.
        rng: source of the stream ids.
    """

    def __init__(
        self, services: CallServices, facts: CallFacts, phone: OpenedPhone, *, leg: Leg, rng: random.Random
    ) -> None:
        super().__init__(services, phone.media)
        self._facts = facts
        self._speech = phone.speech
        self._rng = rng
        self._ringing = Ringing(services.loop_thread.loop)
        self._lost_stream = LostStream(services.loop_thread.loop, facts.variations.losses)
        self._quality = payloads.CallQuality()
        self._end_reported = False
        self.joined = JoinedCalls()
        """The calls and the conference that it is joined with."""
        self._document: asyncio.Task[None] | None = None
        self.leg = leg
        """The call as commands and webhooks see it."""
        self.commands: list[tuple[str, dict[str, Any]]] = []
        """Action and body of each executed command, the dial command included."""

    @property
    def call_control_id(self) -> str:
        """The id by which commands name the call."""
        return self._facts.call_control_id

    @property
    def call_session_id(self) -> str:
        """The id of the session, which all legs of one conversation share."""
        return self._facts.call_session_id

    @property
    def to_number(self) -> str:
        """The number that was called."""
        return self._facts.to_number

    @property
    def state(self) -> State:
        """Parked (an incoming call before its answer), ringing (a dialled one), answered, bridged or ended."""
        return self.leg.state

    @property
    def ended(self) -> bool:
        """Whether a side has hung up; commands are refused then."""
        return self.leg.ended

    @property
    def signalling(self) -> Signalling:
        """Details of the call that webhooks report."""
        return self._facts.signalling

    def hang_up(self) -> None:
        """Hang up on the phone's side: `stop` is sent and the socket closed."""
        self._services.loop_thread.run(lambda: self.leave("hang_up"))

    def hold(self) -> None:
        """Put the call on hold on the phone's side, which the webhook `call.hold` reports."""
        self._services.loop_thread.run(lambda: self.report(events.CALL_HOLD))

    def unhold(self) -> None:
        """Take the call off hold, which the webhook `call.unhold` reports."""
        self._services.loop_thread.run(lambda: self.report(events.CALL_UNHOLD))

    def stream_to(
        self,
        url: str,
        plan: StreamPlan | None = None,
        *,
        parameters: Mapping[str, str] | None = None,
        auth_token: str | None = None,
        one_way: bool = False,
    ) -> None:
        """Stream this answered call to an app now, without a command.

        Args:
            url: WebSocket URL of the app. Twilio: its query is dropped.
            plan: codec, mode and tracks; None: `StreamPlan()`. Twilio: PCMU in mode rtp, and the inbound track only in
                a two-way stream.
            parameters: custom parameters of `start`.
            auth_token: token in the upgrade's request (docs/carrier.md, rule C15). Twilio has none.
            one_way: Twilio: a stream of `<Start>`, in which the app's messages have no effect. The end of a two-way
                stream ends the call.

        Raises:
            ValueError: the carrier has no such stream.
            RuntimeError: the call is not answered, or is streamed already.
        """
        settings = wanted_stream(
            self._facts.dialect,
            url,
            plan or StreamPlan(),
            parameters or {},
            auth_token=auth_token,
            one_way=one_way,
        )
        self._services.loop_thread.run(lambda: self._stream_now(settings))

    def texml(self, document: str) -> None:
        """Execute a TeXML document (Twilio: TwiML) on this answered call; the end of the document ends the call.

        Args:
            document: a `<Response>` with the verbs Start, Connect and Stop with a Stream, Pause, and Hangup.

        Raises:
            ValueError: another verb, attribute or value.
            RuntimeError: the call is not answered, or already executes a document.
        """
        steps = read_texml(document, self._facts.dialect)
        self._services.loop_thread.run(lambda: self._execute(steps))

    def __repr__(self) -> str:
        state = "streaming" if self.streaming and not self.ended else self.state
        return f"<SimulatedCall {self.call_control_id} {self._format.info.name} {state}>"

    # Commands, in the loop's thread

    def answer(self, command: AnswerCommand) -> Callable[[], None]:
        """Answer an incoming call; the function that is returned reports it, and opens the stream if there is one."""
        media = self._preferred(command.preferred_codecs)
        dial = None if command.stream is None else self.begin(command.stream, media)
        self._format, self.leg.state = media, "answered"

        def then() -> None:
            self._report_answer(command.stream)
            if dial is not None:
                dial()

        return then

    def announce(self) -> None:
        """Report an incoming call, or a phone that begins to ring."""
        self._services.notify(events.CALL_INITIATED, payloads.initiated(self._facts, self.leg, self._format))

    def description(self) -> dict[str, Any]:
        """Return the data in the answer to a dial command (docs/carrier.md, rule C10)."""
        return payloads.dialled(self._facts, self.leg)

    def prepare(self, stream: StreamSettings | None, preferred_codecs: tuple[str, ...]) -> None:
        """Choose the codec of a call that is about to ring. Raises Refused (90046) if its stream could not begin."""
        self._format = self._preferred(preferred_codecs)
        if stream is not None:
            self._agree(stream, self._format)

    def ring(
        self,
        answers_after_s: float | None,
        timeout_s: float,
        stream: StreamSettings | None,
        *,
        first: bool = False,
        refuses_with: str | None = None,
    ) -> None:
        """Let the phone ring until it is answered or the time is over.

        Args:
            answers_after_s: seconds until it is answered; None: never.
            timeout_s: seconds that it rings at most.
            stream: the stream that begins at the answer; None: none.
            first: whether the WebSocket is opened before it rings.
            refuses_with: hangup cause of a refusal in place of the answer; None: it is answered.
        """

        def begin() -> None:
            if self.ended:
                return
            self.announce()
            self.joined.rings()
            if answers_after_s is not None and answers_after_s < timeout_s:
                refuse = None if refuses_with is None else partial(self.leave, "hang_up", refuses_with)
                self._ringing.ring(answers_after_s, refuse or partial(self._picked_up, stream))
            else:
                self._ringing.ring(timeout_s, partial(self.leave, "hang_up", events.TIMEOUT))

        first = first or self._facts.variations.dialled_stream == "while_ringing"
        if stream is not None and first and not self.ended:
            self._speech.held = True
            self._ringing.once_dialled(begin)
            self.begin(stream)()
        else:
            begin()

    def _picked_up(self, stream: StreamSettings | None) -> None:
        if self.ended:  # by the end of a stream that was opened first
            return
        self.leg.state = "answered"
        self._report_answer(stream)
        if self._speech.held:
            self._speech.held = False
        elif stream is not None:
            self.begin(stream)()
        self.joined.answered()

    def _report_answer(self, stream: StreamSettings | None) -> None:
        self._services.notify(events.CALL_ANSWERED, payloads.answered(self._facts, self.leg, self._format, stream))

    def bridge(self, other: SimulatedCall) -> None:
        """Join it with another answered call."""
        join(self, other)
        self.report(events.CALL_BRIDGED)
        other.report(events.CALL_BRIDGED)

    def become(self, state: Literal["answered", "bridged"]) -> None:
        """Change between bridged and alone."""
        self.leg.state = state
        self._facts = replace(self._facts, bridged=state == "bridged")
        if state == "bridged":
            self._streaming.bridge()
            if self._facts.variations.bridge_ends_stream and self._streaming.active:
                self._streaming.end(commands.STREAMING_STOP)

    def named(self) -> dict[str, Any]:
        """Return members of the events of the call itself."""
        return payloads.of_phone(self._facts, self.leg)

    def report(self, event_type: str) -> None:
        """Post an event of the call itself."""
        self._services.notify(event_type, self.named())

    def begin(self, settings: StreamSettings, media: AudioFormat | None = None) -> Callable[[], None]:
        """Reserve the call for a stream; the function that is returned opens it. Raises Refused (90045, 90046)."""
        self._streaming.require_idle()
        if self._lost_stream.busy:
            raise refused(errors.MEDIA_STREAMING_USED, "the carrier has not finished the call's lost stream")
        formats = self._agree(settings, media or self._format)
        stream_id = new_stream_id(self._facts.dialect, self._rng)
        # Once set, the client_state of a call is part of all its reports.
        agreed = replace(settings, client_state=settings.client_state or self.leg.client_state)

        def new_stream(*, now_ms: float, utc_ms: float) -> CarrierStream:
            return CarrierStream(self._facts, self._speech, agreed, formats, stream_id, now_ms=now_ms, utc_ms=utc_ms)

        return self._streaming.begin(settings, new_stream, opened=self._stream_opened, over=self._stream_over)

    def _preferred(self, codecs: tuple[str, ...]) -> AudioFormat:
        return preferred(codecs, self._format, self._speech, self._facts.variations.chunk_ms)

    def _agree(self, settings: StreamSettings, media: AudioFormat) -> StreamFormats:
        return agree(settings, media, self._speech, self._facts.variations)

    def cease(self, stream_id: str | None) -> None:
        """Stop the stream. Raises Refused (90048) if there is none."""
        if not (self._streaming.active or self._lost_stream.busy):
            raise refused(errors.MEDIA_STREAMING_NOT_USED, "the call is not streaming")
        # The id is a uuid, whose case means nothing (RFC 9562 section 4).
        if stream_id is not None and stream_id.lower() != (self.stream_id or "").lower():
            raise refused(errors.MEDIA_STREAMING_NOT_USED, "no stream of the call has this stream_id")
        self._streaming.end(commands.STREAMING_STOP)

    # A TeXML document

    def _stream_now(self, settings: StreamSettings) -> None:
        if self._facts.dialect == "twilio":
            self._execute(document_of(settings))
        elif self.streaming or self.state not in ("answered", "bridged"):
            raise RuntimeError(
                f"the call is {self.state if not self.streaming else 'streaming'}, it cannot be streamed"
            )
        else:
            self.begin(settings)()

    def _execute(self, steps: list[Step]) -> None:
        if self.state not in ("answered", "bridged"):
            raise RuntimeError(f"the call is {self.state}, a document is executed once it is answered")
        if self._document is not None:
            raise RuntimeError("the call already executes a document")
        self._document = self._services.loop_thread.loop.create_task(execute(steps, self))

    async def stream_over(self) -> None:
        """Wait for the end of the running stream."""
        await self._streaming.wait_over()

    async def close(self) -> None:
        """Hang up, because the carrier closes, and wait until the socket is closed."""
        self.leave("carrier_closed")
        await self._streaming.wait_over()

    # The end of the call

    def leave(
        self, reason: Literal["hang_up", "carrier_closed"], cause: str = events.NORMAL_CLEARING, *, by_us: bool = False
    ) -> None:
        """End the call.

        Args:
            reason: end reason of its stream.
            cause: hangup cause in `call.hangup`.
            by_us: whether a command ends it, not the phone's side.
        """
        self.leg.end(cause, self.leg.ours if by_us else self.leg.theirs)
        self._ringing.stop()
        ringing = self.joined.ringing
        if ringing is not None:
            ringing.leave("hang_up", events.ORIGINATOR_CANCEL, by_us=True)
        if self._streaming.active:
            self._streaming.end(reason)
        elif not self._streaming.done.done():
            self._streaming.done.set_result(without_stream(self.call_control_id, self._format, reason))
        if not self._streaming.active:
            self._report_end()

    def _report_end(self) -> None:
        if self._end_reported:
            return
        self._end_reported = True
        self._lost_stream.report_now()
        if self._document is not None:
            self._document.cancel()
            self._document = None  # it refers back to the call
        self._services.notify(events.CALL_HANGUP, payloads.hung_up(self._facts, self.leg, self._quality))
        joined, self.joined = self.joined, JoinedCalls()
        part(joined, self.call_control_id)

    def _stream_opened(self, settings: StreamSettings) -> None:
        self._services.notify(events.STREAMING_STARTED, payloads.streaming(self._facts, self.leg, settings))
        self._ringing.dialled()

    def _stream_over(self, settings: StreamSettings, stream: CarrierStream) -> None:
        if self._streaming.was_lost:
            self._lost_stream.begin(partial(self._report_stop, settings))
        elif self._streaming.was_open:
            self._report_stop(settings)
        elif self._streaming.failure is not None:
            payload = payloads.streaming_failed(self._facts, self.leg, settings, stream.stream_id)
            self._services.notify(events.STREAMING_FAILED, payload)
        self._ringing.dialled()
        if self._streaming.last is not None:
            self._quality.add(self._streaming.last, self._facts.variations.chunk_ms)
        reason = stream.end_reason
        if reason in CAUSES:
            self.leg.end(CAUSES[reason], self.leg.theirs)
        elif reason == "app_closed" and self._facts.variations.socket_close == "call_ends":
            self.leg.end(events.NORMAL_CLEARING, self.leg.ours)
        if self.ended:
            self._report_end()

    def _report_stop(self, settings: StreamSettings) -> None:
        self._services.notify(events.STREAMING_STOPPED, payloads.streaming(self._facts, self.leg, settings))
