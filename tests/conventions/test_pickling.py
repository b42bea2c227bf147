"""Public values and exceptions survive pickle, copy and a process pool; live objects refuse each of them.

A new public class is in one of the tables below, or is made of its type hints.
"""

from __future__ import annotations

import copy
import multiprocessing
import pickle
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import rtpcodec
from rtpcodec import errors
from rtpcodec.audio.files import WavReader, WavWriter
from rtpcodec.client import AsyncCallControl, CallControl, CommandAttempts
from rtpcodec.client.command import Command, hangup
from rtpcodec.codecs import codec, codec_names
from rtpcodec.codecs._dynamic import SharedLibrary
from rtpcodec.codecs.info import CodecInfo
from rtpcodec.files.reading import AudioFileReader
from rtpcodec.files.writing import AudioWriter
from rtpcodec.kernels.media_scan import MediaScanner
from rtpcodec.pump.frame_rules import BrokenFrame
from rtpcodec.pump.memory import Listener, MemoryNetwork
from rtpcodec.pump.memory_socket import MemorySocket
from rtpcodec.pump.virtual import VirtualEventLoop
from rtpcodec.rtp.capture.datagrams import Datagram, SocketAddress
from rtpcodec.rtp.capture.reading import PacketReader
from rtpcodec.rtp.payloads import AmrWbFormat, OpusFormat, SampleFormat, payload_format
from rtpcodec.server import (
    Background,
    CallCapture,
    CallTap,
    FilePlacement,
    MemoryPlacement,
    PlacementReporter,
    PlaybackPause,
    PrivateSection,
    Recording,
    Reply,
    SignedPaths,
    TlsFiles,
    Transfer,
)
from rtpcodec.server.endpoint import Endpoint
from rtpcodec.server.ongoing import Ongoing
from rtpcodec.server.readers.reading import AudioReader, DtmfReader, EventReader
from rtpcodec.server.tones import CallTones
from rtpcodec.server.voice import CallVoice
from rtpcodec.sim.calls.call import SimulatedCall
from rtpcodec.sim.calls.conferences import SimulatedConference
from rtpcodec.sim.calls.joined_calls import JoinedCalls
from rtpcodec.sim.commands.error_answers import Problem, Refused
from rtpcodec.sim.media.formats import AudioFormat
from rtpcodec.sim.media.stream_errors import RefusedMessage
from rtpcodec.sim.media.timing import Hold
from rtpcodec.sim.webhooks.queue import Webhooks
from rtpcodec.stream._audio import Audio
from rtpcodec.stream.capture.capture import Capture
from rtpcodec.stream.capture.replaying import Replay
from rtpcodec.stream.events import SpeechStarted
from rtpcodec.stream.fragments import BrokenFragments
from rtpcodec.stream.listening.heard_signal import HeardReader, HeardSignal
from rtpcodec.stream.listening.privacy import Privacy
from rtpcodec.stream.listening.tones import ToneListener
from rtpcodec.stream.listening.voice import VoiceDetector
from rtpcodec.stream.messages import Clear
from rtpcodec.stream.speaking.background_sound import BackgroundSound
from rtpcodec.stream.speaking.chain import SpeechChain
from rtpcodec.stream.speaking.idle_sound import IdleSound
from rtpcodec.stream.speaking.pause import Pause
from rtpcodec.stream.speaking.reply import Reply as SessionReply
from rtpcodec.stream.speaking.send_gate import SendGate
from rtpcodec.stream.stalling import StallWatch
from rtpcodec.stream.tapping.tapping import Tap
from rtpcodec.stream.wire.rules import BrokenMessage, OddMessage
from rtpcodec.stream.wire.telnyx import TelnyxDialect
from rtpcodec.stream.wire.telnyx.reading import MEDIA_SCANNER
from tests.conventions.public import made_of_hints, public_classes

