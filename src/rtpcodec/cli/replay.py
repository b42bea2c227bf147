"""The command `rtpcodec replay`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rtpcodec.stream.capture.pcap import PacketExport
    from rtpcodec.stream.capture.replaying import Replaying
    from rtpcodec.stream.capture.sounds import ReplaySounds
    from rtpcodec.stream.events import Event


def replay(
    file: Annotated[Path, typer.Argument(help="Capture that `call.capture` or `session.capture` wrote.", exists=True)],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object per event, the figures last.")] = False,
    without_audio: Annotated[bool, typer.Option(help="Leave out `Audio` events, which are 50 per second.")] = False,
    wav: Annotated[
        Path | None, typer.Option(help="Folder for received-TRACK.wav and sent.wav, if the capture has audio.")
    ] = None,
    pcap: Annotated[
        Path | None, typer.Option(help="New packet capture of both directions as RTP, for Wireshark.")
    ] = None,
) -> None:
    """Run a capture again, and print its events and figures.

    It does not wait in real time. A line reports each difference between this run and the capture.
    """
    from contextlib import ExitStack

    from rtpcodec.rtp.capture.packet_writer import PacketWriter
    from rtpcodec.stream.capture.pcap import PacketExport
    from rtpcodec.stream.capture.reading import lines_of, opened
    from rtpcodec.stream.capture.replaying import Replaying
    from rtpcodec.stream.capture.sounds import ReplaySounds
    from rtpcodec.stream.events import Audio

    with opened(file) as source, ExitStack() as files:
        replaying = Replaying(lines_of(source))
        if wav is not None and not replaying.header.audio:
            raise ValueError("--wav needs a capture with audio: capture(path, audio=True)")
        sinks: list[ReplaySounds | PacketExport] = []
        if pcap is not None:
            sinks.append(PacketExport(replaying, files.enter_context(PacketWriter(pcap))))
        if wav is not None:
            sinks.append(ReplaySounds(replaying, wav))
        try:
            for at_ms, event in replaying.events():
                if not (without_audio and isinstance(event, Audio)):
                    _print(at_ms, event, as_json)
                _pass_sent(replaying, sinks)
                for sink in sinks:
                    sink.take(event, at_ms)
            _pass_sent(replaying, sinks)
        finally:
            for sink in sinks:
                sink.finish()
    _print_end(replaying, as_json)
    if not as_json:
        written = [path for sink in sinks if isinstance(sink, ReplaySounds) for path in sink.paths]
        for path in [*written, *([] if pcap is None else [pcap])]:
            print(f"wrote {path}")


def _pass_sent(replaying: Replaying, sinks: list[ReplaySounds | PacketExport]) -> None:
    sent = list(replaying.sent)
    replaying.sent.clear()
    for sink in sinks:
        sink.take_sent(sent)


def _print(at_ms: float, event: Event, as_json: bool) -> None:
    if as_json:
        _print_json({"t_ms": round(at_ms, 3), "event": type(event).__name__, "text": repr(event)})
    else:
        print(f"{at_ms / 1000:10.3f} s  {event!r}")


def _print_end(replaying: Replaying, as_json: bool) -> None:
    from dataclasses import asdict

    figures = asdict(replaying.session.statistics(replaying.now_ms))
    notes = {
        "truncated": replaying.truncated,
        "lost_lines": replaying.lost_lines,
        "differences": replaying.differences,
    }
    if as_json:
        _print_json({"statistics": figures, **notes})
        return
    print()
    for name, value in figures.items():
        print(f"{name:24} {value}")
    if replaying.truncated:
        print("\nthe last line is cut off: the process that wrote the capture was killed")
    if replaying.lost_lines:
        print(f"\n{replaying.lost_lines} lines are missing: the disk was too slow")
    for difference in replaying.differences:
        print(f"\nthe replay differs: {difference}")


def _print_json(value: dict[str, Any]) -> None:
    import msgspec

    print(msgspec.json.encode(value).decode())
