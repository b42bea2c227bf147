"""Signed paths: valid once, for a short time, and as they were made."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

import rtpcodec
from rtpcodec.server import Call, SignedPaths
from tests.server.dialler import call, refused_with, run

KEY = bytes(range(32))


class Clock:
    def __init__(self) -> None:
        self.now = 1_700_000_000.5

    def __call__(self) -> float:
        return self.now


def paths_at(clock: Clock, key: bytes = KEY, valid_s: float = 60.0) -> SignedPaths:
    return SignedPaths(key, valid_s=valid_s, clock=clock)


def test_a_path_is_valid_once_and_for_a_time() -> None:
    clock = Clock()
    maker, endpoint = paths_at(clock), paths_at(clock)
    for prefix in ("", "/calls", "/a.b/c-d_~1"):
        path = maker.new(prefix)
        assert path.startswith(f"{prefix}/")
        assert endpoint.authorize({}, f"{path}?query=1")
        assert not endpoint.authorize({}, path)
    late = maker.new("/calls")
    clock.now += 59
    assert endpoint.authorize({}, late)
    later = maker.new("/calls")
    clock.now += 61
    assert not endpoint.authorize({}, later)


def test_paths_of_the_past_are_forgotten() -> None:
    clock = Clock()
    paths = paths_at(clock)
    for _ in range(200):
        assert paths.authorize({}, paths.new())
        clock.now += 1
    assert len(paths._used) <= 63


@given(st.integers(0, 200), st.characters(codec="utf-8"))
def test_a_path_that_was_changed_is_refused(position: int, character: str) -> None:
    paths = paths_at(Clock())
    path = paths.new("/calls/tenant-1")
    position %= len(path)
    changed = path[:position] + character + path[position + 1 :]
    assert paths.authorize({}, changed) is (changed == path or changed.partition("?")[0] == path)


@pytest.mark.parametrize("path", ["", "/", ".", "/.", "/x.", "/1-x.y", "/calls", "\udcff.\udcff"])
def test_other_paths_are_refused(path: str) -> None:
    assert not paths_at(Clock()).authorize({}, path)
    assert not paths_at(Clock()).authorize({}, paths_at(Clock(), bytes(32)).new())


def test_wrong_arguments_are_refused() -> None:
    with pytest.raises(ValueError, match=r"^key has 31 octets, at least 32 are needed$"):
        SignedPaths(bytes(31))
    with pytest.raises(TypeError, match=r"^key is of type str, octets are needed$"):
        SignedPaths("k" * 32)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"^valid_s is 0, more than 0 is needed$"):
        SignedPaths(KEY, valid_s=0)
    for prefix in ("calls", "/calls/", "/a b", "/a?b", "/a//b"):
        with pytest.raises(ValueError, match=r"^prefix must be "):
            SignedPaths(KEY).new(prefix)


def test_its_repr_shows_no_key() -> None:
    assert repr(SignedPaths(KEY)) == "<SignedPaths valid for 60 s>"


def test_an_endpoint_admits_each_path_once() -> None:
    seen: list[str] = []

    async def handler(call: Call) -> None:
        seen.append(call.path)

    async def main() -> None:
        paths = SignedPaths(KEY)
        async with rtpcodec.serve(handler, path=None, authorize=paths.authorize) as endpoint:
            base_url = endpoint.url.rstrip("/")
            path = paths.new("/tenant-1")
            assert await refused_with(base_url + path[:-1]) == 401
            assert await refused_with(base_url + path.replace("tenant-1", "tenant-2")) == 401
            async with call(base_url + path) as carrier:
                await carrier.close_code()
            assert await refused_with(base_url + path) == 401
            assert seen == [path]

    run(main)
