"""A phone call's media stream to PCM and back.

Every public name is an attribute of this package, or of a module that is one. It is loaded at its first use, so the
import takes milliseconds and needs none of the optional packages. docs/api/index.md describes all of them.

    pcmu_encode, pcmu_decode, pcma_encode, pcma_decode, each also as *_into    bytes to bytes, no state
    pcmu_to_pcma, pcma_to_pcmu, each also as *_into                            from law to law
    simd_level                                                                 the vector form of the kernels
    codec, codec_names, CodecInfo; codecs                                      codecs by name
    G722EncoderBank, G722DecoderBank                                           many calls or recordings at once
    RtpPacket, is_rtcp, Packetizer, payload_format, JitterBuffer; rtp          RTP packets and payloads
    open_packets, find_streams, decode_capture                                 packet captures to streams and sound
    Resampler, Concealer; audio, levels, mixing                                PCM
    DualTone, ToneDetector, DetectedTone, ToneSettings                         keys, call progress tones, beeps
    open_audio, read_audio, create_audio; files                                audio files of any kind
    transcode_batch; bulk                                                      many files in memory per call
    StreamPlan, MediaSession, VoiceSettings; events, stream                    a call's stream without I/O
    serve, run, Endpoint, Call, Reply, AudioReader; server                     an endpoint that carriers dial
    CallControl, AsyncCallControl, Retry; client                               commands to the carrier
    verify_webhook, DuplicateFilter; webhook_events                            what the carrier reports about calls
    adapters                                                                   calls on other frameworks' servers
    sim, doctor                                                                a carrier for tests; checks
    pump                                                                       a virtual clock for asyncio programs
    compat                                                                     modules that Python removed
    errors                                                                     every exception and warning
"""

from __future__ import annotations

