"""`collect_dtmf`: one entry of keys, from its prompt to its end."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from math import inf, isnan
from typing import Literal

from rtpcodec.carriers.telnyx.commands import DTMF_DIGITS
from rtpcodec.pickling import Value
from rtpcodec.server.loop_access import LoopAccess
from rtpcodec.server.typed_keys import MAX_TYPED_KEYS, TypedKeys
from rtpcodec.stream.speaking.reply import ENDED, Reply

DigitsReason = Literal["complete", "end_key", "timeout", "interrupted", "hang_up"]


@dataclass(frozen=True, slots=True)
class Digits(Value):
    """The keys of one entry. They may be a PIN or a card number, so the repr does not show them."""

    text: str = field(repr=False)
    """The keys, without the end key."""
    reason: DigitsReason
    """What ended the entry. "complete": it has `max` keys; "end_key": a key of `end`; "timeout": no further key arrived
    in time; "interrupted": the prompt was interrupted, and not by a key; "hang_up": the stream has ended."""


@dataclass(frozen=True, slots=True)
class EntryRules:
    """The rules for the end of an entry. Raises ValueError or TypeError for an invalid rule."""

    max: int | None
    end: str | None
    first_timeout_s: float | None
    between_timeout_s: float | None

    def __post_init__(self) -> None:
        _require_count(self.max)
        _require_keys(self.end)
        for name in ("first_timeout_s", "between_timeout_s"):
            value = getattr(self, name)
            if value is not None and (isnan(value) or value < 0):
                raise ValueError(f"{name} is {value}, 0 or more is needed, or None")


def _require_count(count: object) -> None:
    if count is None:
        return
    if not isinstance(count, int) or isinstance(count, bool):
        raise TypeError(f"max is of type {type(count).__name__}, a whole number of keys or None is needed")
    if count < 1:
        raise ValueError(f"max is {count}, at least 1 key is needed, or None")
    if count > MAX_TYPED_KEYS:
        raise ValueError(f"max is {count}, at most {MAX_TYPED_KEYS} keys are allowed")


def _require_keys(end: object) -> None:
    if end is None:
        return
    if not isinstance(end, str):
        raise TypeError(f"end is of type {type(end).__name__}, a str of keys or None is needed")
    if not end or not set(end) <= set(DTMF_DIGITS):
        raise ValueError(f"end is {end!r}, one or more keys of {DTMF_DIGITS} are needed, or None")


class KeyCollection:
    """One entry. Use it in the event loop's thread only."""

    __slots__ = (
        "_access",
        "_interrupt",
        "_keys",
        "_prompt",
        "_prompt_ended_ms",
        "_rules",
        "_stopped_by_key",
    )

    def __init__(
        self, access: LoopAccess, keys: TypedKeys, rules: EntryRules, prompt: Reply | None, *, interrupt: bool
    ) -> None:
        """Prepare an entry.

        Args:
            access: the machine of the call.
            keys: the keys of the call.
            rules: the rules for its end.
            prompt: the reply after which the first time-out begins; None: it begins at once.
            interrupt: whether the first key interrupts the prompt.
        """
        self._access = access
        self._keys = keys
        self._rules = rules
        self._prompt = prompt
        self._interrupt = interrupt
        self._prompt_ended_ms: float | None = None
        self._stopped_by_key = False

    async def run(self, *, typed_ahead: bool) -> Digits:
        """Wait for the end of the entry. If it is cancelled, its keys stay for the next entry."""
        keys, prompt = self._keys, self._prompt
        keys.begin(typed_ahead=typed_ahead)
        heard: asyncio.Future[None] | None = None
        try:
            if prompt is not None and prompt.state not in ENDED:
                heard = self._access.loop.create_future()
                heard.add_done_callback(self._prompt_ended)
                self._access.heard.notify(prompt, heard)
            while (found := self._found()) is None:
                await keys.wait(self._until_ms())
            return found
        finally:
            if prompt is not None and heard is not None:
                self._access.heard.discard(prompt, heard)
                heard.cancel()
            keys.finish()

    def _prompt_ended(self, _end: asyncio.Future[None]) -> None:
        self._keys.wake()

    def _found(self) -> Digits | None:
        """Return the entry if it has ended."""
        keys, rules = self._keys, self._rules
        # 1. The first key stops the prompt. It may also end the entry, so this comes first.
        if keys.text:
            self._stop_prompt()
        # 2. An end key, or enough keys.
        most = MAX_TYPED_KEYS if rules.max is None else rules.max
        count = min(most, len(keys.text))
        for at in range(count):
            if rules.end is not None and keys.text[at] in rules.end:
                text = keys.take(at)
                keys.take(1)
                return Digits(text, "end_key")
        if count == most:
            text = keys.take(count)
            if rules.end is not None:
                # Many callers press the end key although it is not needed. It must not end the next entry.
                between_s = rules.between_timeout_s
                keys.drop_late_end(rules.end, inf if between_s is None else keys.last_ms + between_s * 1000)
            return Digits(text, "complete")
        # 3. The stream has ended, or the prompt was interrupted.
        if keys.ended:
            return Digits(keys.take(count), "hang_up")
        if self._prompt_was_interrupted and not self._access.pump.machine.session.ended:
            return Digits(keys.take(count), "interrupted")
        # 4. The time-out. A key that has arrived and waits for an earlier one was pressed in time.
        session = self._access.pump.machine.session
        if self._time_is_over and not session.waiting_keys:
            return Digits(keys.take(count), "timeout")
        return None

    def _stop_prompt(self) -> None:
        prompt = self._prompt
        if (
            self._interrupt
            and prompt is not None
            and prompt.state not in ENDED
            and not self._access.pump.machine.session.ended
        ):
            self._stopped_by_key = True  # set before the end of the prompt is reported
            self._access.pump.machine.interrupt(self._access.pump.now_ms(), prompt)
            self._access.pump.run()
            self._stopped_by_key = prompt.state == "interrupted"

    @property
    def _prompt_was_interrupted(self) -> bool:
        return self._prompt is not None and self._prompt.state == "interrupted" and not self._stopped_by_key

    @property
    def _time_is_over(self) -> bool:
        return self._access.pump.now_ms() >= self._deadline_ms()

    def _until_ms(self) -> float:
        """Return when to look again, if nothing changes."""
        return inf if self._time_is_over else self._deadline_ms()

    def _deadline_ms(self) -> float:
        """Return the end of the running time-out; infinite: none is running."""
        rules, keys = self._rules, self._keys
        if self._prompt is not None and self._prompt.state not in ENDED:
            return inf
        if self._prompt_ended_ms is None:
            self._prompt_ended_ms = self._access.pump.now_ms()
        timeout_s = rules.between_timeout_s if keys.text else rules.first_timeout_s
        if timeout_s is None:
            return inf
        return max(self._prompt_ended_ms, keys.last_ms if keys.text else -inf) + timeout_s * 1000
