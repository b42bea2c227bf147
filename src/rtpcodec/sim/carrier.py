"""The carrier that tests use: its lifetime, its calls, and the thread of its blocking form."""

from __future__ import annotations

import asyncio
import ssl
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Self, Unpack

from rtpcodec.pickling import Live
from rtpcodec.sim.calls.call import SimulatedCall
from rtpcodec.sim.calls.conferences import SimulatedConference
from rtpcodec.sim.calls.leg import State
from rtpcodec.sim.calls.phones import DialledPhone, PhoneOptions, PhoneSettings
from rtpcodec.sim.calls.registry import CallRegistry
from rtpcodec.sim.calls.signing_dialer import SigningDialer
from rtpcodec.sim.commands.faults import CommandFault, FaultInjector
from rtpcodec.sim.commands.handler import CommandHandler
from rtpcodec.sim.commands.twilio_streams import require_twilio_codec
from rtpcodec.sim.loop_thread import LoopThread
from rtpcodec.sim.media.chunk_faults import Faults
from rtpcodec.sim.media.speech import SpeechSource
from rtpcodec.sim.networks import CommandServer, Network, network_of_loop
from rtpcodec.sim.webhooks.queue import Delivery, WebhookQueue, Webhooks
from rtpcodec.sim.webhooks.sender import WebhookSender
from rtpcodec.sim.wires.ids import DIALECTS, DialectName

if TYPE_CHECKING:
    from rtpcodec.sim.webhooks.signing import Signer

CALLER: Final = "+15550100001"
CALLEE: Final = "+15550100002"
"""Numbers of the range that is kept for fiction."""

_NO_FAULTS: Final = Faults()


