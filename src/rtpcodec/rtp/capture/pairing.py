"""Which streams are the two directions of one call."""

from __future__ import annotations

from collections.abc import Sequence

from rtpcodec.rtp.capture.datagrams import SocketAddress
from rtpcodec.rtp.capture.report import CapturedCall, CapturedStream


def paired_calls(streams: Sequence[CapturedStream]) -> tuple[CapturedCall, ...]:
    """Return the calls of streams, each stream in exactly one, in the order of their first packets."""
    routes: dict[tuple[SocketAddress, SocketAddress], list[CapturedStream]] = {}
    for stream in streams:
        routes.setdefault((stream.source, stream.destination), []).append(stream)
    calls = []
    done = set()
    for route, forward in routes.items():
        if route in done:
            continue
        backward = routes.get((route[1], route[0]), [])
        done |= {route, (route[1], route[0])}
        calls.append(
            CapturedCall(
                forward=tuple(forward), backward=tuple(backward), paired_by="addresses" if backward else "alone"
            )
        )
    return tuple(calls)
