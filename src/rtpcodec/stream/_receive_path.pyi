from typing import Any, Self, final

from rtpcodec.kernels.media_scan import MediaScanner
from rtpcodec.stream._event_queue import EventQueue

@final
class ReceivePath:
    def __new__(cls, scanner: MediaScanner, incoming: Any, events: EventQueue) -> Self: ...

def receive_path_of(scanner: MediaScanner | None, incoming: Any, events: EventQueue) -> ReceivePath | None: ...
