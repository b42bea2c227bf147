"""Frames and handshakes of an app that break RFC 6455, octet by octet: the simulated carrier refuses them."""

from __future__ import annotations

import asyncio
import base64
import hashlib

import pytest

from rtpcodec import pcmu_decode, pcmu_encode
from rtpcodec.sim import Carrier, SimulatedCall
from tests.pump.frames import BROKEN, CLOSE, PING, TEXT, VALID_CODES, Broken, Frame, close, frames_to_end, next_frame
from tests.sim.apps import run, start
from tests.sim.streams import ramp

SPEECH = pcmu_decode(pcmu_encode(ramp(160 * 100)))
"""2 s: the stream is still running when the app breaks a rule."""
GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class RawApp:
    """Accepts a WebSocket without a library, sends frames in one piece, and keeps the frames after the first text."""

    def __init__(self, frames: tuple[Frame, ...], extra: str = "") -> None:
        """Make an app; `extra` are header lines of its response, in which {accept} stands for the right value."""
        self._frames = frames
        self._extra = extra
        self.answers: list[Frame] = []
        self.ended = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._accept(reader, writer)
            writer.write(b"".join(frame.octets(from_client=False) for frame in self._frames))
            while True:
                frame = await next_frame(reader)
                if frame.opcode != TEXT:  # a text may be on its way before the frames arrive
                    self.answers.append(frame)
                if frame.opcode == CLOSE:
                    break
            writer.write(Frame(CLOSE, frame.payload[:2]).octets(from_client=False))
            self.answers += await frames_to_end(reader)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()
            self.ended.set()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        key = next(line.split(": ")[1] for line in head.split("\r\n") if line.lower().startswith("sec-websocket-key"))
        accept = base64.b64encode(hashlib.sha1(f"{key}{GUID}".encode()).digest()).decode()
        lines = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade"]
        lines += [
            f"Sec-WebSocket-Accept: {accept}",
            *([self._extra.format(accept=accept)] if self._extra else []),
            "",
            "",
        ]
        writer.write("\r\n".join(lines).encode())


async def stream_to(app: RawApp) -> SimulatedCall:
    """Stream a call to an app until the socket ends."""
    server = await asyncio.start_server(app.serve, "127.0.0.1", 0)
    async with server, Carrier() as carrier:
        call = carrier.new_call(SPEECH)
        await start(carrier, call, f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/")
        await app.ended.wait()
        await call.finished()
    return call


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_rule_ends_the_connection_with_its_code(broken: Broken) -> None:
    async def main() -> None:
        app = RawApp(broken.frames)
        await stream_to(app)
        assert [(answer.opcode, answer.payload[:2]) for answer in app.answers] == [(CLOSE, broken.code.to_bytes(2))]

    run(main)


@pytest.mark.parametrize("code", VALID_CODES)
def test_a_valid_close_code_is_echoed(code: int) -> None:
    async def main() -> None:
        app = RawApp((close(code), Frame(PING, b"behind")))
        await stream_to(app)
        assert app.answers == [close(code)]

    run(main)


@pytest.mark.parametrize(
    "extra",
    ["Sec-WebSocket-Accept: {accept}", "Sec-WebSocket-Extensions: permessage-deflate", "Sec-WebSocket-Protocol: chat"],
)
def test_an_unrequested_handshake_is_refused(extra: str) -> None:
    async def main() -> None:
        app = RawApp((), extra)
        call = await stream_to(app)
        assert call.failure == "connection_failed"
        assert app.answers == []

    run(main)
