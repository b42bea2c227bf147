"""Contract tests of sample codecs (docs/adr/0002-two-kinds-of-codecs.md), for each codec at all its rates."""

from __future__ import annotations

import itertools
import random
import threading
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from rtpcodec.codecs import CodecInfo, codec, codec_names
from rtpcodec.codecs.info import SampleDecoder, SampleEncoder

OPTIONS: dict[str, list[dict[str, Any]]] = {"L16": [{"byte_order": "little"}, {"byte_order": "big"}]}
"""Required options of a codec, with all their values; other codecs need none."""


@dataclass(frozen=True)
class Case:
    """One codec at one rate with one set of options."""

    info: CodecInfo
    rate_hz: int
    options: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return "-".join([self.info.name, str(self.rate_hz), *map(str, self.options.values())])

    def encoder(self) -> SampleEncoder:
        made = self.info.encoder(self.rate_hz, **self.options)
        assert isinstance(made, SampleEncoder)
        return made

    def decoder(self) -> SampleDecoder:
        made = self.info.decoder(self.rate_hz, **self.options)
        assert isinstance(made, SampleDecoder)
        return made

    def pcm(self, units: int, seed: int = 1) -> bytes:
        """Return a number of units of noise, loud and soft."""
        rng = random.Random(seed)
        count = units * self.info.samples_per_unit
        return array("h", [rng.randint(-32768, 32767) >> rng.choice((0, 4, 9)) for _ in range(count)]).tobytes()

    def payload(self, units: int, seed: int = 1) -> bytes:
        """Return a number of units of encoded octets."""
        return self.encoder().encode(self.pcm(units, seed))

    @property
    def unit_pcm_octets(self) -> int:
        return 2 * self.info.samples_per_unit


def cases() -> list[Case]:
    """Return a case for every sample codec."""
    return [
        Case(info, rate_hz, options)
        for info in map(codec, codec_names())
        if info.kind == "sample"
        for rate_hz in info.sample_rates_hz
        for options in OPTIONS.get(info.name, [{}])
    ]


def pieces(octets: bytes, cuts: Sequence[int], unit_octets: int) -> list[bytes]:
    """Return pieces of these numbers of units, and the rest."""
    found, at = [], 0
    for units in cuts:
        found.append(octets[at : at + units * unit_octets])
        at += units * unit_octets
    return [*found, octets[at:]]


def encoding_does_not_depend_on_the_cut(case: Case, pcm: bytes, cuts: Sequence[int]) -> None:
    whole = case.encoder().encode(pcm)
    encoder = case.encoder()
    assert b"".join(map(encoder.encode, pieces(pcm, cuts, case.unit_pcm_octets))) == whole
    assert len(whole) == len(pcm) // case.unit_pcm_octets * case.info.octets_per_unit


def decoding_does_not_depend_on_the_cut(case: Case, payload: bytes, cuts: Sequence[int]) -> None:
    whole = case.decoder().decode(payload)
    decoder = case.decoder()
    assert b"".join(map(decoder.decode, pieces(payload, cuts, case.info.octets_per_unit))) == whole
    assert len(whole) == 2 * case.info.samples_in(payload)


def nothing_in_nothing_out(case: Case) -> None:
    assert case.encoder().encode(b"") == b""
    assert case.decoder().decode(b"") == b""
    assert case.encoder().encode_into(b"", bytearray(0)) == 0
    assert case.decoder().decode_into(b"", bytearray(0)) == 0


