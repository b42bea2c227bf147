"""A target that fails at a certain octet, in the way that FAULT tells: the fuzzer's own test needs a finding."""

import os


def run(data: bytes) -> int:
    """Fail or not."""
    if b"\xff" in data and os.environ["FAULT"] == "raise":
        raise LookupError("an error that is not documented")
    if b"\xff" in data and os.environ["FAULT"] == "abort":
        os.abort()
    return 1