VALUES: dict[type, Callable[[], object]] = {
    TlsFiles: lambda: TlsFiles(Path(__file__).parents[1] / "server" / "loopback.pem"),
    errors.CaptureError: lambda: errors.CaptureError(3, "is not JSON"),
    errors.FileError: lambda: errors.FileError("a.bin", 12, "is cut off"),
    errors.AudioFileError: lambda: errors.AudioFileError("a.wav", 12, "the chunk is cut off"),
    errors.PacketFileError: lambda: errors.PacketFileError("a.pcap", 24, "the record is cut off"),
    errors.MissingExtra: lambda: errors.MissingExtra("serve", "picows", "server"),
    errors.MissingLibrary: lambda: errors.MissingLibrary(
        "OPUS", "libopus", "apt install libopus0", "PATHS", "not found"
    ),
    errors.HandshakeRefused: lambda: errors.HandshakeRefused(401, b"no"),
    errors.CommandRefused: lambda: errors.CommandRefused(
        "no", status=429, errors=(errors.RefusalReason("1"),), command_id="once", retryable=True, retry_after_s=1.5
    ),
    errors.ReplyInterrupted: lambda: errors.ReplyInterrupted("no", reply_id="greeting", reply_serial=7),
    errors.StreamNotStarted: lambda: errors.StreamNotStarted("no", reason="failed", failure_reason="connection_failed"),
    errors.OutcomeUnknown: lambda: errors.OutcomeUnknown("no", command_id="once"),
    BrokenMessage: lambda: BrokenMessage("json", "is not JSON", "media.chunk"),
    OddMessage: lambda: OddMessage(Clear(), [BrokenMessage("json", "is not JSON")]),
    BrokenFrame: lambda: BrokenFrame("frame", "is not one", 1002),
    BrokenFragments: lambda: BrokenFragments("frame", "is not one", 1002),
    Refused: lambda: Refused(Problem("10005", "no such call")),
    RefusedMessage: lambda: RefusedMessage(100002, "no"),
    Audio: lambda: Audio("inbound", b"\xff" * 160, bytes(320), 8000, 20.0, 20.0, 2, 160, True),
    SpeechStarted: lambda: SpeechStarted(
        "inbound", 40.0, Audio("inbound", b"", bytes(320), 8000, 20.0, 20.0), -26.0, while_playing=True
    ),
    rtpcodec.RtpPacket: lambda: rtpcodec.RtpPacket.parse(bytes([0x80, 0, 0, 1]) + bytes(8) + b"payload"),
    rtpcodec.Packetizer: lambda: rtpcodec.Packetizer(payload_format(codec("PCMU")), payload_type=0),
    rtpcodec.DuplicateFilter: rtpcodec.DuplicateFilter,
    Datagram: lambda: Datagram(1, SocketAddress(bytes(4), 4000), SocketAddress(bytes(4), 5000), b"payload", 1),
    Command: lambda: hangup("v3:x", command_id="once"),
    CodecInfo: lambda: codec("OPUS"),
    AmrWbFormat: lambda: payload_format(codec("AMR-WB")),
    OpusFormat: lambda: payload_format(codec("OPUS")),
    SampleFormat: lambda: payload_format(codec("PCMU")),
    AudioFormat: lambda: AudioFormat(codec("PCMU"), 8000),
    Hold: lambda: Hold(from_ms=1, to_ms=2),
    Webhooks: lambda: Webhooks(url="http://127.0.0.1:1/"),
    TelnyxDialect: TelnyxDialect,
    MediaScanner: lambda: MEDIA_SCANNER,
}
BARE: tuple[type, ...] = (
    AsyncCallControl,
    CallControl,
    CommandAttempts,
    rtpcodec.Call,
    Background,
    FilePlacement,
    MemoryPlacement,
    PlacementReporter,
    PlaybackPause,
    PrivateSection,
    Recording,
    Reply,
    Transfer,
    rtpcodec.JitterBuffer,
    rtpcodec.MediaSession,
    HeardReader,
    HeardSignal,
    CallCapture,
    CallTap,
    Capture,
    Tap,
    Replay,
    rtpcodec.sim.Carrier,
    SimulatedCall,
    SimulatedConference,
    JoinedCalls,
    Endpoint,
    AudioReader,
    DtmfReader,
    EventReader,
    Ongoing,
    Listener,
    MemoryNetwork,
    MemorySocket,
    AudioWriter,
    AudioFileReader,
    WavReader,
    WavWriter,
    PacketReader,
    BackgroundSound,
    SendGate,
    IdleSound,
    Pause,
    Privacy,
    SessionReply,
    SpeechChain,
    StallWatch,
    CallTones,
    CallVoice,
    ToneListener,
    VoiceDetector,
)
"""Live classes in Python: they refuse whatever state an object is in, so one without any stands for all."""


def loop() -> VirtualEventLoop:
    made = VirtualEventLoop()
    made.close()
    return made


