"""The members of commands: type and values of each, and the errors of wrong ones. No I/O.

Details never show tokens, digits, `client_state` or custom parameters.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from rtpcodec.carriers.telnyx import commands, errors, members
from rtpcodec.sim.commands.error_answers import Problem

_STRING: Final = (str, "a string")
_INTEGER: Final = (int, "an integer")
_BOOLEAN: Final = (bool, "a boolean")
_ARRAY: Final = (list, "an array")
_OBJECT: Final = (dict, "an object")
_KINDS: Final[Mapping[str, tuple[type, str]]] = {
    commands.STREAM_BIDIRECTIONAL_SAMPLING_RATE: _INTEGER,
    commands.TIMEOUT_SECS: _INTEGER,
    commands.DURATION_MILLIS: _INTEGER,
    commands.ENABLE_DIALOGFLOW: _BOOLEAN,
    commands.STREAM_ESTABLISH_BEFORE_CALL_ORIGINATE: _BOOLEAN,
    commands.SEND_SILENCE_WHEN_IDLE: _BOOLEAN,
    commands.START_CONFERENCE_ON_CREATE: _BOOLEAN,
    commands.HOLD: _BOOLEAN,
    commands.END_CONFERENCE_ON_EXIT: _BOOLEAN,
    commands.SOFT_END_CONFERENCE_ON_EXIT: _BOOLEAN,
    commands.CALL_CONTROL_IDS: _ARRAY,
    members.CUSTOM_PARAMETERS: _ARRAY,
    commands.DIALOGFLOW_CONFIG: _OBJECT,
}
"""Members that are not strings."""
_VALUES: Final[Mapping[str, tuple[object, ...]]] = {
    members.STREAM_TRACK: commands.TRACKS,
    commands.STREAM_CODEC: commands.RECEIVE_CODECS,
    commands.STREAM_BIDIRECTIONAL_MODE: commands.MODES,
    commands.STREAM_BIDIRECTIONAL_CODEC: commands.SEND_CODECS,
    commands.STREAM_BIDIRECTIONAL_SAMPLING_RATE: commands.SAMPLING_RATES_HZ,
    commands.STREAM_BIDIRECTIONAL_TARGET_LEGS: commands.TARGET_LEGS,
}
_BASE64 = re.compile(commands.BASE64_PATTERN)
_DTMF: Final = frozenset(commands.DTMF_DIGITS + commands.DTMF_PAUSES)


def checked(body: Mapping[str, Any], names: tuple[str, ...]) -> tuple[dict[str, Any], list[Problem]]:
    """Return the members of the right type, and all problems.

    null counts as left out; members with other names are ignored.
    """
    given: dict[str, Any] = {}
    problems: list[Problem] = []
    for name in names:
        value = body.get(name)
        if value is None:
            continue
        kind, article = _KINDS.get(name, _STRING)
        # In Python a boolean is an integer, in JSON it is not.
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            problems.append(problem_at(errors.INVALID_TYPE, name, f"is not {article}"))
            continue
        given[name] = value
        if name in _VALUES and value not in _VALUES[name]:
            rule = f"must be one of {', '.join(map(str, _VALUES[name]))}"
            problems.append(problem_at(errors.INVALID_ENUMERATED_VALUE, name, rule))
        if name in _RULES:
            problems.extend(_RULES[name](name, value))
    return given, problems


def problem_at(code: str, name: str, rule: str) -> Problem:
    """Make a problem of a member, which may be nested: `custom_parameters/0/name`."""
    return Problem(code, f"{name.replace('/', '.')} {rule}", f"/{name}")


def _url_problems(name: str, url: str) -> list[Problem]:
    if len(url) > commands.MAX_URL_CHARACTERS:
        rule = f"has {len(url)} characters, at most {commands.MAX_URL_CHARACTERS} are allowed"
        return [problem_at(errors.INVALID_URL, name, rule)]
    if re.search(r"[\s\x00-\x1f\x7f]", url):
        return [problem_at(errors.INVALID_URL, name, "has a blank or control character")]
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("ws", "wss") and bool(parts.hostname) and (parts.port or 1) > 0 and not parts.fragment
    except ValueError:
        good = False
    rule = "must be a ws or wss URL with a host and without a fragment"
    return [] if good else [problem_at(errors.INVALID_URL, name, rule)]


def _token_problems(name: str, token: str) -> list[Problem]:
    if len(token) > commands.MAX_TOKEN_CHARACTERS:
        rule = f"has {len(token)} characters, at most {commands.MAX_TOKEN_CHARACTERS} are allowed"
        return [problem_at(errors.LENGTH_OUT_OF_RANGE, name, rule)]
    # It becomes the value of an HTTP header, which a line break would end (RFC 9110 section 5.5).
    if re.search(r"[\x00-\x1f\x7f]", token):
        return [problem_at(errors.BAD_REQUEST, name, "has a control character, which an HTTP header cannot carry")]
    return []


def _client_state_problems(name: str, state: str) -> list[Problem]:
    return [] if _BASE64.fullmatch(state) else [problem_at(errors.INVALID_CLIENT_STATE, name, "is not base64")]


def _pairs_problems(name: str, pairs: list[Any]) -> list[Problem]:
    problems = []
    for position, pair in enumerate(pairs):
        if not isinstance(pair, dict):
            problems.append(problem_at(errors.INVALID_TYPE, f"{name}/{position}", "is not an object"))
            continue
        for member in (members.NAME, members.VALUE):
            if member not in pair:
                problems.append(problem_at(errors.MISSING_PARAMETER, f"{name}/{position}/{member}", "is missing"))
            elif not isinstance(pair[member], str):
                problems.append(problem_at(errors.INVALID_TYPE, f"{name}/{position}/{member}", "is not a string"))
    return problems


def _ids_problems(name: str, ids: list[Any]) -> list[Problem]:
    return [
        problem_at(errors.INVALID_TYPE, f"{name}/{position}", "is not a string")
        for position, one in enumerate(ids)
        if not isinstance(one, str)
    ]


def _dialogflow_problems(name: str, switches: dict[str, Any]) -> list[Problem]:
    return [
        problem_at(errors.INVALID_TYPE, f"{name}/{switch}", "is not a boolean")
        for switch in commands.DIALOGFLOW_SWITCHES
        if not isinstance(switches.get(switch, False), bool)
    ]


def _digits_problems(name: str, digits: str) -> list[Problem]:
    if not digits:
        return [problem_at(errors.BAD_REQUEST, name, "is empty")]
    wrong = next((position for position, digit in enumerate(digits) if digit not in _DTMF), None)
    if wrong is None:
        return []
    rule = f"position {wrong} is not a DTMF key or pause, allowed are {commands.DTMF_DIGITS}{commands.DTMF_PAUSES}"
    return [Problem(errors.BAD_REQUEST, f"{name}: {rule}", f"/{name}")]


def _duration_problems(name: str, duration_ms: int) -> list[Problem]:
    least, most = commands.MIN_DTMF_DURATION_MS, commands.MAX_DTMF_DURATION_MS
    if least <= duration_ms <= most:
        return []
    return [problem_at(errors.BAD_REQUEST, name, f"is {duration_ms}, {least} to {most} are allowed")]


_RULES: Final[Mapping[str, Callable[[str, Any], list[Problem]]]] = {
    members.STREAM_URL: _url_problems,
    commands.STREAM_AUTH_TOKEN: _token_problems,
    members.CLIENT_STATE: _client_state_problems,
    commands.TARGET_LEG_CLIENT_STATE: _client_state_problems,
    members.CUSTOM_PARAMETERS: _pairs_problems,
    commands.CALL_CONTROL_IDS: _ids_problems,
    commands.DIALOGFLOW_CONFIG: _dialogflow_problems,
    commands.DIGITS: _digits_problems,
    commands.DURATION_MILLIS: _duration_problems,
}
