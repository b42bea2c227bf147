"""`/metrics` and the collector, read by Prometheus' own parser."""

from __future__ import annotations

import re
import sys
import threading
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families

import rtpcodec
from rtpcodec.errors import EndpointError, MissingExtra
from rtpcodec.pump import run_virtual
from rtpcodec.pump.virtual import VirtualEventLoop
from rtpcodec.server import Call, Endpoint, EndpointStatistics
from rtpcodec.server.endpoint_statistics import MediaTotals
from rtpcodec.server.metrics import EndpointCollector
from rtpcodec.stream.listening.turn_times import LATENCY_BOUNDS_MS
from tests.server.dialler import call, get, run, until

SCRAPER = "scraper-secret"
BASE_UNITS = ("_seconds", "_bytes")
NO_UNITS = ("milliseconds", "_ms", "octets", "minutes", "percent", "_kb")


async def listen(call: Call) -> None:
    async for _ in call.audio():
        pass


def parsed(text: str) -> dict[str, Metric]:
    """The families of a page by their names."""
    return {family.name: family for family in text_string_to_metric_families(text)}


def value(families: Mapping[str, Metric], name: str) -> float:
    """The only sample of a family."""
    (sample,) = families[name].samples
    return sample.value


def test_a_scrape_shows_the_figures_of_all_calls() -> None:
    async def main() -> None:
        async with rtpcodec.serve(listen, metrics=True) as endpoint:
            async with call(endpoint.url) as dialler:
                for number in (*range(1, 20), *range(21, 71)):
                    await dialler.media(chunk=number)
                await until(lambda: endpoint.statistics().media.lost_chunks)
                during = parsed((await get(endpoint.port, "/metrics"))[1])
            await until(lambda: not endpoint.statistics().calls_running)
            after = parsed((await get(endpoint.port, "/metrics"))[1])
            assert endpoint.statistics().calls_refused == 0
        assert (value(during, "rtpcodec_calls"), value(after, "rtpcodec_calls")) == (1, 0)
        for families in (during, after):
            assert value(families, "rtpcodec_audio_chunks_lost") == 1
            assert value(families, "rtpcodec_calls_accepted") == 1
        assert value(after, "rtpcodec_audio_chunks_received") == 69
        assert value(after, "rtpcodec_lost_audio_seconds") == pytest.approx(0.02)

    run(main)


def test_the_virtual_clocks_endpoint_has_the_same_page() -> None:
    async def main() -> tuple[int, str, str]:
        async with rtpcodec.serve(listen, metrics=True) as endpoint:
            loop = endpoint._thread.loop
            assert isinstance(loop, VirtualEventLoop)
            answer = await loop.network.request("GET", f"http://127.0.0.1:{endpoint.port}/metrics", {})
            return answer.status, answer.headers["Content-Type"], answer.body.decode()

    status, content_type, text = run_virtual(main())
    assert status == 200
    assert content_type.startswith("text/plain; version=")
    assert value(parsed(text), "rtpcodec_calls") == 0


def test_names_follow_the_rules_of_prometheus() -> None:
    async def main() -> str:
        async with rtpcodec.serve(listen, metrics=True) as endpoint:
            return (await get(endpoint.port, "/metrics"))[1]

    pages: list[str] = []

    async def kept() -> None:
        pages.append(await main())

    run(kept)
    families = parsed(pages[0])
    assert len(families) > 35
    for name, family in families.items():
        assert re.fullmatch(r"rtpcodec_[a-z0-9]+(_[a-z0-9]+)*", name)
        assert family.type in ("counter", "gauge", "histogram")
        assert family.documentation.endswith(".")
        assert not any(unit in f"{name}_" for unit in NO_UNITS), name
        assert not re.search(r"_(total|count|sum|bucket|info|counter|gauge|histogram)$", name), name
        if "seconds" in name or "bytes" in name:
            assert name.endswith(BASE_UNITS), name
        for sample in family.samples:
            assert set(sample.labels) <= {"le"}
            assert family.type != "counter" or sample.name == f"{name}_total"
    assert len(re.findall("^# HELP ", pages[0], re.MULTILINE)) == len(families)


def test_latencies_of_turns_are_a_histogram() -> None:
    counted = MediaTotals(turns=6, turn_latency_ms=14_250.0, turn_histogram=(1, 0, 2, 0, 0, 1, 0, 0, 1, 0, 0, 0, 1))
    assert len(counted.turn_histogram) == len(LATENCY_BOUNDS_MS) + 1
    from rtpcodec.server.metrics import families

    class Found:
        media = counted

        def __getattr__(self, name: str) -> int:
            return 0

    class Source:
        def collect(self) -> Any:
            return families(Found())  # type: ignore[arg-type]  # every other figure is 0

    registry = CollectorRegistry()
    registry.register(Source())
    samples = parsed(generate_latest(registry).decode())["rtpcodec_turn_latency_seconds"].samples
    buckets = {float(one.labels["le"]): one.value for one in samples if one.name.endswith("_bucket")}
    assert list(buckets) == [*(bound / 1000 for bound in LATENCY_BOUNDS_MS), float("inf")]
    assert [buckets[bound] for bound in (0.1, 0.2, 0.3, 0.7, 2.0, 10.0, float("inf"))] == [1, 1, 3, 4, 5, 5, 6]
    assert {one.name[29:]: one.value for one in samples if "_bucket" not in one.name} == {"_count": 6, "_sum": 14.25}


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_a_registry_is_scraped_from_another_thread(loop: str) -> None:
    async def main() -> None:
        async with rtpcodec.serve(listen) as endpoint:
            registry = CollectorRegistry()
            registry.register(EndpointCollector(endpoint))
            pages: list[bytes] = []
            thread = threading.Thread(target=lambda: pages.append(generate_latest(registry)))
            async with call(endpoint.url):
                await until(lambda: endpoint.calls)
                thread.start()
                await until(lambda: pages)
            thread.join()
            assert value(parsed(pages[0].decode()), "rtpcodec_calls") == 1
            assert value(parsed(generate_latest(registry).decode()), "rtpcodec_calls_accepted") == 1

    run(main, loop)


