"""The parts of a supervisor by themselves: figures, delays, jobs, arguments."""

from __future__ import annotations

import ssl
from dataclasses import asdict, fields
from typing import Any

import pytest

import rtpcodec
from rtpcodec.errors import EndpointError
from rtpcodec.pump import run_virtual
from rtpcodec.server import Call, EndpointStatistics, handlers, run_workers
from rtpcodec.server.endpoint_statistics import MediaTotals
from rtpcodec.server.workers import figures
from rtpcodec.server.workers.worker_slot import MAX_DELAY_S, STEADY_S, Delays
from rtpcodec.server.workers.worker_spec import WorkerSpec, resolved


def test_every_figure_is_summed_in_one_way() -> None:
    ways = (*figures.COUNTED, *figures.NOW, *figures.LARGEST)
    assert sorted([*ways, "media"]) == sorted(one.name for one in fields(EndpointStatistics))


def endpoint_figures(**more: Any) -> dict[str, Any]:
    """The figures of an endpoint without calls, as a worker sends them."""
    found: list[EndpointStatistics] = []

    async def main() -> None:
        async with rtpcodec.serve() as endpoint:
            found.append(endpoint.statistics())

    run_virtual(main())
    return asdict(found[0]) | more


def media(**more: Any) -> dict[str, Any]:
    return asdict(MediaTotals(**more))


def test_figures_of_workers_are_added() -> None:
    one = endpoint_figures(calls_running=3, loop_lag_ms=2.0, media=media(lost_chunks=2))
    two = endpoint_figures(calls_running=4, loop_lag_ms=7.0, media=media(lost_chunks=5))
    size = len(MediaTotals().turn_histogram)
    one["media"]["turn_histogram"], two["media"]["turn_histogram"] = [1] * size, [2] * size
    found = figures.summed([one, two], figures.EndedFigures())
    assert (found.calls_running, found.loop_lag_ms, found.media.lost_chunks) == (7, 7.0, 7)
    assert found.media.turn_histogram == (3,) * size


def test_counters_of_ended_workers_stay_and_states_end() -> None:
    ended = figures.EndedFigures()
    for _ in range(2):
        ended.add(endpoint_figures(calls_running=9, calls_taken=5, messages_sent=100, media=media(duration_ms=1.5)))
    found = figures.summed([endpoint_figures(calls_running=1, calls_taken=1)], ended)
    assert (found.calls_running, found.calls_taken, found.messages_sent, found.media.duration_ms) == (1, 11, 200, 3.0)
    found = figures.summed([], ended)
    assert (found.calls_running, found.calls_taken, found.loop_lag_ms, found.sockets_half_open) == (0, 10, None, None)


def test_the_delay_doubles_up_to_a_limit_and_a_steady_worker_resets_it() -> None:
    delays = Delays()
    assert [delays.next(1.0) for _ in range(9)] == [0, 0.5, 1, 2, 4, 8, 16, MAX_DELAY_S, MAX_DELAY_S]
    assert [delays.next(STEADY_S), delays.next(0.0)] == [0, 0.5]


def test_a_job_is_made_of_names() -> None:
    spec = WorkerSpec(
        functions={"handler": "rtpcodec.server.handlers:echo", "on_audio": None, "on_event": None},
        configure=f"{__name__}:configured",
        options={"path": "/a", "public_url": "wss://h/{worker}"},
    )
    assert spec.settings_of(3) == {
        "handler": handlers.echo,
        "path": "/a",
        "public_url": "wss://h/3",
        "max_calls": 3,
    }


def configured(number: int) -> dict[str, int]:
    return {"max_calls": number}


def in_main(call: Call) -> None:
    """Stand for a function of the main program."""


in_main.__module__ = "__main__"

REFUSED_JOBS = [
    (
        {"configure": in_main},
        "configure is defined in the main program, which workers do not import: move it",
    ),
    ({"options": {"authorize": lambda _headers, _path: True}}, "authorize is of type function and cannot be sent to a"),
    (
        {"options": {"ssl": ssl.create_default_context()}},
        "ssl is of type SSLContext and cannot be sent to a worker",
    ),
]


@pytest.mark.parametrize(("given", "error"), REFUSED_JOBS, ids=["main", "lambda", "ssl"])
def test_what_cannot_be_sent_is_refused_by_its_name(given: dict[str, Any], error: str) -> None:
    spec = WorkerSpec(**{"functions": {}, "configure": None, "options": {}} | given)
    with pytest.raises(EndpointError, match=f"^{error}"):
        spec.pickled()


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("nothing", "handler is 'nothing', the form 'module:name' is needed"),
        ("no.such:name", "handler is 'no.such:name', and there is no module 'no'"),
        ("rtpcodec.none:name", "handler is 'rtpcodec.none:name', and there is no module 'rtpcodec.none'"),
        ("rtpcodec:no.name", "handler is 'rtpcodec:no.name', and module 'rtpcodec' has no 'no.name'"),
    ],
)
def test_a_name_that_leads_nowhere(name: str, error: str) -> None:
    with pytest.raises(EndpointError, match=f"^{error}$"):
        resolved("handler", name)


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"workers": 0}, "workers is 0, a whole number from 1 to 128 is needed"),
    ({"workers": 2.0}, r"workers is 2\.0, a whole number"),
    ({"reuse_port": True}, "reuse_port is given, but the workers share the socket that run_workers opens"),
    ({"metrics": True}, "metrics of all workers are served on the supervisor's port: pass status_port"),
    ({"metrics": "", "status_port": 0}, "metrics must be True, False or a non-empty string"),
    ({"metrics": True, "status_port": 0, "host": "0.0.0.0"}, r"host '0\.0\.0\.0' can be reached from other"),
    ({"public_url": "wss://media.example.com/"}, "public_url must contain {worker}"),
    ({"host": "192.0.2.1", "authorize": "token"}, r"cannot listen on 192\.0\.2\.1 port 8080: "),
]


@pytest.mark.parametrize(("given", "error"), REFUSED, ids=lambda value: None if isinstance(value, dict) else value[:20])
def test_wrong_arguments_start_no_process(given: dict[str, Any], error: str) -> None:
    with pytest.raises(EndpointError, match=f"^{error}"):
        run_workers(handlers.echo, **{"workers": 2} | given)
