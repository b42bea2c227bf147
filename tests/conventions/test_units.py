"""Names of the public interface: a unit in each quantity, and a direction of ours in each codec and rate."""

from __future__ import annotations

import re
from pathlib import Path

SNAPSHOT = (Path(__file__).parent / "api.txt").read_text("utf-8")
_NAMED = re.compile(r"(\w+)(?:: | -> )([^,=)\n]+)")
_UNIT = re.compile(r"_(ms|s|hz|samples|octets|db|dbov|dbm0|ppm|kbps|us)$")
_QUANTITY = re.compile(
    r"(^|_)(duration|latency|timeout|level|rate|length|jitter|interval|period|offset|age|time|gain|lead|ahead|pause)$"
)
OF_THE_CARRIER = {"stream_bidirectional_sampling_rate", "sampling_rate", "record_max_length"}
"""Fields of commands and webhooks, which keep the names of the wire."""
OF_FRAMEWORKS = {"sample_rate"}
"""Arguments of adapters that have the name of the framework's own."""
WITHOUT_UNIT = {
    *("drop", "duplicate", "lost", "reorder", "key_duplicate", "probability", "confidence"),  # shares from 0 to 1
    *("loss", "share_read"),  # as well
    *("mos", "jitter_max_variance"),  # of the carrier
    *("ratio", "share", "burst_ratio"),
    *("r_factor", "ie", "bpl"),  # numbers of the E-model, ITU-T G.107 clauses 7.1 and 7.5
    *("when", "delay", "now"),  # of asyncio and of `time`, in seconds
}
_CODEC_OR_RATE = re.compile(r"codec|rate_hz|pcm_hz|encoding")
_THEIR_SIDE = re.compile(r"inbound|outbound")


def _numbers(kind: str) -> set[str]:
    """Names of parameters, members and results that are numbers of this kind, or None."""
    found = ((name, set(re.findall(r"\w+", type_))) for name, type_ in _NAMED.findall(SNAPSHOT))
    return {name for name, words in found if kind in words and words <= {"int", "float", "None"}}


def test_every_quantity_has_its_unit_in_its_name() -> None:
    wanted = {name for name in _numbers("int") | _numbers("float") if _QUANTITY.search(name)}
    assert wanted - OF_THE_CARRIER - OF_FRAMEWORKS == set()


def test_every_number_that_need_not_be_whole_has_its_unit_in_its_name() -> None:
    assert {name for name in _numbers("float") if not _UNIT.search(name)} <= WITHOUT_UNIT


def test_lengths_of_buffers_say_what_they_count() -> None:
    assert {name for name in _numbers("int") if re.search(r"(^|_)(size|len|length|bytes)$", name)} <= OF_THE_CARRIER


def test_codecs_and_rates_are_named_from_our_side() -> None:
    names = {name for name, _ in _NAMED.findall(SNAPSHOT)}
    assert {name for name in names if _CODEC_OR_RATE.search(name) and _THEIR_SIDE.search(name)} == set()
    assert {"send_codec", "receive_codec", "send_pcm_hz", "receive_pcm_hz"} <= names
