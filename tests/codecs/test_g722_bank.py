"""Banks of G722: each row equals a single codec, whatever and how many the other rows are."""

import copy
import pickle
import random
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from rtpcodec.codecs.g722 import G722, G722Decoder, G722Encoder
from rtpcodec.codecs.g722_bank import G722DecoderBank, G722EncoderBank
from tests.traced_memory import peak_octets, traced

Samples = NDArray[np.int16]
Octets = NDArray[np.uint8]


def noise(rows: int, samples: int, seed: int = 1) -> Samples:
    """Return rows at different levels, from 3 to beyond clipping."""
    rng = np.random.default_rng(seed)
    peaks = np.resize([3, 300, 6_000, 32_767, 200_000], rows)
    signal = rng.uniform(-1, 1, (rows, samples)) * peaks[:, np.newaxis]
    clipped: Samples = np.clip(signal, -32768, 32767).astype(np.int16)
    return clipped


def octets(rows: int, count: int, seed: int = 1) -> Octets:
    """Return codes; every second row is mostly one code, which reaches all limits."""
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, 256, (rows, count), np.uint8)
    loud = rng.choice(np.array([0xE0, 0xC4], np.uint8), (rows, count), p=[0.86, 0.14])
    codes[::2] = loud[::2]
    return codes


def encoded_singly(pcm: Samples, mode: int = 1) -> Octets:
    rows = [G722Encoder(G722, 16000, mode=mode).encode(row.tobytes()) for row in pcm]
    return np.frombuffer(b"".join(rows), np.uint8).reshape(len(pcm), -1)


def decoded_singly(codes: Octets, mode: int = 1) -> Samples:
    rows = [G722Decoder(G722, 16000, mode=mode).decode(row.tobytes()) for row in codes]
    return np.frombuffer(b"".join(rows), np.int16).reshape(len(codes), -1)


@pytest.mark.parametrize("rows", [*range(1, 20), 31, 32, 33, 64])
def test_a_row_is_as_a_single_codec(rows: int) -> None:
    pcm, codes = noise(rows, 700), octets(rows, 350)
    assert np.array_equal(G722EncoderBank(rows).encode(pcm), encoded_singly(pcm))
    assert np.array_equal(G722DecoderBank(rows).decode(codes), decoded_singly(codes))


@pytest.mark.parametrize("mode", [1, 2, 3])
def test_modes(mode: int) -> None:
    pcm, codes = noise(21, 1000), octets(21, 500)
    assert np.array_equal(G722EncoderBank(21, mode=mode).encode(pcm), encoded_singly(pcm, mode))
    assert np.array_equal(G722DecoderBank(21, mode=mode).decode(codes), decoded_singly(codes, mode))


@pytest.mark.parametrize("pairs", [*range(40), 159, 160, 161, 321])
def test_every_length(pairs: int) -> None:
    pcm, codes = noise(16, 2 * pairs), octets(16, pairs)
    coded = G722EncoderBank(16).encode(pcm)
    heard = G722DecoderBank(16).decode(codes)
    assert (coded.shape, heard.shape) == ((16, pairs), (16, 2 * pairs))
    assert np.array_equal(coded, encoded_singly(pcm))
    assert np.array_equal(heard, decoded_singly(codes))


def test_any_rows_at_any_time_are_as_single_codecs() -> None:
    rng = random.Random(4)
    rows = 23
    encoders, decoders = G722EncoderBank(rows), G722DecoderBank(rows)
    single_encoders = [G722Encoder(G722, 16000) for _ in range(rows)]
    single_decoders = [G722Decoder(G722, 16000) for _ in range(rows)]
    for turn in range(60):
        chosen = rng.sample(range(rows), rng.randint(0, rows))
        pairs = rng.choice((1, 2, 80, 160, 200))
        pcm, codes = noise(len(chosen), 2 * pairs, turn), octets(len(chosen), pairs, turn)
        coded = encoders.encode(pcm, rows=chosen)
        heard = decoders.decode(codes, rows=np.array(chosen, np.intp))
        for at, row in enumerate(chosen):
            assert coded[at].tobytes() == single_encoders[row].encode(pcm[at].tobytes())
            assert heard[at].tobytes() == single_decoders[row].decode(codes[at].tobytes())
        reset, source, target = (rng.randrange(rows) for _ in range(3))
        for bank in encoders, decoders:
            bank.reset(reset)
            bank.copy_row(source, target)
        single_encoders[reset].reset()
        single_decoders[reset].reset()
        single_encoders[target] = single_encoders[source].copy()
        single_decoders[target] = single_decoders[source].copy()


