"""StreamSerializer without a transport: what each frame sends, and what each message gives."""

from __future__ import annotations

import asyncio
import json
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from pipecat.frames import frames

from rtpcodec.adapters.pipecat import StreamSerializer
from rtpcodec.codecs import codec
from rtpcodec.errors import CallEnded, CommandError, LocalProtocolError, StreamEnded
from rtpcodec.pump import run_virtual
from rtpcodec.rtp.payloads import payload_format
from rtpcodec.stream.events import Diagnosis, MarkCleared, MarkPlayed
from rtpcodec.stream.plan import StreamPlan
from tests.adapters.pipecat.texts import Wire, media, start, streaming

LEGS = [
    ("PCMU", 8000),
    ("PCMA", 8000),
    ("G722", 8000),
    ("L16", 8000),
    ("L16", 16000),
    ("L16", 24000),
    ("OPUS", 16000),
    ("OPUS", 48000),
    ("AMR-WB", 16000),
]


def tone(rate_hz: int, duration_ms: int, tone_hz: float = 440.0) -> bytes:
    times = np.arange(rate_hz * duration_ms // 1000) / rate_hz
    return (8000 * np.sin(2 * np.pi * tone_hz * times)).astype(np.int16).tobytes()


def pitch_hz(pcm: bytes, rate_hz: int) -> float:
    samples = np.frombuffer(pcm, np.int16).astype(float)
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples)), 4 * len(samples)))
    return float(spectrum.argmax() * rate_hz / (4 * len(samples)))


def spoken(pcm: bytes, rate_hz: int = 8000, channels: int = 1) -> Any:
    return frames.OutputAudioRawFrame(pcm, rate_hz, channels)


@pytest.mark.usefixtures("opus", "amrwb")
@pytest.mark.parametrize("pipeline_hz", [8000, 16000, 24000])
@pytest.mark.parametrize(("name", "rate_hz"), LEGS)
def test_a_tone_passes_in_every_codec_both_ways_one_packet_per_message(
    name: str, rate_hz: int, pipeline_hz: int
) -> None:
    """Chunks of 40 ms, as pipecat's transport makes them: two packets each."""
    plan = StreamPlan(send_codec=name, send_rate_hz=rate_hz)

    async def main() -> tuple[list[bytes], bytes]:
        wire = Wire()
        speaker = await streaming(wire, plan=plan)
        speech = tone(pipeline_hz, 1000)
        step = 2 * pipeline_hz * 40 // 1000
        for at in range(0, len(speech), step):
            await speaker.serialize(spoken(speech[at : at + step], pipeline_hz))
        listener = await streaming(Wire(), pipeline_hz=pipeline_hz, first=start(name, rate_hz), plan=plan)
        heard = b""
        for number, payload in enumerate(wire.payloads, 1):
            frame = await listener.deserialize(media(number, payload))
            assert (type(frame), frame.sample_rate) == (frames.InputAudioRawFrame, pipeline_hz)
            heard += frame.audio
        return wire.payloads, heard

    payloads, heard = run_virtual(main())
    assert len(payloads) == 50
    assert len(heard) == 2 * pipeline_hz
    assert pitch_hz(heard, pipeline_hz) == pytest.approx(440, rel=0.01)
    packing = payload_format(codec(name), plan.send_sample_rate_hz)
    assert {len(packing.frames(payload)) for payload in payloads} == {1}
    assert {packing.ticks(payload) for payload in payloads} == {
        codec(name).rtp_clock_hz(plan.send_sample_rate_hz) // 50
    }


def test_chunks_that_are_not_whole_frames_are_joined_and_never_padded_between() -> None:
    """Of 30 ms: pipecat's own serializer would send them as they are, and others fill them up with silence."""

    async def main() -> list[bytes]:
        wire = Wire()
        serializer = await streaming(wire, plan=StreamPlan(send_codec="L16", send_rate_hz=16000))
        speech = tone(16000, 900)
        for at in range(0, len(speech), 960):
            await serializer.serialize(spoken(speech[at : at + 960], 16000))
        assert b"".join(wire.payloads) == speech
        return wire.payloads

    assert {len(one) for one in run_virtual(main())} == {640}