def into_writes_the_same_and_counts_items(case: Case) -> None:
    pcm, payload = case.pcm(50), case.payload(50)
    room = bytearray(b"\xa5" * (len(pcm) + len(payload) + 8))
    written = case.encoder().encode_into(pcm, room)
    assert (written, bytes(room[:written])) == (len(payload), payload)
    assert set(room[written:]) == {0xA5}
    decoded = case.decoder().decode(payload)
    room = bytearray(b"\xa5" * (len(decoded) + 8))
    written = case.decoder().decode_into(payload, room)
    assert (written, bytes(room[: 2 * written])) == (len(decoded) // 2, decoded)
    assert room[2 * written :] == b"\xa5" * 8


def too_little_room_changes_nothing(case: Case) -> None:
    pcm, payload = case.pcm(50), case.payload(50)
    encoder, decoder = case.encoder(), case.decoder()
    with pytest.raises(ValueError, match=rf"^out has room for {len(payload) - 1} octets, .* {len(payload)}$"):
        encoder.encode_into(pcm, bytearray(len(payload) - 1))
    assert encoder.encode(pcm) == payload
    needed = 2 * case.info.samples_in(payload)
    with pytest.raises(ValueError, match=rf"^out has room for {needed - 1} octets, the result needs {needed}$"):
        decoder.decode_into(payload, bytearray(needed - 1))
    assert decoder.decode(payload) == case.decoder().decode(payload)


def a_part_of_a_unit_changes_nothing(case: Case) -> None:
    """Wrong input is refused with rule and value, in both directions; the state is unchanged."""
    encoder, decoder = case.encoder(), case.decoder()
    first, second = case.pcm(40, seed=1), case.pcm(40, seed=2)
    assert encoder.encode(first) == case.payload(40, seed=1)
    with pytest.raises(ValueError, match=rf"{case.unit_pcm_octets + 1} octets"):
        encoder.encode(bytes(case.unit_pcm_octets + 1))
    payload = case.encoder().encode(first + second)
    half = len(payload) // 2
    assert encoder.encode(second) == payload[half:]
    whole = case.decoder().decode(payload)
    assert decoder.decode(payload[:half]) == whole[: len(whole) // 2]
    if case.info.octets_per_unit > 1:
        octets = case.info.octets_per_unit + 1
        for call in (lambda: decoder.decode(bytes(octets)), lambda: decoder.decode_into(bytes(octets), bytearray(99))):
            with pytest.raises(ValueError, match=rf"has {octets} octets"):
                call()
        with pytest.raises(ValueError, match=rf"^{case.info.name} payload has {octets} octets, a multiple of "):
            case.info.samples_in(bytes(octets))
    assert decoder.decode(payload[half:]) == whole[len(whole) // 2 :]


def reset_forgets_the_stream_and_keeps_the_settings(case: Case) -> None:
    encoder, decoder = case.encoder(), case.decoder()
    pcm, payload = case.pcm(60), case.payload(60)
    for _ in range(2):
        encoder.encode(case.pcm(33, seed=3))
        decoder.decode(case.payload(33, seed=3))
        encoder.reset()
        decoder.reset()
        assert encoder.encode(pcm) == payload
        assert decoder.decode(payload) == case.decoder().decode(payload)


def copies_go_on_independently(case: Case) -> None:
    first, second, other = case.pcm(30, seed=1), case.pcm(30, seed=2), case.pcm(30, seed=3)
    encoder = case.encoder()
    begin = encoder.encode(first)
    twin = encoder.copy()
    assert type(twin) is type(encoder)
    assert twin is not encoder
    twin.encode(other)
    assert begin + encoder.encode(second) == case.encoder().encode(first + second)

    payload = case.encoder().encode(first + second)
    half = len(payload) // 2
    decoder = case.decoder()
    opening = decoder.decode(payload[:half])
    other_decoder = decoder.copy()
    decoder.decode(case.payload(30, seed=4))
    assert opening + other_decoder.decode(payload[half:]) == case.decoder().decode(payload)


def another_thread_may_take_over(case: Case) -> None:
    first, second = case.pcm(30, seed=1), case.pcm(30, seed=2)
    encoder, decoder = case.encoder(), case.decoder()
    begin = encoder.encode(first)
    opening = decoder.decode(begin)
    found: list[bytes] = []

    def go_on() -> None:
        found.append(encoder.encode(second))
        found.append(decoder.decode(found[0]))

    thread = threading.Thread(target=go_on)
    thread.start()
    thread.join()
    whole = case.encoder().encode(first + second)
    assert begin + found[0] == whole
    assert opening + found[1] == case.decoder().decode(whole)


def both_tell_what_they_are(case: Case) -> None:
    for made in (case.encoder(), case.decoder()):
        assert made.info is case.info
        assert made.sample_rate_hz == case.rate_hz
        assert made.copy().sample_rate_hz == case.rate_hz
        assert str(case.rate_hz) in repr(made)


def every_buffer_is_taken(case: Case) -> None:
    pcm, payload = case.pcm(40), case.payload(40)
    decoded = case.decoder().decode(payload)
    for of in (bytes, bytearray, memoryview, lambda octets: memoryview(b"x" + octets)[1:]):
        assert case.encoder().encode(of(pcm)) == payload
        assert case.decoder().decode(of(payload)) == decoded
    assert case.encoder().encode(array("h", pcm)) == payload


def gap_units(case: Case, milliseconds: int) -> int:
    """Return the number of units of a duration."""
    return case.rate_hz * milliseconds // 1000 // case.info.samples_per_unit


def gaps_are_filled_from_what_was_decoded_in_any_way(case: Case) -> None:
    """Pieces of any size, new or into a buffer, of any kind of object: the gap gives the same audio."""
    units, unit = gap_units(case, 120), case.info.octets_per_unit
    spoken = b"".join(case.payload(gap_units(case, 20), seed=5) for _ in range(6))[: units * unit]
    assert len(spoken) == units * unit
    filled = set()
    for milliseconds, form in itertools.product((1, 7, 10, 20, 120), (bytes, bytearray, memoryview, None)):
        decoder = case.decoder()
        size = gap_units(case, milliseconds) * unit
        for at in range(0, len(spoken), size):
            piece = spoken[at : at + size]
            if form is None:
                decoder.decode_into(piece, bytearray(2 * case.info.samples_in(piece)))
            else:
                decoder.decode(form(piece))
        filled.add(decoder.conceal(case.info.samples_per_unit * gap_units(case, 20)))
    assert len(filled) == 1
    (gap,) = filled
    assert len(gap) == 2 * case.info.samples_per_unit * gap_units(case, 20)
    assert max(array("h", gap)) > 0


def gaps_may_be_filled_in_pieces_and_what_follows_is_cross_faded_once(case: Case) -> None:
    payload, units = case.payload(gap_units(case, 80)), gap_units(case, 30)
    decoders = [case.decoder() for _ in range(3)]
    for decoder in decoders:
        decoder.decode(payload)
    once, pieces, into = decoders
    samples = case.info.samples_per_unit
    gap = once.conceal(units * samples)
    assert pieces.conceal(0) == b""
    assert b"".join(pieces.conceal(samples) for _ in range(units)) == gap
    assert into.conceal(units * samples) == gap
    room = bytearray(2 * case.info.samples_in(payload))
    into.decode_into(payload, room)
    whole = once.decode(payload)
    assert whole == room
    heard = b"".join(pieces.decode(part) for part in pieces_of(payload, case.info.octets_per_unit))
    assert heard == whole
    if case.info.name != "G722":  # its octets depend on those before them
        blended = 2 * (25 * case.rate_hz // 10000)
        assert whole[blended:] == case.decoder().decode(payload)[blended:]
        assert whole[:blended] != case.decoder().decode(payload)[:blended]


def pieces_of(payload: bytes, octets: int) -> list[bytes]:
    """One unit each."""
    return [payload[at : at + octets] for at in range(0, len(payload), octets)]


def gaps_end_with_reset_and_live_on_in_copies(case: Case) -> None:
    payload, samples = case.payload(gap_units(case, 80)), case.info.samples_per_unit * gap_units(case, 20)
    decoder = case.decoder()
    decoder.decode(payload)
    before = decoder.copy()
    gap = decoder.conceal(samples)
    within = decoder.copy()
    assert before.conceal(samples) == gap
    assert within.decode(payload) == decoder.decode(payload)
    decoder.reset()
    assert decoder.decode(payload) == case.decoder().decode(payload)
    before.reset()
    assert before.conceal(samples) == bytes(2 * samples)


def gaps_have_a_length_from_nothing_to_a_minute(case: Case) -> None:
    most = case.rate_hz * 60
    refused: tuple[Any, ...] = (-1, most + 1, 2**70, 1.5, None)
    for samples in refused:
        with pytest.raises(ValueError, match=rf"^samples is {samples}, 0 to {most} \(a minute\) are allowed$"):
            case.decoder().conceal(samples)
    if case.info.samples_per_unit == 2:
        with pytest.raises(ValueError, match=r"^samples is 3, G722 codes them in pairs and needs an even number$"):
            case.decoder().conceal(3)


CHECKS: list[Callable[[Case], None]] = [
    nothing_in_nothing_out,
    into_writes_the_same_and_counts_items,
    too_little_room_changes_nothing,
    a_part_of_a_unit_changes_nothing,
    reset_forgets_the_stream_and_keeps_the_settings,
    copies_go_on_independently,
    another_thread_may_take_over,
    both_tell_what_they_are,
    every_buffer_is_taken,
    gaps_are_filled_from_what_was_decoded_in_any_way,
    gaps_may_be_filled_in_pieces_and_what_follows_is_cross_faded_once,
    gaps_end_with_reset_and_live_on_in_copies,
    gaps_have_a_length_from_nothing_to_a_minute,
]
