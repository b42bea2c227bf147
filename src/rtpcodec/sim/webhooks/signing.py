"""The key that signs the simulator's webhooks: Ed25519, derived from the carrier's seed. A key for tests only."""

from __future__ import annotations

import base64
import hashlib

from rtpcodec.carriers.telnyx.webhooks import SIGNED_SEPARATOR
from rtpcodec.errors import MissingExtra

try:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
except ImportError as error:
    raise MissingExtra("sim.Carrier.send_webhooks", "cryptography", "sim") from error


class Signer:
    """Signs bodies (docs/carrier.md, rule C45). Anybody who knows the seed can sign too."""

    __slots__ = ("_key",)

    def __init__(self, seed: int) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(f"rtpcodec.sim {seed}".encode()).digest())

    @property
    def public_key(self) -> str:
        """Base64 of the 32 octets, as the carrier's portal shows it."""
        return base64.b64encode(self._key.public_key().public_bytes_raw()).decode()

    def sign(self, timestamp: str, body: bytes) -> str:
        """Make the signature header of a body that is sent at that Unix time."""
        return base64.b64encode(self._key.sign(timestamp.encode() + SIGNED_SEPARATOR + body)).decode()
