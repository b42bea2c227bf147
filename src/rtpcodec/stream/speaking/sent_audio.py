"""Sent audio that the far end has not played for certain: a pause sends it again from where it was cut."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from rtpcodec.stream.items import Kind, Packing, Piece
from rtpcodec.stream.speaking._kept_audio import KeptAudio
from rtpcodec.stream.speaking.reply import Reply

FADE_MS: Final = 5.0
"""Of the first audio that is sent again: a step in the middle of a word would click."""
KEPT_MS: Final = 5000.0
"""Sent audio that is kept for a pause beside the lead: the longest round trip and hold that are believed."""
TWICE_MS: Final = 60.0
"""A resumed pause begins up to 40 ms before its cut, at a whole frame."""


@dataclass(slots=True)
class SentPiece:
    """Audio of a reply that was sent without a break: one message or several."""

    position: int
    samples: int
    content: int  # position in its reply
    reply: Reply
    pieces: list[Piece]


class SentAudio(KeptAudio):
    """The audio of replies as it was before it was encoded, by sent position. Use from one thread at a time."""

    __slots__ = ("_cleared", "_frame_samples", "_twice_samples", "_unit")

    def __init__(self, max_samples: int | None, packing: Packing) -> None:
        """Make it empty.

        max_samples: more than this is never kept: the far end has played it long ago. None: without a lead, the far end
            may hold any amount; `played` alone drops.
        packing: of the stream.
        """
        self._max_samples = max_samples
        self._unit = packing.unit_samples or 1, packing.unit_octets
        self._frame_samples = packing.frame_samples
        self._twice_samples = int(TWICE_MS * packing.sample_rate_hz / 1000)
        # What clears have taken: if the line was broken before, how much of it was played is not what they say.
        self._cleared: Sequence[SentPiece] = ()

    def played(self, position: int) -> None:
        """Drop what was played for certain, apart from what a pause may let be heard twice, and from tones of keys."""
        position -= self._twice_samples
        self._drop_until(position)
        if self._cleared:
            self._cleared = [cleared for cleared in self._cleared if cleared.position + cleared.samples > position]

    def hand_over(self, reply: Reply, past: Reply) -> None:
        """Let the audio of one reply belong to another, which was split from it."""
        self._replace(reply, past)
        for cleared in self._cleared:
            if cleared.reply is reply:
                cleared.reply = past

    def take(self) -> list[SentPiece]:
        """Remove and return everything but what clears have taken: a clear was sent."""
        taken = [SentPiece(*one) for one in self._take_sent()]
        newest = taken[-1].position + taken[-1].samples if taken else 0
        if self._max_samples is not None:
            oldest = newest - self._max_samples
            self._cleared = [cleared for cleared in self._cleared if cleared.position + cleared.samples > oldest]
        self._cleared = [*self._cleared, *taken]
        return taken

    def take_all(self) -> tuple[list[SentPiece], list[SentPiece]]:
        """As `take`, with what clears have taken and nothing has proven. Returns both, and what `take` returns."""
        taken = self.take()
        everything, self._cleared = list(self._cleared), ()
        return everything, taken

    def frame_before(self, taken: list[SentPiece], position: int, latest: int) -> int:
        """Return where a frame begins: at a position or less than a frame away from it.

        A reply whose audio is sent again from there still consists of whole frames.

        taken: what `take` returned.
        position: a sent position.
        latest: the frame does not begin behind this position.
        """
        for sent in reversed(taken):
            if sent.position <= position:
                frames = (position - sent.position) // self._frame_samples
                before = sent.position + frames * self._frame_samples
                behind = before + self._frame_samples
                return behind if before < position and behind <= latest else before
        return position

    def put_back(self, taken: list[SentPiece], position: int, fade_samples: int) -> list[Reply]:
        """Give audio back to its replies from a position on, so that it is sent again.

        taken: what `take` or `take_all` returned. Audio that is there twice, or was given back before, is sent once.
        position: where the audio begins, as `frame_before` returns it; all of it is behind.
        fade_samples: of a fade-in at its beginning, unless a reply begins there.
        Returns: the replies that have got audio, in the order of speaking.
        """
        replies: list[Reply] = []
        first: SentPiece | None = None
        inside = False
        self._drop_waiting(taken)
        for sent, skipped in reversed(unheard_of(taken, position)):
            if skipped >= sent.samples or sent.reply.state == "interrupted":
                continue
            pieces, left = _without(sent.pieces, skipped, sent.samples, self._unit)
            sent.reply.queue.put_first(pieces, left)
            if not replies or replies[0] is not sent.reply:
                replies.insert(0, sent.reply)
            first, inside = sent, bool(skipped) or sent.position <= position
        if first is not None and fade_samples and inside:
            first.reply.queue.fade_in(fade_samples)
        return replies

    def _drop_waiting(self, taken: list[SentPiece]) -> None:
        """Drop what waits in replies, to be sent again, and is among what was sent: it was given back before."""
        for sent in taken:
            queue = sent.reply.queue
            while queue.taken_samples < sent.content + sent.samples and queue.waiting_samples:
                queue.take(queue.first_item_samples or min(self._frame_samples, queue.waiting_samples))


def unheard_of(taken: list[SentPiece], position: int) -> list[tuple[SentPiece, int]]:
    """Return sent audio, and how much of each piece was heard or lies in a piece before it.

    taken: sent audio, in the order of sending.
    position: the sent position up to which it was heard.
    """
    found: list[tuple[SentPiece, int]] = []
    ends: dict[Reply, int] = {}  # content before this is in pieces before
    for sent in taken:
        heard = max(position - sent.position, ends.get(sent.reply, sent.content) - sent.content, 0)
        ends[sent.reply] = max(ends.get(sent.reply, 0), sent.content + sent.samples)
        found.append((sent, min(heard, sent.samples)))
    return found


def _without(pieces: list[Piece], skipped: int, samples: int, unit: tuple[int, int]) -> tuple[list[Piece], int]:
    """Return pieces without their first samples, and how many samples are left; a payload is cut between units."""
    if not skipped:
        return pieces, samples
    rest: list[Piece] = []
    unit_samples, unit_octets = unit
    left = samples
    for kind, octets in pieces:
        if kind is Kind.ITEM or not skipped:
            rest.append((kind, octets))
            continue
        per_samples, per_octets = (1, 2) if kind is Kind.READY else (unit_samples, unit_octets)
        cut = min(skipped // per_samples * per_octets, len(octets))
        skipped -= cut // per_octets * per_samples
        left -= cut // per_octets * per_samples
        if cut < len(octets):
            rest.append((kind, octets[cut:]))
            skipped = 0
    return rest, left