class Carrier(Live):
    """A carrier on this machine: takes commands over HTTP, dials apps over WebSocket, and plays what they send.

    As `async with` it lives in the running loop; as `with` in a thread and loop of its own, for blocking code. Leaving
    the context hangs up all calls, and posts the webhooks of that once. `seed` decides ids, faults and the key of the
    webhooks. `ssl_context` is for apps behind wss and https. `dialogflow_url` plays the part of a Dialogflow
    connection: a WebSocket that gets the streams of `enable_dialogflow`, which are refused without it.

    dialect: whose carrier it is. "twilio": streams speak Twilio's Media Streams, and begin by `SimulatedCall.stream_to`
        or `texml`; it takes no commands and posts no webhooks. `api_key` is the token of the account, which signs the
        requests of WebSockets (`x-twilio-signature`).

    Raises: MissingExtra if aiohttp or picows is not installed. OSError if the port is in use. ValueError: another
    dialect.
    """

    def __init__(
        self,
        api_key: str = "KEY_SIM",
        seed: int = 0,
        faults: Faults = _NO_FAULTS,
        *,
        dialect: DialectName = "telnyx",
        port: int = 0,
        connect_timeout_s: float = 5.0,
        dialogflow_url: str | None = None,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        if dialect not in DIALECTS:
            raise ValueError(f"dialect is {dialect!r}, one of {', '.join(DIALECTS)} is needed")
        self._api_key = api_key
        self._seed = seed
        self._port = port
        self._connect_timeout_s = connect_timeout_s
        self._ssl_context = ssl_context
        self._registry = CallRegistry(seed, faults, self._notify, dialogflow_url, dialect)
        self._handler = CommandHandler(api_key, self._registry, serves=dialect == "telnyx")
        self._injector = FaultInjector()
        self._sender: WebhookSender | None = None
        self._loop_thread: LoopThread | None = None
        self._network: Network
        self._http: CommandServer
        self._base_url = ""
        self._thread: _OwnThread | None = None

    @property
    def api_key(self) -> str:
        """The key that commands must carry."""
        return self._api_key

    @property
    def dialect(self) -> DialectName:
        """Whose messages its streams speak."""
        return self._registry.dialect

    @property
    def base_url(self) -> str:
        """The address for `CallControl(base_url=...)`. RuntimeError: the carrier is not open."""
        self._require_open()
        return self._base_url

    @property
    def public_key(self) -> str:
        """The key that the carrier's webhooks are verified with, base64 of 32 octets. MissingExtra: no cryptography."""
        return self._signer().public_key

    @property
    def calls(self) -> tuple[SimulatedCall, ...]:
        """All calls, also dialled ones and those that have ended."""
        return tuple(self._registry.calls.values())

    @property
    def conferences(self) -> tuple[SimulatedConference, ...]:
        """All conferences, also those that have ended."""
        return tuple(self._registry.conferences)

    @property
    def deliveries(self) -> tuple[Delivery, ...]:
        """Every attempt to post a webhook that is over, with its result."""
        return () if self._sender is None else self._sender.deliveries

    def new_call(
        self,
        speech: SpeechSource,
        *,
        from_number: str = CALLER,
        to_number: str = CALLEE,
        **options: Unpack[PhoneOptions],
    ) -> SimulatedCall:
        """Make a live, answered call of one leg, whose caller says `speech` once the call is streamed.

        speech: the path of a WAV file, PCM, or an iterable of PCM pieces. PCM is native int16 mono. A generator is
            asked chunk by chunk, must not block, and pauses with an empty piece.
        codec: of the call, PCMU by default; `stream_codec` of the command may choose another one for the stream.
        sample_rate_hz: of the call; None: the usual rate of the codec.
        speech_hz: of `speech` if it is PCM; None: the rate of the call.
        from_number, to_number: caller and callee.
        tail_ms: how long the caller still listens after the last word; 0 by default.
        playout_delay_ms: passes before audio is played that comes into the empty play-out, as in a jitter buffer. With
            0, the default, each chunk of an echo that is a little late makes a gap.
        dtmf: keys that the caller presses: at which ms of the stream, and the digit.
        variations: spellings and habits of the carrier, those of marks, `clear` and a second `start` included.
        faults: lost, repeated and reordered chunks, and stalls; None: those of the carrier.
        timing: delays, jitter, stalls, holds, slow reading and clock skew.
        signalling: tags, headers and verdicts about the number that webhooks report.
        keeps_audio: False: speech and heard audio do not stay in memory, and the report has none of it. For long runs.
        logs_playout: True: the report has a PlayoutLog: when media came, how long the queue was, what each clear cut.
        max_call_s: the call ends after this, 3600 by default.

        Raises: UnknownCodec, MissingLibrary. ValueError if the codec does not have the rate or the chunk, a rate cannot
            be resampled, a digit is not a key, or the dialect does not have the codec.
        """
        return self._add(PhoneSettings(speech, **options), (from_number, to_number), "answered")

    def incoming_call(
        self,
        speech: SpeechSource,
        *,
        from_number: str = CALLER,
        to_number: str = CALLEE,
        **options: Unpack[PhoneOptions],
    ) -> SimulatedCall:
        """Make a call that comes in: parked until a command answers it, and reported by the webhook `call.initiated`.

        The other options and the errors are those of new_call.
        """
        self._require_commands()
        return self._add(PhoneSettings(speech, **options), (from_number, to_number), "parked")

    def phone(
        self,
        number: str,
        speech: SpeechSource,
        *,
        answers_after_s: float | None = 0.0,
        refuses_with: str | None = None,
        **options: Unpack[PhoneOptions],
    ) -> None:
        """Add a phone for the dial command, which says `speech` when the call to it is streamed.

        Every call to it opens `speech` again, so that a generator serves one call. Numbers without a phone ring until
        the dial command's time is over.

        answers_after_s: None: it is never answered.
        refuses_with: the hangup cause, such as `user_busy`, with which it refuses the call then; None: it is answered.

        The other options and the errors are those of new_call.
        """
        self._require_commands()
        settings = PhoneSettings(speech, **options)
        settings.open()
        loop_thread = self._require_open()
        loop_thread.run(
            lambda: self._registry.phones.__setitem__(number, DialledPhone(settings, answers_after_s, refuses_with))
        )

    def send_webhooks(self, webhooks: Webhooks) -> None:
        """Post all events from now on, signed, to an address.

        Raises: MissingExtra if cryptography is not installed. RuntimeError if the carrier posts webhooks already.
        """
        self._require_commands()
        signer, loop_thread = self._signer(), self._require_open()
        loop_thread.run(lambda: self._start_sending(signer, webhooks, loop_thread.now_ms()))

    def disturb(self, *faults: CommandFault | None) -> None:
        """Inject faults into the next commands, one each; None lets a command pass."""
        self._require_open().run(lambda: self._injector.add(*faults))

    def _add(self, settings: PhoneSettings, numbers: tuple[str, str], state: State) -> SimulatedCall:
        loop_thread = self._require_open()
        if self.dialect == "twilio":
            require_twilio_codec(settings.codec, settings.sample_rate_hz)
        opened = settings.open()
        return loop_thread.run(lambda: self._registry.add(opened, settings, numbers, state))

    def _signer(self) -> Signer:
        from rtpcodec.sim.webhooks.signing import Signer  # noqa: PLC0415 -- it needs an optional library

        return Signer(self._seed)

    def _start_sending(self, signer: Signer, webhooks: Webhooks, now_ms: float) -> None:
        if self._sender is not None and not self._sender.closed:
            raise RuntimeError("the carrier posts webhooks already")
        queue = WebhookQueue(signer, webhooks, f"{self._seed}/webhooks", time.time() * 1000 - now_ms)
        self._sender = WebhookSender(queue, self._network.webhook_transport(webhooks.timeout_s))

    def _notify(self, event_type: str, payload: dict[str, Any]) -> None:
        if self._sender is not None:
            self._sender.post(event_type, payload)

    def _require_commands(self) -> None:
        if self.dialect == "twilio":
            raise RuntimeError("a simulated Twilio has no commands and webhooks, use new_call and stream_to")

    def _require_open(self) -> LoopThread:
        if self._loop_thread is None:
            raise RuntimeError("the carrier is not open, use it as `with Carrier(...)` or `async with Carrier(...)`")
        return self._loop_thread

    async def __aenter__(self) -> Self:
        if self._loop_thread is not None:
            raise RuntimeError("the carrier is open already")
        self._network = network_of_loop(self._ssl_context)
        self._http = self._network.command_server(self._handler, self._injector)
        self._base_url = await self._http.open(self._port)
        self._loop_thread = LoopThread()
        dialer = self._network.dialer(self._connect_timeout_s)
        if self.dialect == "twilio":
            dialer = SigningDialer(dialer, self._api_key)
        self._registry.open(self._loop_thread, dialer)
        return self

    async def __aexit__(self, *failure: object) -> None:
        self._loop_thread = None
        try:
            await asyncio.gather(*(call.close() for call in self._registry.calls.values()))
        finally:
            await self._http.close()
            if self._sender is not None:
                await self._sender.close()
            self._registry.calls.clear()
            self._registry.conferences.clear()

    def __enter__(self) -> Self:
        self._thread = _OwnThread(self)
        self._thread.start()
        return self

    def __exit__(self, *failure: object) -> None:
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.stop()

    def __repr__(self) -> str:
        return f"Carrier(base_url={self._base_url!r}, calls={len(self._registry.calls)})"


class _OwnThread:
    """Keeps a carrier's context open in a thread of its own."""

    def __init__(self, carrier: Carrier) -> None:
        self._carrier = carrier
        self._opened: Future[Callable[[], object]] = Future()
        self._closed: Future[None] = Future()
        self._thread = threading.Thread(target=self._live, name="rtpcodec-sim", daemon=True)

    def start(self) -> None:
        """Open the carrier.

        Raises: the errors of opening it.
        """
        self._thread.start()
        self._opened.result()

    def stop(self) -> None:
        """Close the carrier and end the thread.

        Raises: the errors of closing it.
        """
        self._opened.result()()
        self._closed.result()
        self._thread.join()

    def _live(self) -> None:
        try:
            asyncio.run(self._stay())
        except BaseException as error:  # it is raised by start or by stop
            failed = self._closed if self._opened.done() else self._opened
            failed.set_exception(error)
        else:
            self._closed.set_result(None)

    async def _stay(self) -> None:
        leave = asyncio.Event()
        loop = asyncio.get_running_loop()
        async with self._carrier:
            self._opened.set_result(partial(loop.call_soon_threadsafe, leave.set))
            await leave.wait()
