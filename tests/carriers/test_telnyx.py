"""The facts about the carrier: constants only, consistent with each other, without imports of ours."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import get_args

import pytest

from rtpcodec.carriers.telnyx import commands, errors, members, streaming, webhooks

MODULES = (commands, errors, members, streaming, webhooks)
FILES = sorted(Path(str(commands.__file__)).parents[1].rglob("*.py"))
LEAF = "rtpcodec.carriers."


def bound_by(node: ast.stmt) -> ast.expr | None:
    """Return the value of an assignment; AssertionError for any other statement with an effect."""
    match node:
        case ast.Expr(value=ast.Constant(value=str())):
            return None
        case ast.ImportFrom(module=str(module), level=0):
            assert module in ("typing", "collections.abc") or module.startswith(LEAF), ast.unparse(node)
            return None
        case ast.AnnAssign(value=ast.expr() as value) | ast.Assign(value=value):
            return value
    raise AssertionError(f"line {node.lineno}: {ast.unparse(node)}")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_modules_have_constants_only(path: Path) -> None:
    """Check that an expression is a name, a literal or the values of a Literal, without functions or conditions."""
    for node in ast.parse(path.read_text("utf-8")).body:
        value = bound_by(node)
        for part in ast.walk(value) if value is not None else ():
            assert not isinstance(part, ast.Lambda | ast.IfExp | ast.BinOp | ast.JoinedStr | ast.comprehension)
            if isinstance(part, ast.Call):
                assert ast.unparse(part.func) == "get_args", ast.unparse(part)


def test_every_constant_is_final() -> None:
    for path in FILES:
        for node in ast.parse(path.read_text("utf-8")).body:
            if isinstance(node, ast.Assign):
                assert ast.unparse(node.value).startswith("Literal["), ast.unparse(node)
            elif isinstance(node, ast.AnnAssign):
                assert ast.unparse(node.annotation).startswith("Final"), ast.unparse(node)


def test_only_one_action_is_no_post() -> None:
    others = {action: method for action, method in commands.ACTION_METHODS.items() if method != "POST"}
    assert others == {"client_state_update": "PUT"}
    assert len(commands.ACTION_METHODS) == 41
    assert all(re.fullmatch("[a-z_]+", action) for action in commands.ACTION_METHODS)


def test_paths() -> None:
    assert commands.BASE_URL.endswith(commands.BASE_PATH)
    path = commands.ACTION_PATH.format(call_control_id="v3:x", action=commands.STREAMING_START)
    assert path == "/calls/v3:x/actions/streaming_start"


def test_defaults_are_values_of_their_lists() -> None:
    assert commands.DEFAULT_TRACK in commands.TRACKS
    assert commands.DEFAULT_MODE in commands.MODES
    assert commands.DEFAULT_SEND_CODEC in commands.SEND_CODECS
    assert commands.DEFAULT_SAMPLING_RATE_HZ in commands.SAMPLING_RATES_HZ
    assert commands.DEFAULT_TARGET_LEGS in commands.TARGET_LEGS
    assert {*commands.RECEIVE_CODECS} == {*commands.SEND_CODECS, commands.OWN_CODEC}
    assert {*commands.TRACKS} == {commands.INBOUND_TRACK, commands.OUTBOUND_TRACK, commands.BOTH_TRACKS}
    assert {*commands.MODES} == {commands.RTP_MODE, commands.MP3_MODE}
    assert {*commands.TARGET_LEGS} == {commands.SELF_LEG, commands.OPPOSITE_LEG, commands.BOTH_LEGS}
    assert commands.USUAL_RATES_HZ.keys() == {*commands.SEND_CODECS}
    assert {*sum(commands.USUAL_RATES_HZ.values(), ())} == {*commands.SAMPLING_RATES_HZ}


def test_types_and_lists_agree() -> None:
    pairs = (
        (commands.Track, commands.TRACKS),
        (commands.Mode, commands.MODES),
        (commands.TargetLegs, commands.TARGET_LEGS),
        (commands.SendCodec, commands.SEND_CODECS),
        (commands.ReceiveCodec, commands.RECEIVE_CODECS),
    )
    for kind, values in pairs:
        assert get_args(kind) == values


def test_codes_are_digits_and_have_a_status() -> None:
    for code, (status, title) in errors.COMMAND_ERRORS.items():
        assert re.fullmatch("[0-9]{5,6}", code)
        assert 400 <= status <= 500
        assert title.strip()
    for status, code in errors.CODE_OF_STATUS.items():
        assert errors.COMMAND_ERRORS[code][0] == status
    assert sorted(errors.STREAM_ERRORS) == [100002, 100003, 100004, 100005]


@pytest.mark.parametrize(("text", "fits"), [("", True), ("dGVzdA==", True), ("dGVzdA", False), ("a_-=", False)])
def test_base64(text: str, fits: bool) -> None:
    assert bool(re.fullmatch(commands.BASE64_PATTERN, text)) is fits


def test_call_control_ids() -> None:
    for good in ("v3:EXAMPLE-abc_123", "v2:YWJj=="):
        assert re.fullmatch(commands.CALL_CONTROL_ID_PATTERN, good)
    for bad in ("v3:", "x:abc", "v3:a b"):
        assert not re.fullmatch(commands.CALL_CONTROL_ID_PATTERN, bad)


def test_tracks_of_the_stream() -> None:
    assert streaming.DELIVERED_TRACKS.keys() == {*commands.TRACKS}
    assert streaming.DELIVERED_TRACKS["both_tracks"] == streaming.TRACK_NAMES
    for long, short in streaming.LONG_TRACK_NAMES.items():
        assert streaming.DELIVERED_TRACKS[long] == (short,)
    assert {*streaming.MIME_ENCODINGS.values()} <= {*commands.SEND_CODECS}


def test_header_names_are_lower_case_where_they_are_compared() -> None:
    for name in (
        streaming.TOKEN_HEADER,
        webhooks.SIGNATURE_HEADER,
        webhooks.TIMESTAMP_HEADER,
        commands.RATE_LIMIT_HEADER,
        commands.RATE_REMAINING_HEADER,
        commands.RATE_RESET_HEADER,
        commands.RETRY_AFTER_HEADER,
        commands.RETRY_AFTER_MS_HEADER,
        commands.SHOULD_RETRY_HEADER,
    ):
        assert name == name.lower()


def test_event_types_are_distinct_and_all_but_streaming_have_the_prefix() -> None:
    types = [
        value
        for name, value in vars(webhooks).items()
        if name.startswith(("CALL_", "STREAMING_")) and "." in value.rstrip(".")
    ]
    assert len(types) == len(set(types)) == 26
    assert {one for one in types if not one.startswith("call.")} == {
        "streaming.started",
        "streaming.stopped",
        "streaming.failed",
    }


def test_no_name_of_one_module_means_something_else_in_another() -> None:
    seen: dict[str, object] = {}
    for module in MODULES:
        for name, value in vars(module).items():
            if name.isupper():
                assert seen.setdefault(name, value) == value, name
