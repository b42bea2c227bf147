"""The table of codecs: their facts, and their installed libraries."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from rich.console import Console
from rich.table import Table

from rtpcodec.audio import mp3
from rtpcodec.codecs import codec, codec_names
from rtpcodec.codecs.libraries import LibraryStatus
from rtpcodec.errors import MissingExtra


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One codec, and whether it can be used here."""

    name: str
    kind: str
    sample_rates_hz: tuple[int, ...]
    rtp_clocks_hz: tuple[int, ...]
    """In the order of the sample rates; empty: not carried in RTP."""
    payload_type: int | None
    libraries: tuple[LibraryStatus, ...]

    @property
    def works(self) -> bool:
        """Whether every library that it needs can be used."""
        return all(library.error is None for library in self.libraries)


def rows() -> list[Row]:
    """Return every codec, and MP3."""
    return [*map(_row, codec_names()), _mp3()]


def print_json(listed: list[Row]) -> None:
    """Print all facts as a JSON list."""
    print(json.dumps([asdict(row) | {"works": row.works} for row in listed], indent=2))


def print_table(listed: list[Row]) -> None:
    """Print a table, and where each library was found or what to install."""
    console = Console()
    console.print(_table(listed))
    for library in dict.fromkeys(library for row in listed for library in row.libraries):
        found = f"{library.name} {library.version}: {library.path}"
        console.print(library.error or found, soft_wrap=True, markup=False, highlight=False)


def _row(name: str) -> Row:
    info = codec(name)
    return Row(
        name=name,
        kind=info.kind,
        sample_rates_hz=info.sample_rates_hz,
        rtp_clocks_hz=tuple(map(info.rtp_clock_hz, info.sample_rates_hz)),
        payload_type=info.payload_type,
        libraries=tuple(library.status() for library in info.libraries),
    )


def _mp3() -> Row:
    """Return the row of MP3: not a codec of RTP, but whole files, which soundfile makes."""
    return Row(
        name="MP3",
        kind="file",
        sample_rates_hz=tuple(sorted(mp3.DEFAULT_BIT_RATES_KBPS)),
        rtp_clocks_hz=(),
        payload_type=None,
        libraries=(_soundfile(),),
    )


def _soundfile() -> LibraryStatus:
    try:
        found = mp3.soundfile()
    except MissingExtra as missing:
        return LibraryStatus("soundfile", None, None, str(missing))
    return LibraryStatus("soundfile", found.__version__, found.__file__, None)


def _table(rows: list[Row]) -> Table:
    table = Table()
    for heading in ("codec", "kind", "rates, kHz", "RTP clock, kHz", "payload type"):
        table.add_column(heading)
    table.add_column("library", no_wrap=True)
    for row in rows:
        table.add_row(
            row.name,
            row.kind,
            " ".join(map(_khz, row.sample_rates_hz)),
            _clock(row),
            "-" if not row.rtp_clocks_hz else "dynamic" if row.payload_type is None else str(row.payload_type),
            "\n".join(f"{library.name} {library.version or 'MISSING'}" for library in row.libraries),
        )
    return table


def _clock(row: Row) -> str:
    clocks = set(row.rtp_clocks_hz)
    if len(clocks) > 1:
        return "the rate"
    return _khz(clocks.pop()) if clocks else "-"


def _khz(hz: int) -> str:
    return f"{hz / 1000:g}"
