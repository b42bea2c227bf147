"""The race harness: fastest peer, differing outputs, bars. Then the outputs of every race of frames."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from benchmarks import race_amrwb, race_g711, race_g722, race_opus
from benchmarks.harness.model import Absent, Bar, Contender, Race
from benchmarks.harness.race import DifferentOutputs, differing_items, run
from benchmarks.harness.report import page
from benchmarks.harness.signals import speech
from benchmarks.harness.timing import calls_per_slot, clocked, least_means
from benchmarks.peers import contenders
from rtpcodec.codecs import CodecInfo

FLOOR = Contender("empty call", len, (b"",))


def sums(name: str, count: int, differs: str = "") -> Contender:
    """Return a contender that adds up to a number, and takes as long."""
    return Contender(name, sum, (range(count),), lambda total: np.array([total]), differs)


class Clock:
    """Time that passes in calls only, so that no result depends on the machine."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def perf_counter(self) -> float:
        return self.now_s

    def spend(self, microseconds: int) -> int:
        self.now_s += microseconds * 1e-6
        return microseconds

    def spender(self, name: str, microseconds: int, differs: str = "") -> Contender:
        """Return a contender that takes this long, and returns that number."""
        return Contender(name, self.spend, (microseconds,), lambda spent: np.array([spent]), differs)

    def race(self, *rivals: Contender, bar: Bar | None = None) -> Race:
        return Race("frame", 1, self.spender("ours", 100), rivals, self.spender("empty call", 1), bar)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("benchmarks.harness.timing.time", clock)
    return clock


def race(*rivals: Contender | Absent, bar: Bar | None = None) -> Race:
    return Race("frame", 1, sums("ours", 100), rivals, FLOOR, bar)


def test_a_mean_is_the_time_of_a_call(clock: Clock) -> None:
    means = least_means([clock.spender("short", 10), clock.spender("long", 2000)], 0.05)
    assert means == pytest.approx([10e-6, 2000e-6])


def test_a_slot_is_filled_and_a_call_longer_than_a_slot_is_made_once(clock: Clock) -> None:
    assert calls_per_slot(clocked(clock.spender("short", 10))) == 300
    assert calls_per_slot(clocked(clock.spender("slow", 5000))) == 1


def test_arguments_are_passed_by_position() -> None:
    seen: list[tuple[Any, ...]] = []
    clocked(Contender("any", lambda *args: seen.append(args), (1, "two")))(3)
    assert seen == [(1, "two")] * 3


def test_row_has_the_best_peer_and_all_peers(clock: Clock) -> None:
    rivals = clock.spender("slow", 4000, "more by far"), clock.spender("fast", 400, "more")
    row = run("sum", "test", clock.race(*rivals), 0.05)
    assert row.peer == "fast"
    assert row.ratio == pytest.approx(4)
    assert [(peer.name, peer.differing, peer.items) for peer in row.peers] == [("slow", 1, 1), ("fast", 1, 1)]
    assert {"name", "ours_ns", "peer", "peer_ns", "ratio", "floor_ns", "of_floor", "bar", "met"} <= set(row.as_dict())


def test_bulk_times_are_per_item(clock: Clock) -> None:
    frame = run("sum", "test", clock.race(), 0.02)
    bulk = run("sum", "test", replace(clock.race(), kind="bulk", items_per_call=1000), 0.02)
    assert frame.ours_ns == pytest.approx(100_000)
    assert bulk.ours_ns == pytest.approx(frame.ours_ns / 1000)


def test_an_unexplained_difference_fails() -> None:
    with pytest.raises(DifferentOutputs, match="sum: 1 of 1 items of other are not ours"):
        differing_items("sum", race(sums("other", 7)))


def test_an_explained_difference_is_counted() -> None:
    assert differing_items("sum", race(sums("other", 7, "adds less"), sums("same", 100))) == [1, 0]


