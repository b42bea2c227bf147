"""A million texts; unlike the other tests of base64 they do not run on every level of the kernels."""

import pytest

from tests.kernels.base64_texts import compare


@pytest.mark.long
@pytest.mark.hours
def test_a_million_texts_are_decoded_as_by_others() -> None:
    compare(1_000_000, 712)
