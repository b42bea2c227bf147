"""The carrier for tests: its lifetime, its calls, and the thread of its blocking form."""

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
"""Numbers of the range that is reserved for fiction."""

_NO_FAULTS: Final = Faults()


class Carrier(Live):
    """A carrier on this machine: accepts commands over HTTP, opens WebSockets to apps, and plays the audio they send.

    As `async with` it runs in the running loop; as `with`, for blocking code, in a thread and a loop of its own.
    Leaving the context hangs up all calls and posts the webhooks of these hang-ups once. Any thread may use it.

    Args:
        api_key: the key that commands must carry. Twilio: the token of the account, which signs the requests of
            WebSockets (`x-twilio-signature`).
        seed: decides ids, faults and the key of the webhooks.
        faults: faults of all calls that have none of their own.
        dialect: the carrier's messages. "twilio": Twilio's Media Streams, which begin by `SimulatedCall.stream_to` or
            `texml`; there are no commands and no webhooks.
        port: port of the HTTP server on loopback; 0: any free one.
        connect_timeout_s: limit of opening a WebSocket to an app, in seconds.
        dialogflow_url: a WebSocket that receives the streams of `enable_dialogflow`; None: they are refused.
        ssl_context: TLS settings for apps behind wss and https.

    Raises:
        MissingExtra: aiohttp or picows is not installed.
        OSError: the port is in use.
        ValueError: another dialect.
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
        """The carrier whose messages its streams have."""
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
        """Make an answered call of one leg, whose caller says `speech` once the call is streamed.

        Args:
            speech: path of a WAV file, PCM, or an iterable of PCM pieces. PCM is native int16 mono. A generator is
                asked for one chunk at a time, must not block, and pauses with an empty piece.
            from_number: number of the caller.
            to_number: number of the callee.
            codec: codec of the call, PCMU by default; `stream_codec` of the command may choose another for the stream.
            sample_rate_hz: rate of the call in Hz; None: the usual rate of the codec.
            speech_hz: rate in Hz of `speech` if it is PCM; None: the rate of the call.
            tail_ms: time that the caller still listens after the last word, in ms; 0 by default.
            playout_delay_ms: delay in ms of audio that arrives at an empty play-out, as in a jitter buffer. With 0, the
                default, each chunk of an echo that is a little late makes a gap.
            dtmf: keys that the caller presses: pairs of a time in ms of the stream and a key.
            variations: spellings and habits of the carrier, those of marks, `clear` and a second `start` included.
            faults: lost, repeated and reordered chunks, and stalls; None: those of the carrier.
            timing: delays, jitter, stalls, holds, slow reading and clock skew.
            signalling: tags, headers and verdicts about the number that webhooks report.
            keeps_audio: False: neither speech nor heard audio is kept, and the report has none; for long runs.
            logs_playout: True: the report has a `PlayoutLog`.
            max_call_s: the call ends after this time in seconds, 3600 by default.

        Returns:
            The call. It belongs to this carrier; any thread may use it.

        Raises:
            UnknownCodec: no codec has this name.
            MissingLibrary: the library of the codec is not installed.
            ValueError: the codec does not have the rate or the chunk, a rate cannot be resampled, `dtmf` has a
                character that is not a key, or the dialect does not have the codec.
            RuntimeError: the carrier is not open.
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
        """Make an incoming call: parked until a command answers it, and reported by the webhook `call.initiated`.

        Args:
            speech: what the caller says once the call is streamed, as in `new_call`.
            from_number: number of the caller.
            to_number: number of the callee.
            **options: the other options of `new_call`.

        Returns:
            The call.

        Raises:
            RuntimeError: the carrier is not open, or has no commands (Twilio). Otherwise the errors of `new_call`.
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
        """Add a phone for the dial command; it says `speech` when a call to it is streamed.

        A number without a phone rings until the time-out of the dial command.

        Args:
            number: number of the phone.
            speech: as in `new_call`. Every call opens it again, so a generator serves one call only.
            answers_after_s: time in seconds until the phone is answered; None: it never is.
            refuses_with: hangup cause, such as `user_busy`, with which the call is refused at that time; None: it is
                answered.
            **options: the other options of `new_call`.

        Raises:
            RuntimeError: the carrier is not open, or has no commands (Twilio). Otherwise the errors of `new_call`.
        """
        self._require_commands()
        settings = PhoneSettings(speech, **options)
        settings.open()
        loop_thread = self._require_open()
        loop_thread.run(
            lambda: self._registry.phones.__setitem__(number, DialledPhone(settings, answers_after_s, refuses_with))
        )

    def send_webhooks(self, webhooks: Webhooks) -> None:
        """Post all events from now on, signed, to the URL of `webhooks`.

        Raises:
            MissingExtra: cryptography is not installed.
            RuntimeError: the carrier already posts webhooks, is not open, or has none (Twilio).
        """
        self._require_commands()
        signer, loop_thread = self._signer(), self._require_open()
        loop_thread.run(lambda: self._start_sending(signer, webhooks, loop_thread.now_ms()))

    def disturb(self, *faults: CommandFault | None) -> None:
        """Inject faults into the next commands, one each; None lets a command pass.

        Raises:
            RuntimeError: the carrier is not open.
        """
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
            raise RuntimeError("the carrier already posts webhooks")
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
            raise RuntimeError("the carrier is already open")
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
