"""HTTP and connections: headers over the limit, guessed tokens, connections that come and go."""

from __future__ import annotations

import itertools
import random
import socket
from collections.abc import Iterator
from typing import Final

from tests.storm.attack import Attack
from tests.storm.peer import PING, START, TEXT, Cut, Target, frame, request

PARALLEL: Final = 64
"""Requests on their way at once: a delay of single answers must not protect the endpoint by chance."""
ANSWER_S: Final = 0.02
"""For the endpoint's close; an attacker does not wait long for it."""
SEED: Final = 13


def long_headers(target: Target) -> Iterator[None]:
    """Send headers that never end."""
    line = b"X-Filler: " + b"a" * 8000 + b"\r\n"
    while True:
        opened = target.secure(target.connect())
        opened.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n")
        try:
            for _ in range(1000):
                target.push(opened, line * 8)
                yield
        except OSError:
            target.counts["cut"] += 1
        target.close(opened)


def many_headers(target: Target) -> Iterator[None]:
    """Send complete requests of thousands of short headers."""
    extra = b"".join(b"a%d: b\r\n" % number for number in range(5000))
    octets = request(target.token, extra=extra)
    while True:
        opened = target.connect()
        try:
            target.push(opened, octets)
            opened.settimeout(1.0)
            target.read_head(opened)
        except OSError:
            target.counts["cut"] += 1
        target.close(opened)
        yield


def token_guessing(target: Target) -> Iterator[None]:
    """Guess tokens on PARALLEL connections at once."""
    for number in itertools.count():
        ask = request(f"guess-{number}")
        batch: list[socket.socket] = []
        for _ in range(PARALLEL):
            batch.append(target.connect())
            batch[-1].sendall(ask)
        for opened in batch:
            try:
                target.read_head(opened)
            except OSError:
                target.counts["refused"] += 1
            target.close(opened)
        yield


def health(target: Target) -> Iterator[None]:
    """Ask for the health of the endpoint, PARALLEL times at once."""
    ask = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
    while True:
        batch = [target.connect() for _ in range(PARALLEL)]
        for opened in batch:
            opened.sendall(ask)
        for opened in batch:
            opened.recv(4096)
            target.close(opened)
        yield


def not_tls(target: Target) -> Iterator[None]:
    """Send something else where TLS is expected, in a loop."""
    for octets in itertools.cycle((b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\xff\xff" + b"\0" * 500, bytes(600))):
        batch = [target.connect() for _ in range(PARALLEL)]
        for opened in batch:
            opened.sendall(octets)
        for opened in batch:
            opened.settimeout(ANSWER_S)
            try:
                opened.recv(4096)
            except OSError:
                target.counts["cut"] += 1
            target.close(opened)
        yield


def reconnect(target: Target) -> Iterator[None]:
    """Start calls and close them, in a loop."""
    while True:
        target.close(target.call())
        yield


def malformed_reconnect(target: Target) -> Iterator[None]:
    """Start calls, break a rule in each, and begin again once the endpoint closes."""
    broken = [
        frame(3),
        frame(TEXT | 0x40, b"{}"),
        frame(TEXT, b"\xff\xfe"),
        frame(PING, bytes(126)),
        frame(PING, fin=False),
        frame(0, b"x"),
        frame(8, b"\x03"),
        frame(8, (999).to_bytes(2)),
        bytes(64),
        frame(TEXT, b"{") * 40,
    ]
    for octets in itertools.cycle(broken):
        opened = target.call()
        try:
            opened.sendall(octets)
            opened.settimeout(ANSWER_S)
            while opened.recv(4096):
                pass
        except OSError:
            target.counts["cut"] += 1
        target.close(opened)
        yield


def resets(target: Target) -> Iterator[None]:
    """Send RST at every place of a call's beginning, in a seeded order."""
    rng = random.Random(SEED)
    media = b'{"event":"media","media":{"chunk":"1","payload":"%s"}}' % (b"/" * 212)
    ask = request(target.token)
    whole = frame(TEXT, START) + frame(TEXT, media) * 3
    while True:
        opened = target.secure(target.connect())
        at = rng.randrange(len(ask) + len(whole))
        if at < len(ask):
            opened.sendall(ask[:at])
        else:
            opened.sendall(ask)
            if rng.random() < 0.8:
                target.read_head(opened)
            opened.sendall(whole[: at - len(ask)])
        target.reset(opened)
        yield


def oversized_frames(target: Target) -> Iterator[None]:
    """Claim frames over the limit, and send on after the endpoint's close."""
    head = frame(TEXT, b"x" * 60_000, claimed=2**62)
    while True:
        opened = target.call()
        try:
            target.push(opened, head)
            for _ in range(100):
                target.push(opened, b"x" * 65_536)
                yield
        except Cut:
            target.counts["cut"] += 1
        except OSError:
            target.counts["reset"] += 1
        target.close(opened)
        yield


ATTACKS: Final = (
    Attack(name="long_headers", does="Requests whose headers never end.", steps=long_headers),
    Attack(name="many_headers", does="Requests of 5,000 headers.", steps=many_headers),
    Attack(name="token_guessing", does=f"Wrong tokens, {PARALLEL} at once.", steps=token_guessing),
    Attack(name="health", does=f"Health checks, {PARALLEL} at once.", steps=health),
    Attack(name="not_tls", does="Octets that are not TLS where TLS is expected.", steps=not_tls, tls=True),
    Attack(name="reconnect", does="Calls that are started and closed in a loop.", steps=reconnect),
    Attack(name="malformed", does="Calls that break a rule and reconnect in a loop.", steps=malformed_reconnect),
    Attack(name="resets", does="RST anywhere in request and stream.", steps=resets),
    Attack(name="resets_tls", does="The same over TLS, whose handshake comes first.", steps=resets, tls=True),
    Attack(name="oversized_frames", does="Frames that claim 4 EiB, sent on after the close.", steps=oversized_frames),
)
