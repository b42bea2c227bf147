"""Faults by a seed: their effects, their repetition, and their independence of each other."""

from __future__ import annotations

from collections import Counter

import pytest

from rtpcodec.sim.media.chunk_faults import Faults, Network, Packet


def carried(faults: Faults, chunks: int = 400, seed: str = "1/0", track: str = "inbound") -> tuple[list[int], Network]:
    """Return the numbers of the chunks that arrive, in the order of arrival."""
    network = Network(faults, seed, 0.0)
    for number in range(chunks):
        network.put(Packet(str(number), track, 160), 0.0)
    network.flush(0.0)
    return [int(packet.text) for packet in network.due(1.0)], network


def test_without_faults_all_arrives_in_order() -> None:
    arrived, network = carried(Faults())
    assert arrived == list(range(400))
    assert (network.dropped, network.duplicated, network.reordered) == (0, 0, 0)


@pytest.mark.parametrize("faults", [Faults(drop=0.2), Faults(duplicate=0.2), Faults(reorder=0.2)])
def test_the_same_seed_gives_the_same_faults(faults: Faults) -> None:
    assert carried(faults)[0] == carried(faults)[0]
    assert carried(faults)[0] != carried(faults, seed="2/0")[0]


def test_dropped_chunks_never_arrive_and_are_counted() -> None:
    arrived, network = carried(Faults(drop=0.25))
    assert arrived == sorted(arrived)
    assert len(arrived) == 400 - network.dropped
    assert 60 < network.dropped < 140


def test_duplicates_follow_their_original() -> None:
    arrived, network = carried(Faults(duplicate=0.25))
    assert sorted(set(arrived)) == list(range(400))
    assert arrived == sorted(arrived)
    assert network.duplicated == len(arrived) - 400 == sum(count == 2 for count in Counter(arrived).values())
    assert network.duplicated > 60


@pytest.mark.parametrize("by", [1, 2, 3, 7])
def test_reordered_chunks_are_overtaken_by_a_few_at_most(by: int) -> None:
    arrived, network = carried(Faults(reorder=0.2, reorder_by=by))
    assert sorted(arrived) == list(range(400))
    late = [place - number for place, number in enumerate(arrived) if place > number]
    assert 0 < network.reordered <= 120
    assert 0 < max(late) <= 2 * by, "a chunk waits for its overtakers only"


def test_always_reordering_holds_a_few_chunks_back_and_loses_none() -> None:
    arrived, _ = carried(Faults(reorder=1.0))
    assert sorted(arrived) == list(range(400))


def test_a_switch_does_not_change_what_the_others_do() -> None:
    dropped = set(range(400)) - set(carried(Faults(drop=0.1))[0])
    both = set(range(400)) - set(carried(Faults(drop=0.1, duplicate=0.5, reorder=0.5))[0])
    assert dropped == both


def test_the_faults_of_a_track_do_not_depend_on_the_other() -> None:
    faults = Faults(drop=0.2, duplicate=0.1)
    alone, _ = carried(faults, track="outbound")
    network = Network(faults, "1/0", 0.0)
    for number in range(400):
        network.put(Packet(str(number), "inbound", 160), 0.0)
        network.put(Packet(str(number), "outbound", 160), 0.0)
    assert [int(packet.text) for packet in network.due(0.0) if packet.track == "outbound"] == alone


def test_other_messages_meet_no_fault() -> None:
    network = Network(Faults(drop=1.0, duplicate=1.0, reorder=1.0), "1/0", 0.0)
    for number in range(50):
        network.put(Packet(str(number)), 0.0)
    assert [packet.text for packet in network.due(0.0)] == [str(number) for number in range(50)]


def test_a_stall_sends_nothing_then_everything() -> None:
    network = Network(Faults(stall_ms=100, stall_every_s=1), "1/0", start_ms=500.0)

    def put_and_take(now_ms: float) -> list[str]:
        network.put(Packet(f"{now_ms:.0f}"), now_ms)
        return [packet.text for packet in network.due(now_ms)]

    assert put_and_take(510) == ["510"], "no stall at the beginning"
    assert put_and_take(1499) == ["1499"]
    assert put_and_take(1500) == []
    assert network.next_deadline_ms == 1600
    assert put_and_take(1599.9) == []
    assert put_and_take(1600) == ["1500", "1600", "1600"]  # 1599.9 is written 1600
    assert network.next_deadline_ms is None
    assert put_and_take(2550) == []
    network.end_stalls(2551)
    assert [packet.text for packet in network.due(2551)] == ["2550"]


def test_discarded_messages_are_not_sent() -> None:
    network = Network(Faults(), "1/0", 0.0)
    network.put(Packet("x"), 0.0)
    network.discard()
    assert not len(network)
    assert network.due(0.0) == []


@pytest.mark.parametrize(
    ("settings", "rule"),
    [
        ({"drop": 1.5}, "drop is 1.5, a probability from 0 to 1 is needed"),
        ({"duplicate": -0.1}, "duplicate is -0.1, a probability from 0 to 1 is needed"),
        ({"reorder": float("nan")}, "reorder is nan, a probability from 0 to 1 is needed"),
        ({"reorder_by": 0}, "reorder_by is 0, at least 1 is needed"),
        ({"stall_ms": -1}, "stall_ms is -1 and stall_every_s 0.0, neither is negative"),
        (
            {"stall_ms": 1000, "stall_every_s": 1},
            "stall_ms is 1000, less than the 1 s between stalls is needed",
        ),
    ],
)
def test_impossible_faults_are_refused(settings: dict[str, float], rule: str) -> None:
    with pytest.raises(ValueError, match="^" + rule.replace(".", r"\.") + "$"):
        Faults(**settings)  # type: ignore[arg-type]  # reorder_by is an int, which a float annotation covers here
