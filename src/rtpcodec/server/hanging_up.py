"""The hang-up of one call: after its last audio, and only once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from math import inf
from typing import Any, Final

from rtpcodec.errors import CallEnded
from rtpcodec.pump.pump import Pump
from rtpcodec.server.background_commands import BackgroundCommands, RunningCommand
from rtpcodec.server.phone_call import PhoneCall
from rtpcodec.server.play_out import PlayOut
from rtpcodec.stream.machine import CallMachine

HANG_UP_AFTER_MS: Final = 300.0
"""Time from the estimated end of the last audio to the command. It covers jitter buffers behind the carrier, and the
uncertainty of the estimate."""

REFUSAL: Final = "the call is being hung up; nothing more can be played"


class HangUp:
    """Hangs up the phone call of one stream. Use it in the event loop's thread only."""

    __slots__ = ("_command", "_commands", "_disconnected", "_phone", "_play_out", "_pump")

    def __init__(
        self,
        pump: Pump[CallMachine],
        phone: PhoneCall,
        play_out: PlayOut,
        commands: BackgroundCommands,
        disconnected: asyncio.Future[None],
    ) -> None:
        """Store the parts of the call."""
        self._pump = pump
        self._phone = phone
        self._play_out = play_out
        self._commands = commands
        self._disconnected = disconnected
        self._command: RunningCommand | None = None

    @property
    def begun(self) -> bool:
        """Whether a hang-up is running or was accepted."""
        return self._command is not None

    def begin(
        self, after_ms: float, fields: Mapping[str, Any], unless: Callable[[], bool] | None = None
    ) -> RunningCommand:
        """Begin the hang-up, or join the one that is running or was accepted, whose arguments stay.

        Args:
            after_ms: from the end of the audio to the command.
            fields: further fields of the command.
            unless: asked before the command is sent: if it returns True, nothing is sent and the call continues.

        Raises:
            ValueError: after_ms is not 0 or more.
            EndpointError: there is no control.
        """
        if not 0 <= after_ms < inf:
            raise ValueError(f"after_ms is {after_ms!r}, a number of 0 or more is needed")
        command = self._command
        if command is None:
            if self._phone.state != "ended":
                self._phone.control("hangup")
            self._pump.machine.plays.refusal = REFUSAL
            self._command = command = self._commands.start("hangup", self._run(after_ms, dict(fields), unless))
            return command
        return command.shared()

    async def _run(self, after_ms: float, fields: dict[str, Any], unless: Callable[[], bool] | None) -> None:
        try:
            await self._play_out.wait()
            await self.wait_ms(after_ms)
            if unless is not None and unless():
                self._continue()
                return
            if self._phone.state != "ended":
                with suppress(CallEnded):
                    await self._phone.command("hangup", "hangup", **fields)
                    self._phone.totals.hang_ups += 1
                self._phone.state = "ended"
        except BaseException:
            # The call continues. The command holds the error, whose traceback holds this frame.
            self._continue()
            raise

    def _continue(self) -> None:
        self._pump.machine.plays.refusal = self._command = None

    async def wait_ms(self, after_ms: float) -> None:
        """Wait for this time, or until the connection is gone."""
        if after_ms and not self._disconnected.done():
            await asyncio.wait((self._disconnected,), timeout=after_ms / 1000)
