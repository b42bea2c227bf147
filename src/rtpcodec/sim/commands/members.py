"""The members of commands: which type and values each of them has, and what is wrong with them. No I/O.

Details never show tokens, keys, `client_state` or custom parameters.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from rtpcodec.sim.commands.refusals import Problem

MAX_URL_CHARACTERS: Final = 2000
MAX_TOKEN_CHARACTERS: Final = 4000
"""What the carrier documents (media streaming, section 2.2)."""

SEND_CODECS: Final = ("PCMU", "PCMA", "G722", "OPUS", "AMR-WB", "L16")

_KINDS: Final[Mapping[str, tuple[type, str]]] = {
    "stream_url": (str, "a string"),
    "stream_track": (str, "a string"),
    "stream_codec": (str, "a string"),
    "stream_bidirectional_mode": (str, "a string"),
    "stream_bidirectional_codec": (str, "a string"),
    "stream_bidirectional_sampling_rate": (int, "an integer"),
    "stream_bidirectional_target_legs": (str, "a string"),
    "stream_auth_token": (str, "a string"),
    "custom_parameters": (list, "an array"),
    "enable_dialogflow": (bool, "a boolean"),
    "dialogflow_config": (dict, "an object"),
    "client_state": (str, "a string"),
    "command_id": (str, "a string"),
    "stream_id": (str, "a string"),
    "stream_establish_before_call_originate": (bool, "a boolean"),
    "send_silence_when_idle": (bool, "a boolean"),
    "preferred_codecs": (str, "a string"),
    "to": (str, "a string"),
    "from": (str, "a string"),
    "connection_id": (str, "a string"),
    "timeout_secs": (int, "an integer"),
    "call_control_id": (str, "a string"),
}
_VALUES: Final[Mapping[str, tuple[object, ...]]] = {
    "stream_track": ("inbound_track", "outbound_track", "both_tracks"),
    "stream_codec": (*SEND_CODECS, "default"),
    "stream_bidirectional_mode": ("mp3", "rtp"),
    "stream_bidirectional_codec": SEND_CODECS,
    "stream_bidirectional_sampling_rate": (8000, 16000, 22050, 24000, 48000),
    "stream_bidirectional_target_legs": ("both", "self", "opposite"),
}
_BASE64 = re.compile(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")


def checked(body: Mapping[str, Any], names: tuple[str, ...]) -> tuple[dict[str, Any], list[Problem]]:
    """The members that are there and have their type, and all problems. null counts as left out; others are ignored."""
    members: dict[str, Any] = {}
    problems: list[Problem] = []
    for name in names:
        value = body.get(name)
        if value is None:
            continue
        kind, article = _KINDS[name]
        # In Python a boolean is an integer, in JSON it is not.
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            problems.append(problem_at("10026", name, f"is not {article}"))
            continue
        members[name] = value
        if name in _VALUES and value not in _VALUES[name]:
            problems.append(problem_at("10032", name, f"must be one of {', '.join(map(str, _VALUES[name]))}"))
        if name in _RULES:
            problems.extend(_RULES[name](name, value))
    return members, problems


def problem_at(code: str, name: str, rule: str) -> Problem:
    """What is wrong with a member, which may lie deeper: `custom_parameters/0/name`."""
    return Problem(code, f"{name.replace('/', '.')} {rule}", f"/{name}")


def _url_problems(name: str, url: str) -> list[Problem]:
    if len(url) > MAX_URL_CHARACTERS:
        return [problem_at("10003", name, f"has {len(url)} characters, at most {MAX_URL_CHARACTERS} are allowed")]
    if re.search(r"[\s\x00-\x1f\x7f]", url):
        return [problem_at("10003", name, "has a blank or control character")]
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("ws", "wss") and bool(parts.hostname) and (parts.port or 1) > 0 and not parts.fragment
    except ValueError:
        good = False
    return [] if good else [problem_at("10003", name, "must be a ws or wss URL with a host and without a fragment")]


def _token_problems(name: str, token: str) -> list[Problem]:
    if len(token) > MAX_TOKEN_CHARACTERS:
        return [problem_at("10025", name, f"has {len(token)} characters, at most {MAX_TOKEN_CHARACTERS} are allowed")]
    # It becomes the value of an HTTP header, which a line break would end (RFC 9110 section 5.5).
    if re.search(r"[\x00-\x1f\x7f]", token):
        return [problem_at("10015", name, "has a control character, which an HTTP header cannot carry")]
    return []


def _client_state_problems(name: str, state: str) -> list[Problem]:
    return [] if _BASE64.fullmatch(state) else [problem_at("90017", name, "is not base64")]


def _pairs_problems(name: str, pairs: list[Any]) -> list[Problem]:
    problems = []
    for position, pair in enumerate(pairs):
        if not isinstance(pair, dict):
            problems.append(problem_at("10026", f"{name}/{position}", "is not an object"))
            continue
        for member in ("name", "value"):
            if member not in pair:
                problems.append(problem_at("10004", f"{name}/{position}/{member}", "is missing"))
            elif not isinstance(pair[member], str):
                problems.append(problem_at("10026", f"{name}/{position}/{member}", "is not a string"))
    return problems


def _dialogflow_problems(name: str, switches: dict[str, Any]) -> list[Problem]:
    return [
        problem_at("10026", f"{name}/{switch}", "is not a boolean")
        for switch in ("analyze_sentiment", "partial_automated_agent_reply")
        if not isinstance(switches.get(switch, False), bool)
    ]


_RULES: Final[Mapping[str, Callable[[str, Any], list[Problem]]]] = {
    "stream_url": _url_problems,
    "stream_auth_token": _token_problems,
    "client_state": _client_state_problems,
    "custom_parameters": _pairs_problems,
    "dialogflow_config": _dialogflow_problems,
}
