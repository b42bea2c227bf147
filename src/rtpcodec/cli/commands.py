"""The commands. The module of each one holds its options, and imports the rest when it runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

import typer

from rtpcodec import __version__

# The function of a command has the command's name.
MODULES = {
    "demo": "rtpcodec.cli.demo.command",
    "serve": "rtpcodec.cli.serve",
    "simulate": "rtpcodec.cli.simulate",
    "ring": "rtpcodec.cli.ring",
    "start": "rtpcodec.cli.control",
    "stop": "rtpcodec.cli.control",
    "dial": "rtpcodec.cli.control",
    "answer": "rtpcodec.cli.control",
    "hangup": "rtpcodec.cli.control",
    "replay": "rtpcodec.cli.replay",
    "info": "rtpcodec.cli.info.command",
    "decode": "rtpcodec.cli.decode.command",
    "transcode": "rtpcodec.cli.transcode.command",
    "codecs": "rtpcodec.cli.codecs",
    "doctor": "rtpcodec.cli.doctor.command",
}
# Plain help: the panels of rich take longer to import than all the rest of a help page.
SETTINGS: dict[str, Any] = {
    "rich_markup_mode": None,
    "pretty_exceptions_enable": False,
    "context_settings": {"max_content_width": 120},
}


def run(arguments: Sequence[str]) -> int:
    """Run a command line and return its exit code. Failures are raised."""
    if arguments[0] in MODULES:
        app = _app_of_one(arguments[0])
        arguments, name = arguments[1:], f"rtpcodec {arguments[0]}"
    else:
        app, name = app_of_all(), "rtpcodec"
    return app(args=arguments, prog_name=name, standalone_mode=False) or 0


def _function(name: str) -> Callable[..., None]:
    function: Callable[..., None] = getattr(import_module(MODULES[name]), name)
    return function


def _app_of_one(name: str) -> typer.Typer:
    """Build the app of one command. No other command is imported."""
    app = typer.Typer(add_completion=False, **SETTINGS)
    app.command()(_function(name))
    return app


def app_of_all() -> typer.Typer:
    """Build the app of all commands: for help, completion and unknown names."""
    app = typer.Typer(
        help="A phone call's media stream to PCM and back. `rtpcodec demo` shows it in ten seconds.",
        **SETTINGS,
    )
    for name in MODULES:
        app.command()(_function(name))
    app.callback()(_common)
    return app


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"rtpcodec {__version__}")
        raise typer.Exit


def _common(
    version: bool = typer.Option(False, "--version", help="Show the version.", callback=_show_version, is_eager=True),
) -> None:
    """Options of all commands."""
