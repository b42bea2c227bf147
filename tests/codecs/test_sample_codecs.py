"""Every registered sample codec passes the contract tests; a new codec is included automatically."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtpcodec.codecs import codec, codec_names
from tests.codecs import sample_codec_contract
from tests.codecs.sample_codec_contract import Case

CASES = sample_codec_contract.cases()
CUTS = st.lists(st.integers(0, 60), max_size=8)


def test_contract_tests_include_every_sample_codec() -> None:
    expected = {name for name in codec_names() if codec(name).kind == "sample"}
    assert {case.info.name for case in CASES} == expected
    assert expected >= {"PCMU", "PCMA", "L16"}
    assert {case.rate_hz for case in CASES if case.info.name == "L16"} >= {8000, 16000, 22050, 24000, 44100, 48000}


@pytest.mark.parametrize("check", sample_codec_contract.CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case: Case, check: Callable[[Case], None]) -> None:
    check(case)


@given(case=st.sampled_from(CASES), units=st.integers(0, 300), cuts=CUTS, seed=st.integers(0, 99))
def test_cuts_of_pcm_change_nothing(case: Case, units: int, cuts: list[int], seed: int) -> None:
    sample_codec_contract.encoding_does_not_depend_on_the_cut(case, case.pcm(units, seed), cuts)


@given(case=st.sampled_from(CASES), units=st.integers(0, 300), cuts=CUTS, data=st.data())
def test_cuts_of_payload_change_nothing(case: Case, units: int, cuts: list[int], data: st.DataObject) -> None:
    octets = units * case.info.octets_per_unit
    payload = data.draw(st.binary(min_size=octets, max_size=octets))
    sample_codec_contract.decoding_does_not_depend_on_the_cut(case, payload, cuts)
