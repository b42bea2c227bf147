"""The core of a call in the dialect of Twilio: handler and caller observe the same as in that of Telnyx."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

import rtpcodec
from rtpcodec import events
from rtpcodec.errors import EndpointError, LocalProtocolError, StreamEnded
from rtpcodec.pump import run_virtual
from rtpcodec.server import Call, PlaybackPause
from rtpcodec.sim import (
    Carrier,
    ClearHabits,
    EchoPath,
    Faults,
    Hold,
    Link,
    MarkHabits,
    Restart,
    SimulatedCall,
    Timing,
    Variations,
)
from rtpcodec.sim.wires.ids import DIALECTS
from tests.server.both_dialects import Note, conversation, same_on_both
from tests.server.conversation import tone

SPEECH = tone(1, 8 * 1000)


async def note_events(call: Call, note: Note) -> None:
    """Note all events but audio, without the ids of the carrier; keys at the end.

    A key of Telnyx waits 150 ms for an earlier one, by the time in its message. Twilio has no such time.
    """
    keys = []
    async for event in call.events():
        if isinstance(event, events.Dtmf):
            keys.append(event.digit)
        elif isinstance(event, events.Unknown):
            note("Unknown", event.event)
        elif not isinstance(event, events.Audio | events.Started):
            note(repr(event))
    note(keys)


def test_an_echo_comes_back_whole() -> None:
    async def echo(call: Call, note: Note) -> None:
        async for audio in call.audio():
            call.play(audio)
        note(call.end_reason)

    notes, report = same_on_both(echo, speech=SPEECH, tail_ms=200)
    assert report["media_received"] == 60
    assert report["heard_pcm"][320 : 320 + len(SPEECH)] == rtpcodec.pcmu_decode(rtpcodec.pcmu_encode(SPEECH))
    assert [found for _, found in notes] == ["carrier_stop"]


def test_the_start_says_the_same_but_for_its_ids() -> None:
    async def look(call: Call, note: Note) -> None:
        started = call.started
        note(started.custom_parameters, call.media_format, started.from_number is None)
        await asyncio.sleep(0.1)

    for dialect, anonymous in (("telnyx", False), ("twilio", True)):
        notes, _ = conversation(dialect, look, stream={"parameters": {"tenant": "t1", "empty": ""}})  # type: ignore[arg-type]
        [(_, parameters, media_format, no_numbers)] = notes
        assert parameters == {"tenant": "t1", "empty": ""}
        assert (media_format.encoding, media_format.sample_rate_hz, media_format.channels) == ("PCMU", 8000, 1)
        assert no_numbers == anonymous


def test_marks_return_when_their_audio_was_heard() -> None:
    async def speak(call: Call, note: Note) -> None:
        reading = asyncio.ensure_future(note_events(call, note))
        call.play(SPEECH[: 2 * 8 * 300])
        call.mark("a")
        call.mark("b")
        call.play(SPEECH[: 2 * 8 * 100])
        call.mark()
        note(await call.played(), call.played_ms)
        await reading

    notes, report = same_on_both(speak)
    assert sum("MarkPlayed" in str(found) for found in notes) == 3
    assert report["marks_returned"] == report["marks_received"]
    assert report["marks_cleared"] == 0


def test_an_interruption_in_mid_sentence_is_heard_to_the_same_sample() -> None:
    async def speak(call: Call, note: Note) -> None:
        reading = asyncio.ensure_future(note_events(call, note))
        async with call.reply("answer") as reply:
            await reply.play(SPEECH)
        call.mark("behind")
        await asyncio.sleep(0.333)
        note(call.interrupt())
        note(reply.state, await reply.played(), reply.played_ms)
        async with call.reply("next") as reply:
            await reply.play(SPEECH[: 2 * 8 * 60])
        note(await reply.played())
        await reading

    notes, report = same_on_both(speak, playout_delay_ms=60)
    assert report["clears_received"] == 1
    assert any("InterruptionSettled" in str(found) for found in notes)
    assert any("MarkCleared" in str(found) for found in notes)


def test_a_pause_resumes_where_it_was() -> None:
    async def speak(call: Call, note: Note) -> None:
        async with call.reply() as reply:
            await reply.play(SPEECH[: 2 * 8 * 600])
        await asyncio.sleep(0.25)
        pause = call.pause_playback()
        await asyncio.sleep(0.3)
        pause.resume()
        resolved = await pause
        note(resolved.outcome, resolved.paused_ms, await reply.played(), reply.played_ms)

    notes, _ = same_on_both(speak)
    assert notes[0][1] == "resumed"
    assert notes[0][3] is True


def test_keys_are_collected() -> None:
    found: list[Any] = []

    async def listen(call: Call, _note: Note) -> None:
        async with call.reply("prompt") as prompt:
            await prompt.play(SPEECH[: 2 * 8 * 500])
        entry = await call.collect_dtmf(prompt, max=4)
        found.append((entry.text, entry.reason, prompt.state))
        found.append([key.digit async for key in call.dtmf()])

    keys = ((200.0, "1"), (300.0, "2"), (450.0, "*"), (700.0, "3"), (900.0, "9"))
    for dialect in DIALECTS:
        conversation(dialect, listen, dtmf=keys)
    assert found[:2] == found[2:]
    assert found[0] == ("12*3", "complete", "interrupted")


def test_voice_activity_and_the_statistics_are_the_same() -> None:
    dice = random.Random(7)
    loud = b"".join(dice.randrange(-9000, 9000).to_bytes(2, "little", signed=True) for _ in range(8 * 600))

    async def listen(call: Call, note: Note) -> None:
        call.voice()
        await note_events(call, note)
        note(repr(call.statistics()))

    notes, _ = same_on_both(listen, speech=bytes(16 * 400) + loud + bytes(16 * 900))
    assert sum("SpeechStarted" in str(found) for found in notes) == 1


def test_lost_and_doubled_chunks_are_counted_the_same() -> None:
    async def listen(call: Call, note: Note) -> None:
        await note_events(call, note)
        note(repr(call.statistics()))

    faults = Faults(drop=0.05, duplicate=0.05, reorder=0.05)
    notes, report = same_on_both(listen, speech=SPEECH * 3, faults=faults)
    assert report["chunks_dropped"] > 0
    assert any("Gap" in str(found) or "lost" in str(found) for found in notes)


@pytest.mark.parametrize("how", ["rst", "fin", "black_hole"])
def test_a_lost_socket_ends_the_call(how: str) -> None:
    """Twilio has no command that opens another one."""

    async def speak(call: Call, note: Note) -> None:
        await note_events(call, note)
        note(call.end_reason)

    async def lose(call: SimulatedCall) -> None:
        await asyncio.sleep(0.4)
        call.lose_socket(how)  # type: ignore[arg-type]
        await asyncio.sleep(5)
        call.hang_up()

    notes, report = same_on_both(speak, phone=lose, speech=bytes(16 * 9000))
    assert notes
    assert report["end_reason"] in {"connection_lost", "hang_up"}


def test_what_needs_commands_is_refused() -> None:
    async def ask(call: Call, note: Note) -> None:
        for asked in (call.hangup, lambda: call.send_dtmf("1"), lambda: call.transfer("+18005550100")):
            try:
                await asked()
            except EndpointError as error:
                note(type(error).__name__)
        try:
            await call.reconnect()
        except EndpointError:
            note("reconnect")

    notes, _ = conversation("twilio", ask)
    assert [found for _, found in notes] == ["EndpointError"] * 3 + ["reconnect"]


def test_tones_of_our_own_are_refused_where_the_carrier_swallows_them() -> None:
    async def press(call: Call, note: Note) -> None:
        try:
            await call.send_dtmf("1", "in_band")
        except LocalProtocolError as error:
            note(str(error))

    assert conversation("telnyx", press)[0] == []
    [(_, rule)] = conversation("twilio", press)[0]
    assert "twilio" in rule


def test_the_app_closes_and_the_call_is_over() -> None:
    async def close(call: Call, note: Note) -> None:
        call.play(SPEECH)
        await asyncio.sleep(0.2)
        await call.close()
        note(call.ended)
        with pytest.raises(StreamEnded):
            call.play(SPEECH)

    _, report = same_on_both(close)
    assert report["end_reason"] == "app_closed"


def test_the_caller_hears_itself_through_the_phone_on_both() -> None:
    async def speak(call: Call, note: Note) -> None:
        reading = asyncio.ensure_future(note_events(call, note))
        async with call.reply() as reply:
            await reply.play(SPEECH[: 2 * 8 * 400])
        note(await reply.played())
        await reading

    same_on_both(speak, faults=Faults(echo_path=EchoPath(delay_ms=120)), tail_ms=300)


def spelling_of(dice: random.Random, marks: MarkHabits, clears: ClearHabits) -> Variations:
    """Draw how the carrier spells its messages, and whether its audio begins again."""
    left_out = tuple(name for name in ("chunk", "timestamp", "track", "sequence_number") if dice.random() < 0.15)
    again = Restart(at_ms=dice.uniform(500, 2000), renumbers=dice.random() < 0.5, announced=dice.random() < 0.7)
    return Variations(
        marks=marks,
        clears=clears,
        unread=dice.choice(("kept", "discarded")),
        chunk_ms=dice.choice((20, 20, 20, 40, 60)),
        counters=dice.choice(("string", "string", "number")),
        leave_out=left_out,  # type: ignore[arg-type]
        extra_members=dice.choice(({}, {}, {"more": {"streamSid": "MZ0", "stream_id": "0"}})),
        restarts=dice.choice(((), (), (again,))),
        unknown_event=dice.choice((None, None, "later")),
        sends_stop=dice.random() < 0.9,
    )


def habits_of(dice: random.Random) -> dict[str, Any]:
    """Draw what one phone call is like."""
    marks = MarkHabits(
        echo=dice.choice(("played", "played", "played", "received", "never")),
        lost=dice.choice((0.0, 0.0, 0.2)),
        late_ms=dice.choice((0.0, 0.0, 150.0)),
    )
    clears = ClearHabits(
        effect=dice.choice(("documented", "documented", "no_marks", "ignored")), late_ms=dice.choice((0.0, 0.0, 80.0))
    )
    stalls = dice.choice(((), (), ((700.0, 1100.0),)))
    link = Link(delay_ms=dice.choice((0.0, 20.0, 90.0)), jitter_ms=dice.choice((0.0, 15.0)), stalls_ms=stalls)
    hold = Hold(from_ms=1200, to_ms=2200, timestamps="jump" if dice.random() < 0.5 else "stand_still")
    return {
        "variations": spelling_of(dice, marks, clears),
        "timing": Timing(
            to_app=link,
            from_app=link,
            holds=dice.choice(((), (), (hold,))),
            playout_clock_ppm=dice.choice((0.0, 200.0)),
        ),
        "faults": Faults(drop=dice.choice((0.0, 0.03)), reorder=dice.choice((0.0, 0.03))),
        "playout_delay_ms": dice.choice((0.0, 60.0)),
        "dtmf": tuple((dice.uniform(0, 2500), dice.choice("0123456789*#ABCD")) for _ in range(dice.randrange(4))),
        "logs_playout": True,
    }


_DEEDS = ("play", "play", "reply", "mark", "interrupt", "current", "pause", "resume", "flush", "wait")


async def converse(call: Call, note: Note, dice: random.Random) -> None:
    """Do a dozen things to a call, drawn by these dice."""
    reading = asyncio.ensure_future(note_events(call, note))
    pauses: list[PlaybackPause] = []
    for step in range(12):
        match dice.choice(
            ("play", "play", "reply", "mark", "interrupt", "current", "pause", "resume", "flush", "wait")
        ):
            case "play":
                call.play(tone(step * 800 + 1, 8 * dice.randrange(1, 400)))
            case "reply":
                async with call.reply(f"{step}", interruptible=dice.random() < 0.8) as reply:
                    await reply.play(tone(step * 800 + 1, 8 * dice.randrange(1, 400)))
            case "mark":
                call.mark(f"m{step}")
            case "interrupt":
                note(repr(call.interrupt()))
            case "current":
                note(repr(call.interrupt("current")))
            case "pause":
                with contextlib.suppress(LocalProtocolError):  # it is paused already
                    pauses.append(call.pause_playback(1.0, dice.choice(("resume", "discard"))))
            case "resume" if pauses:
                pauses.pop().resume()
            case "flush":
                call.flush()
            case _:
                note(await call.played(), call.played_ms)
        await asyncio.sleep(dice.choice((0.0, 0.013, 0.1, 0.25)))
    note(await call.played(), call.queued_ms, call.played_ms, call.sent_ms)
    await reading
    note(call.end_reason, repr(call.statistics()))


@pytest.mark.parametrize("seed", [*range(4), *(pytest.param(seed, marks=pytest.mark.long) for seed in range(4, 40))])
def test_a_whole_conversation_is_the_same(seed: int) -> None:
    async def speak(call: Call, note: Note) -> None:
        try:
            await converse(call, note, random.Random(seed))
        except StreamEnded:
            note("ended")

    same_on_both(speak, speech=bytes(16 * 3000), **habits_of(random.Random(seed)))


@pytest.mark.parametrize("reconnect", [False, True])
def test_a_control_of_another_carrier_does_not_command_a_call_of_twilio(reconnect: bool) -> None:
    """Twilio's calls have no command of ours: one that named its CallSid would go to another carrier."""
    rules: list[str] = []
    ended: list[Any] = []

    async def ask(call: Call) -> None:
        asked: tuple[Callable[[], Awaitable[object]], ...] = (call.hangup, lambda: call.send_dtmf("1"), call.reconnect)
        for one in asked:
            with pytest.raises(EndpointError) as refusal:
                await one()
            rules.append(str(refusal.value))
        heard = [event async for event in call.events()]
        ended.extend(event for event in heard if not isinstance(event, events.Audio | events.Started))

    async def main() -> tuple[SimulatedCall, ...]:
        async with (
            Carrier("KEY") as telnyx,
            rtpcodec.AsyncCallControl("KEY", base_url=telnyx.base_url) as control,
            Carrier(dialect="twilio") as twilio,
            rtpcodec.serve(ask, control=control, reconnect=reconnect, disconnect_hold_s=5) as endpoint,
        ):
            call = twilio.new_call(bytes(16 * 9000))
            call.stream_to(endpoint.url)
            await asyncio.sleep(0.5)
            call.lose_socket("rst")
            await call.finished()
            await asyncio.sleep(1)
            assert endpoint.statistics().calls_running == 0, "the stream is not held for a reconnection"
            return telnyx.calls

    assert run_virtual(main()) == ()
    rule = "() sends a command about the phone call, and no command can name it"
    assert [text.partition(":")[0] for text in rules] == [
        f"{name}{rule}" for name in ("hangup", "send_dtmf", "reconnect")
    ]
    assert [type(event) for event in ended] == [events.Disconnected, events.Stopped]
