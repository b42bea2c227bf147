"""Every registered frame codec passes the contract tests; a new codec is included automatically."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from rtpcodec.codecs import CodecInfo, codec, codec_names
from tests.codecs import frame_codec_contract
from tests.codecs.frame_codec_contract import Case

CASES = frame_codec_contract.cases()


def test_contract_tests_include_every_frame_codec() -> None:
    expected = {name for name in codec_names() if codec(name).kind == "frame"}
    assert {case.info.name for case in CASES} == expected == set(frame_codec_contract.WRONG_FRAMES)
    assert {case.rate_hz for case in CASES if case.info.name == "OPUS"} == {8000, 16000, 24000, 48000}


@pytest.mark.parametrize("check", frame_codec_contract.CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case: Case, check: Callable[[Case], None], usable_codec: Callable[[str], CodecInfo]) -> None:
    usable_codec(case.info.name)
    check(case)
