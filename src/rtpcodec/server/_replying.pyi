from typing_extensions import Buffer, disjoint_base

from rtpcodec.server.loop_access import LoopAccess
from rtpcodec.server.ongoing import Ongoing
from rtpcodec.stream.events import Audio
from rtpcodec.stream.speaking.reply import Reply

@disjoint_base
class ReplyFastPath:
    def __init__(self, access: LoopAccess, reply: Reply) -> None: ...
    @property
    def _access(self) -> LoopAccess: ...
    @property
    def _reply(self) -> Reply: ...
    def play(self, pcm: Buffer | Audio, pcm_hz: int | None = None, note: object = None) -> Ongoing: ...
