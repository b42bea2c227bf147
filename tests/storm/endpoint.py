"""The process of the endpoint: an echo by the public `run`, and a clock that measures its loop.

It writes one JSON line with the port, and then one per second with the longest turn of its loop. Its log is stderr,
as `rtpcodec serve` writes it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import resource
import ssl
import sys
import threading
from pathlib import Path
from typing import Any, Final

import rtpcodec
from rtpcodec.server import Call, Endpoint, handlers
from tests.storm.loop_lag import LoopLag

CERTIFICATE: Final = Path(__file__).parents[1] / "server" / "loopback.pem"
UNREAD: Final = "unread"
"""Query of a call whose handler reads nothing."""
REPORT_S: Final = 1.0


async def answer(call: Call) -> None:
    """Echo; a call with the query UNREAD gets a handler that is too slow."""
    if call.path.endswith(f"?{UNREAD}"):
        await asyncio.Event().wait()
    await handlers.echo(call)


def write(line: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def watch(endpoint: Endpoint) -> None:
    """Report the port, and the loop's longest turn every second."""
    loop = asyncio.get_running_loop()
    lag = LoopLag(loop)

    def report() -> None:
        turn = lag.take_longest()
        write({"turn_ms": turn.wall_ms, "turn_cpu_ms": turn.cpu_ms, "calls": endpoint.statistics().calls_running})
        loop.call_later(REPORT_S, report)

    write({"port": endpoint.port})
    loop.call_later(REPORT_S, report)


def end_with_parent() -> None:
    """End this process once the one that started it is gone and so closes our standard input."""

    def wait() -> None:
        sys.stdin.read()
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--token", required=True)
    parser.add_argument("--descriptors", type=int, required=True)
    parser.add_argument("--max-calls", type=int, required=True)
    parser.add_argument("--tls", action="store_true")
    chosen = parser.parse_args()
    end_with_parent()
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    descriptors = chosen.descriptors if hard == resource.RLIM_INFINITY else min(chosen.descriptors, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, descriptors))
    context = None
    if chosen.tls:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(CERTIFICATE)
    # Without the lead: an echo would keep the delay of one stall until the end of its call.
    rtpcodec.run(
        answer,
        port=0,
        authorize=chosen.token,
        ssl=context,
        max_calls=chosen.max_calls,
        lead_ms=None,
        conceal=True,
        max_lag_ms=None,  # the verdict judges the lag
        drain_s=1.0,
        handler_grace_s=1.0,
        on_ready=watch,
    )


if __name__ == "__main__":
    main()
