"""The commands, one file each."""

from __future__ import annotations

import typer

from rtpcodec import __version__
from rtpcodec.cli.codecs import codecs
from rtpcodec.cli.control import answer, dial, hangup, start, stop
from rtpcodec.cli.demo.show import demo
from rtpcodec.cli.ring import ring
from rtpcodec.cli.serve import serve
from rtpcodec.cli.simulate import simulate

app = typer.Typer(
    name="rtpcodec",
    help="A phone call's media stream to PCM and back. `rtpcodec demo` shows it in ten seconds.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
)
for command in (demo, serve, simulate, ring, start, stop, dial, answer, hangup, codecs):
    app.command()(command)


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"rtpcodec {__version__}")
        raise typer.Exit


@app.callback()
def common(
    version: bool = typer.Option(False, "--version", help="Show the version.", callback=_show_version, is_eager=True),
) -> None:
    """Options of all commands."""
