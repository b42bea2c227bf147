"""A lost line in mode mp3: what waits follows on the next socket; a file that was sent is not sent again."""

from __future__ import annotations

from rtpcodec import StreamPlan, events
from tests.mp3_files import tone_file
from tests.stream import carrier