def test_reset_of_all_rows_and_copies_of_the_bank() -> None:
    pcm, codes = noise(18, 320), octets(18, 160)
    encoders, decoders = G722EncoderBank(18, mode=2), G722DecoderBank(18, mode=3)
    first_coded, first_heard = encoders.encode(pcm), decoders.decode(codes)
    encoder_twins, decoder_twins = encoders.copy(), decoders.copy()
    assert (encoder_twins.rows, encoder_twins.mode, decoder_twins.mode) == (18, 2, 3)
    assert np.array_equal(encoder_twins.encode(pcm), encoders.encode(pcm))
    assert np.array_equal(decoder_twins.decode(codes), decoders.decode(codes))
    encoders.reset()
    decoders.reset()
    assert np.array_equal(encoders.encode(pcm), first_coded)
    assert np.array_equal(decoders.decode(codes), first_heard)


def test_long_recordings_go_without_the_gil() -> None:
    pcm = noise(17, 16_000)
    coded = G722EncoderBank(17).encode(pcm)
    assert np.array_equal(coded, encoded_singly(pcm))
    assert np.array_equal(G722DecoderBank(17).decode(coded), decoded_singly(coded))


def at_odd_address(table: NDArray[Any]) -> NDArray[Any]:
    room = np.zeros(table.nbytes + 2, np.uint8)
    start = 1 - room.ctypes.data % 2
    view = room[start : start + table.nbytes].view(table.dtype).reshape(table.shape)
    view[:] = table
    return view


LAYOUTS: list[Callable[[NDArray[Any]], Any]] = [
    lambda table: table,
    lambda table: table.data,
    at_odd_address,
    lambda table: np.ascontiguousarray(table[::-1])[::-1],
    lambda table: np.hstack([table, table])[:, : table.shape[1]],
    lambda table: np.repeat(table, 3, axis=0)[::3],
]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_rows_may_be_anywhere_in_memory(layout: Callable[[NDArray[Any]], Any]) -> None:
    pcm, codes = noise(18, 320), octets(18, 160)
    assert np.array_equal(G722EncoderBank(18).encode(layout(pcm)), encoded_singly(pcm))
    assert np.array_equal(G722DecoderBank(18).decode(layout(codes)), decoded_singly(codes))
    coded_room, heard_room = layout(np.zeros((18, 160), np.uint8)), layout(np.zeros((18, 320), np.int16))
    assert G722EncoderBank(18).encode(pcm, out=coded_room) is coded_room
    assert G722DecoderBank(18).decode(codes, out=heard_room) is heard_room
    assert np.array_equal(np.asarray(coded_room), encoded_singly(pcm))
    assert np.array_equal(np.asarray(heard_room), decoded_singly(codes))


def test_nothing_outside_the_rows_is_read_or_written() -> None:
    for pairs in range(60):
        pcm, codes = noise(16, 2 * pairs), octets(16, pairs)
        for around in 0x00, 0x7F:
            wide_pcm = np.full((16, 2 * pairs + 64), around, np.int16)
            wide_pcm[:, 32 : 32 + 2 * pairs] = pcm
            wide_codes = np.full((16, pairs + 64), around, np.uint8)
            wide_codes[:, 32 : 32 + pairs] = codes
            coded, heard = np.full((16, pairs + 64), 0x55, np.uint8), np.full((16, 2 * pairs + 64), 0x55, np.int16)
            coded_room, heard_room = coded[:, 32 : 32 + pairs], heard[:, 32 : 32 + 2 * pairs]
            G722EncoderBank(16).encode(wide_pcm[:, 32 : 32 + 2 * pairs], out=coded_room)
            G722DecoderBank(16).decode(wide_codes[:, 32 : 32 + pairs], out=heard_room)
            assert np.array_equal(coded_room, encoded_singly(pcm))
            assert np.array_equal(heard_room, decoded_singly(codes))
            coded_room[:] = 0x55
            heard_room[:] = 0x55
            assert (coded == 0x55).all()
            assert (heard == 0x55).all()


