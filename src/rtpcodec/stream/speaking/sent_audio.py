"""Sent audio that is not proven to be played: a pause sends it again from where it was cut."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from rtpcodec.stream.items import Kind, Packing, Piece
from rtpcodec.stream.speaking._kept_audio import KeptAudio
from rtpcodec.stream.speaking.reply import Reply

FADE_MS: Final = 5.0
"""Fade-in of audio that is sent again: a step in the middle of a word would click."""
KEPT_MS: Final = 5000.0
"""Sent audio to keep for a pause, beyond the lead: the longest plausible round trip and hold."""
TWICE_MS: Final = 60.0
"""Played audio to keep: a resumed pause begins up to 40 ms before its cut, at a whole frame."""


@dataclass(slots=True)
class SentPiece:
    """Audio of a reply that was sent without a break: one message or several."""

    position: int
    samples: int
    content: int  # position in its reply
    reply: Reply
    pieces: list[Piece]


class SentAudio(KeptAudio):
    """The sent audio of replies before its encoding, by sent position. Use from one thread at a time."""

    __slots__ = ("_cleared", "_frame_samples", "_twice_samples", "_unit")

    def __init__(self, max_samples: int | None, packing: Packing) -> None:
        """Make an empty store.

        Args:
            max_samples: limit of kept audio, because the far end has played older audio. None: without a lead, the far
                end may hold any amount, so only `played` drops audio.
            packing: of the stream.
        """
        self._max_samples = max_samples
        self._unit = packing.unit_samples or 1, packing.unit_octets
        self._frame_samples = packing.frame_samples
        self._twice_samples = int(TWICE_MS * packing.sample_rate_hz / 1000)
        # Audio that clears have taken. If the connection was lost before, the clears did not act: it is still needed.
        self._cleared: Sequence[SentPiece] = ()

    def played(self, position: int) -> None:
        """Drop audio that was certainly played. Keep what a pause may repeat, and tones of keys."""
        position -= self._twice_samples
        self._drop_until(position)
        if self._cleared:
            self._cleared = [cleared for cleared in self._cleared if cleared.position + cleared.samples > position]

    def hand_over(self, reply: Reply, past: Reply) -> None:
        """Assign the audio of a reply to the sent part that was split from it."""
        self._replace(reply, past)
        for cleared in self._cleared:
            if cleared.reply is reply:
                cleared.reply = past

    def take(self) -> list[SentPiece]:
        """Remove and return all audio except that of earlier clears, because a clear is sent."""
        taken = [SentPiece(*one) for one in self._take_sent()]
        newest = taken[-1].position + taken[-1].samples if taken else 0
        if self._max_samples is not None:
            oldest = newest - self._max_samples
            self._cleared = [cleared for cleared in self._cleared if cleared.position + cleared.samples > oldest]
        self._cleared = [*self._cleared, *taken]
        return taken

    def take_all(self) -> tuple[list[SentPiece], list[SentPiece]]:
        """As `take`, with the unproven audio of earlier clears. Returns all of it, and the result of `take`."""
        taken = self.take()
        everything, self._cleared = list(self._cleared), ()
        return everything, taken

    def frame_before(self, taken: list[SentPiece], position: int, latest: int) -> int:
        """Return the start of a frame at a position, or less than a frame away from it.

        A reply whose audio is sent again from there still consists of whole frames.

        Args:
            taken: the result of `take`.
            position: a sent position.
            latest: upper bound of the result.
        """
        for sent in reversed(taken):
            if sent.position <= position:
                frames = (position - sent.position) // self._frame_samples
                before = sent.position + frames * self._frame_samples
                behind = before + self._frame_samples
                return behind if before < position and behind <= latest else before
        return position

    def put_back(self, taken: list[SentPiece], position: int, fade_samples: int) -> list[Reply]:
        """Return audio from a position on to its replies, to be sent again.

        Args:
            taken: the result of `take` or `take_all`. Audio that is in it twice, or was returned before, is sent once.
            position: where the audio begins, as `frame_before` returns it.
            fade_samples: length of a fade-in at its beginning, unless a reply begins there.

        Returns:
            The replies that received audio, in the order of speaking.
        """
        # From the last piece to the first, because each is put in front of the queue of its reply.
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
        """Drop waiting audio that was returned to its reply before and is among the sent audio now."""
        for sent in taken:
            queue = sent.reply.queue
            while queue.taken_samples < sent.content + sent.samples and queue.waiting_samples:
                queue.take(queue.first_item_samples or min(self._frame_samples, queue.waiting_samples))


def unheard_of(taken: list[SentPiece], position: int) -> list[tuple[SentPiece, int]]:
    """Return the pieces of sent audio, each with how much of it was heard or is also in an earlier piece.

    Args:
        taken: sent audio, in the order of sending.
        position: the sent position up to which it was heard.
    """
    found: list[tuple[SentPiece, int]] = []
    ends: dict[Reply, int] = {}  # content before this position is in earlier pieces
    for sent in taken:
        heard = max(position - sent.position, ends.get(sent.reply, sent.content) - sent.content, 0)
        ends[sent.reply] = max(ends.get(sent.reply, 0), sent.content + sent.samples)
        found.append((sent, min(heard, sent.samples)))
    return found


def _without(pieces: list[Piece], skipped: int, samples: int, unit: tuple[int, int]) -> tuple[list[Piece], int]:
    """Return pieces without their first samples, and how many samples remain. Payloads are cut between units."""
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
