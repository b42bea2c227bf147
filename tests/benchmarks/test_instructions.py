"""Complaints about instruction counts, and the counts themselves."""

import pytest

from benchmarks.instructions import complaints, differences, with_wrappers

KEPT = {"decode 160": 1000.0, "encode 160": 200.0}


def test_equal_counts_cause_no_complaint() -> None:
    assert complaints(KEPT, dict(KEPT)) == []


@pytest.mark.parametrize("count", [1030.0, 990.0])
def test_growth_up_to_3_percent_and_shrinking_cause_no_complaint(count: float) -> None:
    assert complaints(KEPT, KEPT | {"decode 160": count}) == []


def test_growth_above_3_percent_is_a_complaint() -> None:
    grown = KEPT | {"decode 160": 1031.0}
    assert complaints(KEPT, grown) == ["decode 160: 1031 instructions, 1000 before (+3.1%)"]


def test_a_kernel_that_is_new_or_gone_is_a_complaint() -> None:
    assert complaints(KEPT, {"decode 160": 1000.0, "transcode 160": 5.0}) == [
        "transcode 160: not counted before (5 instructions)",
        "encode 160: gone",
    ]


def test_a_count_is_the_difference_of_two_runs() -> None:
    """The part common to both runs, such as the start of the loop, is not counted."""
    assert differences({"decode 160|20": 2050, "decode 160|60": 6050, "": 7}) == {"decode 160": 100.0}


def test_a_wrapper_is_what_a_call_adds_to_the_library() -> None:
    counts = {"call CODEC encode 320": 5600.0, "CODEC encode 320 of the library": 5000.0, "decode 160": 1000.0}
    assert with_wrappers(counts) == {"decode 160": 1000.0, "wrapper of CODEC encode 320": 600.0}


def test_a_wrapper_has_a_limit_of_its_own() -> None:
    assert complaints(KEPT, KEPT | {"wrapper of CODEC encode 320": 3000.0}) == []
    assert complaints(KEPT, KEPT | {"wrapper of CODEC encode 320": 3001.0}) == [
        "wrapper of CODEC encode 320: 3001 instructions, at most 3000 are allowed"
    ]
