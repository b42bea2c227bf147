"""The tones of telephone networks as PCM, for the speech of a simulated phone."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple, get_args

from rtpcodec.audio.levels import dbov_of_dbm0, rms_of_dbov
from rtpcodec.kernels.tones import sines

NetworkTone = Literal["dial", "ringback", "busy", "congestion", "sit", "beep"]
Region = Literal["us", "eu", "uk"]
LEVEL_DBM0: Final = -15.0
"""Level of each sine; administrations send -5 to -15 dBm0 (ITU-T E.180)."""
MAX_DURATION_MS: Final = 600_000.0
"""19 MB at 16 kHz, longer than any network rings."""


class _Part(NamedTuple):
    frequencies_hz: tuple[int, ...]
    duration_ms: float


_SILENT: Final[tuple[int, ...]] = ()
_EVERYWHERE: Final[dict[str, tuple[_Part, ...]]] = {
    "sit": (_Part((950,), 330), _Part((1400,), 330), _Part((1800,), 330), _Part(_SILENT, 1000)),
    "beep": (_Part((1000,), 400), _Part(_SILENT, 60_000)),
}
_CADENCES: Final[dict[str, dict[str, tuple[_Part, ...]]]] = {
    "us": {
        "dial": (_Part((350, 440), 1000),),
        "ringback": (_Part((440, 480), 2000), _Part(_SILENT, 4000)),
        "busy": (_Part((480, 620), 500), _Part(_SILENT, 500)),
        "congestion": (_Part((480, 620), 250), _Part(_SILENT, 250)),
    },
    "eu": {
        "dial": (_Part((425,), 1000),),
        "ringback": (_Part((425,), 1000), _Part(_SILENT, 4000)),
        "busy": (_Part((425,), 500), _Part(_SILENT, 500)),
        "congestion": (_Part((425,), 250), _Part(_SILENT, 250)),
    },
    "uk": {
        "dial": (_Part((350, 450), 1000),),
        "ringback": (
            _Part((400, 450), 400),
            _Part(_SILENT, 200),
            _Part((400, 450), 400),
            _Part(_SILENT, 2000),
        ),
        "busy": (_Part((400,), 375), _Part(_SILENT, 375)),
        "congestion": (_Part((400,), 400), _Part(_SILENT, 350), _Part((400,), 225), _Part(_SILENT, 525)),
    },
}
"""Frequencies and cadences (ITU-T E.180 Supplement 2): North America, most of Europe, the United Kingdom."""


def network_tone(name: NetworkTone, rate_hz: int, duration_ms: float, *, region: Region = "us") -> bytes:
    """Make a tone of a telephone network as PCM; its cadence (ITU-T E.180 Supplement 2) repeats.

    Args:
        name: "dial", "ringback", "busy", "congestion", "sit" (special information tone), or "beep", that of an
            answering machine.
        rate_hz: sample rate of the PCM, 8000 to 192000 Hz.
        duration_ms: duration of the PCM, 0 to 600,000 ms.
        region: "us" North America, "eu" most of Europe, "uk" the United Kingdom; "sit" and "beep" are the same
            everywhere.

    Returns:
        Native int16 PCM, mono.

    Raises:
        ValueError: an argument is out of range.

    >>> len(network_tone("busy", 8000, 1500.0, region="eu"))
    24000
    """
    if name not in get_args(NetworkTone):
        raise ValueError(f"name is {name!r}, {', '.join(get_args(NetworkTone))} are allowed")
    if region not in _CADENCES:
        raise ValueError(f"region is {region!r}, {', '.join(_CADENCES)} are allowed")
    if not 0 <= duration_ms <= MAX_DURATION_MS:
        raise ValueError(f"duration_ms is {duration_ms:g}, 0 to {MAX_DURATION_MS:g} are allowed")
    amplitude = 2**0.5 * rms_of_dbov(dbov_of_dbm0(LEVEL_DBM0))
    cadence = _EVERYWHERE.get(name) or _CADENCES[region][name]
    wanted, position, parts = round(duration_ms * rate_hz / 1000), 0, []
    sines([(1000, 0)], rate_hz, 0, 0)  # refuses a rate
    while position < wanted:
        for frequencies_hz, part_ms in cadence:
            samples = min(round(part_ms * rate_hz / 1000), wanted - position)
            tones = [(hertz, amplitude) for hertz in frequencies_hz]
            # The phase follows the position, so a continuous tone has no seam.
            parts.append(sines(tones, rate_hz, position, samples) if tones else bytes(2 * samples))
            position += samples
    return b"".join(parts)
