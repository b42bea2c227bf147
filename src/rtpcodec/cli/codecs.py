"""The command `rtpcodec codecs`."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from rtpcodec.codecs import codec, codec_names


def codecs() -> None:
    """List the codecs: kind, sample rates, RTP clock and payload type."""
    grid = Table()
    for heading in ("codec", "kind", "sample rates, Hz", "RTP clock, Hz", "payload type"):
        grid.add_column(heading)
    for name in codec_names():
        info = codec(name)
        clocks = dict.fromkeys(info.rtp_clock_hz(rate_hz) for rate_hz in info.sample_rates_hz)
        grid.add_row(
            name,
            info.kind,
            " ".join(map(str, info.sample_rates_hz)),
            str(next(iter(clocks))) if len(clocks) == 1 else "the sample rate",
            "dynamic" if info.payload_type is None else str(info.payload_type),
        )
    Console().print(grid)
