"""The carrier that tests use: its lifetime, its calls, and the thread that its blocking form lives in."""

from __future__ import annotations

import asyncio
import base64
import random
import ssl
import threading
import uuid
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from functools import partial
from typing import TYPE_CHECKING, Final, Self

from rtpcodec.codecs import codec as codec_named
from rtpcodec.errors import MissingExtra
from rtpcodec.sim.call import SimulatedCall, require_digits
from rtpcodec.sim.carrier import Line
from rtpcodec.sim.desk import Desk
from rtpcodec.sim.formats import AudioFormat
from rtpcodec.sim.home import Home
from rtpcodec.sim.network import Faults
from rtpcodec.sim.speech import SpeechSource, open_speech
from rtpcodec.sim.variations import Variations

if TYPE_CHECKING:
    from rtpcodec.sim.aio import Dialer
    from rtpcodec.sim.http import HttpServer

_NO_FAULTS: Final = Faults()
_AS_DOCUMENTED: Final = Variations()


class Carrier:
    """A carrier on this machine: takes commands over HTTP, dials apps over WebSocket, and plays what they send.

    As `async with` it lives in the running loop; as `with` in a thread and loop of its own, for blocking code. Leaving
    the context hangs up all calls. `seed` decides ids and faults, call by call. `ssl_context` is for apps behind wss.

    MissingExtra: aiohttp or picows is not installed. OSError: the port is taken.
    """

    def __init__(
        self,
        api_key: str = "KEY_SIM",
        seed: int = 0,
        faults: Faults = _NO_FAULTS,
        *,
        port: int = 0,
        connect_timeout_s: float = 5.0,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        self._api_key = api_key
        self._faults = faults
        self._seed = seed
        # Chance for tests, no secrets: the seed must repeat it.
        self._rng = random.Random(seed)  # noqa: S311
        self._port = port
        self._connect_timeout_s = connect_timeout_s
        self._ssl_context = ssl_context
        self._calls: dict[str, SimulatedCall] = {}
        self._desk = Desk(api_key, self._calls)
        self._home: Home | None = None
        self._dialer: Dialer
        self._http: HttpServer
        self._base_url = ""
        self._thread: _OwnThread | None = None

    @property
    def api_key(self) -> str:
        """The key that commands must carry."""
        return self._api_key

    @property
    def base_url(self) -> str:
        """The address for `CallControl(base_url=...)`. RuntimeError: the carrier is not open."""
        self._require_home()
        return self._base_url

    def new_call(
        self,
        speech: SpeechSource,
        *,
        codec: str = "PCMU",
        sample_rate_hz: int | None = None,
        speech_hz: int | None = None,
        from_number: str = "+15550100001",
        to_number: str = "+15550100002",
        tail_ms: float = 0.0,
        playout_delay_ms: float = 0.0,
        dtmf: Iterable[tuple[float, str]] = (),
        variations: Variations = _AS_DOCUMENTED,
        faults: Faults | None = None,
        max_call_s: float = 3600.0,
    ) -> SimulatedCall:
        """A live, answered call of one leg, in this codec, whose caller says `speech` once it is streamed.

        Speech is the path of a WAV file, PCM, or an iterable of PCM pieces; PCM is native int16 mono at `speech_hz`, by
        default the rate of the call. A generator is asked chunk by chunk, must not block, and pauses with an empty
        piece. `tail_ms` is how long the caller still listens after that, `dtmf` at what ms of the stream a key is
        pressed. `playout_delay_ms` passes before audio is played that comes into the empty play-out, as in a jitter
        buffer; with 0, each chunk of an echo that is a little late makes a gap. All of it is kept in memory, for which
        reason a call has max_call_s.

        UnknownCodec, MissingLibrary. ValueError: a rate or chunk that the codec does not have, a rate that leads
        nowhere, a digit that no phone has.
        """
        home = self._require_home()
        media = AudioFormat.of(codec_named(codec), sample_rate_hz, variations)
        media.samples_in_ms(variations.chunk_ms)
        media.encoder(variations.chunk_ms)
        opened = open_speech(speech, speech_hz, media.sample_rate_hz)
        opened.require_way_to(media.sample_rate_hz)
        keys = tuple(dtmf)
        for _, digit in keys:
            require_digits(digit)
        new_line = partial(
            Line,
            from_number=from_number,
            to_number=to_number,
            speech=opened,
            dtmf=keys,
            tail_ms=tail_ms,
            playout_delay_ms=playout_delay_ms,
            max_call_ms=max_call_s * 1000,
            variations=variations,
            faults=self._faults if faults is None else faults,
        )
        return home.run(lambda: self._add(home, new_line, media))

    def _add(self, home: Home, new_line: Callable[..., Line], media: AudioFormat) -> SimulatedCall:
        line = new_line(
            call_control_id=f"v3:{base64.urlsafe_b64encode(self._rng.randbytes(24)).decode()}",
            call_session_id=self._new_uuid(),
            user_id=self._new_uuid(),
            seed=f"{self._seed}/{len(self._calls)}",
        )
        rng = random.Random(line.seed)  # noqa: S311 -- as above
        call = self._calls[line.call_control_id] = SimulatedCall(home, self._dialer, line, media, rng)
        return call

    def _new_uuid(self) -> str:
        return str(uuid.UUID(int=self._rng.getrandbits(128), version=4))

    def _require_home(self) -> Home:
        if self._home is None:
            raise RuntimeError("the carrier is not open, use it as `with Carrier(...)` or `async with Carrier(...)`")
        return self._home

    async def __aenter__(self) -> Self:
        if self._home is not None:
            raise RuntimeError("the carrier is open already")
        try:
            from rtpcodec.sim import aio, http  # noqa: PLC0415 -- they need optional libraries
        except ImportError as error:
            if error.name in ("aiohttp", "picows"):
                raise MissingExtra("sim.Carrier", error.name, "sim") from error
            raise
        self._dialer = aio.Dialer(self._connect_timeout_s, self._ssl_context)
        self._http = http.HttpServer(self._desk)
        self._base_url = await self._http.open(self._port)
        self._home = Home()
        return self

    async def __aexit__(self, *failure: object) -> None:
        self._home = None
        try:
            await asyncio.gather(*(call.close() for call in self._calls.values()))
        finally:
            await self._http.close()
            self._calls.clear()

    def __enter__(self) -> Self:
        self._thread = _OwnThread(self)
        self._thread.start()
        return self

    def __exit__(self, *failure: object) -> None:
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.stop()

    def __repr__(self) -> str:
        return f"Carrier(base_url={self._base_url!r}, calls={len(self._calls)})"


class _OwnThread:
    """Keeps a carrier's context open in a thread of its own."""

    def __init__(self, carrier: Carrier) -> None:
        self._carrier = carrier
        self._opened: Future[Callable[[], object]] = Future()
        self._closed: Future[None] = Future()
        self._thread = threading.Thread(target=self._live, name="rtpcodec-sim", daemon=True)

    def start(self) -> None:
        """Open the carrier. What that raises comes through."""
        self._thread.start()
        self._opened.result()

    def stop(self) -> None:
        """Close the carrier and end the thread. What that raises comes through."""
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