RAGGED = np.array([np.zeros(4, np.int16), np.zeros(6, np.int16), np.zeros(8, np.int16)], object)
"""NumPy's result for rows of different lengths."""
REFUSED: list[tuple[Any, type[Exception], str]] = [
    ([[1, 2], [3]], TypeError, r"^pcm is a list, a 2-D array of int16 is needed, one row per stream$"),
    ([np.zeros(4, np.int16), np.zeros(6, np.int16)], TypeError, r"^pcm is a list, a 2-D array of int16 is needed, one"),
    (RAGGED, ValueError, r"^pcm has 1 dimensions, 2 are needed: one row per stream$"),
    (np.zeros((3, 4), object), TypeError, r"^pcm has items of format 'O', int16 is needed$"),
    (np.zeros((3, 4)), TypeError, r"^pcm has items of format 'd', int16 is needed$"),
    (np.zeros((3, 4), np.uint16), TypeError, r"^pcm has items of format 'H', int16 is needed$"),
    (np.zeros((3, 4), ">i2"), TypeError, r"^pcm has items of format '>h', int16 is needed$"),
    (np.zeros(4, np.int16), ValueError, r"^pcm has 1 dimensions, 2 are needed: one row per stream$"),
    (np.zeros((3, 4, 1), np.int16), ValueError, r"^pcm has 3 dimensions, 2 are needed: one row per stream$"),
    (np.zeros((3, 5), np.int16), ValueError, r"^pcm has 5 samples per row, G722 codes them in pairs and needs an even"),
    (np.zeros((4, 4), np.int16), ValueError, r"^pcm has 4 rows, the bank has 3$"),
    (np.zeros((4, 3), np.int16).T, ValueError, r"^items of a row of pcm lie 6 octets apart, 2 are needed$"),
]


@pytest.mark.parametrize(("pcm", "error", "text"), REFUSED)
def test_unfit_input_is_refused_and_changes_nothing(pcm: Any, error: type[Exception], text: str) -> None:
    bank = G722EncoderBank(3)
    bank.encode(noise(3, 100))
    twin = bank.copy()
    with pytest.raises(error, match=text):
        bank.encode(pcm)
    assert np.array_equal(bank.encode(noise(3, 100, 2)), twin.encode(noise(3, 100, 2)))


def test_unfit_codes_are_refused() -> None:
    bank = G722DecoderBank(3)
    wrong: Any = np.zeros((3, 4), np.int8)
    with pytest.raises(TypeError, match=r"^codes has items of format 'b', uint8 is needed$"):
        bank.decode(wrong)
    ragged: Any = [np.zeros(4, np.uint8), np.zeros(5, np.uint8), np.zeros(6, np.uint8)]
    with pytest.raises(TypeError, match=r"^codes is a list, a 2-D array of uint8 is needed, one row per stream$"):
        bank.decode(ragged)
    with pytest.raises(ValueError, match=r"^codes has 1 dimensions, 2 are needed: one row per stream$"):
        bank.decode(np.array(ragged, object))
    with pytest.raises(ValueError, match=r"^codes has 2 rows, the bank has 3$"):
        bank.decode(np.zeros((2, 4), np.uint8))


def test_unfit_rows_are_refused() -> None:
    bank, pcm = G722EncoderBank(3), noise(2, 4)
    with pytest.raises(ValueError, match=r"^pcm has 2 rows, rows names 1$"):
        bank.encode(pcm, rows=[0])
    with pytest.raises(ValueError, match=r"^rows names row 1 2 times, each may be named once$"):
        bank.encode(pcm, rows=[1, 1])
    for row in -1, 3:
        with pytest.raises(IndexError, match=rf"^row is {row}, the bank has rows 0 to 2$"):
            bank.encode(pcm, rows=[0, row])
        with pytest.raises(IndexError, match=rf"^row is {row}, the bank has rows 0 to 2$"):
            bank.reset(row)
        with pytest.raises(IndexError, match=rf"^row is {row}, the bank has rows 0 to 2$"):
            bank.copy_row(0, row)
    with pytest.raises(TypeError, match="integer"):
        bank.encode(pcm, rows=[0.5, 1])  # type: ignore[list-item]  # the refusal of other numbers is what is tested


