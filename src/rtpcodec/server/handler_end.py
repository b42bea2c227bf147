"""Acts on the phone call when its handler has ended: keep it, hang it up, or call a coroutine function."""

from __future__ import annotations

import asyncio
from inspect import isawaitable
from typing import Final

from rtpcodec.server.call import Call
from rtpcodec.server.call_log import CallLog
from rtpcodec.server.call_parts import CallParts
from rtpcodec.server.handler_errors import drop_tracebacks, is_stream_ended
from rtpcodec.server.hanging_up import HANG_UP_AFTER_MS
from rtpcodec.server.options import OnHandlerEnd
from rtpcodec.stream.ending import EndReason

LEFT_ALONE: Final[frozenset[EndReason | None]] = frozenset(("carrier_stop", "closed"))
"""Reasons for the end of a stream after which nothing is done: the phone call has ended, a command has stopped the
stream, or the handler has closed the stream so that the phone call continues."""


class HandlerEnd:
    """Acts on one phone call once its handler has ended. Use it in the event loop's thread only.

    It does nothing if the phone call is transferred, bridged, in a conference or ended, or if the stream ended for a
    reason in LEFT_ALONE. It cannot hang up calls of a carrier without commands: there the end of the stream must
    suffice.
    """

    __slots__ = ("_choice", "_log", "_parts")

    def __init__(self, choice: OnHandlerEnd, parts: CallParts, log: CallLog) -> None:
        """Prepare it.

        Args:
            choice: the setting.
            parts: the parts of the call.
            log: the log of the call.
        """
        self._log = log
        self._choice = choice
        self._parts = parts

    @property
    def acts(self) -> bool:
        """Whether `act` would do something in the current state of the phone call."""
        if self._choice == "keep" or not self._is_alone():
            return False
        if self._choice == "hangup" and not self._parts.pump.machine.session.dialect.commands:
            return False
        return self._parts.pump.machine.end_reason not in LEFT_ALONE

    def words(self, *, acting: bool = True) -> str:
        """Return the state of the phone call in words, for the log record of a failed handler.

        Args:
            acting: whether `act` follows. It does not follow after a cancelled handler.
        """
        phone = self._parts.phone
        if phone.state == "ended":
            return "the phone call has ended"
        if phone.company is not None:
            return f"the phone call is {phone.company} and continues"
        if self._parts.pump.machine.end_reason == "carrier_stop":
            return "the carrier had ended the stream before"
        if acting and self.acts:
            return "on_handler_end decides about the phone call"
        return "the phone call is still up" + (", on_handler_end can end it" if self._choice == "keep" else "")

    async def act(self, call: Call, error: BaseException | None) -> None:
        """Carry out the setting, and log its errors.

        Args:
            call: passed to the function, if the setting is one.
            error: the exception that the handler raised; None: it returned.
        """
        if not self.acts:
            return
        try:
            if callable(self._choice):
                acting = self._choice(call, error)
                if isawaitable(acting):
                    await acting
            else:
                await self._hang_up()
        except (asyncio.CancelledError, GeneratorExit, KeyboardInterrupt):
            raise
        except BaseException as own:  # the stream must still be closed
            if not is_stream_ended(own):
                self._log.exception("on_handler_end failed; the phone call may still be up")
            drop_tracebacks(own)
        finally:
            del error

    async def _hang_up(self) -> None:
        parts = self._parts
        await parts.play_out.wait()
        await parts.hang_up.wait_ms(HANG_UP_AFTER_MS)
        if self._is_alone():  # a webhook may have changed it meanwhile
            await parts.hang_up.begin(0, {}, unless=lambda: not self._is_alone())

    def _is_alone(self) -> bool:
        phone = self._parts.phone
        return phone.state != "ended" and phone.company is None
