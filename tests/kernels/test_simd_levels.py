"""The processor or a name chooses the level of the kernels; all levels give the same results."""

import pytest

import rtpcodec
from rtpcodec.kernels._simd import available_levels, choose_level
from tests.isolated.simd_digests import FUNCTIONS
from tests.kernels.levels import run

ALL = ("portable", "avx2", "avx512")
TELL = "import rtpcodec; print(rtpcodec.simd_level())"
BATTERY = (
    "tests/kernels/test_g711.py",
    "tests/kernels/test_g711_transcode.py",
    "tests/kernels/test_float_pcm.py",
    "tests/kernels/test_base64.py",
    "tests/kernels/test_media_text.py",
    "tests/compat",
)
LEVELS = available_levels()
every_level = pytest.mark.parametrize("level", LEVELS)


def test_a_processor_has_all_levels_up_to_its_best() -> None:
    assert ALL[: len(LEVELS)] == LEVELS
    assert rtpcodec.simd_level() in LEVELS


@pytest.mark.parametrize("level", [None, ""])
def test_the_default_is_the_best_level(level: str | None) -> None:
    done = run("-c", TELL, level=level)
    assert done.stdout == f"{LEVELS[-1]}\n", done.stderr


@every_level
def test_a_level_is_forced_by_its_name(level: str) -> None:
    done = run("-c", TELL, level=level)
    assert done.stdout == f"{level}\n", done.stderr


def test_another_name_is_an_error_at_import() -> None:
    done = run("-c", TELL, level="sse2")
    assert done.returncode != 0
    wanted = "ValueError: RTPCODEC_SIMD is 'sse2', nothing or one of 'portable', 'avx2', 'avx512' is needed"
    assert done.stderr.rstrip().endswith(wanted)


@pytest.mark.parametrize("wrong", ["AVX2", "avx512f", " avx2", "1"])
def test_names_are_exact(wrong: str) -> None:
    with pytest.raises(ValueError, match=r"nothing or one of 'portable', 'avx2', 'avx512' is needed$"):
        choose_level(wrong, ALL)


def test_a_level_that_the_processor_lacks_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"^RTPCODEC_SIMD is 'avx512', this .* have 'portable', 'avx2'$"):
        choose_level("avx512", ("portable", "avx2"))
    with pytest.raises(ValueError, match=r"^RTPCODEC_SIMD is 'avx2', this .* have 'portable'$"):
        choose_level("avx2", ("portable",))


def test_the_choice_among_available_levels() -> None:
    assert [choose_level("", ALL[: 1 + best]) for best in range(3)] == list(ALL)
    assert [choose_level(name, ALL) for name in ALL] == list(ALL)


def test_all_levels_give_the_same_results() -> None:
    digests = {level: run("-m", "tests.isolated.simd_digests", level=level).stdout for level in LEVELS}
    assert digests["portable"].count("\n") == len(FUNCTIONS)
    assert set(digests.values()) == {digests["portable"]}


@every_level
def test_the_contract_tests_pass_on_every_level(level: str) -> None:
    done = run("-m", "pytest", "-q", "-p", "no:cacheprovider", *BATTERY, level=level)
    assert done.returncode == 0, done.stdout + done.stderr
