"""The forms of the G.722 kernel equal the oracle and each other, on any signal and any octets."""

import array
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtpcodec.kernels import _g722_forms as kernel
from tests.oracles import g722 as oracle

FORMS = kernel.forms()
LEVELS = (3, 300, 6_000, 32_767, 200_000)  # peak values; the last one is clipped
every_form = pytest.mark.parametrize("form", FORMS)


def noise(count: int, seed: int, peak: int = 32_767) -> bytes:
    rng = random.Random(seed)
    return array.array("h", (oracle.saturate(rng.randint(-peak, peak)) for _ in range(count))).tobytes()


def random_octets(count: int, seed: int) -> bytes:
    return random.Random(seed).randbytes(count)


def loud_octets(count: int, seed: int) -> bytes:
    """Return the largest differences, mostly positive: coefficients, scale factors and sums reach their limits."""
    return bytes(random.Random(seed).choices((0xE0, 0xC4), (6, 1), k=count))


def assert_forms_encode_alike(samples: bytes) -> None:
    results = {kernel.encode(form, kernel.start(), samples) for form in FORMS}
    assert len(results) == 1


def assert_forms_decode_alike(octets: bytes, mode: int) -> None:
    results = {kernel.decode(form, kernel.start(), octets, mode) for form in FORMS}
    assert len(results) == 1


# Runs of one value reach the limits of the predictor, which independent values do not.
samples_of_any_kind = st.lists(
    st.tuples(st.integers(-32768, 32767) | st.sampled_from((-32768, 0, 32767)), st.integers(1, 30)), max_size=20
).map(lambda runs: [value for value, length in runs for _ in range(2 * length)])
octets_of_any_kind = st.lists(st.tuples(st.integers(0, 255), st.integers(1, 30)), max_size=20).map(
    lambda runs: bytes(value for value, length in runs for _ in range(length))
)


@settings(max_examples=60, deadline=None)
@given(samples_of_any_kind)
def test_encoders_equal_the_oracle(samples: list[int]) -> None:
    codes = oracle.Encoder().encode(samples)
    for form in FORMS:
        assert kernel.encode(form, kernel.start(), array.array("h", samples))[0] == codes


@settings(max_examples=60, deadline=None)
@given(octets_of_any_kind, st.integers(1, 3))
def test_decoders_equal_the_oracle(octets: bytes, mode: int) -> None:
    samples = array.array("h", oracle.Decoder(mode).decode(octets)).tobytes()
    for form in FORMS:
        assert kernel.decode(form, kernel.start(), octets, mode)[0] == samples


@pytest.mark.parametrize("peak", LEVELS)
def test_encoders_equal_the_oracle_at_every_level(peak: int) -> None:
    samples = array.array("h", noise(4_000, peak, peak))
    codes = oracle.Encoder().encode(samples.tolist())
    for form in FORMS:
        assert kernel.encode(form, kernel.start(), samples)[0] == codes, form


@pytest.mark.parametrize("mode", [1, 2, 3])
def test_each_addition_of_the_zero_section_saturates(mode: int, monkeypatch: pytest.MonkeyPatch) -> None:
    octets = loud_octets(4_000, seed=3)
    samples = oracle.Decoder(mode).decode(octets)
    for form in FORMS:
        decoded = memoryview(kernel.decode(form, kernel.start(), octets, mode)[0]).cast("h")
        assert decoded.tolist() == samples, form

    # Decoders that saturate only the whole sum differ on these octets, so the octets test the saturation.
    def filtez_of_others(d: list[int], b: list[int]) -> int:
        return oracle.saturate(sum(oracle.mult(2 * d[i], b[i]) for i in range(1, 7)))

    monkeypatch.setattr(oracle, "filtez", filtez_of_others)
    heard = oracle.Decoder(mode).decode(octets)
    assert heard != samples


def test_forms_encode_alike_and_leave_the_same_state() -> None:
    for seed in range(20):
        for peak in LEVELS:
            assert_forms_encode_alike(noise(2_000, seed, peak))


