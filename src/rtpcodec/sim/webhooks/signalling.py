"""Signalling: details of a call that webhooks report and that do not affect its audio."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Signalling:
    """Further members of `call.initiated`, `call.answered` and `call.hangup` (docs/webhooks.md, "Events")."""

    tags: tuple[str, ...] = ()
    """Tags of the number, which `start` has too."""
    custom_headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Headers of the INVITE, by their names."""
    sip_headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    """User-to-User and Diversion."""
    shaken_stir_attestation: Literal["A", "B", "C"] | None = "A"
    """How far the caller's carrier vouches for the number (RFC 8588); of incoming calls. None: left out."""
    shaken_stir_validated: bool | None = True
    """Whether the caller's number was validated; None: left out."""
    call_screening_result: str | None = None
    """Result of call screening; None: left out."""
    bridged_when: Literal["answered", "ringing"] = "answered"
    """When `call.bridged` of a transfer is posted: when the other phone is answered, or as soon as it rings, because
    its early media is heard."""
    bridged_legs: Literal["both", "first", "new"] = "both"
    """Which legs of a transfer get `call.bridged`."""