def test_a_buffer_that_does_not_fit_is_refused() -> None:
    bank, pcm = G722EncoderBank(2), noise(2, 8)
    wrong: Any = np.zeros((2, 4), np.int16)
    with pytest.raises(TypeError, match=r"^out has items of format 'h', uint8 is needed$"):
        bank.encode(pcm, out=wrong)
    with pytest.raises(ValueError, match=r"^out has the shape \(2, 3\), \(2, 4\) is needed$"):
        bank.encode(pcm, out=np.zeros((2, 3), np.uint8))
    with pytest.raises(ValueError, match=r"^out overlaps the source"):
        bank.encode(pcm, out=pcm.view(np.uint8)[:, :4])
    same_row = np.lib.stride_tricks.as_strided(np.zeros(8, np.uint8), (2, 4), (0, 1))
    with pytest.raises(ValueError, match=r"^rows of out overlap one another$"):
        bank.encode(pcm, out=same_row)
    fixed = np.zeros((2, 4), np.uint8)
    fixed.flags.writeable = False
    with pytest.raises(ValueError, match="read-only"):
        bank.encode(pcm, out=fixed)


def test_unfit_banks_are_refused() -> None:
    for bank in G722EncoderBank, G722DecoderBank:
        with pytest.raises(ValueError, match=r"^rows is 0, a bank needs at least 1$"):
            bank(0)
        with pytest.raises(ValueError, match=r"^mode is 4, allowed are 1, 2 and 3$"):
            bank(1, mode=4)
        with pytest.raises((MemoryError, OverflowError)):
            bank(2**62)
        with pytest.raises(TypeError, match="integer"):
            bank("3")  # type: ignore[arg-type]  # the refusal of a str is what is tested


def test_a_bank_serves_one_thread_at_a_time() -> None:
    bank, pcm = G722EncoderBank(2), np.zeros((2, 4_000_000), np.int16)
    worker = threading.Thread(target=bank.encode, args=(pcm,))
    worker.start()
    refused = set()
    while worker.is_alive():
        try:
            bank.encode(np.zeros((2, 2), np.int16))
        except RuntimeError as error:
            refused.add(str(error))
    worker.join()
    assert refused == {"the bank is in use by another thread, it serves one at a time"}
    bank.encode(np.zeros((2, 2), np.int16))


@pytest.mark.parametrize(
    "meanwhile",
    [
        lambda bank: bank.reset(),
        lambda bank: bank.reset(1),
        lambda bank: bank.copy_row(0, 1),
        lambda bank: bank.copy(),
        lambda bank: bank.encode(np.zeros((2, 2), np.int16)),
    ],
    ids=["reset", "reset of a row", "copy of a row", "copy", "encode"],
)
def test_nothing_enters_a_bank_at_work(meanwhile: Callable[[G722EncoderBank], object]) -> None:
    """The rows of a call are read during the call, so an iterator runs inside it as another thread would."""
    bank, twin, refused = G722EncoderBank(2), G722EncoderBank(2), []

    def rows() -> Iterator[int]:
        yield 0
        try:
            meanwhile(bank)
        except RuntimeError as error:
            refused.append(str(error))
        yield 1

    pcm = np.arange(640, dtype=np.int16).reshape(2, 320)
    assert (bank.encode(pcm, rows=rows()) == twin.encode(pcm)).all()
    assert refused == ["the bank is in use by another thread, it serves one at a time"]
    assert (bank.copy().encode(pcm) == twin.encode(pcm)).all()


def test_with_a_given_buffer_nothing_is_allocated() -> None:
    bank, codes = G722DecoderBank(64), octets(64, 160)
    room = np.zeros((64, 320), np.int16)
    with traced():
        # Two exported buffers; a result would be 40,960.
        assert peak_octets(lambda: bank.decode(codes, out=room)) <= 1024


def test_repr_and_copies() -> None:
    assert repr(G722EncoderBank(3)) == "<G722EncoderBank 3 rows mode 1>"
    assert repr(G722DecoderBank(3, mode=2)) == "<G722DecoderBank 3 rows mode 2>"
    for bank in G722EncoderBank(3), G722DecoderBank(3):
        with pytest.raises(TypeError, match="cannot pickle"):
            pickle.dumps(bank)
        with pytest.raises(TypeError, match="cannot pickle"):
            copy.copy(bank)


def test_numpy_is_imported_with_the_first_result() -> None:
    code = (
        "import sys; from rtpcodec.codecs.g722_bank import G722EncoderBank; bank = G722EncoderBank(1);"
        "print('numpy' in sys.modules); bank.encode(memoryview(bytes(8)).cast('h').cast('B').cast('h', (1, 4)));"
        "print('numpy' in sys.modules)"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout == "False\nTrue\n"