def test_the_rest_of_an_utterance_is_sent_although_nothing_follows_it() -> None:
    """30 ms of 24 kHz: half a frame, and what the resampler holds."""

    async def main() -> None:
        wire = Wire()
        serializer = await streaming(wire)
        await serializer.serialize(spoken(tone(24000, 30), 24000))
        assert len(wire.payloads) == 1
        for number in range(1, 17):
            await asyncio.sleep(0.02)
            await serializer.deserialize(media(number, b"\xff" * 160))
        assert len(wire.payloads) == 2

    run_virtual(main())


def test_an_interruption_clears_the_carrier_and_drops_the_partial_frame() -> None:
    async def main() -> None:
        wire = Wire()
        serializer = await streaming(wire, plan=StreamPlan(send_codec="L16", send_rate_hz=16000))
        await serializer.serialize(spoken(b"\x01\x00" * 480, 16000))  # 30 ms
        await serializer.serialize(frames.InterruptionFrame())
        await serializer.serialize(spoken(b"\x02\x00" * 320, 16000))
        assert [one["event"] for one in wire.messages] == ["media", "clear", "media"]
        assert wire.payloads == [b"\x01\x00" * 320, b"\x02\x00" * 320]

    run_virtual(main())


def test_a_clear_does_not_overtake_audio_that_waits_for_the_socket() -> None:
    async def main() -> list[str]:
        sent: list[str] = []
        writable = asyncio.Event()

        async def send_text(text: str) -> None:
            await writable.wait()
            sent.append(json.loads(text)["event"])

        serializer = StreamSerializer(send_text, own_marks=False)
        await serializer.deserialize(start())
        speaking = asyncio.create_task(serializer.serialize(spoken(bytes(1600))))
        await asyncio.sleep(0)
        interrupting = asyncio.create_task(serializer.serialize(frames.InterruptionFrame()))
        await asyncio.sleep(0)
        writable.set()
        await asyncio.gather(speaking, interrupting)
        return sent

    assert run_virtual(main()) == ["media"] * 5 + ["clear"]


def test_a_cancelled_send_leaves_its_texts_to_the_next_one() -> None:
    """pipecat cancels a write that takes 10 s, older versions at each interruption. The session counts it as sent."""

    async def main() -> None:
        sent: list[str] = []
        writable = asyncio.Event()

        async def send_text(text: str) -> None:
            await writable.wait()
            sent.append(text)

        serializer = StreamSerializer(send_text)
        await serializer.deserialize(start())
        mark = frames.OutputTransportMessageFrame({"event": "mark", "mark": {"name": "behind"}})
        writing = [asyncio.create_task(serializer.serialize(frame)) for frame in (spoken(bytes(1600)), mark)]
        await asyncio.sleep(0.1)
        for task in writing:
            task.cancel()
        await asyncio.sleep(0)
        interrupting = asyncio.create_task(serializer.serialize(frames.InterruptionFrame()))
        await asyncio.sleep(0)
        writable.set()
        await interrupting
        assert [json.loads(text)["event"] for text in sent if "rtpcodec-" not in text] == [
            *["media"] * 5,
            "mark",
            "clear",
        ]
        found: list[object] = []
        for text in sent:
            frame = await serializer.deserialize(text) if '"mark"' in text else None
            found += [] if frame is None else frame.message["events"]
        assert MarkCleared("behind", "interrupt") in found
        assert not [one for one in found if isinstance(one, Diagnosis)], "the carrier has returned all marks"

    run_virtual(main())


