"""Figures as JSON: one object per file."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from rtpcodec.cli.info.audio_figures import AudioFigures
from rtpcodec.cli.info.capture_figures import CaptureFigures
from rtpcodec.rtp.capture.report import CapturedStream
from rtpcodec.rtp.capture.sound import CallSound, TrackSound


def audio_object(figures: AudioFigures) -> dict[str, Any]:
    """Return the object of an audio file."""
    return {
        "file": figures.path,
        "kind": "audio",
        **asdict(figures.facts),
        "duration_ms": figures.facts.duration_ms,
        "level_dbov": _rounded(figures.level_dbov),
        "peak_dbov": _rounded(figures.peak_dbov),
        "tones": figures.tones.as_json() if figures.tones is not None else None,
        "levels_dbov": [round(one, 1) for one in figures.levels_dbov],
    }


def capture_object(figures: CaptureFigures) -> dict[str, Any]:
    """Return the object of a capture; calls refer to streams by their index in `streams`."""
    report = figures.report
    places = {id(stream): place for place, stream in enumerate(report.streams)}
    calls = []
    for place, call in enumerate(report.calls):
        found: dict[str, Any] = {
            "forward": [places[id(stream)] for stream in call.forward],
            "backward": [places[id(stream)] for stream in call.backward],
            "call_id": call.call_id,
            "paired_by": call.paired_by,
        }
        if figures.sounds:
            found |= _sound_object(figures.sounds[place])
            found["tones"] = [channel.as_json() for channel in figures.tones.get(place, ())]
        calls.append(found)
    return {
        "file": figures.path,
        "kind": "capture",
        "packets": asdict(figures.packets),
        "datagrams": asdict(report.counts),
        "streams": [_stream_object(stream) for stream in report.streams],
        "calls": calls,
        "notes": [*figures.notes, *report.notes],
    }


def _stream_object(stream: CapturedStream) -> dict[str, Any]:
    """Return the figures of a stream, without the name of its sender (CNAME)."""
    plain = (
        "ssrc", "packets", "expected", "lost", "duplicates", "late", "restarts", "loss_bursts", "first_ns", "last_ns",
        "duration_ms", "packet_ms", "payload_octets", "min_payload_octets", "max_payload_octets", "digits", "said_bye",
        "encrypted",
    )  # fmt: skip
    rounded = ("loss", "jitter_ms", "max_jitter_ms", "mean_jitter_ms", "max_delay_ms", "mos")
    return {
        "from": str(stream.source),
        "to": str(stream.destination),
        **{name: getattr(stream, name) for name in plain},
        **{name: _rounded(getattr(stream, name), 5) for name in rounded},
        "codecs": {
            str(kind): {**asdict(codec), "options": dict(codec.options)} for kind, codec in stream.codecs.items()
        },
        "payload_type_packets": {str(kind): count for kind, count in stream.payload_type_packets.items()},
        "sender_reports": len(stream.sender_reports),
        "notes": list(stream.notes),
    }


def _sound_object(sound: CallSound) -> dict[str, Any]:
    return {
        "sample_rate_hz": sound.sample_rate_hz,
        "duration_ms": sound.duration_ms,
        "begin_ns": sound.begin_ns,
        "alignment": sound.alignment,
        "channels": [_track_object(track) for track in sound.tracks],
        "notes": list(sound.notes),
    }


def _track_object(track: TrackSound) -> dict[str, Any]:
    series = track.series
    return {
        "level_dbov": _rounded(track.level_dbov),
        "concealed_ms": _rounded(sum(one.concealed_ms for one in track.streams)),
        "paused_ms": _rounded(sum(one.paused_ms for one in track.streams)),
        "late_packets": sum(one.late_packets for one in track.streams),
        "discarded_packets": sum(one.discarded_packets for one in track.streams),
        "damaged_packets": sum(one.damaged_packets for one in track.streams),
        "undecoded_packets": sum(one.undecoded_packets for one in track.streams),
        "drift_ppm": [_rounded(one.drift_ppm) for one in track.streams],
        "per_second": {
            "level_dbov": [round(one, 1) for one in series.level_dbov],
            "received": list(series.received),
            "lost": list(series.lost),
            "delay_ms": [_rounded(one) for one in series.delay_ms],
        },
    }


def _rounded(value: float | None, places: int = 1) -> float | None:
    return None if value is None else round(value, places)
