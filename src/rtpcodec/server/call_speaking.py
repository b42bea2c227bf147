"""The speaking side of a Call: plays, replies, interruptions and background sounds."""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterable
from typing import Literal

from typing_extensions import Buffer

from rtpcodec.server import threads
from rtpcodec.server.background import Background, Source
from rtpcodec.server.call_base import CallBase
from rtpcodec.server.ongoing import Ongoing, end_of
from rtpcodec.server.pausing import PlaybackPause
from rtpcodec.server.replies import Reply
from rtpcodec.server.saying import Chunk, Saying, require_chunks
from rtpcodec.stream.events import Audio, Interrupted
from rtpcodec.stream.speaking.reply import Reply as SessionReply


class SpeakingSide(CallBase):
    """Plays, replies, interruptions and background sounds of one call."""

    __slots__ = ()

    def play_mp3(self, data: Buffer) -> Ongoing:
        """Queue an MP3 file, otherwise like `play`.

        If the buffer holds several files, all are played. The carrier accepts one file per second (docs/carrier.md,
        rule C30), so there are pauses between short files.

        Raises:
            ValueError: the octets are not an MP3 file.
            LocalProtocolError: the plan's mode is rtp, or called outside the event loop's thread.
            StreamEnded, QueueFull: as for `play`.
        """
        waiting = end_of(self._machine("play_mp3").plays.play_mp3(data))
        self._pump.run()
        return waiting

    def flush(self) -> None:
        """End the utterance of `play`: pad its last frame with silence, or in mode mp3 encode the file.

        Replies are flushed when they end. In mode mp3, encoding takes some ms per second of audio, and audio of a
        `play` that still waits belongs to the next utterance. Raises StreamEnded after the end.
        """
        self._machine("flush").session.flush()
        self._pump.run()

    def mark(self, name: str | None = None) -> str:
        """Queue a mark after all queued audio. Every mark ends as one event, MarkPlayed or MarkCleared.

        Args:
            name: its name; None: a name is generated.

        Returns:
            The name.

        Raises:
            LocalProtocolError: too many marks wait, or called outside the event loop's thread.
            StreamEnded: the stream has ended.
            TypeError: the name is not a str.
            ValueError: the name contains a lone surrogate.
        """
        name = self._machine("mark").session.mark(name)
        self._pump.run()
        return name

    async def played(self) -> bool:
        """Flush, and wait until all audio queued so far was heard, and all open replies have ended and were heard.

        The wait ends at the latest 1 s after the estimated end of the audio.

        Returns:
            True; False if an interruption or the end of the stream came first.

        Raises:
            StreamEnded: the stream has ended.
            LocalProtocolError: called in `on_audio`, which cannot wait, or in the block of a reply, which cannot end
                before it.
        """
        access = self._access
        access.require_coroutine("played")
        session = self._pump.machine.session
        if session.speech is None:
            return await self._files_played()
        access.refuse_own_block("played")
        session.flush()
        self._pump.run()
        return await access.heard.all_ended(session.speech.unended_replies)

    async def _files_played(self) -> bool:
        # 1. Wait until plays have got their space. An interruption meanwhile drops them.
        plays = self._pump.machine.plays
        drop_count = plays.drop_count
        turn = end_of(plays.turn())
        self._pump.run()
        await turn
        if plays.drop_count != drop_count:
            return False
        # 2. Flush, send a mark, and wait for its echo.
        self.flush()
        return await self._parts.heard.wait()

    def interrupt(self, what: Literal["all", "current"] = "all") -> Interrupted:
        """Stop playing: drop audio that waits, is queued here, or is buffered by the carrier.

        Args:
            what: "all": all replies, and everything that `play` has queued; "current": only the reply that is heard, or
                the next one. Replies that are not interruptible stay.

        Returns:
            The estimate of what was heard. The event InterruptionSettled follows with the final value, once the carrier
            has answered the clear, or 1 s and a round trip later.

        Raises:
            StreamEnded: the stream has ended.
            LocalProtocolError: "current" in mode mp3, or called outside the event loop's thread.
            ValueError: `what` is another word.
        """
        found = self._machine("interrupt").interrupt(self._pump.now_ms(), what)
        self._pump.run()
        return found

    # Replies, pause, background

    def reply(self, id: str | None = None, *, interruptible: bool = True) -> Reply:  # noqa: A002 -- the reply's
        """Open a reply after all others: `async with call.reply() as reply: await reply.play(chunk)`.

        Its place in the order is fixed now, even before it has audio. All audio that is played after an open reply
        waits until the block is left, or `end` is called.

        Args:
            id: its name in events; None: a name is generated.
            interruptible: False for a disclosure, which `interrupt` and a discarded pause do not stop.

        Raises:
            LocalProtocolError: the mode is mp3, 1000 replies are open, or called outside the event loop's thread.
            StreamEnded: the stream has ended.
            TypeError: the id is not a str.
        """
        return Reply(self._access, self._opened("reply", id, interruptible))

    def _opened(self, name: str, reply_id: str | None, interruptible: bool) -> SessionReply:
        """Open a reply of the session for a method."""
        machine = self._machine(name)
        machine.plays.require_accepted()
        return machine.session.reply(reply_id, interruptible=interruptible)

    async def say(
        self,
        chunks: Iterable[Chunk] | AsyncIterable[Chunk],
        pcm_hz: int | None = None,
        *,
        id: str | None = None,  # noqa: A002 -- the reply's
        interruptible: bool = True,
    ) -> Reply:
        """Play all chunks of an iterable as one reply, and end it. Return when everything is queued.

        An interruption and the end of the stream end it at once without an error, even while the next chunk is awaited.
        A generator of the chunks is always closed.

        Args:
            chunks: yields PCM or Audio, or pairs of these with a note; it may be asynchronous.
            pcm_hz: the sample rate of PCM in Hz; None: send_pcm_hz.
            id: as for `reply`.
            interruptible: as for `reply`.

        Returns:
            The reply; its `state` and `played` report whether it was heard.

        Raises:
            Exception: any error of the iterable, and of `reply` and Reply.play except ReplyInterrupted. Audio that is
                queued by then is heard.
        """
        self._access.require_coroutine("say")
        require_chunks(chunks)
        saying = self._saying(id, pcm_hz, interruptible)
        await saying.say(chunks)
        return saying.reply

    def pause_playback(self, timeout_s: float = 2.0, then: Literal["resume", "discard"] = "resume") -> PlaybackPause:
        """Pause the playback, which can be reversed: clear the carrier's buffer, and keep what was not heard.

        Audio that is played during the pause waits behind it. An interruption and the end of the stream discard the
        kept audio. The event PauseResolved reports how the pause ended.

        Args:
            timeout_s: the longest duration of the pause, in s.
            then: what happens at the time-out: "resume" or "discard".

        Raises:
            LocalProtocolError: the mode is mp3, a pause is running, or called outside the event loop's thread.
            StreamEnded: the stream has ended.
            ValueError: an argument is invalid.
        """
        session = self._machine("pause_playback").session
        pause = session.pause_playback(self._pump.now_ms(), timeout_s * 1000, then)
        self._pump.run()
        return PlaybackPause(self._access, pause)

    def background(
        self,
        source: Source,
        level_dbov: float = -45.0,
        *,
        loop: bool = True,
        duck_db: float = 0.0,
        pcm_hz: int | None = None,
    ) -> Background:
        """Mix a background sound under all replies, and play it alone between them.

        Args:
            source: a recording that `rtpcodec.background_source` has loaded, which all calls can share. Or its
                argument: the path of a WAV file, which a thread loads for each call, or PCM or an Audio.
            level_dbov: the level of the sound, -90 to 0 dBov.
            loop: True: repeat it until `Background.stop`. False: it ends by itself.
            duck_db: how much quieter it is under speech, 0 to 60 dB.
            pcm_hz: the sample rate of PCM in Hz.

        Returns:
            A handle with `stop`. Await it to wait until the recording is loaded.

        Raises:
            LocalProtocolError: the mode is mp3, or called outside the event loop's thread.
            StreamEnded: the stream has ended.
            ValueError, TypeError: as for `rtpcodec.background_source`.
        """
        speech = self._machine("background").session.require_replies("background")
        sound = Background(self._access, speech.sample_rate_hz)
        options = {"level_dbov": level_dbov, "loop": loop, "duck_db": duck_db}
        sound.begin(source, pcm_hz, self.id, options)
        return sound

    # Other threads

    def play_threadsafe(self, pcm: Buffer | Audio, pcm_hz: int | None = None, timeout_s: float | None = None) -> bool:
        """Play from another thread, such as a callback of a speech engine, and block until everything is queued.

        Args:
            pcm: as for `play`.
            pcm_hz: as for `play`.
            timeout_s: the longest wait for space, in s; None: without limit. The end of the stream ends the wait.

        Returns:
            True; False if an interruption or the end of the stream dropped audio that waited for space.

        Raises:
            TimeoutError: there was no space in time; audio that was not queued is dropped.
            LocalProtocolError: called in the event loop's thread.
            Exception: any error of `play`.
        """
        self._access.require_other_thread("play_threadsafe", "await call.play()")
        return threads.play(self._access, lambda plays: plays.play(pcm, pcm_hz), timeout_s)

    def say_threadsafe(
        self,
        chunks: Iterable[Chunk],
        pcm_hz: int | None = None,
        *,
        id: str | None = None,  # noqa: A002 -- the reply's
        interruptible: bool = True,
        timeout_s: float | None = None,
    ) -> Reply:
        """Play all chunks of an iterable as one reply from another thread, and block until everything is queued.

        Args:
            chunks: as for `say`; the iterable runs in the calling thread.
            pcm_hz: as for `say`.
            id: as for `say`.
            interruptible: as for `say`.
            timeout_s: the longest wait for the space of one chunk, in s; None: without limit.

        Returns:
            The reply. Once it was interrupted or the stream has ended, no further chunk is requested from the iterable.

        Raises:
            TimeoutError: there was no space in time.
            LocalProtocolError: called in the event loop's thread.
            Exception: any error of `say`.
        """
        access = self._access
        access.require_other_thread("say_threadsafe", "await call.say()")
        require_chunks(chunks)
        saying = threads.call(access, lambda: self._saying(id, pcm_hz, interruptible))
        saying.say_threadsafe(chunks, timeout_s)
        return saying.reply

    def _saying(self, reply_id: str | None, pcm_hz: int | None, interruptible: bool) -> Saying:
        return Saying(self._access, self._opened("say", reply_id, interruptible), pcm_hz)
