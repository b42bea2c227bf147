"""Pairs streams that are the two directions of one call.

1. Streams between the same two addresses are one call, also with several SSRCs one after the other.
2. Calls of one SIP dialog are one, if they do not overlap: a re-INVITE has moved the addresses.
3. A single direction is paired with the one between the same two hosts that begins and ends with it, if it is unique.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple

from rtpcodec.rtp.capture.datagrams import SocketAddress
from rtpcodec.rtp.capture.report import UNKNOWN, CapturedCall, CapturedStream

MAX_OVERLAP_NS: Final = 1_000_000_000
"""The old and the new SSRC may overlap by this, and by half of the shorter; otherwise they are simultaneous."""
MAX_PAUSE_NS: Final = 30_000_000_000
"""After a longer silence of both directions, the same addresses are another call."""
MAX_OPEN: Final = 16
"""Calls between the same two addresses that can be open at once: the tracks of a conference in one bundle."""
MAX_ALONE: Final = 256
"""Single directions between two hosts that are compared with each other. More belong to gateways, where pairing by time
would be a guess."""
MIN_ADVANTAGE_NS: Final = 1_000_000_000
"""The second best partner must differ by this much more."""


class DialogPart(NamedTuple):
    """The SIP dialog, and the part of its session description, that announced a stream."""

    call_id: str
    part: int
    """The index of the part."""
    is_to_caller: bool
    """Whether the stream goes to the side that sent the first description."""


class PlacedStream(NamedTuple):
    """A stream, and where it was announced."""

    stream: CapturedStream
    dialog: DialogPart | None = None


@dataclass(slots=True)
class _Call:
    """A call while it is assembled. `there` is the direction of its first stream."""

    there: list[PlacedStream]
    back: list[PlacedStream] = field(default_factory=list)
    paired_by: Literal["sip", "addresses", "overlap", "alone"] = "alone"

    @property
    def last_ns(self) -> int:
        return max(one.stream.last_ns for one in (*self.there[-1:], *self.back[-1:]))

    @property
    def dialog(self) -> DialogPart | None:
        """The dialog of its first announced stream, as seen in the direction `there`."""
        for placed, is_there in ((self.there, True), (self.back, False)):
            for one in placed:
                if one.dialog is not None:
                    is_to_caller = one.dialog.is_to_caller
                    return one.dialog if is_there else one.dialog._replace(is_to_caller=not is_to_caller)
        return None

    def finished(self) -> CapturedCall:
        dialog = self.dialog
        return CapturedCall(
            forward=_streams(self.there),
            backward=_streams(self.back),
            call_id=dialog.call_id if dialog else None,
            paired_by=self.paired_by if self.back else "alone",
        )


def paired_calls(placed: Iterable[PlacedStream]) -> tuple[CapturedCall, ...]:
    """Return the calls of streams, each stream in exactly one, in the order of their first packets."""
    calls = _of_addresses(sorted(placed, key=_start))
    calls = _of_dialogs(calls)
    calls = _of_hosts(calls)
    return tuple(call.finished() for call in sorted(calls, key=lambda call: _start(call.there[0])))


def _of_addresses(placed: Sequence[PlacedStream]) -> list[_Call]:
    calls: list[_Call] = []
    open_calls: dict[frozenset[SocketAddress], list[_Call]] = {}
    for one in placed:
        stream = one.stream
        between = open_calls.setdefault(frozenset((stream.source, stream.destination)), [])
        between[:] = [call for call in between if stream.first_ns - call.last_ns <= MAX_PAUSE_NS][-MAX_OPEN:]
        fitting = [call for call in between if _is_free(_direction_of(call, stream), stream)]
        if fitting:
            call = max(fitting, key=lambda call: _likeness(call, stream))
            direction = _direction_of(call, stream)
            direction.append(one)
            if call.back:
                call.paired_by = "addresses"
        else:
            call = _Call([one])
            calls.append(call)
            between.append(call)
    return calls


def _direction_of(call: _Call, stream: CapturedStream) -> list[PlacedStream]:
    return call.there if call.there[0].stream.source == stream.source else call.back


def _is_free(direction: Sequence[PlacedStream], stream: CapturedStream) -> bool:
    """Return whether the stream can continue a direction."""
    if not direction:
        return True
    last = direction[-1].stream
    overlap_ns = last.last_ns - stream.first_ns
    shorter_ns = min(last.last_ns - last.first_ns, stream.last_ns - stream.first_ns)
    return overlap_ns <= min(MAX_OVERLAP_NS, shorter_ns // 2)


def _likeness(call: _Call, stream: CapturedStream) -> tuple[int, int, int]:
    """Return how well a stream fits one of several calls between the same addresses: audio to audio, video to video."""
    other = (call.there + call.back)[-1].stream
    names = {codec.name for codec in other.codecs.values()} & {codec.name for codec in stream.codecs.values()}
    clocks = {codec.clock_hz for codec in other.codecs.values()} & {codec.clock_hz for codec in stream.codecs.values()}
    return len(names - {UNKNOWN}), len(other.codecs.keys() & stream.codecs.keys()), len(clocks - {None})


def _of_dialogs(calls: Sequence[_Call]) -> list[_Call]:
    """Join the calls of one part of one dialog, if none of their streams overlap."""
    joined: list[_Call] = []
    of_part: dict[tuple[str, int], list[_Call]] = {}
    for call in calls:
        dialog = call.dialog
        if dialog is None:
            joined.append(call)
            continue
        siblings = of_part.setdefault((dialog.call_id, dialog.part), [])
        for sibling in siblings[-MAX_OPEN:]:
            if _join(sibling, call, dialog):
                break
        else:
            siblings.append(call)
            joined.append(call)
    return joined


def _join(sibling: _Call, call: _Call, dialog: DialogPart) -> bool:
    known = sibling.dialog
    is_same_way = known is not None and known.is_to_caller == dialog.is_to_caller
    there, back = (call.there, call.back) if is_same_way else (call.back, call.there)
    free = [not more or _is_free(mine, more[0].stream) for mine, more in ((sibling.there, there), (sibling.back, back))]
    if not all(free):
        return False
    had_both = bool(sibling.back)
    sibling.there += there
    sibling.back += back
    if not had_both or sibling.paired_by != "addresses":
        sibling.paired_by = "sip"
    return True


def _of_hosts(calls: Sequence[_Call]) -> list[_Call]:
    alone: dict[tuple[bytes, bytes], list[_Call]] = {}
    for call in calls:
        if not call.back:
            stream = call.there[0].stream
            alone.setdefault((stream.source.host, stream.destination.host), []).append(call)
    gone: set[int] = set()
    for (source, destination), there in alone.items():
        back = alone.get((destination, source), [])
        if source < destination and there and len(there) <= MAX_ALONE and len(back) <= MAX_ALONE:
            for call, partner in _partners(there, back):
                first, second = sorted((call, partner), key=lambda one: _start(one.there[0]))
                first.back = second.there
                first.paired_by = "overlap"
                gone.add(id(second))
    return [call for call in calls if id(call) not in gone]


def _partners(there: Sequence[_Call], back: Sequence[_Call]) -> list[tuple[_Call, _Call]]:
    """Return the pairs in which each is clearly the best partner of the other."""
    best_of_back = [_best(call, there) for call in back]
    pairs = []
    for call in there:
        at = _best(call, back)
        if at is not None and best_of_back[at] is not None and there[best_of_back[at] or 0] is call:
            pairs.append((call, back[at]))
    return pairs


def _best(call: _Call, others: Sequence[_Call]) -> int | None:
    """Return the index of the call that begins and ends with this one; None: no call does, or several do."""
    found = [(_difference_ns(call, other), at) for at, other in enumerate(others)]
    by_difference = sorted((difference, at) for difference, at in found if difference is not None)
    if not by_difference:
        return None
    if len(by_difference) > 1 and by_difference[1][0] - by_difference[0][0] < MIN_ADVANTAGE_NS:
        return None
    return by_difference[0][1]


def _difference_ns(call: _Call, other: _Call) -> int | None:
    """Return how far the begins and ends are apart; None: another dialog, or less than half of the shorter overlaps."""
    begins = call.there[0].stream.first_ns, other.there[0].stream.first_ns
    ends = call.last_ns, other.last_ns
    shorter = min(ends[0] - begins[0], ends[1] - begins[1])
    mine, theirs = call.dialog, other.dialog
    if mine and theirs and mine[:2] != theirs[:2]:
        return None
    if 2 * (min(ends) - max(begins)) < shorter or min(ends) < max(begins):
        return None
    return abs(begins[0] - begins[1]) + abs(ends[0] - ends[1])


def _streams(placed: Sequence[PlacedStream]) -> tuple[CapturedStream, ...]:
    return tuple(one.stream for one in placed)


def _start(placed: PlacedStream) -> int:
    return placed.stream.first_ns
