from typing_extensions import disjoint_base

from rtpcodec.codecs.info import CodecInfo

@disjoint_base
class ConcealingDecoder:
    @property
    def info(self) -> CodecInfo: ...
    @property
    def sample_rate_hz(self) -> int: ...
