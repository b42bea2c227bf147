from typing import Any, Self

from rtpcodec.kernels.media_scan import MediaScanner
from rtpcodec.stream._event_queue import EventQueue

class Hearing:
    def __new__(cls, scanner: MediaScanner, incoming: Any, events: EventQueue) -> Self: ...
