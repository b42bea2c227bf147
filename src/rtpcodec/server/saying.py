"""`say`: one reply from an iterable of chunks, in the event loop or from another thread."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, Callable, Iterable
from contextlib import suppress
from typing import Any, cast

from typing_extensions import Buffer

from rtpcodec.errors import ReplyInterrupted, StreamEnded
from rtpcodec.server import threads
from rtpcodec.server.loop_access import LoopAccess
from rtpcodec.server.ongoing import Ongoing
from rtpcodec.server.replies import Reply, says_only
from rtpcodec.stream.events import Audio
from rtpcodec.stream.speaking.reply import Reply as SessionReply

Chunk = Buffer | Audio | tuple[Buffer | Audio, object]
"""Audio for `say`: PCM or an Audio, alone or as a pair with its note."""


class Saying:
    """Feeds one reply from an iterable, and ends it."""

    __slots__ = ("_access", "_pcm_hz", "_spoken", "reply")

    def __init__(self, access: LoopAccess, spoken: SessionReply, pcm_hz: int | None) -> None:
        """Feed a reply that was just opened. pcm_hz: the rate of PCM; None: send_pcm_hz."""
        self._access = access
        self._spoken = spoken
        self._pcm_hz = pcm_hz
        self.reply = Reply(access, spoken)

    async def say(self, chunks: Iterable[Chunk] | AsyncIterable[Chunk]) -> None:
        """Play all chunks. An interruption ends this at once, even while the next chunk is awaited."""
        task = cast("asyncio.Task[Any]", asyncio.current_task())
        cancelling = task.cancelling()
        feeding, interrupted = True, False

        def interrupt() -> None:
            nonlocal interrupted
            if feeding:
                interrupted = True
                task.cancel()

        async with self.reply:
            watch = self._watch(interrupt)
            try:
                await self._feed(chunks)
            except asyncio.CancelledError:
                # As in asyncio.timeout: only our own cancellation is suppressed.
                if not interrupted:
                    raise
                interrupted = False
                if task.uncancel() > cancelling:
                    raise
            finally:
                feeding = False
                self._access.heard.discard(self._spoken, watch)
                watch.cancel()
                if interrupted:  # the generator has suppressed our cancellation
                    task.uncancel()

    def _watch(self, interrupt: Callable[[], object]) -> asyncio.Future[None]:
        """Return a future that is completed at the end of the reply; interrupt is called if it was interrupted."""
        end: asyncio.Future[None] = self._access.loop.create_future()
        spoken = self._spoken

        def ended(future: asyncio.Future[None]) -> None:
            if not future.cancelled() and spoken.state == "interrupted":
                interrupt()

        end.add_done_callback(ended)
        self._access.heard.notify(spoken, end)
        return end

    async def _feed(self, chunks: Iterable[Chunk] | AsyncIterable[Chunk]) -> None:
        """Play all chunks, and always close their generator."""
        if isinstance(chunks, AsyncIterable):
            iterator = aiter(chunks)
            try:
                async for chunk in iterator:
                    await self._play(chunk)
            finally:
                if (aclose := getattr(iterator, "aclose", None)) is not None:
                    await aclose()
            return
        steps = iter(chunks)
        try:
            for chunk in steps:
                await self._play(chunk)
                await asyncio.sleep(0)  # let other calls run between two chunks
        finally:
            if (close := getattr(steps, "close", None)) is not None:
                close()

    def _play(self, chunk: Chunk) -> Ongoing:
        pcm, note = chunk if isinstance(chunk, tuple) else (chunk, None)
        return self.reply.play(pcm, self._pcm_hz, note)

    def say_threadsafe(self, chunks: Iterable[Chunk], timeout_s: float | None) -> None:
        """Play all chunks from another thread."""
        steps = iter(chunks)
        try:
            for chunk in steps:
                pcm, note = chunk if isinstance(chunk, tuple) else (chunk, None)
                self.reply.play_threadsafe(pcm, self._pcm_hz, note, timeout_s)
        except ReplyInterrupted as error:
            if not says_only(self._spoken, error):
                raise
        finally:
            with suppress(StreamEnded):  # the event loop is closed, so the reply has ended with its stream
                threads.call(self._access, self.reply.end)
            if (close := getattr(steps, "close", None)) is not None:
                close()


def require_chunks(chunks: object) -> None:
    """Raise TypeError if chunks is audio and not an iterable of audio."""
    if not isinstance(chunks, Audio | str):
        try:
            memoryview(chunks)  # type: ignore[arg-type]  # this is what the call tests
        except TypeError:
            return
    raise TypeError(
        f"chunks is of type {type(chunks).__name__}, an iterable of chunks of audio is needed; play() takes one"
    )
