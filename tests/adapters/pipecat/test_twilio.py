"""StreamSerializer on Twilio's wire: the first messages choose, and every text names the stream."""

from __future__ import annotations

import base64
import json
from types import SimpleNamespace

import pytest
from pipecat.frames import frames

from rtpcodec.adapters.pipecat import StreamSerializer
from rtpcodec.errors import StreamEnded
from rtpcodec.pump import run_virtual
from rtpcodec.stream.plan import StreamPlan
from tests.adapters.pipecat.texts import Wire

CONNECTED = json.dumps({"event": "connected", "protocol": "Call", "version": "1.0.0"})
START = json.dumps(
    {
        "event": "start",
        "sequenceNumber": "1",
        "streamSid": "MZ1",
        "start": {
            "accountSid": "AC1",
            "streamSid": "MZ1",
            "callSid": "CA1",
            "tracks": ["inbound"],
            "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
            "customParameters": {"customer": "7"},
        },
    }
)
REFUSAL = "shows a carrier that does not support the plan: send_codec is 'L16', twilio has PCMU"


def media(payload: bytes) -> str:
    body = {"track": "inbound", "chunk": "1", "timestamp": "5", "payload": base64.b64encode(payload).decode()}
    return json.dumps({"event": "media", "sequenceNumber": "2", "streamSid": "MZ1", "media": body})


def test_a_call_of_twilio_passes_both_ways() -> None:
    async def main() -> None:
        texts = iter([CONNECTED, START])

        async def receive_text() -> str:
            return next(texts)

        wire = Wire()
        serializer = StreamSerializer(wire.send_text)
        call = await serializer.read_start(receive_text)
        assert (call.call_control_id, call.custom_parameters) == ("CA1", {"customer": "7"})
        await serializer.setup(SimpleNamespace(audio_in_sample_rate=16000))
        heard = await serializer.deserialize(media(b"\xff" * 160))
        assert (heard.sample_rate, heard.num_frames) == (16000, 320)
        await serializer.serialize(frames.OutputAudioRawFrame(bytes(1920), 24000, 1))
        # As pipecat's own serializer would send them; pipecat's bots write the name of the stream into their marks.
        mark = {"event": "mark", "streamSid": "MZ1", "mark": {"name": "a"}}
        await serializer.serialize(frames.OutputTransportMessageFrame(mark))
        await serializer.serialize(frames.InterruptionFrame())
        assert [one["event"] for one in wire.messages] == ["media", "media", "mark", "clear"]
        assert {one["streamSid"] for one in map(json.loads, wire.texts)} == {"MZ1"}
        await serializer.serialize(frames.OutputAudioRawFrame(bytes(640), 8000, 1))
        await serializer.serialize(frames.OutputTransportMessageFrame({"event": "clear", "streamSid": "MZ1"}))
        assert serializer.session.queued_ms == 0
        assert [one["event"] for one in wire.messages][4:] == ["media", "media", "clear"]

    run_virtual(main())


def test_a_plan_that_twilio_cannot_do_ends_before_the_pipeline_runs() -> None:
    async def main() -> None:
        texts = iter([CONNECTED, START])

        async def receive_text() -> str:
            return next(texts)

        serializer = StreamSerializer(Wire().send_text, plan=StreamPlan(send_codec="L16", send_rate_hz=16000))
        with pytest.raises(StreamEnded, match=REFUSAL):
            await serializer.read_start(receive_text)

    run_virtual(main())


def test_a_pipeline_that_reads_the_start_itself_is_ended_with_the_reason() -> None:
    """pipecat logs an exception of `deserialize`, and reports the client as disconnected."""

    async def main() -> None:
        serializer = StreamSerializer(Wire().send_text, plan=StreamPlan(send_codec="L16", send_rate_hz=16000))
        with pytest.raises(StreamEnded, match=REFUSAL):
            await serializer.deserialize(CONNECTED)

    run_virtual(main())


@pytest.mark.parametrize("frame", [frames.EndFrame(), frames.CancelFrame()])
def test_no_command_is_sent_for_a_call_of_twilio(frame: frames.Frame) -> None:
    """A bot for both carriers has a control."""

    class Control:
        async def hangup(self, call_control_id: str) -> None:
            raise AssertionError(call_control_id)

    async def main() -> None:
        serializer = StreamSerializer(Wire().send_text, Control())  # type: ignore[arg-type]
        for text in (CONNECTED, START):
            await serializer.deserialize(text)
        await serializer.serialize(frame)

    run_virtual(main())
