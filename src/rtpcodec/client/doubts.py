"""Fields that are right each, but do not do together what they seem to ask for (spec 2.3 and 2.11)."""

from __future__ import annotations

from collections.abc import Mapping

from rtpcodec.client import checks
from rtpcodec.client.checks import Findings

DEFAULT_RATE_HZ = 8000
"""What the carrier takes where no sampling rate is named, L16 aside (spec U11)."""


def of_stream(findings: Findings, body: Mapping[str, object]) -> None:
    """Note what is ignored, silent or unusual about the stream that a body asks for."""
    mode = body.get("stream_bidirectional_mode", "mp3")
    codec = body.get("stream_bidirectional_codec")
    rate_hz = body.get("stream_bidirectional_sampling_rate")
    legs = body.get("stream_bidirectional_target_legs")
    if "stream_url" not in body and body.get("enable_dialogflow") is not True:
        findings.doubt("stream_url", "is missing, so the carrier has nowhere to connect to")
    if mode == "mp3":
        for name in ("stream_bidirectional_codec", "stream_bidirectional_sampling_rate"):
            if name in body:
                findings.doubt(name, "is ignored by the carrier unless stream_bidirectional_mode is 'rtp'")
    if mode == "rtp":
        codec = codec or "PCMU"
    usual_hz = checks.USUAL_RATES_HZ.get(codec, ()) if isinstance(codec, str) else ()
    if usual_hz and rate_hz in checks.SAMPLING_RATES_HZ and rate_hz not in usual_hz:
        usual = " or ".join(map(str, usual_hz))
        findings.doubt("stream_bidirectional_sampling_rate", f"is {rate_hz}, usual for {codec} is {usual}")
    if mode == "rtp" and codec == "L16" and rate_hz is None:
        # Sources disagree about the default (spec U11), and L16 read at a wrong rate plays at a wrong speed.
        findings.doubt("stream_bidirectional_sampling_rate", "is missing, and its default for L16 is disputed")
    if legs == "opposite" or (mode == "rtp" and legs is None):
        given = "is 'opposite'" if legs else "is missing and the carrier's default is 'opposite'"
        findings.doubt("stream_bidirectional_target_legs", f"{given}: a call of one leg hears nothing of it")


def of_call(findings: Findings, body: Mapping[str, object]) -> None:
    """Note the doubts about the stream of a `dial` or an `answer`, if it asks for one."""
    if body.get("enable_dialogflow") is True or any(name.startswith("stream_") for name in body):
        of_stream(findings, body)


def of_answer(findings: Findings, body: Mapping[str, object]) -> None:
    """Note also what `answer` may ignore: it is not in the carrier's own types (spec U12)."""
    of_call(findings, body)
    if body.get("stream_bidirectional_sampling_rate", DEFAULT_RATE_HZ) != DEFAULT_RATE_HZ:
        findings.doubt("stream_bidirectional_sampling_rate", "may be ignored on answer; start_streaming takes it")
    if "stream_auth_token" in body:
        findings.doubt("stream_auth_token", "may be ignored on answer; start_streaming takes it")
