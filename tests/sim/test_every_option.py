"""Every option of the streaming command against the simulator: over HTTP and WebSocket, with audio that is decoded.

Commands are sent by our client. The app is another library's server, which shares no code with ours. What the carrier
answers, success and errors, is in test_every_answer.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import pytest
from websockets.asyncio.server import ServerConnection

from rtpcodec import codec, errors, pcma_decode, pcma_encode, pcmu_decode, pcmu_encode
from rtpcodec.audio import mp3
from rtpcodec.client import AsyncCallControl, Retry
from rtpcodec.errors import CommandRefused, InvalidCommand
from rtpcodec.rtp.payloads import payload_format
from rtpcodec.sim import Carrier, Webhooks
from rtpcodec.sim.report import CallReport
from tests.lateness import heard_whole
from tests.sim.apps import App, listening, run
from tests.sim.streams import ramp
from tests.sim.test_codecs import level_at, tone
from tests.sim.test_states import NEVER_MS
from tests.sim.webhook_app import WebhookApp, serving_webhooks

pytestmark = pytest.mark.filterwarnings("ignore::rtpcodec.errors.CommandWarning")

RTP: Final[dict[str, Any]] = {"stream_bidirectional_mode": "rtp", "stream_bidirectional_target_legs": "self"}
SAID: Final = pcmu_decode(pcmu_encode(ramp(1600)))
REPLY: Final = pcmu_decode(pcmu_encode(ramp(1600, step=11)))
PITCH_HZ: Final = 300.0
LOUD: Final = 9000
CODEC_RATES: Final = [
    *[("PCMU", 8000), ("PCMA", 8000)],
    *[(name, rate_hz) for name in ("G722", "OPUS", "AMR-WB") for rate_hz in (8000, 16000)],
    *[("L16", rate_hz) for rate_hz in (8000, 16000, 22050, 24000, 48000)],
]


class Answering(App):
    """Sends these payloads as soon as the stream starts, and then a mark."""

    def __init__(self, *payloads: bytes) -> None:
        super().__init__(self._say)
        self._payloads = payloads

    async def _say(self, socket: ServerConnection, message: dict[str, Any]) -> None:
        if message["event"] == "start":
            for payload in self._payloads:
                await socket.send(json.dumps({"event": "media", "media": {"payload": b64encode(payload).decode()}}))
            await socket.send(json.dumps({"event": "mark", "mark": {"name": "heard"}}))

    def audio(self, track: str = "inbound") -> list[bytes]:
        """Return the payloads of one track."""
        return [b64decode(one["media"]["payload"]) for one in self.of("media") if one["media"]["track"] == track]


def order_of(name: str) -> dict[str, Any]:
    """Return the byte order of L16 on the wire, against its RFC (docs/carrier.md, "Uncertain points")."""
    return {"byte_order": "little"} if name == "L16" else {}


@asynccontextmanager
async def both(app: App, **options: Any) -> AsyncIterator[tuple[Carrier, AsyncCallControl]]:
    async with (
        listening(app),
        Carrier(**options) as carrier,
        AsyncCallControl(carrier.api_key, base_url=carrier.base_url, retry=Retry(0)) as control,
    ):
        yield carrier, control


async def conversation(app: App, *, bridged: bool = False, call: dict[str, Any], **fields: Any) -> CallReport:
    """Run one call with these fields, until all audio of the app was heard, and all audio of the caller has arrived."""
    async with both(app) as (carrier, control):
        patient: dict[str, Any] = {"speech": b"", "tail_ms": NEVER_MS, "playout_delay_ms": 200}
        live = carrier.new_call(**patient | call)
        if bridged:
            other = carrier.new_call(b"", tail_ms=NEVER_MS)
            await control.command(live.call_control_id, "bridge", call_control_id=other.call_control_id)
        result = await control.start_streaming(live.call_control_id, **({"stream_url": app.url} | fields))
        assert result.result == "ok"
        await app.saw("mark")
        # The outbound track has the last audio one chunk later.
        await app.saw("media", max(15, len(app.of("media")) + 4))
        await control.hangup(live.call_control_id)
        return await live.finished()


# URL and direction


def test_stream_url_is_dialled_with_its_path_and_query() -> None:
    async def main() -> None:
        app, other = App(), App()
        async with listening(other), both(app) as (carrier, control):
            call = carrier.new_call(SAID)
            await control.start_streaming(call.call_control_id, stream_url=f"{app.url}/a%20b?tenant=t1&x=%2F")
            await call.finished()
            assert app.paths == ["/media/a%20b?tenant=t1&x=%2F"]
            assert app.events[:2] == ["connected", "start"]
            assert other.paths == []

    run(main)


@pytest.mark.parametrize(
    ("track", "tracks"),
    [
        (None, {"inbound"}),
        ("inbound_track", {"inbound"}),
        ("outbound_track", {"outbound"}),
        ("both_tracks", {"inbound", "outbound"}),
    ],
)
def test_stream_track_decides_who_is_heard_by_the_app(track: str | None, tracks: set[str]) -> None:
    async def main() -> None:
        app = Answering(pcmu_encode(REPLY))
        await conversation(app, call={"speech": SAID}, stream_track=track, **RTP)
        assert {one["media"]["track"] for one in app.of("media")} == tracks
        caller, heard = (pcmu_decode(b"".join(app.audio(name))) for name in ("inbound", "outbound"))
        assert caller.startswith(SAID if "inbound" in tracks else b"")
        assert (REPLY in heard) == ("outbound" in tracks)

    run(main)


@pytest.mark.parametrize("name", ["default", "PCMU", "PCMA", "G722", "OPUS", "AMR-WB", "L16"])
def test_the_app_receives_the_stream_codec(name: str) -> None:
    async def main() -> None:
        spoken = codec("PCMU" if name == "default" else name)
        rate_hz = spoken.sample_rate_hz()
        said = tone(rate_hz * 3 // 10, rate_hz, PITCH_HZ)
        app = Answering()
        await conversation(app, call={"speech": said, "speech_hz": rate_hz}, stream_codec=name, **RTP)
        (start,) = app.of("start")
        assert start["start"]["media_format"]["encoding"] == spoken.name
        form, decoder = payload_format(spoken, rate_hz), spoken.decoder(rate_hz, **order_of(name))
        got = b"".join(decoder.decode(frame) for payload in app.audio() for frame in form.frames(payload))
        assert level_at(got[: len(said)], rate_hz, PITCH_HZ) == pytest.approx(LOUD, rel=0.15)
        exact = {"PCMU": pcmu_decode(pcmu_encode(said)), "PCMA": pcma_decode(pcma_encode(said)), "L16": said}
        assert got.startswith(exact.get(spoken.name, b""))

    run(main)


# Return audio


@pytest.mark.parametrize(("name", "rate_hz"), CODEC_RATES)
def test_each_return_codec_at_each_of_its_rates_is_heard(name: str, rate_hz: int) -> None:
    async def main() -> None:
        spoken = codec(name)
        # G722 and AMR-WB are audio of 16 kHz, by either name of the rate (docs/carrier.md, rule C32).
        heard_hz = 16000 if name in ("G722", "AMR-WB") else rate_hz
        encoder, form = spoken.encoder(heard_hz, **order_of(name)), payload_format(spoken, heard_hz)
        pcm = tone(heard_hz * 3 // 10, heard_hz, PITCH_HZ)
        step = heard_hz // 50 * 2
        frames = [encoder.encode(pcm[at : at + step]) for at in range(0, len(pcm), step)]
        fields: dict[str, Any] = {"stream_bidirectional_codec": name, "stream_bidirectional_sampling_rate": rate_hz}
        app = Answering(*(form.payload([frame]) for frame in frames))
        report = await conversation(app, call={}, **RTP, **fields)
        decoder = spoken.decoder(heard_hz, **order_of(name))
        expected = b"".join(map(decoder.decode, frames))
        assert (report.return_codec, report.heard_hz, report.errors_sent) == (name, heard_hz, 0)
        assert heard_whole(report, expected)
        assert level_at(expected, heard_hz, PITCH_HZ) == pytest.approx(LOUD, rel=0.15)

    run(main)


def test_the_carriers_defaults_are_pcmu_at_8000() -> None:
    async def main() -> None:
        report = await conversation(Answering(pcmu_encode(REPLY)), call={"codec": "L16"}, **RTP)
        assert (report.return_codec, report.heard_hz) == ("PCMU", 8000)
        assert REPLY in report.heard_pcm

    run(main)


def test_mode_rtp_takes_payloads_and_no_files() -> None:
    async def main() -> None:
        app = Answering(pcmu_encode(REPLY))
        report = await conversation(app, call={}, **RTP)
        assert REPLY in report.heard_pcm
        assert report.heard_pcm.replace(REPLY, b"").strip(b"\0") == b"", "and nothing else"

    run(main)


@pytest.mark.parametrize("mode", ["mp3", None])
def test_mode_mp3_the_default_takes_files_and_no_payloads(mode: str | None) -> None:
    async def main() -> None:
        fields = RTP | {"stream_bidirectional_mode": mode, "stream_bidirectional_codec": "L16"}
        app = Answering(mp3.encode(tone(8000, 16000, PITCH_HZ), 16000))
        report = await conversation(app, call={}, **fields)
        assert (report.return_codec, report.heard_hz, report.errors_sent) == ("MP3", 8000, 0)
        heard = report.heard_pcm.strip(b"\0")
        assert level_at(heard, 8000, PITCH_HZ) == pytest.approx(LOUD, rel=0.15)
        silent = await conversation(Answering(pcmu_encode(REPLY)), call={}, **fields)
        assert (any(silent.heard_pcm), silent.errors_sent) == (False, 1)

    run(main)


@pytest.mark.parametrize("bridged", [False, True], ids=["one leg", "two legs"])
@pytest.mark.parametrize(
    ("legs", "ours", "theirs"),
    [("self", True, False), ("opposite", False, True), ("both", True, True), (None, False, True)],
)
def test_target_legs_decide_who_hears_the_app(legs: str | None, *, ours: bool, theirs: bool, bridged: bool) -> None:
    async def main() -> None:
        fields = RTP | {"stream_bidirectional_target_legs": legs}
        report = await conversation(Answering(pcmu_encode(REPLY)), call={}, bridged=bridged, **fields)
        assert report.heard_pcm.strip(b"\0") == (REPLY.strip(b"\0") if ours else b"")
        assert report.peer_heard_pcm.strip(b"\0") == (REPLY.strip(b"\0") if theirs and bridged else b"")
        assert report.media_unheard == (0 if ours or bridged else 1)

    run(main)


# Dialogflow


@pytest.mark.parametrize("sentiment", [False, True, None])
@pytest.mark.parametrize("partial", [False, True, None])
def test_enable_dialogflow_streams_to_the_agent_with_its_two_options(
    sentiment: bool | None, partial: bool | None
) -> None:
    async def main() -> None:
        switches = {"analyze_sentiment": sentiment, "partial_automated_agent_reply": partial}
        config: Any = {name: switch for name, switch in switches.items() if switch is not None}
        app, agent = App(), App()
        async with listening(agent), both(app, dialogflow_url=agent.url) as (carrier, control):
            call = carrier.new_call(SAID)
            await control.start_streaming(
                call.call_control_id, stream_url=app.url, enable_dialogflow=True, dialogflow_config=config
            )
            await call.finished()
            assert call.commands[-1][1]["dialogflow_config"] == config
            assert pcmu_decode(b"".join(b64decode(one["media"]["payload"]) for one in agent.of("media"))) == SAID
            assert app.received == [], "the agent gets it instead of the app"

    run(main)


def test_dialogflow_that_is_not_there_or_not_enabled() -> None:
    async def main() -> None:
        app = App()
        async with both(app) as (carrier, control):
            call = carrier.new_call(SAID)
            with pytest.raises(CommandRefused) as why:
                await control.start_streaming(call.call_control_id, enable_dialogflow=True)
            assert (why.value.status, why.value.code) == (422, "100001")
            wrong: Any
            for name in ("analyze_sentiment", "partial_automated_agent_reply"):
                wrong = {name: "yes"}
                with pytest.raises(InvalidCommand, match=f"dialogflow_config.{name} is str, must be bool"):
                    await control.start_streaming(call.call_control_id, enable_dialogflow=True, dialogflow_config=wrong)
            await control.start_streaming(call.call_control_id, stream_url=app.url, enable_dialogflow=False)
            await call.finished()
            assert len(app.of("media")) == 10

    run(main)


# Values that the carrier returns


@pytest.mark.parametrize(("given", "wire"), [(b"\x00state\xff", "AHN0YXRl/w=="), ("AHN0YXRl/w==", "AHN0YXRl/w==")])
def test_client_state_comes_back_in_start_and_webhooks(given: bytes | str, wire: str) -> None:
    async def main() -> None:
        app = App()
        async with serving_webhooks(WebhookApp()) as hook, both(app) as (carrier, control):
            hook.public_key = carrier.public_key
            carrier.send_webhooks(Webhooks(url=hook.url))
            call = carrier.new_call(SAID)
            await control.start_streaming(call.call_control_id, stream_url=app.url, client_state=given)
            await call.finished()
            await hook.saw("streaming.started", "streaming.stopped", "call.hangup")
            assert app.of("start")[0]["start"]["client_state"] == wire
            assert {(event.client_state, event.state) for event in hook.events} == {(wire, b"\x00state\xff")}

    run(main)


def test_custom_parameters_come_back_in_start() -> None:
    async def main() -> None:
        app = App()
        async with both(app) as (carrier, control):
            call = carrier.new_call(SAID)
            given = {"tenant": "t1", "Zoë": "日本", "empty": ""}
            await control.start_streaming(call.call_control_id, stream_url=app.url, custom_parameters=given)
            await call.finished()
            assert app.of("start")[0]["start"]["custom_parameters"] == given

    run(main)


def test_stream_auth_token_is_in_the_header_and_in_connected() -> None:
    async def main() -> None:
        app = App()
        async with both(app) as (carrier, control):
            for token in ("tok_1 with blanks", None):
                call = carrier.new_call(SAID)
                await control.start_streaming(call.call_control_id, stream_url=app.url, stream_auth_token=token)
                await call.finished()
            name = "x-telnyx-streaming-auth-token"
            assert [headers.get(name) for headers in app.headers] == ["tok_1 with blanks", None]
            first, second = app.of("connected")
            assert first["connected"] == {name: "tok_1 with blanks"}
            assert "connected" not in second

    run(main)


def test_a_repeat_with_the_same_command_id_changes_nothing() -> None:
    async def main() -> None:
        app, other = App(), App()
        async with listening(other), both(app) as (carrier, control):
            call = carrier.new_call(SAID, tail_ms=NEVER_MS)
            once: dict[str, Any] = {"command_id": "once", "stream_track": "inbound_track"}
            await control.start_streaming(call.call_control_id, stream_url=app.url, **once)
            await app.saw("media", 3)
            stream_id = call.stream_id
            again = await control.start_streaming(call.call_control_id, stream_url=other.url, **once)
            assert (again.result, again.command_id) == ("ok", "once")
            with pytest.raises(errors.StreamingInUse):
                await control.start_streaming(call.call_control_id, stream_url=other.url, command_id="another")
            await app.saw("media", len(app.of("media")) + 5)
            assert call.stream_id == stream_id
            assert (len(app.of("start")), other.paths, len(call.commands)) == (1, [], 1)

            other_call = carrier.new_call(SAID)
            await control.start_streaming(other_call.call_control_id, stream_url=other.url, **once)
            await other_call.finished()
            assert len(other.of("start")) == 1, "an id is of one call"

    run(main)
