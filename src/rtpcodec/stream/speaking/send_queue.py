"""Audio that waits to be sent, as it was played: pieces of PCM and of payloads in one order.

SMALL_OCTETS      shorter pieces are collected: a queue of single samples would need a hundred times their memory
COLLECTED_OCTETS  a collection of small pieces ends at this length, so that what was sent of it is freed
"""

from __future__ import annotations

from rtpcodec.stream.speaking._queues import COLLECTED_OCTETS, SMALL_OCTETS, SendQueue

__all__ = ["COLLECTED_OCTETS", "SMALL_OCTETS", "SendQueue"]
