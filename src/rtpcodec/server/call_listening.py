"""The listening side of a Call: what the caller says and does."""

from __future__ import annotations

from rtpcodec.server.call_base import CallBase
from rtpcodec.server.collecting import Collection, Digits, EntryRules
from rtpcodec.server.inbox import AudioReader, EventReader
from rtpcodec.server.private_section import PrivateSection
from rtpcodec.server.replies import Reply, prompt_of


class ListeningSide(CallBase):
    """Readers of one call."""

    __slots__ = ()

    def audio(self, track: str | None = None) -> AudioReader:
        """Return the audio of one track (None: of all) as an async iterator that ends with the stream.

        Other events are skipped. Only one task at a time may read a call. A slow reader loses the oldest audio beyond
        5 s.
        """
        self._access.require_coroutine("audio")
        return AudioReader(self._parts.inbox, track)

    def events(self) -> EventReader:
        """Return all events, from Started to Stopped, as an async iterator that ends with the stream."""
        self._access.require_coroutine("events")
        return EventReader(self._parts.inbox)

    async def collect_dtmf(
        self,
        prompt: Reply | None = None,
        *,
        interrupt: bool = True,
        typed_ahead: bool = True,
        max: int | None = None,  # noqa: A002 -- the most natural name
        end: str | None = "#",
        first_timeout_s: float | None = 7.0,
        between_timeout_s: float | None = 3.0,
    ) -> Digits:
        """Collect the keys of one entry, such as a PIN, beside any reader of the call.

        prompt: a reply of this call that asks for the keys. The first time-out begins once it was heard to its end;
            None: at once.
        interrupt: whether the first key stops the prompt, if that is interruptible.
        typed_ahead: whether keys count that came before this call, since the stream began or the last entry ended;
            False: they are dropped.
        max: how many keys are complete; None: 128. Keys beyond it stay for the next entry, apart from an end
            key right behind the last one.
        end: the keys that end the entry and are not part of it; None: no key does.
        first_timeout_s: how long the caller may take for the first key; None: without limit.
        between_timeout_s: for each further one; it does not run while the prompt is heard.
        Returns: the keys and what ended the entry. Cancelled, it leaves its keys to the next one.
        Raises: LocalProtocolError if another one runs, in `on_audio`, which cannot wait, and in the prompt's own block
        before its `end`; ValueError, TypeError for a rule that cannot be kept, and for a reply of another call.
        """
        access = self._access
        access.require_coroutine("collect_dtmf")
        rules = EntryRules(max, end, first_timeout_s, between_timeout_s)
        spoken = None if prompt is None else prompt_of(prompt, access, "collect_dtmf")
        collection = Collection(access, self._parts.keys, rules, spoken, interrupt=interrupt)
        return await collection.run(typed_ahead=typed_ahead)

    def private(self, label: str) -> PrivateSection:
        """Return a block, `async with call.private("card"):`, in which nothing of what the caller says or keys is kept.

        Recorders, taps and captures keep the time line alone. The handler still gets audio and keys. Sections may
        overlap; the end of the stream ends them all.

        label: what it is about, for logs and sidecars: at most 40 characters, a letter, then letters, digits, spaces,
            `_` and `-`.
        Raises: ValueError, TypeError if the label is not that.
        """
        self._access.machine("private")
        return PrivateSection(self._access, label)