from _thread import RLock  # threading would take a millisecond
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rtpcodec import adapters as adapters
    from rtpcodec import audio as audio
    from rtpcodec import bulk as bulk
    from rtpcodec import client as client
    from rtpcodec import codecs as codecs
    from rtpcodec import compat as compat
    from rtpcodec import doctor as doctor
    from rtpcodec import errors as errors
    from rtpcodec import files as files
    from rtpcodec import pump as pump
    from rtpcodec import rtp as rtp
    from rtpcodec import server as server
    from rtpcodec import sim as sim
    from rtpcodec import stream as stream
    from rtpcodec.audio import levels as levels
    from rtpcodec.audio import mixing as mixing
    from rtpcodec.audio.concealment import Concealer as Concealer
    from rtpcodec.audio.resample import Resampler as Resampler
    from rtpcodec.audio.tone_detection import DetectedTone as DetectedTone
    from rtpcodec.audio.tone_detection import ToneDetector as ToneDetector
    from rtpcodec.audio.tones import DualTone as DualTone
    from rtpcodec.bulk.batch import transcode_batch as transcode_batch
    from rtpcodec.client import AsyncCallControl as AsyncCallControl
    from rtpcodec.client import CallControl as CallControl
    from rtpcodec.client import Retry as Retry
    from rtpcodec.client import webhook_events as webhook_events
    from rtpcodec.client.webhook import DuplicateFilter as DuplicateFilter
    from rtpcodec.client.webhook import verify_webhook as verify_webhook
    from rtpcodec.codecs import CodecInfo as CodecInfo
    from rtpcodec.codecs import codec as codec
    from rtpcodec.codecs import codec_names as codec_names
    from rtpcodec.codecs.g722_bank import G722DecoderBank as G722DecoderBank
    from rtpcodec.codecs.g722_bank import G722EncoderBank as G722EncoderBank
    from rtpcodec.files.reading import AudioFileReader as AudioFileReader
    from rtpcodec.files.reading import open_audio as open_audio
    from rtpcodec.files.reading import read_audio as read_audio
    from rtpcodec.files.writing import create_audio as create_audio
    from rtpcodec.kernels._simd import simd_level as simd_level
    from rtpcodec.kernels.g711 import pcma_decode as pcma_decode
    from rtpcodec.kernels.g711 import pcma_decode_into as pcma_decode_into
    from rtpcodec.kernels.g711 import pcma_encode as pcma_encode
    from rtpcodec.kernels.g711 import pcma_encode_into as pcma_encode_into
    from rtpcodec.kernels.g711 import pcmu_decode as pcmu_decode
    from rtpcodec.kernels.g711 import pcmu_decode_into as pcmu_decode_into
    from rtpcodec.kernels.g711 import pcmu_encode as pcmu_encode
    from rtpcodec.kernels.g711 import pcmu_encode_into as pcmu_encode_into
    from rtpcodec.kernels.g711_transcode import pcma_to_pcmu as pcma_to_pcmu
    from rtpcodec.kernels.g711_transcode import pcma_to_pcmu_into as pcma_to_pcmu_into
    from rtpcodec.kernels.g711_transcode import pcmu_to_pcma as pcmu_to_pcma
    from rtpcodec.kernels.g711_transcode import pcmu_to_pcma_into as pcmu_to_pcma_into
    from rtpcodec.kernels.rtp_header import is_rtcp as is_rtcp
    from rtpcodec.rtp.capture.decoding import decode_capture as decode_capture
    from rtpcodec.rtp.capture.discovery import find_streams as find_streams
    from rtpcodec.rtp.capture.reading import open_packets as open_packets
    from rtpcodec.rtp.jitter import JitterBuffer as JitterBuffer
    from rtpcodec.rtp.packet import RtpPacket as RtpPacket
    from rtpcodec.rtp.packetizer import Packetizer as Packetizer
    from rtpcodec.rtp.payloads import payload_format as payload_format
    from rtpcodec.server import AudioReader as AudioReader
    from rtpcodec.server import Call as Call
    from rtpcodec.server import CallSummary as CallSummary
    from rtpcodec.server import Digits as Digits
    from rtpcodec.server import Endpoint as Endpoint
    from rtpcodec.server import EndReason as EndReason
    from rtpcodec.server import Reply as Reply
    from rtpcodec.server import TransferResult as TransferResult
    from rtpcodec.server import run as run
    from rtpcodec.server import serve as serve
    from rtpcodec.stream import events as events
    from rtpcodec.stream.capture.replaying import replay as replay
    from rtpcodec.stream.listening.tone_settings import ToneSettings as ToneSettings
    from rtpcodec.stream.listening.voice_settings import VoiceSettings as VoiceSettings
    from rtpcodec.stream.plan import StreamPlan as StreamPlan
    from rtpcodec.stream.session import MediaSession as MediaSession
    from rtpcodec.stream.speaking.background_source import background_source as background_source
    from rtpcodec.stream.statistics import Statistics as Statistics

__version__ = "0.2.0"

