from collections.abc import Callable

from typing_extensions import Buffer, disjoint_base

from rtpcodec.pump.pump import Pump
from rtpcodec.server.call_parts import CallParts
from rtpcodec.server.loop_access import LoopAccess
from rtpcodec.server.ongoing import Ongoing
from rtpcodec.stream.events import Audio
from rtpcodec.stream.machine import CallMachine

@disjoint_base
class CallFastPath:
    _access: LoopAccess
    _machine: Callable[[str], CallMachine]
    _parts: CallParts
    _pump: Pump[CallMachine]
    def play(self, pcm: Buffer | Audio, pcm_hz: int | None = None) -> Ongoing: ...
    def play_payload(self, payload: Buffer) -> Ongoing: ...
