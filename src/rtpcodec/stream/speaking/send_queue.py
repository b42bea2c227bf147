"""Audio that waits to be sent, in its original form: pieces of PCM and payloads in order.

SMALL_OCTETS      shorter pieces are collected: a queue of single samples would need a hundred times their memory
COLLECTED_OCTETS  length at which a collection of small pieces ends, so that its sent part is freed
"""

from __future__ import annotations

from rtpcodec.stream.speaking._queues import COLLECTED_OCTETS, SMALL_OCTETS, SendQueue

__all__ = ["COLLECTED_OCTETS", "SMALL_OCTETS", "SendQueue"]
