"""Messages that cost more than they weigh."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Iterator
from typing import Final

from tests.storm.attack import MIB, Attack
from tests.storm.endpoint import UNREAD
from tests.storm.peer import TEXT, Target, frame, pause

LONGEST: Final = 4 * MIB
"""The endpoint's limit for one message."""
JUMP: Final = 2999
JUMPS_PER_S: Final = 50
GROUP: Final = 4
"""Numbers in a row before each jump: where every number jumps, jumping is the carrier's habit, and nothing is lost."""
LONG_VALUE: Final = "\U0001f600" * 60_000
"""Below the limit of 65,536 characters, and 240 kB of memory."""
LONG_VALUES: Final = 250
"""Messages of each hoarding peer: 60 MB of memory, so that a bound per call alone is not enough."""
HOARDING_PEERS: Final = 32
MAX_HOARD_OCTETS: Final = 384 * MIB
"""What all calls of an endpoint may hold together, 256 MiB by default, and the memory around it."""
PEERS: Final = 8


def _media(number: int | str, payload: bytes = b"/w==") -> bytes:
    return b'{"event":"media","media":{"chunk":"%s","payload":"%s"}}' % (str(number).encode(), payload)


def long_messages(target: Target) -> Iterator[None]:
    """Send the longest messages: media of minutes, and an unknown event."""
    payload = b"/" * (LONGEST - 200) + b"=="
    texts = [
        _media(1, payload[2 : 2 + (LONGEST - 200) // 4 * 4]),
        b'{"event":"news","text":"' + b"x" * (LONGEST - 200) + b'"}',
        b'{"event":"news","list":[' + b"0," * ((LONGEST - 200) // 2) + b"0]}",
    ]
    frames = [frame(TEXT, text) for text in texts]
    opened = target.call()
    for octets in itertools.cycle(frames):
        target.push(opened, octets)
        target.counts["messages"] += 1
        yield


def hostile_texts() -> list[bytes]:
    """Return texts that hurt JSON parsers and readers of numbers."""
    deep = 50_000
    texts = [
        b"[" * deep,
        b"[" * deep + b"]" * deep,
        b'{"a":' * deep + b"0" + b"}" * deep,
        b'{"event":"media","media":' + b"[" * deep + b"]" * deep + b"}",
        b'{"event":"media","media":{"chunk":' + b"9" * 5000 + b',"payload":"/w=="}}',
        _media("9" * 5000),
        _media(2**64),
        _media(-(2**63)),
        b'{"event":"media","media":{"chunk":1e400,"payload":"/w=="}}',
        b'{"event":"media","media":{"timestamp":"' + b"9" * 5000 + b'","payload":"/w=="}}',
        b'{"event":"media","media":{"timestamp":NaN,"payload":"/w=="}}',
        b'{"event":"media","media":{"payload":"' + b"=" * 100_000 + b'"}}',
        b'{"event":"media","media":{"payload":"' + b"\\u0000" * 20_000 + b'"}}',
        b'{"event":"\\ud800","media":{}}',
        b'{"event":"media"' + b',"event":"media"' * 20_000 + b"}",
        json.dumps({f"key{number}": number for number in range(20_000)}).encode(),
        json.dumps({"event": "start", "start": {"custom_parameters": {str(n): "x" for n in range(20_000)}}}).encode(),
        b'{"event":"start","start":{"media_format":{"encoding":"' + b"x" * 100_000 + b'","sample_rate":1e308}}}',
        b'{"event":"mark","mark":{"name":"' + b"n" * 100_000 + b'"}}',
        b'{"event":"dtmf","dtmf":{"digit":"' + b"1" * 100_000 + b'"}}',
        b'{"event":"error","payload":{"code":' + b"9" * 5000 + b',"title":"' + b"\\n" * 50_000 + b'"}}',
        b'{"event":"stop","stop":' + b"{}" * 10_000 + b"}",
        b"\xff" * 1000,
        b"\0" * 1000,
        b" " * 200_000 + b"{}",
        b'"' + b"\\" * 99_999,
        b"-" * 100_000,
    ]
    assert all(len(text) < LONGEST for text in texts)
    return texts


def hostile_json(target: Target) -> Iterator[None]:
    """Send hostile texts, with a good message between two of them, which keeps the stream open."""
    frames = [frame(TEXT, text) for text in hostile_texts()]
    opened = target.call()
    for number in itertools.count(1):
        target.push(opened, frames[number % len(frames)] + frame(TEXT, _media(number)))
        target.counts["messages"] += 1
        yield


def _jumping(at: int) -> bytes:
    return frame(TEXT, _media(1 + at // GROUP * JUMP + at % GROUP))


def jumps(target: Target) -> Iterator[None]:
    """Send 50 messages per second whose chunk numbers jump."""
    opened = target.call()
    begun_s = time.monotonic()
    for at in itertools.count():
        target.push(opened, _jumping(at))
        target.counts["messages"] += 1
        pause(max(0.0, begun_s + at / JUMPS_PER_S - time.monotonic()))
        yield


def jumps_at_full_speed(target: Target) -> Iterator[None]:
    opened = target.call()
    for at in itertools.count(0, 100):
        target.push(opened, b"".join(map(_jumping, range(at, at + 100))))
        target.counts["messages"] += 100
        yield


def _hoard(target: Target, text: bytes) -> Iterator[None]:
    """Send a text again and again on calls whose handlers read nothing, and then hold the calls."""
    octets = frame(TEXT, text)
    peers = [target.call(f"/?{UNREAD}") for _ in range(HOARDING_PEERS)]
    for _ in range(LONG_VALUES):
        for opened in peers:
            target.push(opened, octets)
            target.counts["messages"] += 1
            yield
    while True:
        peers = target.alive(peers)
        if not peers:
            return
        pause(0.1)
        yield


def long_values(target: Target) -> Iterator[None]:
    """Send digits with a long time."""
    return _hoard(target, b'{"event":"dtmf","occurred_at":"%s","dtmf":{"digit":"1"}}' % LONG_VALUE.encode())


def long_marks(target: Target) -> Iterator[None]:
    """Send echoes of marks that were never sent, with long names."""
    return _hoard(target, b'{"event":"mark","mark":{"name":"%s"}}' % LONG_VALUE.encode())


def never_reads(target: Target) -> Iterator[None]:
    """Send speech as fast as it is accepted, and read nothing of its echo."""
    payload = b"/" * 212
    frames = [frame(TEXT, _media(number, payload)) for number in range(1, 5001)]
    blocks = [b"".join(frames[at : at + 50]) for at in range(0, len(frames), 50)]
    peers = [target.call() for _ in range(PEERS)]
    for opened in peers:
        opened.settimeout(0.5)
    for block in itertools.cycle(blocks):
        for opened in peers:
            try:
                opened.sendall(block)
                target.counts["octets"] += len(block)
            except TimeoutError:
                target.counts["blocked"] += 1
            yield


ATTACKS: Final = (
    Attack(
        name="long_messages", does="Messages of 4 MiB at full speed.", steps=long_messages, max_growth_octets=256 * MIB
    ),
    Attack(name="hostile_json", does="Deep, long, wrong and huge JSON between good messages.", steps=hostile_json),
    Attack(
        name="jumps",
        does=f"{JUMPS_PER_S} messages per second, whose chunk numbers jump by {JUMP} in each group of {GROUP}.",
        steps=jumps,
    ),
    Attack(name="jumps_at_full_speed", does="The same at full speed.", steps=jumps_at_full_speed),
    Attack(
        name="long_values",
        does=f"{HOARDING_PEERS} calls that nobody reads, with digits of 60,000 wide characters.",
        steps=long_values,
        max_growth_octets=MAX_HOARD_OCTETS,
    ),
    Attack(
        name="long_marks",
        does=f"{HOARDING_PEERS} calls that nobody reads, with marks of 60,000 wide characters.",
        steps=long_marks,
        max_growth_octets=MAX_HOARD_OCTETS,
    ),
    Attack(name="never_reads", does=f"{PEERS} calls that send at full speed and read no echo.", steps=never_reads),
)
