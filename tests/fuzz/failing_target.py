"""A target that fails on octet 0xFF, as the variable FAULT says: the test of the fuzzer needs a finding."""

import os


def run(data: bytes) -> int:
    """Fail if the data has the octet."""
    if b"\xff" in data and os.environ["FAULT"] == "raise":
        raise LookupError("an error that is not documented")
    if b"\xff" in data and os.environ["FAULT"] == "abort":
        os.abort()
    return 1
