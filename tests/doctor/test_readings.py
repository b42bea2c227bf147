"""Each variation of the simulated carrier changes its own reading, and no other."""

from __future__ import annotations

import contextlib
import io
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from rtpcodec.cli.app import main
from rtpcodec.cli.demo.speech import SPEECH
from rtpcodec.doctor.readings.points import POINTS
from rtpcodec.doctor.readings.report import CallReadings
from rtpcodec.doctor.readings.simulated import simulated_call
from rtpcodec.sim import EchoPath, Faults, MarkHabits, Variations
from rtpcodec.sim.carrier import CALLEE, CALLER
from rtpcodec.stream.messages import MediaFormat

SILENCE = (bytes(2 * 8000), 8000)
PAGE = Path(__file__).parents[2] / "docs" / "carrier.md"
TEXML = {"socket_close_texml_start": None, "socket_close_texml_connect": None}
DOCUMENTED: dict[str, str | None] = {
    "start_against_ringing": "at_answer",
    "timestamp_unit": "ms",
    "chunk_counter": "per_track",
    "own_speech_outbound": "yes",
    "echo_timing": "played",
    "mark_limit": "none",
    "l16_order_received": "little",
    "l16_rate_received": "as_declared",
    "l16_order_sent": "little",
    "l16_rate_sent": "as_asked",
    "amrwb_packing_received": "bandwidth-efficient",
    "amrwb_packing_sent": "bandwidth-efficient",
    "slow_reading": "kept",
    "socket_close_dial": "call_continues",
    "socket_close_command": "call_continues",
    **TEXML,
}
"""The readings of a simulated carrier without variations."""


@pytest.fixture(autouse=True)
def _amrwb(usable_codec: Any) -> None:
    usable_codec("AMR-WB")


def read(**variations: Any) -> CallReadings:
    return simulated_call(SPEECH, variations=Variations(**variations))


@dataclass(frozen=True)
class Written:
    """The output of the command for a carrier without variations."""

    file: str
    out: str
    err: str

    @property
    def readings(self) -> list[dict[str, Any]]:
        return list(json.loads(self.file)["readings"])


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Written:
    file = tmp_path_factory.mktemp("doctor") / "readings.json"
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        assert main(["doctor", "--call", CALLEE, "--simulate", "-o", str(file), "--json"]) == 0
    return Written(file.read_text("utf-8"), out.getvalue(), err.getvalue())


def values(found: CallReadings) -> dict[str, str | None]:
    return {reading.point: reading.value for reading in found.ordered}


def test_a_carrier_as_documented(written: Written) -> None:
    assert {one["point"]: one["value"] for one in written.readings} == DOCUMENTED
    (evidence,) = (one["evidence"] for one in written.readings if one["point"] == "echo_timing")
    assert evidence["audio_ms"] == evidence["echo_after_ms"] == 1500


def test_the_file_and_the_output_are_the_same_and_name_no_number(written: Written) -> None:
    found = json.loads(written.file)
    assert json.loads(written.out) == found
    assert {"version", "date", "leg", "simulated", "codec", "readings"} == found.keys()
    assert (found["leg"], found["simulated"], found["codec"]) == ("simulated phone", True, "PCMU")
    for secret in (CALLEE, CALLER, "v3:"):
        assert secret not in written.file + written.out + written.err


def test_every_reading_is_one_of_its_point(written: Written) -> None:
    for one in written.readings:
        assert one["value"] is None or one["value"] in POINTS[one["point"]].readings
        assert one["fits"]


def test_a_carrier_that_departs_wherever_it_can() -> None:
    found = read(
        dialled_stream="while_ringing",
        timestamp_unit="rtp_clock",
        chunk_numbers="shared",
        marks=MarkHabits(echo="received", max_per_s=25),
        l16_byte_order="big",
        returned_rate_hz=8000,
        amrwb_packing="octet-aligned",
        unread="discarded",
    )
    assert values(found) == DOCUMENTED | {
        "start_against_ringing": "before_answer",
        "timestamp_unit": "rtp_clock",
        "chunk_counter": "shared",
        "echo_timing": "received",
        "mark_limit": "limited",
        "l16_order_received": "big",
        "l16_order_sent": "big",
        "l16_rate_sent": "other",
        "amrwb_packing_received": "octet-aligned",
        "amrwb_packing_sent": "octet-aligned",
        "slow_reading": "discarded",
    }
    assert found.by_point["start_against_ringing"].evidence["start_after_answer_ms"] == -2000
    assert found.by_point["l16_rate_sent"].evidence["played_hz"] == pytest.approx(8000, rel=0.02)
    assert found.by_point["mark_limit"].evidence["marks_per_s"] == 50


