"""Runs one race: compares the outputs, times all contenders, checks the bar."""

from __future__ import annotations

import numpy as np

from benchmarks.harness.model import PeerFigure, Race, Row
from benchmarks.harness.timing import least_means


class DifferentOutputs(Exception):
    """A peer's result differs from ours without a declared reason."""


def differing_items(name: str, race: Race) -> list[int]:
    """Return how many items of each peer's result differ from ours."""
    ours = _items(race, -1)
    counts = []
    for index, peer in enumerate(race.peers):
        theirs = _items(race, index)
        if ours.shape != theirs.shape:
            raise DifferentOutputs(f"{name}: {peer.name} gives {theirs.size} items, ours are {ours.size}")
        count = int(np.count_nonzero(ours != theirs))
        if count and not peer.differs:
            raise DifferentOutputs(f"{name}: {count} of {ours.size} items of {peer.name} are not ours")
        counts.append(count)
    return counts


def _items(race: Race, index: int) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    contender = race.ours if index < 0 else race.peers[index]
    result = contender.call(*contender.args)
    if contender.items is None:
        raise DifferentOutputs(f"{contender.name} says no way to compare its result")
    return np.array(contender.items(result))


def run(name: str, group: str, race: Race, budget_s: float) -> Row:
    """Run a race and return its row. DifferentOutputs: a peer's result differs."""
    differing = differing_items(name, race)
    ours, floor, *peers = (
        seconds * 1e9 / race.items_per_call for seconds in least_means([race.ours, race.floor, *race.peers], budget_s)
    )
    items = _items(race, -1).size
    figures = tuple(
        PeerFigure(peer.name, ns, count, items, peer.differs if count else "")
        for peer, ns, count in zip(race.peers, peers, differing, strict=True)
    )
    best = min(figures, key=lambda figure: figure.ns, default=None)
    ratio = best.ns / ours if best else None
    ratios = {figure.name: figure.ns / ours for figure in figures}
    return Row(
        name=name,
        group=group,
        kind=race.kind,
        ours_ns=ours,
        peer=best.name if best else None,
        peer_ns=best.ns if best else None,
        ratio=ratio,
        floor=race.floor.name,
        floor_ns=floor,
        of_floor=floor / ours,
        bar=str(race.bar) if race.bar else None,
        bar_ratio=race.bar.ratio if race.bar else None,
        bar_of_floor=race.bar.of_floor if race.bar else None,
        met=race.bar.met(ratio, floor / ours, ours - floor, ratios) if race.bar else None,
        peers=figures,
    )
