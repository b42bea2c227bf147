"""Facts about each codec, and behaviour specific to one."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import struct
from array import array
from pathlib import Path
from typing import Any

import pytest

from rtpcodec.codecs import CodecInfo, codec, codec_names
from rtpcodec.codecs.info import Unit
from rtpcodec.errors import PayloadError, RtpcodecError, UnknownCodec
from rtpcodec.kernels import g711


def test_names_are_the_carriers_own() -> None:
    assert codec_names() == ("PCMU", "PCMA", "G722", "L16", "OPUS", "AMR-WB")
    assert [codec(name).name for name in codec_names()] == list(codec_names())
    assert codec("PCMU") is codec("PCMU")


@pytest.mark.parametrize("name", ["pcmu", "", "MP3", "PCMU ", "audio/x-mulaw"])
def test_errors_of_unknown_names_list_the_known_ones(name: str) -> None:
    with pytest.raises(UnknownCodec) as caught:
        codec(name)
    assert str(caught.value) == f"no codec is named {name!r}; known: {', '.join(codec_names())}"
    assert isinstance(caught.value, LookupError)
    assert isinstance(caught.value, RtpcodecError)


@pytest.mark.parametrize(
    ("name", "facts"),
    [
        ("PCMU", ("sample", (8000,), 0, 1, 1)),
        ("PCMA", ("sample", (8000,), 8, 1, 1)),
        ("L16", ("sample", (16000, 8000, 22050, 24000, 44100, 48000), None, 2, 1)),
    ],
)
def test_facts(name: str, facts: tuple[Any, ...]) -> None:
    info = codec(name)
    assert (
        info.kind,
        info.sample_rates_hz,
        info.payload_type,
        info.octets_per_unit,
        info.samples_per_unit,
    ) == facts


@pytest.mark.parametrize("name", codec_names())
def test_facts_of_every_codec_agree_with_one_another(name: str) -> None:
    info = codec(name)
    assert info.sample_rate_hz() == info.sample_rates_hz[0]
    for rate_hz in info.sample_rates_hz:
        assert info.sample_rate_hz(rate_hz) == rate_hz
        assert info.rtp_clock_hz(rate_hz) == (info.fixed_rtp_clock_hz or rate_hz)
    assert info.rtp_clock_hz() == info.rtp_clock_hz(info.sample_rates_hz[0])
    with pytest.raises(dataclasses.FrozenInstanceError):
        info.name = "other"  # type: ignore[misc]
    assert repr(info).startswith(f"CodecInfo(name='{name}', sample_rates_hz=(")
    assert {info} == {codec(name)}


@pytest.mark.parametrize("name", codec_names())
def test_the_options_of_an_encoder_are_all_that_its_signature_has(name: str) -> None:
    made = codec(name).encoder_of
    source = Path(inspect.getfile(inspect.getmodule(made) or made))  # of a compiled module, its stub lies beside it
    stub = source.with_name(f"{source.name.partition('.')[0]}.pyi")
    tree = ast.parse((stub if stub.exists() else source).read_text())
    (of_class,) = (node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == made.__name__)
    names = [base.id for base in of_class.bases if isinstance(base, ast.Name)] + [of_class.name]
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef) and node.name in names]
    made_by = [
        node
        for each in classes
        for node in each.body
        if isinstance(node, ast.FunctionDef) and node.name in ("__new__", "__init__")
    ]
    assert codec(name).encoder_options == tuple(argument.arg for node in made_by for argument in node.args.kwonlyargs)


def test_rates_that_a_codec_does_not_have_are_refused() -> None:
    text = "^PCMU has no sample rate of 16000 Hz, only 8000$"
    for call in (
        codec("PCMU").encoder,
        codec("PCMU").decoder,
        codec("PCMU").rtp_clock_hz,
        codec("PCMU").sample_rate_hz,
    ):
        with pytest.raises(ValueError, match=text):
            call(16000)
    with pytest.raises(
        ValueError, match=r"^L16 has no sample rate of 11025 Hz, only 16000, 8000, 22050, 24000, 44100, 48000$"
    ):
        codec("L16").encoder(11025, byte_order="big")


def test_rtp_clock_is_a_fact_of_its_own() -> None:
    info = dataclasses.replace(codec("L16"), name="WIDE", fixed_rtp_clock_hz=8000)
    assert (info.sample_rate_hz(), info.rtp_clock_hz(), info.rtp_clock_hz(48000)) == (16000, 8000, 8000)


def test_samples_in_a_payload() -> None:
    assert codec("PCMU").samples_in(bytes(160)) == 160
    assert codec("L16").samples_in(bytearray(640)) == 320
    assert codec("L16").samples_in(array("h", bytes(640))) == 320
    assert dataclasses.replace(codec("PCMU"), unit=Unit(octets=1, samples=2)).samples_in(bytes(160)) == 320
    with pytest.raises(PayloadError, match=r"^L16 payload has 3 octets, a multiple of 2 is needed$"):
        codec("L16").samples_in(bytes(3))
    assert issubclass(PayloadError, ValueError)


@pytest.mark.parametrize(
    ("name", "rates_hz", "clock_hz"), [("OPUS", (16000, 8000, 24000, 48000), 48000), ("AMR-WB", (16000,), 16000)]
)
def test_facts_of_frame_codecs(name: str, rates_hz: tuple[int, ...], clock_hz: int) -> None:
    info = codec(name)
    assert (info.kind, info.sample_rates_hz, info.payload_type, info.unit) == ("frame", rates_hz, None, None)
    assert info.rtp_clock_hz() == clock_hz
    text = f"^{name} is a frame codec, its payloads are not made of units$"
    with pytest.raises(TypeError, match=text):
        info.samples_in(bytes(2))
    for fact in ("octets_per_unit", "samples_per_unit"):
        with pytest.raises(TypeError, match=text):
            getattr(info, fact)


@pytest.mark.parametrize("make", [codec("L16").encoder, codec("L16").decoder])
def test_l16_has_no_default_byte_order(make: Any) -> None:
    with pytest.raises(TypeError, match="byte_order"):
        make()
    for wrong in ("native", "LITTLE", None):
        with pytest.raises(ValueError, match=f"^byte_order is {wrong!r}, 'little' or 'big' is needed$"):
            make(byte_order=wrong)
    assert make(byte_order="big").copy().byte_order == "big"
    assert repr(make(byte_order="big")).endswith(" 16000 Hz big>")


def test_l16_is_what_its_byte_order_says() -> None:
    samples = (1, -2, 32767, -32768)
    pcm = struct.pack("=4h", *samples)
    for order, form in (("little", "<4h"), ("big", ">4h")):
        wire = struct.pack(form, *samples)
        assert codec("L16").encoder(byte_order=order).encode(pcm) == wire
        assert codec("L16").decoder(byte_order=order).decode(wire) == pcm


def test_g711_codecs_are_the_kernels() -> None:
    pcm = struct.pack("=5h", -32768, -1, 0, 1000, 32767)
    assert codec("PCMU").encoder().encode(pcm) == g711.pcmu_encode(pcm)
    assert codec("PCMA").encoder().encode(pcm) == g711.pcma_encode(pcm)
    assert codec("PCMU").decoder().decode(bytes(range(256))) == g711.pcmu_decode(bytes(range(256)))
    assert codec("PCMA").decoder().decode(bytes(range(256))) == g711.pcma_decode(bytes(range(256)))


@pytest.mark.parametrize("name", ["PCMU", "PCMA"])
def test_options_that_a_codec_does_not_have_are_refused(name: str) -> None:
    info: CodecInfo = codec(name)
    with pytest.raises(TypeError, match="byte_order"):
        info.encoder(byte_order="little")
    with pytest.raises(TypeError, match="byte_order"):
        info.decoder(byte_order="little")
