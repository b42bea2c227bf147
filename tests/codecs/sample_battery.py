"""The contract of sample codecs (docs/adr/0002), line by line. Each registered one passes it at every rate it has."""

from __future__ import annotations

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
"""Options that a codec requires, each value of them; a codec that is not named here needs none."""


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
        """So many units of noise, loud and soft."""
        rng = random.Random(seed)
        count = units * self.info.samples_per_unit
        return array("h", [rng.randint(-32768, 32767) >> rng.choice((0, 4, 9)) for _ in range(count)]).tobytes()

    def payload(self, units: int, seed: int = 1) -> bytes:
        """So many units of octets that an encoder made."""
        return self.encoder().encode(self.pcm(units, seed))

    @property
    def unit_pcm_octets(self) -> int:
        return 2 * self.info.samples_per_unit


def cases() -> list[Case]:
    """Every sample codec there is."""
    return [
        Case(info, rate_hz, options)
        for info in map(codec, codec_names())
        if info.kind == "sample"
        for rate_hz in info.sample_rates_hz
        for options in OPTIONS.get(info.name, [{}])
    ]


def pieces(octets: bytes, cuts: Sequence[int], unit_octets: int) -> list[bytes]:
    """Pieces of so many units each, and the rest."""
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
    """Refused with rule and number, in either direction; the state is as before."""
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
]
