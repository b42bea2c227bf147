"""The G.722 kernel on all vectors, in every form, whole and in uneven pieces."""

import hashlib
import json
import random
from pathlib import Path

import pytest

from rtpcodec.kernels import _g722_forms as kernel
from tests.g722_files import OWN, files, label, pcm, shared, words

every_form = pytest.mark.parametrize("form", kernel.forms())
needs_shared = pytest.mark.skipif(shared() is None, reason="RTPCODEC_VECTORS is not set")

# The reference's decoded signals, as files; those in the repository are hashes.
DECODED = [path for path in files("*/*.dec?.s16le") if path.parent != OWN]
DECODED_HASHES = json.loads((OWN / "decoded_sha256.json").read_text())


def pieces(octets: bytes, unit: int, seed: str) -> list[bytes]:
    """Return the octets cut at random between units, including empty pieces and single units."""
    rng = random.Random(seed)
    cut, at = [], 0
    while at < len(octets):
        size = unit * rng.choice((0, 1, 2, 3, rng.randrange(40), rng.randrange(400)))
        cut.append(octets[at : at + size])
        at += size
    return cut


def encoded(form: str, parts: list[bytes]) -> bytes:
    state, out = kernel.start(), []
    for part in parts:
        octets, state = kernel.encode(form, state, part)
        out.append(octets)
    return b"".join(out)


def decoded(form: str, parts: list[bytes], mode: int) -> bytes:
    state, out = kernel.start(), []
    for part in parts:
        samples, state = kernel.decode(form, state, part, mode)
        out.append(samples)
    return b"".join(out)


@every_form
@pytest.mark.parametrize("path", files("*.in.s16le") + files("*/*.in.s16le"), ids=label)
def test_encoder_equals_the_reference(form: str, path: Path) -> None:
    samples = pcm(path)
    codes = path.with_name(path.name.replace(".in.s16le", ".g722")).read_bytes()
    assert encoded(form, [samples]) == codes
    assert encoded(form, pieces(samples, 4, path.name)) == codes


@every_form
@pytest.mark.parametrize("path", DECODED, ids=label)
def test_decoder_equals_the_reference(form: str, path: Path) -> None:
    name, decoder, _ = path.name.split(".")
    codes = path.with_name(f"{name}.g722").read_bytes()
    mode = int(decoder[-1])
    assert decoded(form, [codes], mode) == pcm(path)
    assert decoded(form, pieces(codes, 1, path.name), mode) == pcm(path)


@every_form
@pytest.mark.parametrize("mode", [1, 2, 3])
@pytest.mark.parametrize("name", DECODED_HASHES)
def test_decoder_equals_the_hashes_of_the_reference(form: str, name: str, mode: int) -> None:
    codes = (OWN / f"{name}.g722").read_bytes()
    for parts in [codes], pieces(codes, 1, name):
        samples = memoryview(decoded(form, parts, mode)).cast("h")
        little_endian = b"".join(sample.to_bytes(2, "little", signed=True) for sample in samples)
        assert hashlib.sha256(little_endian).hexdigest() == DECODED_HASHES[name][f"mode {mode}"]


@every_form
@needs_shared
def test_the_files_of_libg722(form: str) -> None:
    folder = shared()
    assert folder
    expected = json.loads((folder / "libg722" / "expected.json").read_text())
    codes = encoded(form, [pcm(folder / "libg722" / "pcminb.s16le")])
    assert hashlib.sha256(codes).hexdigest() == expected["pcminb.s16le encoded by the G.191 reference, sha256"]
    for name in "test.g722", "fullscale.g722":
        samples = decoded(form, [(folder / "libg722" / name).read_bytes()], 1)
        assert hashlib.sha256(samples).hexdigest() == expected[f"{name} decoded mode 1, s16le sha256"]


# --- The band coders alone, as in Appendix II of the Recommendation: a word with bit 0 set restarts them.


def runs(codes: list[int]) -> list[tuple[int, list[int]]]:
    """Yield the number of reset words, then the words up to the next reset, repeatedly."""
    found: list[tuple[int, list[int]]] = [(0, [])]
    for word in codes:
        resets, between = found[-1]
        if not word & 1:
            between.append(word)
        elif between:
            found.append((1, []))
        else:
            found[-1] = (resets + 1, between)
    return found


def transmitted(form: str, path: Path) -> list[int]:
    """Encode .xmt words to .cod words."""
    out = []
    for resets, between in runs(words(path)):
        samples = memoryview(bytearray(2 * len(between))).cast("h")
        for place, word in enumerate(between):
            samples[place] = word >> 1
        codes, _ = kernel.encode_bands(form, kernel.start(), samples.tobytes(), samples.tobytes())
        out += [1] * resets + [code << 8 if code < 128 else (code << 8) - 65536 for code in codes]
    return out


def received(form: str, path: Path, mode: int) -> tuple[list[int], list[int]]:
    """Decode .cod words to .rc words of the lower and of the higher band."""
    low, high = [], []
    for resets, between in runs(words(path)):
        codes = bytes(word >> 8 & 255 for word in between)
        rl, rh, _ = kernel.decode_bands(form, kernel.start(), codes, mode)
        low += [1] * resets + [sample << 1 for sample in memoryview(rl).cast("h")]
        high += [1] * resets + [sample << 1 for sample in memoryview(rh).cast("h")]
    return low, high


@every_form
def test_own_bands(form: str) -> None:
    assert transmitted(form, OWN / "own1.xmt") == words(OWN / "own1.cod")
    for name in "own1", "own2":
        for mode in 1, 2, 3:
            low, high = received(form, OWN / f"{name}.cod", mode)
            assert low == words(OWN / f"{name}_low.rc{mode}")
            assert high == words(OWN / f"{name}_high.rc0")


@every_form
@needs_shared
@pytest.mark.parametrize(("source", "result"), [("bt1c1", "bt2r1"), ("bt1c2", "bt2r2")])
def test_appendix_ii_transmit(form: str, source: str, result: str) -> None:
    folder = shared()
    assert folder
    folder /= "itu_appendix_ii"
    assert transmitted(form, folder / f"{source}.xmt") == words(folder / f"{result}.cod")


@every_form
@needs_shared
@pytest.mark.parametrize("mode", [1, 2, 3])
@pytest.mark.parametrize(("source", "number"), [("bt2r1", 1), ("bt2r2", 2), ("bt1d3", 3)])
def test_appendix_ii_receive(form: str, source: str, number: int, mode: int) -> None:
    folder = shared()
    assert folder
    folder /= "itu_appendix_ii"
    low, high = received(form, folder / f"{source}.cod", mode)
    assert low == words(folder / f"bt3l{number}.rc{mode}")
    assert high == words(folder / f"bt3h{number}.rc0")
