"""Checks of the OPUS coders' options; each raises ValueError with rule and value."""

from __future__ import annotations

from typing import Final

APPLICATIONS: Final = {"voip": 2048, "audio": 2049, "lowdelay": 2051}
"""As in opus_defines.h."""
FRAMES_MS: Final = (2.5, 5, 10, 20, 40, 60)
MIN_BITRATE: Final = 6000
"""RFC 6716 section 2.1.1 has 6 to 510 kbit/s."""
MAX_BITRATES: Final = {1: 300_000, 2: 510_000}
"""By channels: the library codes one channel at 300 kbit/s or less."""
_MIN_SILK_MS: Final = 10


def check_channels(channels: object) -> None:
    """Refuse numbers other than 1 and 2."""
    if channels not in (1, 2):
        raise ValueError(f"channels is {channels!r}, 1 or 2 are allowed")


def check_gain(gain_q8_db: object) -> None:
    """Refuse a gain that does not fit the 16 bits of RFC 7845 section 5.1."""
    if gain_q8_db not in range(-32768, 32768):
        raise ValueError(f"gain_q8_db is {gain_q8_db!r}, -32768 to 32767 are allowed")


def check_encoder(
    *,
    application: object,
    frame_ms: float,
    complexity: object,
    bitrate: object,
    expected_loss_percent: object,
    fec: object,
    channels: int,
) -> None:
    """Refuse an encoder's options, naming the first invalid one."""
    if application not in APPLICATIONS:
        raise ValueError(f"application is {application!r}, allowed are {', '.join(APPLICATIONS)}")
    if frame_ms not in FRAMES_MS:
        raise ValueError(f"frame_ms is {frame_ms!r}, allowed are {', '.join(map(str, FRAMES_MS))}")
    if complexity not in range(11):
        raise ValueError(f"complexity is {complexity!r}, 0 to 10 are allowed")
    most = MAX_BITRATES[channels]
    if bitrate is not None and bitrate not in range(MIN_BITRATE, most + 1):
        raise ValueError(f"bitrate is {bitrate!r}, {MIN_BITRATE} to {most} bit/s are allowed")
    if expected_loss_percent not in range(101):
        raise ValueError(f"expected_loss_percent is {expected_loss_percent!r}, 0 to 100 are allowed")
    if fec and not expected_loss_percent:
        raise ValueError("fec needs expected_loss_percent above 0, at 0 the library adds none")
    if fec and (application == "lowdelay" or frame_ms < _MIN_SILK_MS):
        raise ValueError("fec is a part of SILK, which has no frames below 10 ms and no application 'lowdelay'")
