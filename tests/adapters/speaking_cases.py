"""Cases of the contract: what the caller hears."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from rtpcodec import events
from rtpcodec.errors import LocalProtocolError
from rtpcodec.server import Call
from rtpcodec.server.options import DialectName
from tests.adapters.contract import SAFETY_NET_S, CarrierSide, Case, Outcome, sentence
from tests.adapters.hosts import App
from tests.lateness import without_silence
from tests.server import dialler as by_hand

SHORT = sentence(2, 60)
OTHER = sentence(3, 60)
SENTENCE = sentence(4, 160)
LONG = sentence(5, 5000)
"""Far longer than the audio that is heard in a case."""
OCTETS_PER_MS = 16
"""Octets per millisecond of PCM at 8000 Hz."""


def same_octets(one: bytes, other: bytes) -> int:
    """Return the length of the common start of both."""
    pairs = zip(one, other, strict=False)
    return next((at for at, (octet, wanted) in enumerate(pairs) if octet != wanted), min(len(one), len(other)))


async def mark_played(call: Call, name: str) -> None:
    """Wait until a mark was heard."""
    async for event in call.events():
        if isinstance(event, events.MarkPlayed) and event.name == name:
            return


class Play(Case):
    """PCM is heard sample by sample, and `played` waits for that."""

    async def answer(self, call: Call) -> None:
        await call.play(SHORT)
        self.seen["played"] = await call.played()

    async def dial(self, carrier_side: CarrierSide) -> None:
        report = await (await carrier_side.stream(self.plan)).finished()
        self.seen["heard"] = without_silence(report.heard_pcm) == SHORT
        self.seen["end"] = (report.end_reason, report.close_code)

    expected: ClassVar[Outcome] = {"played": True, "heard": True, "end": ("app_closed", 1000)}


class PlayFloat32(Play):
    """Floats of -1 to 1, and PCM of another rate."""

    async def answer(self, call: Call) -> None:
        await call.play(np.divide(np.frombuffer(SHORT, np.int16), 32768, dtype=np.float32).data)
        self.seen["played"] = await call.played()


class Flush(Case):
    """A partial frame is sent, padded with silence."""

    async def answer(self, call: Call) -> None:
        await call.play(SHORT[:100])
        call.flush()
        await call.play(OTHER[:100])
        self.seen["played"] = await call.played()

    async def dial(self, carrier_side: CarrierSide) -> None:
        report = await (await carrier_side.stream(self.plan)).finished()
        at = report.heard_pcm.find(SHORT[:100])
        self.seen["octets"] = report.octets_received
        self.seen["heard"] = report.heard_pcm[at : at + 320] == SHORT[:100] + bytes(220)
        self.seen["other_heard"] = without_silence(report.heard_pcm) == SHORT[:100] + OTHER[:100]

    expected: ClassVar[Outcome] = {"played": True, "octets": 320, "heard": True, "other_heard": True}


class Mark(Case):
    """Marks return in order, each when the audio before it was heard."""

    async def answer(self, call: Call) -> None:
        reader = call.events()
        call.mark("before all")
        call.play(SHORT)
        call.mark("first")
        call.play(OTHER)
        call.mark("second")
        names: list[str] = []
        async for event in reader:
            if isinstance(event, events.MarkPlayed):
                names.append(event.name)
                if len(names) == 3:
                    break
        self.seen["names"] = names

    async def dial(self, carrier_side: CarrierSide) -> None:
        report = await (await carrier_side.stream(self.plan)).finished()
        self.seen["heard"] = without_silence(report.heard_pcm) == SHORT + OTHER
        self.seen["lost"] = report.marks_lost

    expected: ClassVar[Outcome] = {"names": ["before all", "first", "second"], "heard": True, "lost": 0}


class Interrupt(Case):
    """An interruption in mid-sentence: nothing more of the sentence is heard, and the next one is heard whole."""

    async def answer(self, call: Call) -> None:
        reader = call.events()
        reply = call.reply("old")
        await reply.play(LONG[: 40 * OCTETS_PER_MS])
        call.mark("40 ms")
        reply.play(LONG[40 * OCTETS_PER_MS :])
        await mark_played(call, "40 ms")
        self.positions = [(reply.played_ms, reply.played_uncertainty_ms)]
        interrupted = call.interrupt()
        self.positions.append((interrupted.played_ms, interrupted.played_uncertainty_ms))
        await call.play(OTHER)
        self.seen["new_played"] = await call.played()
        self.positions.append((reply.played_ms, reply.played_uncertainty_ms))
        self.seen["cut"] = (interrupted.reply_id, reply.state)
        await call.close()
        self.seen["settled"] = [
            event.interrupted.reply_id async for event in reader if isinstance(event, events.InterruptionSettled)
        ]

    async def dial(self, carrier_side: CarrierSide) -> None:
        report = await (await carrier_side.stream(self.plan)).finished()
        heard = without_silence(report.heard_pcm)
        old, new = heard[: -len(OTHER)], heard[-len(OTHER) :]
        self.seen["old"] = LONG.startswith(old) and 40 * OCTETS_PER_MS <= len(old) < len(LONG)
        self.seen["new"] = new == OTHER
        self.seen["clears"] = report.clears_received
        await self.ended.wait()
        # A returned mark proves that the audio before it was heard, however late the machine is.
        self.seen["proven"] = all(played_ms >= 40 for played_ms, _ in self.positions) or self.positions
        # The final position is that of the play-out, within its uncertainty and the lateness of this machine.
        played_ms, uncertainty_ms = self.positions[-1]
        error_ms, late_ms = played_ms - len(old) / OCTETS_PER_MS, report.worst_late_ms
        self.seen["true"] = abs(error_ms) <= uncertainty_ms + late_ms or (error_ms, uncertainty_ms, late_ms)

    expected: ClassVar[Outcome] = {
        "new_played": True,
        "cut": ("old", "interrupted"),
        "proven": True,
        "true": True,
        "settled": ["old"],
        "old": True,
        "new": True,
        "clears": 1,
    }


class PauseAndResume(Case):
    """A pause in mid-sentence loses nothing: the rest is heard after it, from shortly before the cut."""

    async def answer(self, call: Call) -> None:
        reader = call.events()
        async with call.reply("paused") as reply:
            reply.play(SENTENCE[: 40 * OCTETS_PER_MS])
            call.mark("40 ms")
            reply.play(SENTENCE[40 * OCTETS_PER_MS :])
            await mark_played(call, "40 ms")
            pause = call.pause_playback(SAFETY_NET_S, "discard")
            pause.resume()
            self.seen["outcome"] = (await pause).outcome
        self.seen["played"] = (await reply.played(), reply.state)
        await call.close()
        self.seen["resolved"] = [event.outcome async for event in reader if isinstance(event, events.PauseResolved)]

    async def dial(self, carrier_side: CarrierSide) -> None:
        report = await (await carrier_side.stream(self.plan)).finished()
        heard = without_silence(report.heard_pcm)
        # A few samples at the cut are faded, so begin and end are compared.
        begin, end = same_octets(heard, SENTENCE), same_octets(heard[::-1], SENTENCE[::-1])
        self.seen["heard"] = begin + end >= len(SENTENCE) or (begin, end, len(heard), report.dry_count)
        self.seen["clears"] = report.clears_received
        await self.ended.wait()

    expected: ClassVar[Outcome] = {
        "outcome": "resumed",
        "played": (True, "played"),
        "resolved": ["resumed"],
        "heard": True,
        "clears": 1,
    }


class PauseAndDiscard(Case):
    """A pause that is discarded is an interruption."""

    async def answer(self, call: Call) -> None:
        async with call.reply("discarded") as reply:
            reply.play(LONG[: 40 * OCTETS_PER_MS])
            call.mark("40 ms")
            reply.play(LONG[40 * OCTETS_PER_MS :])
            await mark_played(call, "40 ms")
            pause = call.pause_playback(SAFETY_NET_S, "resume")
            pause.discard()
            self.seen["outcome"] = (await pause).outcome
        self.seen["played"] = (await reply.played(), reply.state)

    async def dial(self, carrier_side: CarrierSide) -> None:
        report = await (await carrier_side.stream(self.plan)).finished()
        heard = without_silence(report.heard_pcm)
        self.seen["heard"] = LONG.startswith(heard) and 40 * OCTETS_PER_MS <= len(heard) < len(LONG)

    expected: ClassVar[Outcome] = {"outcome": "discarded", "played": (False, "interrupted"), "heard": True}


class PlayPayload(Case):
    """`on_audio` in place of a handler: each payload returns as it came, until the caller hangs up."""

    def app(self, dialect: DialectName) -> App:
        """Return what the host serves: plain functions."""
        return App(None, {**super().app(dialect).options, "on_audio": self.echo, "on_event": self.note})

    def echo(self, call: Call, audio: events.Audio) -> None:
        """Return the payload."""
        call.play_payload(audio.payload)

    def note(self, _call: Call, event: events.Event) -> None:
        """Note the event, and set `ended` at the last one."""
        if isinstance(event, events.Started | events.Stopped):
            self.seen.setdefault("events", []).append(type(event).__name__)  # type: ignore[attr-defined]
        if isinstance(event, events.Stopped):
            self.ended.set()

    async def dial(self, carrier_side: CarrierSide) -> None:
        call = await carrier_side.stream(self.plan, SENTENCE, tail_ms=SAFETY_NET_S * 1000)
        await by_hand.until(lambda: len(without_silence(call.heard)) >= len(SENTENCE))
        call.hang_up()
        report = await call.finished()
        await self.ended.wait()
        self.seen["heard"] = without_silence(report.heard_pcm) == SENTENCE
        self.seen["end"] = (report.end_reason, report.close_code)

    expected: ClassVar[Outcome] = {
        "events": ["Started", "Stopped"],
        "heard": True,
        "end": ("hang_up", 1000),
    }


class SendTones(Case):
    """Keys as tones in our audio, where the carrier passes them on."""

    async def answer(self, call: Call) -> None:
        try:
            await call.send_dtmf("4", "in_band", tone_ms=60)
        except LocalProtocolError as error:
            self.seen["refused"] = str(error)
        self.seen["played"] = await call.played()

    async def dial(self, carrier_side: CarrierSide) -> None:
        report = await (await carrier_side.stream(self.plan)).finished()
        samples = np.frombuffer(without_silence(report.heard_pcm), np.int16)
        power = np.abs(np.fft.rfft(samples, 8000)) ** 2
        frequencies_hz = (697, 770, 852, 1209, 1336, 1477)  # of keys (ITU-T Q.23)
        self.seen["heard"] = [hz for hz in frequencies_hz if power[hz] > max(power) / 4]

    expected: ClassVar[Outcome] = {"played": True, "heard": [770, 1209]}