def test_a_scrape_of_an_endpoint_whose_loop_has_ended_raises() -> None:
    kept: list[Endpoint] = []

    async def main() -> None:
        async with rtpcodec.serve(listen) as endpoint:
            kept.append(endpoint)

    run(main)
    errors: list[Exception] = []

    def scrape() -> None:
        try:
            list(EndpointCollector(kept[0]).collect())
        except EndpointError as error:
            errors.append(error)

    thread = threading.Thread(target=scrape)
    thread.start()
    thread.join()
    assert str(errors[0]) == "the event loop of the endpoint has ended; its statistics cannot be read"


def test_a_scrape_does_not_wait_without_end_for_a_loop_that_is_held() -> None:
    async def main() -> None:
        async with rtpcodec.serve(listen) as endpoint:
            errors: list[Exception] = []

            def scrape() -> None:
                try:
                    endpoint.statistics_threadsafe(0.01)
                except EndpointError as error:
                    errors.append(error)

            thread = threading.Thread(target=scrape)
            thread.start()
            thread.join()  # holds the event loop
            assert str(errors[0]) == (
                "the event loop of the endpoint is busy: it did not return statistics within 0.01 s"
            )

    run(main)


def test_without_being_asked_for_the_path_does_not_exist() -> None:
    async def main() -> None:
        async with rtpcodec.serve(listen) as endpoint:
            assert (await get(endpoint.port, "/metrics"))[0] == 404

    run(main)


def test_a_scrape_needs_its_own_token_and_not_that_of_calls() -> None:
    async def main() -> None:
        async with rtpcodec.serve(listen, authorize="calls", metrics=SCRAPER) as endpoint:
            given: list[dict[str, str]] = [
                {},
                {"authorization": f"Bearer {SCRAPER}"},
                {"authorization": f"bearer {SCRAPER}"},
                {"authorization": SCRAPER},
                {"authorization": f"Basic {SCRAPER}"},
                {"authorization": "Bearer calls"},
                {"x_telnyx_streaming_auth_token": "calls"},
                {"x_telnyx_streaming_auth_token": SCRAPER},
            ]
            statuses = [(await get(endpoint.port, "/metrics", **headers))[0] for headers in given[:4]]
            assert statuses == [401, 200, 200, 401]
            assert endpoint.statistics().requests_unauthorized == 2
            gate = endpoint._gate
            for headers in given[4:]:
                shown = {name.replace("_", "-"): text for name, text in headers.items()}
                answer = gate.answer("/metrics", shown)
                assert answer is not None
                assert answer.status == HTTPStatus.UNAUTHORIZED
            assert gate.answer("/", {"authorization": f"Bearer {SCRAPER}"}) is not None

    run(main)


def test_a_scrape_works_while_the_endpoint_drains_and_not_for_web_pages() -> None:
    async def main() -> None:
        async with rtpcodec.serve(listen, metrics=True) as endpoint:
            assert (await get(endpoint.port, "/metrics", origin="https://evil.example"))[0] == 403
            await endpoint.drain(0.0)
            assert (await get(endpoint.port, "/metrics?x=1"))[0] == 200

    run(main)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (
            {"metrics": True, "host": "0.0.0.0", "authorize": "t"},
            (
                "host '0.0.0.0' can be reached from other machines, and so can /metrics: pass metrics=TOKEN, "
                "or listen on 127.0.0.1"
            ),
        ),
        ({"metrics": ""}, "metrics must be True, False or a non-empty string, its bearer token"),
        ({"metrics": 1}, "metrics must be True, False or a non-empty string, its bearer token"),
        (
            {"metrics": True, "path": "/metrics"},
            "path is '/metrics', which answers with metrics; another one is needed",
        ),
    ],
)
def test_settings_that_would_publish_the_figures_are_refused(options: dict[str, Any], text: str) -> None:
    with pytest.raises(EndpointError) as refused:
        rtpcodec.serve(listen, **options)
    assert str(refused.value) == text


def test_the_token_is_in_no_repr() -> None:
    assert SCRAPER not in repr(rtpcodec.server.EndpointSettings(handler=listen, metrics=SCRAPER))


def test_without_the_package_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    monkeypatch.delitem(sys.modules, "rtpcodec.server.metrics", raising=False)

    async def main() -> None:
        with pytest.raises(MissingExtra) as missing:
            async with rtpcodec.serve(listen, metrics=True):
                pass
        assert str(missing.value) == "metrics needs prometheus_client: pip install 'rtpcodec[server]'"
        async with rtpcodec.serve(listen) as endpoint:
            assert isinstance(endpoint.statistics(), EndpointStatistics)

    run(main)
