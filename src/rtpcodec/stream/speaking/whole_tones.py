"""Tones of keys at a cut: each is sent again as a whole, because a receiver may read two parts as two keys."""

from __future__ import annotations

from rtpcodec.stream.speaking.reply_queue import Tones
from rtpcodec.stream.speaking.sent_audio import SentPiece


def restart(taken: list[SentPiece], heard_to: int, frame_samples: int) -> int | None:
    """Return the sent position from which a reply with tones is sent again behind a cut.

    Args:
        taken: the sent audio.
        heard_to: the sent position of the cut. The estimate counts, without its uncertainty: repeated tones may be read
            as another key.
        frame_samples: of the stream.

    Returns:
        A position behind the last tone that was heard as a whole; None: other audio was being heard.
    """
    at = next((sent for sent in reversed(taken) if sent.position <= heard_to), None)
    if at is None or not at.reply.queue.tones:
        return None
    end = at.position + at.samples
    if at.reply.over:
        return end
    content = _first_unheard(at.reply.queue.tones, at.content + min(heard_to, end) - at.position, frame_samples)
    pieces = [sent for sent in taken if sent.reply is at.reply]
    return next(
        (sent.position + content - sent.content for sent in reversed(pieces) if sent.content <= content),
        pieces[0].position,
    )


def _first_unheard(tones: Tones, heard_to: int, frame_samples: int) -> int:
    """Return the frame from which tones are sent again: in the silence before the first incomplete one."""
    heard_end = max((end for _, end in tones if end <= heard_to), default=0)
    begin = next((begin for begin, end in tones if end > heard_to), heard_to)
    frame = min(begin, heard_to) // frame_samples * frame_samples
    return frame if frame >= heard_end else frame + frame_samples
