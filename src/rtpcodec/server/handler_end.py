"""What happens to the phone call when its handler has ended: nothing, a hang-up, or what a coroutine function does."""

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
"""Ends of a stream behind which nothing is done: the phone call has ended or a command has stopped the stream, or the
handler has closed the stream to let the phone call continue."""


class HandlerEnd:
    """Acts on one phone call once its handler has ended. Use it from the event loop's thread only.

    It leaves a phone call alone that is transferred, bridged, in a conference or ended, and one whose stream ended by
    LEFT_ALONE. Of a carrier without commands it hangs up nothing: the end of the stream must do.
    """

    __slots__ = ("_choice", "_log", "_parts")

    def __init__(self, choice: OnHandlerEnd, parts: CallParts, log: CallLog) -> None:
        """Make it.

        Args:
            choice: the setting.
            parts, log: of the call.
        """
        self._log = log
        self._choice = choice
        self._parts = parts

    @property
    def acts(self) -> bool:
        """Whether it does anything about the phone call as it is now."""
        if self._choice == "keep" or not self._is_alone():
            return False
        if self._choice == "hangup" and not self._parts.pump.machine.session.dialect.commands:
            return False
        return self._parts.pump.machine.end_reason not in LEFT_ALONE

    def words(self, *, acting: bool = True) -> str:
        """Return what becomes of the phone call, for the log record of a failed handler.

        Args:
            acting: whether `act` follows, if it does anything; a handler that was cancelled is not followed by it.
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
        """Do what was chosen. An error of it is logged.

        Args:
            call: the call.
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
        except BaseException as own:  # the stream must be closed all the same
            if not is_stream_ended(own):
                self._log.exception("on_handler_end failed, the phone call may still be up")
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
