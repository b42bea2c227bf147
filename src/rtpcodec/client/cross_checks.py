"""Cross-field warnings: valid fields that contradict each other."""

from __future__ import annotations

from collections.abc import Mapping

from rtpcodec.carriers.telnyx import commands, members
from rtpcodec.client.checks import Findings


def of_stream(findings: Findings, body: Mapping[str, object]) -> None:
    """Warn of settings that the carrier ignores, that give silence, or that are unusual."""
    mode = body.get(commands.STREAM_BIDIRECTIONAL_MODE, commands.DEFAULT_MODE)
    codec = body.get(commands.STREAM_BIDIRECTIONAL_CODEC)
    rate_hz = body.get(commands.STREAM_BIDIRECTIONAL_SAMPLING_RATE)
    dialogflow = body.get(commands.ENABLE_DIALOGFLOW) is True
    if members.STREAM_URL not in body and not dialogflow:
        findings.warn(members.STREAM_URL, "is missing, so the carrier has nowhere to connect to")
    if mode == commands.MP3_MODE:
        ignored = (commands.STREAM_BIDIRECTIONAL_CODEC, commands.STREAM_BIDIRECTIONAL_SAMPLING_RATE)
        given = [name for name in ignored if name in body]
        for name in given:
            findings.warn(name, f"is ignored by the carrier unless {commands.STREAM_BIDIRECTIONAL_MODE} is 'rtp'")
        if not given and not dialogflow:
            _check_mode_is_meant(findings, body)
    if mode == commands.RTP_MODE:
        codec = codec or commands.DEFAULT_SEND_CODEC
    usual_hz = commands.USUAL_RATES_HZ.get(codec, ()) if isinstance(codec, str) else ()
    if usual_hz and rate_hz in commands.SAMPLING_RATES_HZ and rate_hz not in usual_hz:
        usual = " or ".join(map(str, usual_hz))
        findings.warn(commands.STREAM_BIDIRECTIONAL_SAMPLING_RATE, f"is {rate_hz}, usual for {codec} is {usual}")
    if mode == commands.RTP_MODE and codec == "L16" and rate_hz is None:
        # Sources disagree about the default, and L16 read at a wrong rate plays at a wrong speed.
        rule = "is missing, and its default for L16 is disputed"
        findings.warn(commands.STREAM_BIDIRECTIONAL_SAMPLING_RATE, rule)
    sends_audio = mode == commands.RTP_MODE or (members.STREAM_URL in body and not dialogflow)
    _check_legs(findings, body, sends_audio=sends_audio)
    _check_track(findings, body, sends_audio=sends_audio)


def _check_mode_is_meant(findings: Findings, body: Mapping[str, object]) -> None:
    """Warn of the default mode: it ignores payloads of a codec silently (docs/carrier.md, rule C29)."""
    if members.STREAM_URL in body and commands.STREAM_BIDIRECTIONAL_MODE not in body:
        findings.warn(
            commands.STREAM_BIDIRECTIONAL_MODE,
            f"is missing and the carrier's default is {commands.DEFAULT_MODE!r}, which plays MP3 files only: "
            f"add {commands.RTP_MODE!r} to send audio of a codec, or the fields of StreamPlan.command_fields()",
        )


def _check_legs(findings: Findings, body: Mapping[str, object], *, sends_audio: bool) -> None:
    """Warn of the target that is silent on a call of one leg; it is the default where audio may be sent."""
    silent = commands.OPPOSITE_LEG
    legs = body.get(commands.STREAM_BIDIRECTIONAL_TARGET_LEGS)
    if legs == silent or (legs is None and sends_audio):
        given = f"is {silent!r}" if legs else f"is missing and the carrier's default is {silent!r}"
        findings.warn(
            commands.STREAM_BIDIRECTIONAL_TARGET_LEGS,
            f"{given}: {commands.SILENT_LEG}",
        )


def _check_track(findings: Findings, body: Mapping[str, object], *, sends_audio: bool) -> None:
    """Warn of the outbound track alone, where the leg that it is sent to hears us."""
    legs = body.get(commands.STREAM_BIDIRECTIONAL_TARGET_LEGS)
    if sends_audio and body.get(members.STREAM_TRACK) == commands.OUTBOUND_TRACK and legs in commands.OWN_LEGS:
        findings.warn(members.STREAM_TRACK, f"is {commands.OUTBOUND_TRACK!r}: {commands.UNHEARD_LEG}")


def of_call(findings: Findings, body: Mapping[str, object]) -> None:
    """Warn about the stream of a `dial` or an `answer`, if it asks for one."""
    if body.get(commands.ENABLE_DIALOGFLOW) is True or any(name.startswith("stream_") for name in body):
        of_stream(findings, body)


def of_answer(findings: Findings, body: Mapping[str, object]) -> None:
    """Warn also of fields that `answer` may ignore, since the carrier's own types lack them."""
    of_call(findings, body)
    default_hz = commands.DEFAULT_SAMPLING_RATE_HZ
    if body.get(commands.STREAM_BIDIRECTIONAL_SAMPLING_RATE, default_hz) != default_hz:
        rule = "may be ignored on answer; start_streaming takes it"
        findings.warn(commands.STREAM_BIDIRECTIONAL_SAMPLING_RATE, rule)
    if commands.STREAM_AUTH_TOKEN in body:
        findings.warn(commands.STREAM_AUTH_TOKEN, "may be ignored on answer; start_streaming takes it")
