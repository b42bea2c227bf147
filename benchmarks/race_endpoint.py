"""Echo endpoints with real calls on loopback: CPU time of the server's process per echoed message.

Each server is a process on one core, the load is another one on the other core. The peers turn each message into PCM
and back by json and base64; the floor sends the text back as it came.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final

from benchmarks.endpoint.capacity import largest, overload_calls
from benchmarks.endpoint.measuring import Measured, measure
from benchmarks.endpoint.processes import Server, ServerSpec
from benchmarks.endpoint.rounds import Found, all_served, frames_for, interleaved
from benchmarks.endpoint.schedule import Schedule
from benchmarks.endpoint.traffic import Traffic
from benchmarks.harness.model import Bar, PeerFigure, Row
from rtpcodec.stream.diagnosis.watch import DIAGNOSIS_S

CALLS: Final = 100
FLOOR: Final = "picows_echo"
JSON_PEERS: Final = ("picows_json", "aiohttp_json", "websockets_json", "fastapi_json")
PEERS: Final = (*JSON_PEERS, "fastapi_pipecat")
FORMS: Final = ("callback", "coroutine")
CALLBACK_BAR: Final = Bar(1 / 0.60, 1 / 1.35, most_above_floor_ns=8000)
COROUTINE_BAR: Final = Bar(1 / 0.72, 1 / 1.25)
"""The floor is the callback."""
LARGEST_BAR: Final = Bar(2.0)
OVERLOAD_BAR: Final = Bar(0.0, 0.97)
"""Its floor is the same server while it keeps up; 3 % are the scatter of two such measurements."""
ADAPTERS: Final[dict[str, tuple[str, str, Bar | None]]] = {
    "FastAPI": ("fastapi_ours", "fastapi_json", Bar(1 / 0.85)),
    "FastAPI beside pipecat": ("fastapi_ours", "fastapi_pipecat", Bar(1 / 0.60)),
    "aiohttp": ("aiohttp_ours", "aiohttp_json", None),
    "websockets": ("websockets_ours", "websockets_json", Bar(1 / 0.90)),
}
"""Our adapter of a framework, what it is measured against, and the bar. The floor is FastAPI that sends texts back."""
CHUNKS_MS: Final = (60, 100)
"""Beside the 20 ms of all other rows."""
CODECS: Final = ("G722", "OPUS")
FEATURES: Final[dict[str, dict[str, Any]]] = {
    "own marks": {"own_marks": True},
    "diagnosis": {"diagnosis_s": 1e9},
    "recorder": {"feature": "recorder"},
    "background": {"feature": "background"},
    "voice activity": {"feature": "voice"},
    "tap": {"feature": "tap"},
    "statistics": {"statistics": True},
}


def ours(form: str = "callback", codec: str = "PCMU", chunk_ms: int = 20, **options: Any) -> ServerSpec:
    """Return our server, all features off but those that are named."""
    return ServerSpec("ours", codec, chunk_ms, (("form", form), *options.items()))


Measurement = Callable[[Schedule], Iterator[Row]]


def measurements() -> Iterator[tuple[list[str], Measurement]]:
    """Yield what can be measured: the names of its rows, and the measurement."""
    of_both_forms: tuple[tuple[str, Measurement], ...] = (
        ("endpoint echo", echo),
        ("endpoint default", default),
        *((f"endpoint chunks {chunk_ms} ms", partial(chunks, chunk_ms)) for chunk_ms in CHUNKS_MS),
        *((f"endpoint codecs {codec}", partial(codecs, codec)) for codec in CODECS),
        ("endpoint largest", most_calls),
        ("endpoint overload", overload),
    )
    for begin, measurement in of_both_forms:
        yield [f"{begin} {form}" for form in FORMS], measurement
    yield [f"endpoint adapters {name}" for name in ADAPTERS], adapters
    yield [f"endpoint features {name}" for name in FEATURES], features


def echo(schedule: Schedule) -> Iterator[Row]:
    """Measure both forms against all peers."""
    wanted = [ours(form) for form in FORMS] + [ServerSpec(name) for name in (FLOOR, *PEERS)]
    with all_served(wanted) as (servers, absent):
        callback, coroutine, floor, *peers = interleaved(servers, frames_for(schedule), CALLS, schedule)
    yield row("endpoint echo callback", callback, floor, peers, bar=CALLBACK_BAR, absent=absent)
    yield row(
        "endpoint echo coroutine", coroutine, callback, [*peers, floor], bar=COROUTINE_BAR, absent=absent, best=peers
    )


def default(schedule: Schedule) -> Iterator[Row]:
    """Measure both forms with the default settings, against all features off."""
    on: dict[str, Any] = {"own_marks": True, "diagnosis_s": DIAGNOSIS_S}
    with all_served([*(ours(form, **on) for form in FORMS), *map(ours, FORMS)]) as (servers, _):
        found = interleaved(servers, frames_for(schedule), CALLS, schedule.side)
    for index, form in enumerate(FORMS):
        yield row(f"endpoint default {form}", found[index], found[index + len(FORMS)], [])


def chunks(chunk_ms: int, schedule: Schedule) -> Iterator[Row]:
    """Measure longer chunks."""
    wanted = [ours(chunk_ms=chunk_ms), ours("coroutine", chunk_ms=chunk_ms)]
    wanted += [ServerSpec(name, "PCMU", chunk_ms) for name in (FLOOR, "picows_json", "fastapi_json")]
    yield from both(f"endpoint chunks {chunk_ms} ms", wanted, frames_for(schedule, "PCMU", chunk_ms), schedule)


def codecs(codec: str, schedule: Schedule) -> Iterator[Row]:
    """Measure codecs with state, and packets, whose echoes have other payloads."""
    wanted = [ours(codec=codec), ours("coroutine", codec=codec)]
    wanted += [ServerSpec(name, codec) for name in (FLOOR, "picows_json", "fastapi_json")]
    yield from both(f"endpoint codecs {codec}", wanted, frames_for(schedule, codec), schedule)


def both(name: str, wanted: list[ServerSpec], frames: Traffic, schedule: Schedule) -> Iterator[Row]:
    """Measure two forms of ours, the floor and peers."""
    with all_served(wanted) as (servers, absent):
        callback, coroutine, floor, *peers = interleaved(servers, frames, CALLS, schedule.side)
    yield row(f"{name} callback", callback, floor, peers, absent=absent)
    yield row(f"{name} coroutine", coroutine, floor, peers, absent=absent)


def adapters(schedule: Schedule) -> Iterator[Row]:
    """Measure our adapters with a coroutine per call, against the same frameworks without them."""
    names = dict.fromkeys(name for mine, peer, _ in ADAPTERS.values() for name in (mine, peer))
    with all_served([ServerSpec("fastapi_echo"), *map(ServerSpec, names)]) as (servers, absent):
        found = {one.wanted.name: one for one in interleaved(servers, frames_for(schedule), CALLS, schedule)}
    for title, (mine, peer, bar) in ADAPTERS.items():
        if mine in found and peer in found:
            name = f"endpoint adapters {title}"
            yield row(name, found[mine], found["fastapi_echo"], [found[peer]], bar=bar, absent=absent)


def features(schedule: Schedule) -> Iterator[Row]:
    """Measure one feature at a time, against none."""
    wanted = [ours("coroutine"), *(ours("coroutine", **options) for options in FEATURES.values())]
    with all_served(wanted) as (servers, _):
        off, *on = interleaved(servers, frames_for(schedule), CALLS, schedule.side)
    for name, found in zip(FEATURES, on, strict=True):
        yield row(f"endpoint features {name}", found, off, [])


def most_calls(schedule: Schedule) -> Iterator[Row]:
    """Search the largest number of calls. Times are those of one core per message: 20 ms by the number of calls."""
    wanted = [*map(ours, FORMS), ServerSpec("fastapi_json"), ServerSpec(FLOOR), ServerSpec("picows_json")]
    with all_served(wanted) as (servers, absent):
        frames = frames_for(schedule)
        found = {}
        for server in servers:
            if best := largest(server, frames, schedule):
                found[_title(server)] = Found(server.wanted, server.version, (best,))
    peer, floor = found.get("fastapi_json"), found.get(FLOOR)
    for form in FORMS:
        mine = found.get(f"rtpcodec {form}")
        if mine and peer and floor:
            others = [peer, *(found[name] for name in ("picows_json",) if name in found)]
            name = f"endpoint largest {form}"
            yield row(name, mine, floor, others, bar=LARGEST_BAR, absent=absent, best=[peer], time=_core_ns)


def overload(schedule: Schedule) -> Iterator[Row]:
    """Measure calls beyond what one core carries, against the same server while it keeps up."""
    wanted = [*map(ours, FORMS), ServerSpec("picows_json"), ServerSpec("fastapi_json")]
    with all_served(wanted) as (servers, absent):
        frames = frames_for(schedule)
        kept_up = interleaved(servers, frames, CALLS, schedule.side)
        over = [
            Found(server.wanted, server.version, tuple(_overloads(server, frames, one, schedule)))
            for server, one in zip(servers, kept_up, strict=True)
        ]
    for index, form in enumerate(FORMS):
        name = f"endpoint overload {form}"
        yield row(name, over[index], kept_up[index], over[len(FORMS) :], bar=OVERLOAD_BAR, absent=absent)


def _overloads(server: Server, frames: Traffic, kept_up: Found, schedule: Schedule) -> Iterator[Measured]:
    calls = overload_calls(server, frames, kept_up.least.cpu_us, schedule)
    for _ in range(schedule.side.rounds):
        yield measure(server, frames, calls, schedule.probe_s)


def _title(one: Server | Found) -> str:
    options = dict(one.wanted.options)
    form = options.pop("form", None)
    on = ", ".join(str(value) if name == "feature" else name for name, value in options.items())
    return " ".join(part for part in ("rtpcodec", form, on and f"with {on}") if part) if form else one.wanted.name


def _details(found: list[Found]) -> dict[str, Any]:
    """Return everything that was measured, by server; of one that was measured twice by its calls as well."""
    details: dict[str, Any] = {}
    for one in found:
        title = _title(one)
        details[f"{title}, {one.least.calls} calls" if title in details else title] = one.details()
    return details


def _cpu_ns(found: Found) -> float:
    return found.ns


def _core_ns(found: Found) -> float:
    return 20e6 / found.least.calls


def row(
    name: str,
    mine: Found,
    floor: Found,
    peers: list[Found],
    *,
    bar: Bar | None = None,
    absent: dict[str, str] | None = None,
    best: list[Found] | None = None,
    time: Any = _cpu_ns,
) -> Row:
    """Return the row of a measurement.

    best: those of the peers that the ratio and the bar mean; None: all.
    time: ns of what was found.
    """
    judged = peers if best is None else best
    rival = min(judged, key=time, default=None)
    ratio = time(rival) / time(mine) if rival else None
    of_floor, above_ns = time(floor) / time(mine), time(mine) - time(floor)
    return Row(
        name=name,
        group="endpoint",
        kind="endpoint",
        ours_ns=time(mine),
        peer=_title(rival) if rival else None,
        peer_ns=time(rival) if rival else None,
        ratio=ratio,
        floor=_title(floor),
        floor_ns=time(floor),
        of_floor=of_floor,
        bar=str(bar) if bar else None,
        bar_ratio=bar.ratio if bar else None,
        bar_of_floor=bar.of_floor if bar else None,
        met=bar.met(ratio, of_floor, above_ns) if bar else None,
        peers=tuple(PeerFigure(_title(one), time(one), one.wrong, one.sent, "") for one in peers),
        details=_details([mine, floor, *peers]),
        absent=absent or {},
    )