@pytest.mark.long
def test_without_our_own_speech_the_rest_is_measured_by_the_callers() -> None:
    found = read(own_speech_in_outbound=False, marks=MarkHabits(echo="never"))
    unmeasured = dict.fromkeys(("l16_order_sent", "l16_rate_sent", "amrwb_packing_sent"))
    assert values(found) == DOCUMENTED | {"own_speech_outbound": "no", "echo_timing": "never"} | unmeasured
    assert found.by_point["l16_order_received"].evidence["track"] == "inbound"
    assert "not measurable on this call" in found.by_point["l16_order_sent"].fits


def test_a_call_that_ends_with_its_first_socket() -> None:
    found = values(read(socket_close="call_ends"))
    assert found["socket_close_dial"] == "call_ends"
    assert found["echo_timing"] == "played"
    later = ("l16_order_received", "l16_rate_sent", "amrwb_packing_sent", "slow_reading", "socket_close_command")
    assert [found[point] for point in later] == [None] * len(later)


@pytest.mark.long
def test_a_number_that_echoes_shows_what_the_outbound_track_does_not() -> None:
    found = simulated_call(
        SILENCE,
        variations=Variations(own_speech_in_outbound=False, l16_byte_order="big"),
        faults=Faults(echo_path=EchoPath(loss_db=6.0)),
    )
    assert found.value("own_speech_outbound") == "no"
    assert (found.value("l16_order_sent"), found.value("l16_rate_sent")) == ("big", "as_asked")
    assert found.value("amrwb_packing_sent") == "bandwidth-efficient"


@pytest.mark.long
def test_a_carrier_whose_rate_is_not_the_declared_one() -> None:
    found = simulated_call(
        SPEECH,
        codec="L16",
        sample_rate_hz=8000,
        variations=Variations(announced_format=MediaFormat("L16", 16000)),
    )
    reading = found.by_point["l16_rate_received"]
    assert reading.value == "other"
    assert reading.evidence["measured_hz"] == pytest.approx(8000, rel=0.02)
    assert reading.evidence["declared_hz"] == 16000


@pytest.mark.long
def test_a_carrier_that_does_not_transcode() -> None:
    found = read(transcodes=False)
    assert found.value("l16_order_received") is None
    assert "the carrier sends PCMU though L16 was asked for" in found.by_point["l16_order_received"].fits
    assert found.value("l16_order_sent") == "little"


EACH: list[tuple[dict[str, Any], dict[str, str | None]]] = [
    ({"dialled_stream": "while_ringing"}, {"start_against_ringing": "before_answer"}),
    ({"timestamp_unit": "rtp_clock"}, {"timestamp_unit": "rtp_clock"}),
    ({"chunk_numbers": "shared"}, {"chunk_counter": "shared"}),
    ({"marks": MarkHabits(echo="received")}, {"echo_timing": "received"}),
    ({"marks": MarkHabits(echo="never")}, {"echo_timing": "never"}),
    ({"marks": MarkHabits(max_per_s=10)}, {"mark_limit": "limited"}),
    ({"l16_byte_order": "big"}, {"l16_order_received": "big", "l16_order_sent": "big"}),
    ({"returned_rate_hz": 8000}, {"l16_rate_sent": "other"}),
    (
        {"amrwb_packing": "octet-aligned"},
        {"amrwb_packing_received": "octet-aligned", "amrwb_packing_sent": "octet-aligned"},
    ),
    ({"unread": "discarded"}, {"slow_reading": "discarded"}),
    ({"unread": "closed"}, {"slow_reading": "closed"}),
    ({"counters": "number", "uppercase_stream_id": True, "marks": MarkHabits(late_ms=300)}, {}),
]


@pytest.mark.long
@pytest.mark.parametrize(("variation", "changed"), EACH, ids=[re.sub(r"\W+", "_", str(one)) for one, _ in EACH])
def test_each_variation_changes_its_own_reading_alone(
    variation: dict[str, Any], changed: dict[str, str | None]
) -> None:
    assert values(read(**variation)) == DOCUMENTED | changed


def test_the_page_has_every_point_and_every_reading() -> None:
    page = PAGE.read_text("utf-8")
    for point in POINTS.values():
        assert f"`{point.name}`" in page
        for value in point.readings:
            assert f"`{value}`" in page
