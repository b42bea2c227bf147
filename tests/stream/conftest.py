"""The dialects that a session is tested in."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.stream import carrier
from tests.stream.sibling import SiblingSession


@pytest.fixture(scope="module", params=["telnyx", "sibling"])
def dialect(request: pytest.FixtureRequest) -> Iterator[str]:
    """Whose messages the sessions of a module's tests speak: all of them pass with either carrier."""
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "sibling":
            for module in (carrier, request.module):
                if hasattr(module, "MediaSession"):
                    patch.setattr(module, "MediaSession", SiblingSession)
        yield request.param