# Public name: the module that defines it.
_DEFINED_IN = {
    "AsyncCallControl": "rtpcodec.client",
    "AudioFileReader": "rtpcodec.files.reading",
    "AudioReader": "rtpcodec.server",
    "Call": "rtpcodec.server",
    "CallControl": "rtpcodec.client",
    "CallSummary": "rtpcodec.server",
    "CodecInfo": "rtpcodec.codecs",
    "Concealer": "rtpcodec.audio.concealment",
    "DetectedTone": "rtpcodec.audio.tone_detection",
    "Digits": "rtpcodec.server",
    "DualTone": "rtpcodec.audio.tones",
    "DuplicateFilter": "rtpcodec.client.webhook",
    "EndReason": "rtpcodec.server",
    "Endpoint": "rtpcodec.server",
    "G722DecoderBank": "rtpcodec.codecs.g722_bank",
    "G722EncoderBank": "rtpcodec.codecs.g722_bank",
    "JitterBuffer": "rtpcodec.rtp.jitter",
    "MediaSession": "rtpcodec.stream.session",
    "Packetizer": "rtpcodec.rtp.packetizer",
    "Reply": "rtpcodec.server",
    "Resampler": "rtpcodec.audio.resample",
    "Retry": "rtpcodec.client",
    "RtpPacket": "rtpcodec.rtp.packet",
    "Statistics": "rtpcodec.stream.statistics",
    "StreamPlan": "rtpcodec.stream.plan",
    "ToneDetector": "rtpcodec.audio.tone_detection",
    "ToneSettings": "rtpcodec.stream.listening.tone_settings",
    "TransferResult": "rtpcodec.server",
    "VoiceSettings": "rtpcodec.stream.listening.voice_settings",
    "background_source": "rtpcodec.stream.speaking.background_source",
    "codec": "rtpcodec.codecs",
    "codec_names": "rtpcodec.codecs",
    "create_audio": "rtpcodec.files.writing",
    "decode_capture": "rtpcodec.rtp.capture.decoding",
    "find_streams": "rtpcodec.rtp.capture.discovery",
    "is_rtcp": "rtpcodec.kernels.rtp_header",
    "open_audio": "rtpcodec.files.reading",
    "open_packets": "rtpcodec.rtp.capture.reading",
    "payload_format": "rtpcodec.rtp.payloads",
    "pcma_decode": "rtpcodec.kernels.g711",
    "pcma_decode_into": "rtpcodec.kernels.g711",
    "pcma_encode": "rtpcodec.kernels.g711",
    "pcma_encode_into": "rtpcodec.kernels.g711",
    "pcma_to_pcmu": "rtpcodec.kernels.g711_transcode",
    "pcma_to_pcmu_into": "rtpcodec.kernels.g711_transcode",
    "pcmu_decode": "rtpcodec.kernels.g711",
    "pcmu_decode_into": "rtpcodec.kernels.g711",
    "pcmu_encode": "rtpcodec.kernels.g711",
    "pcmu_encode_into": "rtpcodec.kernels.g711",
    "pcmu_to_pcma": "rtpcodec.kernels.g711_transcode",
    "pcmu_to_pcma_into": "rtpcodec.kernels.g711_transcode",
    "read_audio": "rtpcodec.files.reading",
    "replay": "rtpcodec.stream.capture.replaying",
    "run": "rtpcodec.server",
    "serve": "rtpcodec.server",
    "simd_level": "rtpcodec.kernels._simd",
    "transcode_batch": "rtpcodec.bulk.batch",
    "verify_webhook": "rtpcodec.client.webhook",
}
_MODULES = {
    "adapters": "rtpcodec.adapters",
    "audio": "rtpcodec.audio",
    "bulk": "rtpcodec.bulk",
    "client": "rtpcodec.client",
    "codecs": "rtpcodec.codecs",
    "compat": "rtpcodec.compat",
    "doctor": "rtpcodec.doctor",
    "errors": "rtpcodec.errors",
    "events": "rtpcodec.stream.events",
    "files": "rtpcodec.files",
    "levels": "rtpcodec.audio.levels",
    "mixing": "rtpcodec.audio.mixing",
    "pump": "rtpcodec.pump",
    "rtp": "rtpcodec.rtp",
    "server": "rtpcodec.server",
    "sim": "rtpcodec.sim",
    "stream": "rtpcodec.stream",
    "webhook_events": "rtpcodec.client.webhook_events",
}

_LOADING = RLock()
"""One thread at a time: where one imports a package and another a module of it, the import system raises an error."""

__all__ = ["__version__", *_DEFINED_IN, *_MODULES]  # noqa: PLE0604 -- the keys of two tables of strings


def __getattr__(name: str) -> Any:
    """Load a public name at its first use."""
    if name not in _DEFINED_IN and name not in _MODULES:
        # An old name gives the object, with a warning; any other is an AttributeError.
        return import_module("rtpcodec.renamed").lookup("rtpcodec", name)
    with _LOADING:
        value = (
            getattr(import_module(_DEFINED_IN[name]), name) if name in _DEFINED_IN else import_module(_MODULES[name])
        )
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
