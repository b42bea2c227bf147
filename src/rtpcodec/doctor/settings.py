"""The settings of the doctor."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from rtpcodec.client.access import MIN_KEY_PART_CHARACTERS
from rtpcodec.doctor.finding import Secrets, path_of
from rtpcodec.stream.plan import StreamPlan


@dataclass(frozen=True, slots=True, kw_only=True)
class DoctorSettings:
    """Everything that the checks need. None: not given; the checks that need it are skipped."""

    api_key: str | None = field(default=None, repr=False)
    """The account's API key."""
    base_url: str | None = None
    """Address of the carrier's HTTP interface; None: the public one."""
    public_key: str | None = field(default=None, repr=False)
    """Public key of the signatures of webhooks, in base64."""
    stream_url: str | None = field(default=None, repr=False)
    """The public URL that the carrier connects to."""
    token: str | None = field(default=None, repr=False)
    """Token of the running endpoint, if one runs."""
    webhook_url: str | None = field(default=None, repr=False)
    """The public URL that webhooks are posted to."""
    host: str = "127.0.0.1"
    """Address on which the endpoint listens, or will listen."""
    port: int = 8080
    """Port on which the endpoint listens, or will listen."""
    webhook_port: int | None = None
    """Port on which the app for webhooks listens, or will listen; None: unknown."""
    certificate: Path | None = None
    """PEM file with the certificate of an endpoint that serves wss itself."""
    key_file: Path | None = None
    """PEM file with its key."""
    plan: StreamPlan = field(default_factory=StreamPlan)
    """Plan of the endpoint."""
    limit_s: float = 10.0
    """Limit of each step of a check, in seconds."""

    def secrets(self, numbers: Iterable[str] = ()) -> Secrets:
        """Return the texts that must not be shown, with numbers of a call."""
        parts = [part for part in (self.api_key or "").split("_") if len(part) >= MIN_KEY_PART_CHARACTERS]
        return Secrets(
            [self.api_key, self.token, *parts],
            [self.public_key, path_of(self.stream_url), path_of(self.webhook_url), *numbers],
        )
