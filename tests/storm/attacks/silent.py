"""Sockets that say nothing, or too little. Each that the endpoint cuts is opened again."""

from __future__ import annotations

import random
import socket
import ssl
from collections.abc import Callable, Iterator
from typing import Final

from tests.storm.attack import MIB, Attack
from tests.storm.peer import START, TEXT, Cut, Target, frame, pause, request

SOCKETS: Final = 800
"""Below the endpoint's limit of descriptors, so that only time and budgets end them."""
BEYOND: Final = 150
"""Above the limit of 100 descriptors of the attack `descriptors`."""
IDLE_CALLS: Final = 5000
BATCH: Final = 50
"""Connections that are opened in one step."""
STEP_S: Final = 0.02


def _hold(target: Target, count: int, begin: Callable[[socket.socket], None]) -> Iterator[None]:
    """Hold so many connections, each begun in some way."""
    held: list[socket.socket] = []
    while True:
        held = target.alive(held)
        for _ in range(min(BATCH, count - len(held))):
            opened = target.connect()
            begin(opened)
            held.append(opened)
        pause(STEP_S)
        yield


def silent(target: Target) -> Iterator[None]:
    return _hold(target, SOCKETS, lambda opened: None)


def descriptors(target: Target) -> Iterator[None]:
    return _hold(target, BEYOND, lambda opened: None)


def _drip(target: Target, octets: bytes) -> Iterator[None]:
    """Hold connections that send one octet more of a beginning with each step in ten."""
    held: dict[socket.socket, int] = {}
    rng = random.Random(1)
    while True:
        alive = target.alive(held)
        held = {opened: held[opened] for opened in alive}
        for _ in range(min(BATCH, SOCKETS - len(held))):
            held[target.connect()] = 0
        for opened in rng.sample(list(held), len(held) // 10):
            at = held[opened]
            try:
                opened.send(octets[at : at + 1])
            except OSError:
                continue  # it is found closed in the next step
            held[opened] = min(at + 1, len(octets) - 2)
        pause(STEP_S)
        yield


def half_open(target: Target) -> Iterator[None]:
    return _drip(target, request(target.token))


def client_hello() -> bytes:
    """Return the first octets of a TLS connection."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = ssl.create_default_context().wrap_bio(incoming, outgoing, server_hostname="localhost")
    try:
        client.do_handshake()
    except ssl.SSLWantReadError:
        return outgoing.read()
    raise AssertionError("a handshake without a server succeeded")


def half_open_tls(target: Target) -> Iterator[None]:
    return _drip(target, client_hello())


def tls_handshakes(target: Target) -> Iterator[None]:
    """Make handshakes, and cut each connection after it."""
    while True:
        target.reset(target.secure(target.connect()))
        yield


def silent_after_upgrade(target: Target) -> Iterator[None]:
    """Open WebSockets that never start a stream."""
    held: list[socket.socket] = []
    while True:
        held = target.alive(held)
        try:
            for _ in range(min(BATCH, 400 - len(held))):
                held.append(target.upgrade())
        except Cut:
            target.counts["refused"] += 1
        pause(STEP_S)
        yield


def idle_calls(target: Target) -> Iterator[None]:
    """Open calls in batches, and let them idle."""
    start, ask = frame(TEXT, START), request(target.token)
    held: list[socket.socket] = []
    while True:
        batch = [target.connect() for _ in range(min(BATCH, IDLE_CALLS - len(held)))]
        for opened in batch:
            opened.sendall(ask)
        for opened in batch:
            try:
                target.read_head(opened)
                opened.sendall(start)
            except OSError:
                target.counts["refused"] += 1
                target.close(opened)
            else:
                held.append(opened)
        held = target.alive(held)
        target.counts["held calls"] = max(target.counts["held calls"], len(held))
        pause(STEP_S if batch else 10 * STEP_S)
        yield


ATTACKS: Final = (
    Attack(name="silent", does=f"{SOCKETS} sockets that send nothing.", steps=silent),
    Attack(name="half_open", does=f"{SOCKETS} sockets that send a request octet by octet.", steps=half_open),
    Attack(name="silent_tls", does=f"{SOCKETS} TLS sockets without a ClientHello.", steps=silent, tls=True),
    Attack(name="half_open_tls", does=f"{SOCKETS} TLS sockets whose ClientHello drips.", steps=half_open_tls, tls=True),
    Attack(
        name="tls_handshakes", does="Handshakes of TLS in a loop, each cut after it.", steps=tls_handshakes, tls=True
    ),
    Attack(
        name="descriptors",
        does=f"{BEYOND} silent sockets where the endpoint has 100 descriptors.",
        steps=descriptors,
        descriptors=100,
        max_calls=40,
    ),
    Attack(name="no_start", does="400 WebSockets without a start message.", steps=silent_after_upgrade),
    Attack(
        name="idle_calls",
        does=f"{IDLE_CALLS} calls that are started and then idle.",
        steps=idle_calls,
        descriptors=12_000,
        max_calls=IDLE_CALLS + 500,
        least_s=30.0,
        aim=("held calls", IDLE_CALLS),
        max_growth_octets=400 * MIB,
    ),
)