@pytest.mark.parametrize("mode", [1, 2, 3])
def test_forms_decode_alike_and_leave_the_same_state(mode: int) -> None:
    for seed in range(40):
        assert_forms_decode_alike(random_octets(2_000, seed), mode)
        assert_forms_decode_alike(loud_octets(2_000, seed), mode)


def band(rng: random.Random, shift: int, most: int) -> list[int]:
    """Return a sub-band's state with coefficients at their limits and any scale factor."""
    nb, a2 = rng.randint(0, most), rng.choice((-12288, 0, 12288))
    a1 = rng.choice((-1, 0, 1)) * (15360 - a2)
    b = [rng.choice((-32768, -32767, 0, 32767)) for _ in range(6)]
    d = [rng.choice((-10228, -8193, -2731, -2730, -1, 0, 1, 2730, 2731, 8192, 10228)) for _ in range(6)]
    signs = [rng.choice((-1, 0)) for _ in range(2)]
    s, sz, r = (rng.choice((-32768, -100, 0, 32767)) for _ in range(3))
    return [nb, oracle.scale(nb, shift), s, sz, a1, a2, *signs, r, *b, 0, 0, *d, 0, 0]


@pytest.mark.parametrize("mode", [1, 2, 3])
def test_forms_continue_equally_from_states_at_their_limits(mode: int) -> None:
    rng = random.Random(mode)
    for seed in range(600):
        state = [*band(rng, 8, 18432), *band(rng, 10, 22528), *[0] * 22]
        begun = array.array("h", state).tobytes()
        # Codes of the smallest differences lower the scale factors, so that loud and quiet parts alternate.
        octets = random_octets(40, seed) + bytes(rng.choices((0xFA, 0xE0, 0xC4), (8, 2, 1), k=200))
        assert len({kernel.decode(form, begun, octets, mode) for form in FORMS}) == 1
        assert len({kernel.encode(form, begun, noise(400, seed, LEVELS[seed % 5])) for form in FORMS}) == 1


@every_form
def test_every_length_up_to_two_chunks_is_as_one_pair_at_a_time(form: str) -> None:
    samples, octets = noise(700, 1), random_octets(350, 1)
    first = kernel.start()
    singles, state = [], kernel.start()
    for at in range(0, len(samples), 4):
        code, state = kernel.encode(form, state, samples[at : at + 4])
        singles.append(code)
    for pairs in (*range(70), 159, 160, 161, 319, 320, 321, 350):
        assert kernel.encode(form, first, samples[: 4 * pairs])[0] == b"".join(singles[:pairs])
    pairs_out, state = [], kernel.start()
    for code_octet in octets:
        pair, state = kernel.decode(form, state, bytes([code_octet]), 1)
        pairs_out.append(pair)
    for pairs in (*range(70), 159, 160, 161, 319, 320, 321, 350):
        assert kernel.decode(form, first, octets[:pairs], 1)[0] == b"".join(pairs_out[:pairs])


def test_forms_can_take_turns_in_one_stream() -> None:
    samples = noise(3_200, 5)
    expected, _ = kernel.encode(FORMS[0], kernel.start(), samples)
    state, out = kernel.start(), []
    for turn, at in enumerate(range(0, len(samples), 52)):
        codes, state = kernel.encode(FORMS[turn % len(FORMS)], state, samples[at : at + 52])
        out.append(codes)
    assert b"".join(out) == expected


@every_form
def test_silence_has_the_codes_of_the_reference(form: str) -> None:
    assert kernel.encode(form, kernel.start(), bytes(16))[0].hex() == "fafafafa"


def test_state_is_small() -> None:
    assert len(kernel.start()) <= 512


def test_unknown_forms_and_states_are_refused() -> None:
    with pytest.raises(ValueError, match=r"^form is 'fast', allowed are portable"):
        kernel.encode("fast", kernel.start(), b"")
    with pytest.raises(ValueError, match="state has 3 octets, 144 are needed"):
        kernel.encode(FORMS[0], b"abc", b"")
