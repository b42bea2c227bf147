"""The kinds of audio files that can be written, by name and by suffix."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Final

MAX_RATE_HZ: Final = 192_000
"""More than any telephony codec has."""
MAX_CHANNELS: Final = 64
"""The number of channels that PCM can be split into."""
SLN_RATES_HZ: Final = {
    12: 12_000, 16: 16_000, 24: 24_000, 32: 32_000, 44: 44_100, 48: 48_000, 96: 96_000, 192: 192_000,
}  # fmt: skip
"""The rates of Asterisk's signed linear files, by the number in their suffix."""
_MP3_RATES_HZ: Final = (8000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)
_OPUS_RATES_HZ: Final = (8000, 12_000, 16_000, 24_000, 48_000)
_FORMATS: Final = "rtpcodec.files.formats"


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetKind:
    """A kind of file that can be written."""

    name: str
    suffixes: tuple[str, ...]
    """The first one is the usual one."""
    module: str
    """The module whose `open_target(file, sample_rate_hz, channels, **options)` writes this kind."""
    sample_rates_hz: tuple[int, ...] = ()
    """The possible rates, ascending; empty: any up to MAX_RATE_HZ."""
    max_channels: int = 1
    usual_rate_hz: int | None = None
    """The rate that readers assume for a raw file, which does not contain its rate."""
    options: Mapping[str, object] = field(default_factory=dict)

    def require(self, sample_rate_hz: int, channels: int) -> None:
        """Check rate and channels. ValueError: this kind cannot have them."""
        if self.sample_rates_hz and sample_rate_hz not in self.sample_rates_hz:
            rates = ", ".join(map(str, self.sample_rates_hz))
            raise ValueError(f"sample_rate_hz is {sample_rate_hz}, {self.name} has {rates}")
        if not 0 < sample_rate_hz <= MAX_RATE_HZ:
            raise ValueError(f"sample_rate_hz is {sample_rate_hz}, 1 to {MAX_RATE_HZ} are allowed")
        if not 0 < channels <= self.max_channels:
            most = f"1 to {self.max_channels} are" if self.max_channels > 1 else "1 is"
            raise ValueError(f"channels is {channels}, {most} allowed in {self.name}")

    def rate_for_hz(self, sample_rate_hz: int) -> int:
        """Return the rate of a file for sound of this rate: a raw kind's usual one, or the same or next higher one."""
        if self.usual_rate_hz is not None:
            return self.usual_rate_hz
        if not self.sample_rates_hz:
            return min(sample_rate_hz, MAX_RATE_HZ)
        return next((one for one in self.sample_rates_hz if one >= sample_rate_hz), self.sample_rates_hz[-1])


def _raw(
    name: str, codec: str, usual_rate_hz: int, *suffixes: str, rates_hz: tuple[int, ...] = (), **options: object
) -> TargetKind:
    return TargetKind(
        name=name, suffixes=suffixes, module=f"{_FORMATS}.raw_target", sample_rates_hz=rates_hz,
        usual_rate_hz=usual_rate_hz, options={"codec_name": codec, **options},
    )  # fmt: skip


TARGET_KINDS: Final = {
    kind.name: kind
    for kind in (
        TargetKind(name="wav", suffixes=(".wav",), module=f"{_FORMATS}.wav_target", max_channels=MAX_CHANNELS),
        TargetKind(name="flac", suffixes=(".flac",), module=f"{_FORMATS}.flac_target", max_channels=8),
        TargetKind(
            name="mp3", suffixes=(".mp3",), module=f"{_FORMATS}.mp3_target", sample_rates_hz=_MP3_RATES_HZ,
            max_channels=2,
        ),
        TargetKind(
            name="ogg", suffixes=(".opus", ".ogg", ".oga"), module=f"{_FORMATS}.ogg_opus_target",
            sample_rates_hz=_OPUS_RATES_HZ, max_channels=2,
        ),
        TargetKind(name="awb", suffixes=(".awb",), module=f"{_FORMATS}.awb_target", sample_rates_hz=(16_000,)),
        _raw("ulaw", "PCMU", 8000, ".ulaw", ".ul", ".mulaw", ".pcmu"),
        _raw("alaw", "PCMA", 8000, ".alaw", ".al", ".pcma"),
        _raw("g722", "G722", 16_000, ".g722", rates_hz=(16_000,)),
        _raw("l16", "L16", 16_000, ".l16", byte_order="big"),
        _raw("sln", "L16", 8000, ".sln", ".slin", byte_order="little"),
        *(
            _raw(f"sln{khz}", "L16", rate_hz, f".sln{khz}", rates_hz=(rate_hz,), byte_order="little")
            for khz, rate_hz in SLN_RATES_HZ.items()
        ),
    )
}  # fmt: skip
"""The kinds by name."""
_BY_SUFFIX: Final = {suffix: kind for kind in TARGET_KINDS.values() for suffix in kind.suffixes}


def target_kind(name: str | None, path: str | None = None) -> TargetKind:
    """Return the kind by name, or by the suffix of the path if the name is None. ValueError: not a known kind."""
    kinds = ", ".join(TARGET_KINDS)
    if name is not None:
        if name not in TARGET_KINDS:
            raise ValueError(f"kind is {name!r}, allowed are {kinds}")
        return TARGET_KINDS[name]
    if path is None:
        raise ValueError(f"a file object needs a kind: {kinds}")
    suffix = PurePath(path).suffix.lower()
    if suffix not in _BY_SUFFIX:
        raise ValueError(f"{PurePath(path).name} ends in {suffix!r}, allowed are {', '.join(_BY_SUFFIX)}")
    return _BY_SUFFIX[suffix]