def test_a_mark_of_the_bot_is_played_or_cleared() -> None:
    async def main() -> list[object]:
        wire, events = Wire(), list[object]()
        serializer = await streaming(wire)

        async def echo_marks() -> None:
            for text in [text for text in wire.texts if '"mark"' in text]:
                frame = await serializer.deserialize(text)
                events.extend(frame.message["events"] if frame is not None else ())
            wire.texts.clear()

        await serializer.serialize(spoken(bytes(640)))
        await serializer.serialize(frames.OutputTransportMessageFrame({"event": "mark", "mark": {"name": "first"}}))
        assert [one["event"] for one in wire.messages] == ["media", "media", "mark"]
        await asyncio.sleep(0.1)
        await echo_marks()
        await serializer.serialize(spoken(bytes(640)))
        await serializer.serialize(
            frames.OutputTransportMessageUrgentFrame({"event": "mark", "mark": {"name": "next"}})
        )
        await serializer.serialize(frames.InterruptionFrame())
        assert [one["event"] for one in wire.messages] == ["media", "media", "mark", "clear"]
        await echo_marks()
        return events

    events = [one for one in run_virtual(main()) if isinstance(one, MarkPlayed | MarkCleared)]
    assert events == [MarkPlayed("first"), MarkCleared("next", "interrupt")]


def test_messages_of_the_bot_are_sent_unchanged_and_wrong_ones_raise() -> None:
    async def main() -> None:
        wire = Wire()
        serializer = await streaming(wire)
        await serializer.serialize(spoken(bytes(640)))
        await serializer.serialize(frames.OutputTransportMessageFrame({"event": "new", "new": {"is": 1}}))
        await serializer.serialize(frames.OutputTransportMessageUrgentFrame({"event": "clear"}))
        await serializer.serialize(frames.OutputTransportMessageFrame({"label": "rtvi-ai", "type": "bot-ready"}))
        assert [one["event"] for one in wire.messages] == ["media", "media", "new", "clear"]
        assert wire.messages[2] == {"event": "new", "new": {"is": 1}}
        with pytest.raises(ValueError, match="event"):
            await serializer.serialize(frames.OutputTransportMessageFrame({"type": "unknown"}))
        with pytest.raises(ValueError, match="name"):
            await serializer.serialize(frames.OutputTransportMessageFrame({"event": "mark", "mark": {}}))
        assert len(wire.messages) == 4

    run_virtual(main())


def test_events_without_a_pipecat_frame_reach_the_pipeline() -> None:
    async def main() -> list[object]:
        serializer = await streaming(Wire())
        texts = [
            '{"event":"news","a":1}',
            '{"event":"dtmf","dtmf":{"digit":"A"}}',
            '{"event":"error","payload":{"code":100003}}',
            "no JSON",
        ]
        found: list[object] = []
        for text in texts:
            frame = await serializer.deserialize(text)
            assert frame.message["type"] == "rtpcodec"
            found += frame.message["events"]
        return found

    assert [type(event).__name__ for event in run_virtual(main())] == ["Unknown", "Dtmf", "CarrierError", "Malformed"]


def test_keys_and_audio_of_one_moment_are_all_returned() -> None:
    """A key that waited for an earlier one comes with a chunk; the chunk's audio comes with the next one."""

    async def main() -> None:
        serializer = await streaming(Wire(), pipeline_hz=8000)
        keys = [await serializer.deserialize(json.dumps({"event": "dtmf", "dtmf": {"digit": key}})) for key in "1*#"]
        assert [(type(key), key.button) for key in keys] == [(frames.InputDTMFFrame, key) for key in "1*#"]
        serializer._keys.append("5")
        found = [await serializer.deserialize(media(number, b"\xff" * 160)) for number in (1, 2, 3)]
        assert [type(one) for one in found] == [frames.InputDTMFFrame, *[frames.InputAudioRawFrame] * 2]
        assert [one.num_frames for one in found[1:]] == [320, 160]

    run_virtual(main())


def test_the_other_track_is_not_the_callers_audio() -> None:
    async def main() -> None:
        serializer = await streaming(Wire(), plan=StreamPlan(tracks="both_tracks"))
        heard = await serializer.deserialize(media(1, b"\x55" * 160, "inbound"))
        assert isinstance(heard, frames.InputAudioRawFrame)
        assert not isinstance(
            await serializer.deserialize(media(1, b"\x66" * 160, "outbound")), frames.InputAudioRawFrame
        )

    run_virtual(main())


