"""The diagnoses about payloads, counters and the plan: kind, evidence and remedy."""

from __future__ import annotations

from typing import Final

from rtpcodec.stream.events import Diagnosis

LAWS: Final = frozenset(("PCMU", "PCMA"))


def wrong_reading(declared: str, found: str, evidence: str, track: str) -> Diagnosis:
    """Return the diagnosis of payloads in another codec, law or byte order.

    Args:
        declared, found: The codecs of `start` and of the payloads; L16 with its byte order, as "L16 little".
        evidence: The observation, as a clause.
        track: The track of the payloads.
    """
    seen = f"{_named(declared)} is declared, but payloads of track {track} look like {_named(found)}: {evidence}"
    name, _, order = found.partition(" ")
    if order and declared.partition(" ")[0] == name:
        return Diagnosis("wrong_byte_order", seen, f"make the plan with l16_byte_order={order!r}")
    remedy = (
        f"have the sender declare {name} in media_format of start, or send what it declares; until then decode the "
        f"payloads of the events as {_named(found)}"
    )
    if {declared, found} == LAWS:
        return Diagnosis("wrong_law", seen, remedy)
    return Diagnosis("wrong_codec", seen, remedy)


def rtp_header(track: str) -> Diagnosis:
    """Return the diagnosis of payloads that begin with an RTP header."""
    return Diagnosis(
        "rtp_header_in_payload",
        f"payloads of track {track} begin with RTP headers: one SSRC, and sequence numbers that count up",
        "have the sender leave the header out of media.payload; RtpPacket.parse reads payloads that have one",
    )


def base64_twice(track: str) -> Diagnosis:
    """Return the diagnosis of payloads that are base64 after decoding."""
    return Diagnosis(
        "base64_twice",
        f"payloads of track {track} contain only base64 characters",
        "have the sender encode media.payload in base64 once, not twice",
    )


def file_in_payload(track: str, name: str) -> Diagnosis:
    """Return the diagnosis of a file in place of audio. name: its kind, with its article."""
    return Diagnosis(
        "file_in_payload",
        f"a payload of track {track} begins with the header of {name}",
        "have the sender send encoded samples, not a file; until then, decode the payloads as that file",
    )


def stereo_as_mono(track: str, evidence: str) -> Diagnosis:
    """Return the diagnosis of samples of two channels. evidence: the observation, as a clause."""
    return Diagnosis(
        "stereo_as_mono",
        f"payloads of track {track} contain two interleaved channels, start declares one: {evidence}",
        "have the sender mix its channels to one, or send one of them; until then, take every second sample",
    )


def wrong_rate(track: str, declared_hz: int, ratio: float, probable_hz: int) -> Diagnosis:
    """Return the diagnosis of a rate that does not match the arrival.

    Args:
        track: Name of the track.
        declared_hz: The rate that `start` declares.
        ratio: Duration of the audio at this rate per time of arrival.
        probable_hz: The rate that matches the arrival.
    """
    return Diagnosis(
        "wrong_rate",
        f"track {track} is declared with {declared_hz} Hz, but {ratio:.2f} s of such audio arrive per second",
        f"have the sender declare {probable_hz} Hz in media_format of start, or send {declared_hz} Hz",
    )


def counters(track: str, counter: str) -> Diagnosis:
    """Return the diagnosis of a counter that is ignored."""
    return Diagnosis(
        "counters_do_not_count",
        f"the {counter} numbers of track {track} do not count up, so they are ignored",
        "have the sender count media.chunk and sequence_number up by 1, and media.timestamp by the time of each chunk; "
        "until then loss and order cannot be detected",
    )


def codec_not_as_planned(asked: str, declared: str) -> Diagnosis:
    """Return the diagnosis of a `start` that declares another codec than the plan requests."""
    return Diagnosis(
        "codec_not_as_planned",
        f"the plan requests {asked}, start declares {declared}; it is decoded as declared",
        "nothing, if you accept this codec: carriers send the codec of the call if they cannot convert it. Otherwise "
        "check that the command has the plan's command_fields, or request the codec by preferred_codecs of dial and "
        "answer",
    )


def tracks_not_as_planned(tracks: str, evidence: str) -> Diagnosis:
    """Return the diagnosis of tracks that the plan does not request. tracks: tracks of the plan."""
    return Diagnosis(
        "tracks_not_as_planned",
        f"the plan requests {tracks}, but {evidence}",
        "give the command the plan's command_fields, or set tracks of the plan to the tracks of the command",
    )


def one_way_stream(tracks: str, track: str, carrier: str) -> Diagnosis:
    """Return the diagnosis of a track that only one-way streams of a carrier have. tracks: tracks of the plan."""
    return Diagnosis(
        "tracks_not_as_planned",
        f"the plan requests {tracks}, but chunks of track {track} arrive, as in a one-way stream of {carrier}, which "
        "accepts no audio, marks or clears",
        "have the carrier open a two-way stream",
    )


def packing_not_as_planned(encoding: str, track: str) -> Diagnosis:
    """Return the diagnosis of payloads in another packing than in the plan."""
    return Diagnosis(
        "packing_not_as_planned",
        f"payloads of track {track} are {encoding} in another packing than in the plan; they are read as they are",
        "leave the packing of the plan at its default, which follows the payloads",
    )


def mode_not_as_planned(planned: str, evidence: str, probable: str) -> Diagnosis:
    """Return the diagnosis of a stream in the other mode. planned, probable: the modes."""
    return Diagnosis(
        "mode_not_as_planned",
        f"the plan has mode {planned!r}, but {evidence}, as in mode {probable!r}",
        f"give the command stream_bidirectional_mode={planned!r}, for instance by **plan.command_fields()",
    )


def plan_impossible(reason: str) -> Diagnosis:
    """Return the diagnosis of a plan that the carrier does not support. reason: the text of the PlanError."""
    return Diagnosis(
        "plan_impossible",
        f"the first message shows a carrier that does not support the plan: {reason}",
        "give this carrier's calls a plan that it supports, for instance by a function as the plan of the endpoint",
    )


def _named(reading: str) -> str:
    name, _, order = reading.partition(" ")
    return f"{name} of {order}-endian samples" if order else name
