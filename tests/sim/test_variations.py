"""Spellings of messages that differ between carriers."""

from __future__ import annotations

import json
from typing import Any

import pytest

from rtpcodec.sim.media.variations import Omitted, Variations
from rtpcodec.stream import messages


def media() -> messages.Media:
    return messages.Media(b"\xff", "inbound", 3, 40, 12, "id")


def spelled(variations: Variations, message: messages.Message) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(variations.spell(message))
    return found


def test_documented_counters_are_strings() -> None:
    assert spelled(Variations(), media()) == {
        "event": "media",
        "sequence_number": "12",
        "stream_id": "id",
        "media": {"track": "inbound", "chunk": "3", "timestamp": "40", "payload": "/w=="},
    }


def test_counters_as_numbers_leave_other_digits_alone() -> None:
    variations = Variations(counters="number")
    assert spelled(variations, media())["sequence_number"] == 12
    assert spelled(variations, media())["media"] == {"track": "inbound", "chunk": 3, "timestamp": 40, "payload": "/w=="}
    assert spelled(variations, messages.Dtmf("5", sequence_number=4)) == {
        "event": "dtmf",
        "sequence_number": 4,
        "dtmf": {"digit": "5"},
    }


@pytest.mark.parametrize("name", ["chunk", "timestamp", "track"])
def test_members_of_media_can_be_left_out(name: Omitted) -> None:
    left = spelled(Variations(leave_out=(name,)), media())
    assert left["media"] == {
        key: value for key, value in spelled(Variations(), media())["media"].items() if key != name
    }
    assert spelled(Variations(leave_out=("sequence_number",)), media()).get("sequence_number") is None
    assert spelled(Variations(leave_out=("sequence_number",)), messages.Mark("m", 7))["sequence_number"] == "7"


def test_extra_members_are_on_every_message() -> None:
    variations = Variations(extra_members={"note": {"deep": [1]}})
    assert spelled(variations, messages.Connected("1.0.0")) == {
        "event": "connected",
        "version": "1.0.0",
        "note": {"deep": [1]},
    }
    assert spelled(variations, media())["note"] == {"deep": [1]}


@pytest.mark.parametrize("chunk_ms", [19, 30_001, 0, -20])
def test_chunks_outside_the_documented_lengths_are_refused(chunk_ms: int) -> None:
    with pytest.raises(ValueError, match=f"^chunk_ms is {chunk_ms}, 20 to 30000 are allowed$"):
        Variations(chunk_ms=chunk_ms)