def test_stereo_is_refused_and_nothing_is_said_after_the_end() -> None:
    async def main() -> None:
        wire = Wire()
        serializer = await streaming(wire, plan=StreamPlan(send_codec="L16", send_rate_hz=16000))
        with pytest.raises(ValueError, match="audio_out_channels is 2, a phone call has 1"):
            await serializer.serialize(spoken(bytes(1280), 16000, 2))
        await serializer.deserialize('{"event":"stop"}')
        for frame in (spoken(bytes(640)), frames.InterruptionFrame(), frames.EndFrame()):
            await serializer.serialize(frame)
        assert wire.messages == []

    run_virtual(main())


class Control:
    """Counts hang-ups; `refusal` is raised by each."""

    def __init__(self, refusal: Exception | None = None) -> None:
        self.hung_up: list[str] = []
        self.refusal = refusal

    async def hangup(self, call_control_id: str) -> None:
        self.hung_up.append(call_control_id)
        if self.refusal is not None:
            raise self.refusal


def test_a_call_that_has_ended_is_not_an_error_and_another_refusal_is() -> None:
    async def main() -> None:
        ended = await streaming(Wire(), control=Control(CallEnded("it has ended")))
        await ended.serialize(frames.CancelFrame())
        refused = await streaming(Wire(), control=Control(CommandError("refused")))
        with pytest.raises(CommandError):
            await refused.serialize(frames.CancelFrame())
        await (await streaming(Wire())).serialize(frames.CancelFrame())  # without a control

    run_virtual(main())


@pytest.mark.parametrize(("frame", "waited_s"), [(frames.EndFrame(), 0.8), (frames.CancelFrame(), 0.0)])
def test_the_end_hangs_up_after_the_last_words_and_a_cancellation_at_once(frame: Any, waited_s: float) -> None:
    async def main() -> None:
        control = Control()
        serializer = await streaming(Wire(), control=control)
        await serializer.serialize(spoken(bytes(8000)))  # 500 ms
        before_s = asyncio.get_running_loop().time()
        await serializer.serialize(frame)
        assert asyncio.get_running_loop().time() - before_s == pytest.approx(waited_s, abs=0.01)
        assert control.hung_up == ["v3:call"]

    run_virtual(main())


def test_the_rates_of_pipeline_and_start_may_come_in_either_order() -> None:
    async def main() -> None:
        texts = iter(['{"event":"connected","version":"1.0.0"}', start("L16", 16000)])

        async def receive_text() -> str:
            return next(texts)

        serializer = StreamSerializer(Wire().send_text)
        assert (await serializer.read_start(receive_text)).from_number == "+15550100001"
        for _ in range(2):  # both processors of a transport
            await serializer.setup(SimpleNamespace(audio_in_sample_rate=24000))
        heard = await serializer.deserialize(media(1, bytes(640)))
        assert (heard.sample_rate, heard.num_frames) == (24000, 480)

    run_virtual(main())


def test_invalid_messages_before_the_start_end_the_reading_and_mode_mp3_is_refused() -> None:
    async def main() -> None:
        async def receive_text() -> str:
            return "garbage"

        with pytest.raises(StreamEnded):
            await StreamSerializer(Wire().send_text).read_start(receive_text)
        with pytest.raises(LocalProtocolError, match="'mp3', StreamSerializer needs 'rtp'"):
            StreamSerializer(Wire().send_text, plan=StreamPlan(mode="mp3"))

    run_virtual(main())


def test_what_is_received_does_not_wait_for_a_socket_that_takes_nothing() -> None:
    async def main() -> None:
        writable = asyncio.Event()

        async def send_text(_text: str) -> None:
            await writable.wait()

        serializer = StreamSerializer(send_text)
        await serializer.deserialize(start())
        speaking = asyncio.create_task(serializer.serialize(spoken(bytes(1600))))
        await asyncio.sleep(1)
        for number in (1, 2):
            heard = await serializer.deserialize(media(number, b"\xff" * 160))
            assert isinstance(heard, frames.InputAudioRawFrame)
        writable.set()
        await speaking

    run_virtual(main())