def bare(kind: type) -> Callable[[], object]:
    make: Any = kind.__new__
    return lambda: make(kind)


LIVE: dict[type, Callable[[], object]] = {
    **{kind: bare(kind) for kind in BARE},
    VirtualEventLoop: loop,
    rtpcodec.Concealer: lambda: rtpcodec.Concealer(8000),
    rtpcodec.DualTone: lambda: rtpcodec.DualTone("5", 8000),
    rtpcodec.mixing.Fade: lambda: rtpcodec.mixing.Fade(40),
    rtpcodec.Resampler: lambda: rtpcodec.Resampler(8000, 16000),
    rtpcodec.G722DecoderBank: lambda: rtpcodec.G722DecoderBank(rows=2),
    rtpcodec.G722EncoderBank: lambda: rtpcodec.G722EncoderBank(rows=2),
    rtpcodec.ToneDetector: lambda: rtpcodec.ToneDetector(8000),
    SharedLibrary: codec("OPUS").libraries[0].open,
    SignedPaths: lambda: SignedPaths(bytes(32)),
}
NATIVE_DECODERS: dict[str, dict[str, Any]] = {
    name: {"byte_order": "big"} if name == "L16" else {} for name in codec_names()
}


VALUE_KINDS = [kind for kind in public_classes() if kind not in LIVE]


@cache
def sample(kind: type) -> object:
    """An object of a public class that is a value."""
    return VALUES[kind]() if kind in VALUES else made_of_hints(kind)


def facts(value: object) -> object:
    """What two objects of one class must agree on."""
    if isinstance(value, BaseException):
        return type(value), str(value), value.args, {name: facts(one) for name, one in vars(value).items()}
    if isinstance(value, tuple):
        return tuple(map(facts, value))
    if type(value).__eq__ is not object.__eq__:
        return value
    names = [name for name in dir(value) if not name.startswith("__")]
    return type(value), [(name, facts(one)) for name in names if not callable(one := getattr(value, name))]


def test_the_tables_name_public_classes() -> None:
    assert VALUES.keys().isdisjoint(LIVE)
    assert (VALUES.keys() | LIVE.keys()) - set(public_classes()) == set()


@pytest.mark.parametrize("kind", VALUE_KINDS, ids=lambda kind: kind.__qualname__)
def test_values_survive_pickle_and_copy(kind: type) -> None:
    value = sample(kind)
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        assert facts(pickle.loads(pickle.dumps(value, protocol))) == facts(value)
    assert facts(copy.copy(value)) == facts(value)
    assert facts(copy.deepcopy(value)) == facts(value)


@pytest.mark.parametrize("kind", LIVE, ids=lambda kind: kind.__qualname__)
def test_live_objects_refuse(kind: type) -> None:
    refuse(LIVE[kind]())


@pytest.mark.parametrize("name", codec_names())
def test_encoders_and_decoders_survive_or_refuse(name: str) -> None:
    """Those of L16 and G.711 without state in C are values."""
    for live in (codec(name).encoder(**NATIVE_DECODERS[name]), codec(name).decoder(**NATIVE_DECODERS[name])):
        try:
            again = pickle.loads(pickle.dumps(live))
        except TypeError:
            refuse(live)
        else:
            assert facts(again) == facts(live)


def refuse(live: object) -> None:
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(TypeError, match="cannot"):
            pickle.dumps(live, protocol)
    for copying in (copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="cannot"):
            copying(live)


def test_an_exception_keeps_what_was_added_to_it() -> None:
    error = errors.MissingLibrary("OPUS", "libopus", "apt install libopus0", "PATHS", "not found")
    error.add_note("a note")
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.name, again.msg, again.codec) == (str(error), "libopus", error.msg, "OPUS")
    assert again.__notes__ == ["a note"]


def test_a_process_pool_carries_every_value_and_survives_every_exception() -> None:
    everything = [sample(kind) for kind in VALUE_KINDS]
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        for value, returned in zip(everything, pool.map(copy.copy, everything, chunksize=1000), strict=True):
            assert facts(returned) == facts(value)
        with pytest.raises(errors.WebhookUnsigned, match="is missing"):
            pool.submit(rtpcodec.verify_webhook, b"", []).result()
        with pytest.raises(errors.UnknownCodec):
            pool.submit(rtpcodec.codec, "G729").result()
        assert pool.submit(sys.intern, "alive").result() == "alive"
