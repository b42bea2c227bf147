"""CPU time of a text in the endpoint on `websockets`, against the protocol of `websockets` alone.

python -m benchmarks.websocket_frames
"""

from __future__ import annotations

import time
from asyncio import Transport
from collections.abc import Callable
from typing import Any, cast

from websockets.frames import Frame, Opcode
from websockets.protocol import OPEN
from websockets.server import ServerProtocol

from rtpcodec.pump.socket import NullReceiver
from rtpcodec.pump.websockets_socket import WebsocketsSocket
from rtpcodec.stream.memory_budget import Account, HeldBudget

TEXT = b'{"event":"media","media":{"payload":"' + b"A" * 216 + b'"}}'
"""A chunk of PCMU."""
TIMES, ROUNDS = 20_000, 9


class Drain:
    """A transport that drops what is written."""

    def set_protocol(self, protocol: object) -> None:
        """Do nothing."""

    def write(self, octets: bytes) -> None:
        """Do nothing."""


def cpu_us(step: Callable[[], object]) -> float:
    """Return the least CPU time of a step."""
    rounds = []
    for _ in range(ROUNDS):
        begun = time.process_time()
        for _ in range(TIMES):
            step()
        rounds.append((time.process_time() - begun) / TIMES * 1e6)
    return min(rounds)


def main() -> None:
    """Print the figures."""
    frame, text = Frame(Opcode.TEXT, TEXT).serialize(mask=True), TEXT.decode()
    ours = WebsocketsSocket(cast("Transport", Drain()), 1 << 22, 1024, Account(HeldBudget(1 << 20)))
    ours.begin(NullReceiver(), b"")
    theirs = ServerProtocol(state=OPEN)

    def read_theirs() -> list[str]:
        theirs.receive_data(frame)
        return [bytes(cast("Any", event).data).decode() for event in theirs.events_received()]

    def send_theirs() -> list[bytes]:
        theirs.send_text(text.encode())
        return theirs.data_to_send()

    print(f"a text of {len(TEXT)} octets, CPU time in us")
    print(f"read  ours {cpu_us(lambda: ours.data_received(frame)):.2f}  websockets {cpu_us(read_theirs):.2f}")
    print(f"send  ours {cpu_us(lambda: ours.send(text)):.2f}  websockets {cpu_us(send_theirs):.2f}")


if __name__ == "__main__":
    main()
