"""The plan against codecs and libraries, and the packages that an endpoint needs."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Final

from rtpcodec.audio import mp3
from rtpcodec.carriers.telnyx import commands
from rtpcodec.codecs import codec
from rtpcodec.doctor.finding import Finding, failed, ok, warning
from rtpcodec.doctor.settings import DoctorSettings
from rtpcodec.errors import MissingExtra

PACKAGES: Final = {
    "picows": ("server", "an endpoint of our own"),
    "cryptography": ("client", "verifying webhooks"),
}
"""Packages with their extra and their use. One of httpx2 and httpx is needed too."""


def check_plan(settings: DoctorSettings) -> list[Finding]:
    """Check that all libraries of a plan are installed, and warn of its surprising values."""
    plan = settings.plan
    names = [] if plan.mode == commands.MP3_MODE else [plan.send_codec]
    if plan.receive_codec != commands.OWN_CODEC:
        names.append(plan.receive_codec)
    found = [_codec(name) for name in dict.fromkeys(names)]
    if plan.mode == commands.MP3_MODE:
        found.append(_mp3())
    if plan.receive_codec == commands.OWN_CODEC:
        found += _unasked()
    if plan.target_legs == commands.OPPOSITE_LEG:
        found.append(
            warning("plan legs", f"target_legs is {plan.target_legs!r}: {commands.SILENT_LEG}", "use self or both")
        )
    elif plan.tracks == commands.OUTBOUND_TRACK:
        found.append(
            warning("plan tracks", f"tracks is {plan.tracks!r}: {commands.UNHEARD_LEG}", "add the inbound track")
        )
    return found


def check_packages() -> list[Finding]:
    """Check that the packages of endpoint and commands are installed."""
    missing = [(package, *PACKAGES[package]) for package in PACKAGES if find_spec(package) is None]
    if find_spec("httpx2") is None and find_spec("httpx") is None:
        missing.append(("httpx2", "client", "sending commands"))
    if not missing:
        return [ok("packages", "those of endpoint, commands and webhooks are installed")]
    return [
        warning("packages", f"{package} is missing, for {use}", f"pip install 'rtpcodec[{extra}]'")
        for package, extra, use in missing
    ]


def _codec(name: str) -> Finding:
    statuses = [library.status() for library in codec(name).libraries]
    errors = [status.error for status in statuses if status.error]
    if errors:
        return failed(f"codec {name}", "; ".join(errors), "install the library")
    libraries = ", ".join(f"{status.name} {status.version}" for status in statuses)
    return ok(f"codec {name}", libraries or "needs no library")


def _unasked() -> list[Finding]:
    """Warn of a missing library: the call's own codec may be any of them."""
    found = []
    for name in commands.RECEIVE_CODECS:
        if name == commands.OWN_CODEC:
            continue
        errors = [status.error for status in (library.status() for library in codec(name).libraries) if status.error]
        if errors:
            remedy = "install it, or name a receive codec in the plan"
            found.append(warning(f"codec {name}", f"a call may have it: {'; '.join(errors)}", remedy))
    return found


def _mp3() -> Finding:
    try:
        library = mp3.soundfile()
    except MissingExtra as error:
        return failed("codec MP3", str(error), "install the extra")
    return ok("codec MP3", f"soundfile {library.__version__}")