def test_a_result_of_another_size_fails_whatever_is_explained() -> None:
    other = Contender("other", sum, (range(3),), lambda total: np.array([total, total]), "longer")
    with pytest.raises(DifferentOutputs, match="sum: other gives 2 items, ours are 1"):
        differing_items("sum", race(other))


@pytest.mark.parametrize(
    ("ratio", "of_floor", "met"), [(2.0, 0.75, True), (1.9, 0.9, False), (3.0, 0.7, False), (None, 0.9, False)]
)
def test_a_bar_needs_both_parts(ratio: float | None, of_floor: float, met: bool) -> None:
    assert Bar(2.0, 0.75).met(ratio, of_floor) is met


def test_a_bar_reads_as_a_sentence() -> None:
    assert str(Bar(2.0, 0.75)) == ">= 2x, >= 0.75 of the floor"
    assert str(Bar(3.5)) == ">= 3.5x"


def test_a_library_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    found = contenders(["no_such_library"], "decode", "pcmu", bytes(4))
    assert found == (Absent("no such library", "No module named 'benchmarks.peers.no_such_library'"),)


def test_groups_are_the_files_that_are_there() -> None:
    from benchmarks.__main__ import group_names  # brings matplotlib, which takes a second

    assert {"g711", "g722", "portable"} <= set(group_names())


def test_speech_is_seeded_and_neither_silent_nor_clipped() -> None:
    pcm = speech(80_000)
    level_dbov = 20 * np.log10(np.sqrt(np.mean(pcm.astype(float) ** 2)) / 32768)
    assert np.array_equal(pcm, speech(80_000))
    assert -30 < level_dbov < -15
    assert np.mean(np.abs(pcm) >= 32767) < 0.001


@pytest.mark.parametrize(("name", "setup"), [row for row in race_g711.races(lengths=()) if "frame" in row[0]])
def test_every_peer_of_a_frame_computes_the_same(name: str, setup: Any) -> None:
    differing = differing_items(name, setup())
    assert all(count < race_g711.FRAME // 4 for count in differing)


@pytest.mark.parametrize(("name", "setup"), [row for row in race_g722.races() if "minute" not in row[0]])
def test_every_peer_of_g722_is_equal_on_speech(name: str, setup: Any) -> None:
    found = setup()
    assert differing_items(name, found) == [0] * len(found.peers)


def test_every_decoder_of_the_same_amrwb_library_returns_the_same(amrwb: CodecInfo) -> None:
    found = dict(race_amrwb.races())["amrwb decode frame"]()
    assert amrwb.kind == "frame"
    assert differing_items("amrwb decode frame", found) == [0] * len(found.peers)


@pytest.mark.parametrize(("name", "setup"), list(race_opus.races()))
def test_every_peer_of_opus_returns_as_many_samples(name: str, setup: Any, opus: CodecInfo) -> None:
    """Versions of the library and other decoders return other samples, but as many as ours."""
    found = setup()
    assert opus.name.lower() in name
    assert len(differing_items(name, found)) == len(found.peers)


def test_a_bank_races_one_stream_of_each_peer_for_a_row() -> None:
    rivals = race_g722.one_by_one(("libg722", "no_such_library"), "encode", [bytes(640), bytes(range(160)) * 4])
    assert Absent("no such library", "No module named 'benchmarks.peers.no_such_library'") in rivals
    for rival in rivals:
        if isinstance(rival, Contender):
            assert rival.items is not None
            assert rival.items(rival.call()).size == 320


def test_report_names_every_row_and_the_absent(clock: Clock) -> None:
    row = run("sum frame", "test", clock.race(clock.spender("fast", 100), bar=Bar(0.1)), 0.02)
    facts = {"cpu": "a processor", "load_average": [0.1], "libraries": {"numpy": "2"}}
    result = {"machine": facts, "rows": [row.as_dict()], "absent": {"gone": "not installed"}, "failed": []}
    text = page(result)
    assert "| sum frame |" in text
    assert "| met |" in text
    assert "- gone is absent: not installed" in text
