from __future__ import annotations

from typing import Any, get_type_hints

import pytest

import rtpcodec
from rtpcodec import events
from rtpcodec.errors import EndpointError
from rtpcodec.server import Call, EndpointOptions, EndpointSettings

ALLOWED_HZ = "allowed are 8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100 and 48000"


async def listen(call: Call) -> None:
    async for _ in call.audio():
        pass


def take(_call: Call, _audio: events.Audio) -> None:
    pass


async def wait_for(*_arguments: object) -> bool:
    return True


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"on_audio": take}, "2 of handler and on_audio are given, at most 1 is allowed"),
        ({"public_url": "https://h/"}, "public_url must be a ws or wss URL with a host and without query and fragment"),
        ({"public_url": "wss://h/?a"}, "public_url must be a ws or wss URL with a host and without query and fragment"),
        ({"public_url": "wss://[h/"}, "public_url must be a ws or wss URL with a host and without query and fragment"),
        ({"handler": "echo"}, "handler or on_audio is of type str, a function is needed"),
        (
            {"handler": None, "on_audio": listen},
            "on_audio is a coroutine function, a plain one is needed; pass it as handler instead",
        ),
        ({"authorize": ""}, "authorize must be a non-empty string, a list of them, or a function"),
        ({"authorize": b"token"}, "authorize must be a non-empty string, a list of them, or a function"),
        ({"authorize": []}, "authorize must be a non-empty string, a list of them, or a function"),
        ({"authorize": ("new", "")}, "authorize must be a non-empty string, a list of them, or a function"),
        ({"authorize": ["new", b"old"]}, "authorize must be a non-empty string, a list of them, or a function"),
        ({"authorize": {"new": 1}}, "authorize must be a non-empty string, a list of them, or a function"),
        ({"authorize": wait_for}, "authorize is a coroutine function, a plain one is needed"),
        ({"port": 65536}, "port is 65536, 0 to 65535 is needed"),
        ({"path": "media"}, "path is 'media', it must begin with '/' and have no query"),
        ({"path": "/media?x"}, "path is '/media?x', it must begin with '/' and have no query"),
        ({"path": "/healthz"}, "path is '/healthz', which answers health checks; another one is needed"),
        ({"max_queue_ms": 199}, "max_queue_ms is 199, at least 200 is needed"),
        ({"max_calls": 0}, "max_calls is 0, at least 1 is needed"),
        ({"max_fragments": 0}, "max_fragments is 0, at least 1 is needed"),
        ({"max_message_octets": 0}, "max_message_octets is 0, at least 1 is needed"),
        ({"max_message_octets": 2**23}, "max_message_octets is 8388608, at most 4194304 is allowed"),
        ({"max_calls": "5"}, "max_calls is '5', a whole number is needed"),
        ({"max_half_open": None}, "max_half_open is None, a whole number is needed"),
        ({"max_half_open_per_address": 1.5}, "max_half_open_per_address is 1.5, a whole number is needed"),
        ({"max_calls": float("inf")}, "max_calls is inf, a whole number is needed"),
        ({"max_held_octets": None}, "max_held_octets is None, a number is needed"),
        ({"max_frames_per_s": "5"}, "max_frames_per_s is '5', a number is needed"),
        ({"lag_period_s": []}, "lag_period_s is [], a number is needed"),
        ({"drain_s": -1}, "drain_s is -1, at least 0 is needed"),
        ({"drain_s": float("nan")}, "drain_s is nan, at least 0 is needed"),
        ({"start_timeout_s": 0}, "start_timeout_s is 0, more than 0 is needed; None disables it"),
        ({"idle_timeout_s": -1.0}, "idle_timeout_s is -1.0, more than 0 is needed; None disables it"),
        ({"ping_interval_s": 0}, "ping_interval_s is 0, more than 0 is needed; None disables it"),
        ({"slow_turn_ms": 0}, "slow_turn_ms is 0, more than 0 is needed; None disables it"),
        ({"lag_period_s": -1}, "lag_period_s is -1, more than 0 is needed; None disables it"),
        ({"lead_ms": -1}, "lead_ms is -1, 0 or more is needed, or None"),
        ({"receive_pcm_hz": 11000}, f"receive_pcm_hz is 11000, {ALLOWED_HZ}"),
    ],
)
def test_invalid_settings_are_refused_at_once(options: dict[str, Any], message: str) -> None:
    with pytest.raises(EndpointError) as refusal:
        rtpcodec.serve(**({"handler": listen} | options))
    assert str(refusal.value) == message


@pytest.mark.parametrize(
    "origin",
    [
        "null",
        "*",
        "a.example",
        "https://a.example/",
        "https://u@a.example",
        "https://a:b",
        "https://",
        "https://bücher.example",
        "",
        1,
    ],
)
def test_an_origin_is_a_scheme_and_a_host(origin: Any) -> None:
    with pytest.raises(EndpointError) as refusal:
        rtpcodec.serve(listen, allowed_origins=[origin])
    assert str(refusal.value) == (f"allowed_origins has {origin!r}, a scheme and a host is needed: https://example.com")


def test_allowed_origins_are_a_list() -> None:
    with pytest.raises(EndpointError, match=r"^allowed_origins is of type str, a list of strings is needed$"):
        rtpcodec.serve(listen, allowed_origins="https://a.example")


def test_the_keywords_of_serve_are_the_settings() -> None:
    settings = get_type_hints(EndpointSettings, localns={"Call": Call})
    options = get_type_hints(EndpointOptions)
    assert {"handler", "on_audio", "on_event"} == set(settings) - set(options)
    assert {name: settings[name] for name in options} == options


def test_the_repr_of_settings_contains_no_token() -> None:
    settings = EndpointSettings(handler=listen, authorize="Zm9v-very-secret")
    assert "Zm9v" not in repr(settings)
