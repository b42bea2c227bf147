"""Reply: the asyncio interface of a reply, for handlers."""

from __future__ import annotations

from types import TracebackType
from typing import Any

from typing_extensions import Buffer

from rtpcodec.errors import ReplyInterrupted
from rtpcodec.pickling import Live
from rtpcodec.server import threads
from rtpcodec.server._replying import ReplyFastPath
from rtpcodec.server.loop_access import LoopAccess
from rtpcodec.server.ongoing import Ongoing, end_of
from rtpcodec.stream.events import Audio, Interrupted
from rtpcodec.stream.speaking.reply import Reply as SessionReply
from rtpcodec.stream.speaking.reply import ReplyState


class Reply(Live, ReplyFastPath):
    """One reply: audio that is spoken as a whole, and how much of it was heard.

    Its place among the replies of its call is fixed when `call.reply` returns it, even before it has audio. Audio that
    is played after it waits until the reply has ended: by `end`, or by leaving its `async with` block.

    Thread rule: use it in the event loop's thread only, except `play_threadsafe` and the properties.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return repr(self._reply)

    async def __aenter__(self) -> Reply:
        self._access.require_coroutine("async with call.reply")
        self._access.enter(self._reply)
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, error: BaseException | None, _traceback: TracebackType | None
    ) -> bool:
        """End the reply. Its ReplyInterrupted is suppressed; after any other error, queued audio is still heard."""
        try:
            self._access.leave(self._reply)
            self.end()
            return error is not None and says_only(self._reply, error)
        finally:
            del error  # its traceback holds this frame

    # Adding audio

    def play_payload(self, payload: Buffer, note: object = None) -> Ongoing:
        """Add octets that are already in the send codec, otherwise like `play`. May raise PayloadError."""
        plays = self._access.machine("play_payload").plays
        waiting = end_of(plays.play_payload(payload, reply=self._reply, note=note))
        self._access.pump.run()
        return waiting

    def play_threadsafe(
        self, pcm: Buffer | Audio, pcm_hz: int | None = None, note: object = None, timeout_s: float | None = None
    ) -> None:
        """Add PCM from another thread, and block until everything is queued.

        Args:
            pcm: as for `play`.
            pcm_hz: as for `play`.
            note: as for `play`.
            timeout_s: the longest wait for space, in s; None: without limit. The end of the stream ends the wait.

        Raises:
            TimeoutError: there was no space in time; audio that was not queued is dropped.
            LocalProtocolError: called in the event loop's thread.
            Exception: any error of `play`.
        """
        access = self._access
        access.require_other_thread("play_threadsafe", "await reply.play()")
        threads.play(access, lambda plays: plays.play(pcm, pcm_hz, reply=self._reply, note=note), timeout_s)

    def interrupt(self) -> Interrupted:
        """Stop only this reply: drop what was not heard of it, here and at the carrier.

        A reply that has ended or is not interruptible stays as it is.

        Returns:
            The estimate of what was heard. The event InterruptionSettled follows with the final value.

        Raises:
            StreamEnded: the stream has ended.
        """
        found = self._access.machine("interrupt").interrupt(self._access.pump.now_ms(), self._reply)
        self._access.pump.run()
        return found

    def end(self) -> None:
        """End the reply: it accepts no more audio, and its last frame is padded. A second call does nothing."""
        self._access.machine("end")
        self._reply.end()
        self._access.pump.run()

    # State

    async def played(self) -> bool:
        """Wait until the reply was heard to its end, at the latest until 1 s after the estimated end of its audio.

        Returns:
            True, also if the end is estimated (see `state`); False if it was interrupted or the stream ended first.

        Raises:
            LocalProtocolError: called in `on_audio`, which cannot wait, or in the reply's own block before `end`.
        """
        access = self._access
        access.require_coroutine("played")
        access.refuse_own_block("played", self._reply)
        return await access.heard.ended(self._reply)

    async def settled(self) -> bool:
        """Wait as `played` does, and after an interruption until `played_ms` is final.

        This takes one round trip, in which the carrier answers the clear; without an answer, 1 s more.

        Returns:
            As for `played`.

        Raises:
            LocalProtocolError: as for `played`.
        """
        access = self._access
        access.require_coroutine("settled")
        access.refuse_own_block("settled", self._reply)
        return await access.heard.settled(self._reply)

    @property
    def id(self) -> str:
        """The id that the caller gave, or a generated one. ReplyEnded has it."""
        return self._reply.id or ""

    @property
    def interruptible(self) -> bool:
        """Whether an interruption ends it."""
        return self._reply.interruptible

    @property
    def state(self) -> ReplyState:
        """One of five words.

        "queued": nothing was sent yet.
        "speaking": sent in part, or not heard to its end.
        "played": heard to its end; the carrier has confirmed it.
        "estimated": heard to its end by our estimate.
        "interrupted": cut by an interruption, a discarded pause or the end of the stream.
        """
        return self._reply.state

    @property
    def queued_ms(self) -> float:
        """Audio of the reply in ms that waits to be sent, or for space."""
        return self._reply.queued_ms + self._access.pump.machine.plays.waiting_ms_of(self._reply)

    @property
    def sent_ms(self) -> float:
        """Audio of the reply in ms that was sent, heard or not."""
        return self._reply.sent_ms

    @property
    def played_ms(self) -> float:
        """Audio of the reply in ms that was heard, at the carrier's play-out; never more than was sent."""
        return self._reply.played_ms(self._access.pump.now_ms())

    @property
    def played_uncertainty_ms(self) -> float:
        """The largest error of `played_ms`, in either direction."""
        return self._reply.played_uncertainty_ms(self._access.pump.now_ms())

    @property
    def last_note_played(self) -> Any:
        """The note of the last chunk that was heard to its end; None: there is none."""
        return self._reply.last_note_played(self._access.pump.now_ms())


def prompt_of(reply: Reply, access: LoopAccess, name: str) -> SessionReply:
    """Return the session's reply to a method that waits for its end.

    Args:
        reply: a Reply of the waiting call.
        access: the machine of the waiting call.
        name: the method.

    Raises:
        TypeError: it is not a reply.
        ValueError: it belongs to another call.
        LocalProtocolError: in its own block.
    """
    if not isinstance(reply, Reply):
        raise TypeError(f"the reply of {name} is of type {type(reply).__name__}, a Reply of this call is needed")
    if reply._access is not access:  # noqa: SLF001 -- its own module
        raise ValueError(f"reply {reply.id!r} belongs to another call")
    access.refuse_own_block(name, reply._reply)  # noqa: SLF001
    return reply._reply  # noqa: SLF001


def says_only(reply: SessionReply, error: BaseException) -> bool:
    """Return whether an error says that this reply was interrupted, and nothing else."""
    if isinstance(error, BaseExceptionGroup):
        return all(says_only(reply, part) for part in error.exceptions)
    return isinstance(error, ReplyInterrupted) and error.reply_serial == reply.serial


async def heard_to_its_end(reply: Reply) -> bool:
    """Wait until a reply has ended, also in calls of `on_audio`. Returns whether it was heard to its end."""
    return await reply._access.heard.ended(reply._reply)  # noqa: SLF001 -- of this module
