"""The dialects that sessions are tested in."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.stream import carrier
from tests.stream.fictional_dialect import FictionalSession


@pytest.fixture(scope="module", params=["telnyx", "fictional"])
def dialect(request: pytest.FixtureRequest) -> Iterator[str]:
    """The dialect of the sessions of a module's tests, which all pass with both carriers."""
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "fictional":
            for module in (carrier, request.module):
                if hasattr(module, "MediaSession"):
                    patch.setattr(module, "MediaSession", FictionalSession)
        yield request.param
