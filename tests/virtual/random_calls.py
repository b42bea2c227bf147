"""Random calls without sockets: a carrier with all faults, an app that plays, marks and interrupts, and their counts.

`RandomCall(seed).run()` joins a CarrierStream and a CallMachine by their deadlines. A seed decides codec, tracks, chunk
length, faults, timing, habits, changes of the codec in mid-call, what the app does, and how messages are disturbed.

python -m tests.virtual.random_calls [CALLS]    runs 1000 or CALLS calls of 100 s on all CPUs, and checks their books
"""

from __future__ import annotations

import json
import os
import random
import sys
import traceback
from base64 import b64decode, b64encode
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from math import inf
from typing import Any

from rtpcodec import MediaSession, events
from rtpcodec.carriers.telnyx.commands import Track
from rtpcodec.errors import QueueFull, StreamEnded
from rtpcodec.sim import ClearHabits, Faults, Hold, Link, MarkHabits, Restart, Timing, Variations
from rtpcodec.sim.media.stream import CarrierStream
from rtpcodec.stream.machine import CallMachine
from rtpcodec.stream.plan import StreamPlan
from rtpcodec.stream.statistics import Statistics
from tests.sim.streams import open_stream

CALL_MS = 100_000.0
CHEAP = ("PCMU", "PCMA", "G722", "L16")
DEAR = ("OPUS", "AMR-WB")
CHUNKS_MS = {"OPUS": (20, 40, 60), "AMR-WB": (20, 60, 100, 200)}
RATES_HZ = {"G722": 16000, "AMR-WB": 16000, "OPUS": 16000}
TICK_MS = 250.0
"""How often the app does something."""
END_REASONS = {"stop", "closed"}
"""A stream that ends for its messages, not by the carrier, would have another reason."""


@dataclass
class Books:
    """The counts of both sides of one call."""

    arrived: int = 0
    """Media messages with a readable payload that reached the app before the end of its stream."""
    arrived_octets: int = 0
    empty: int = 0
    """Media messages without audio. A late one counts in `late_chunks`."""
    delivered: int = 0
    delivered_octets: int = 0
    marks_set: Counter[str] = field(default_factory=Counter)
    marks_ended: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    interrupted: list[events.Interrupted] = field(default_factory=list)
    settled: list[events.Interrupted] = field(default_factory=list)
    stopped: list[str] = field(default_factory=list)
    played_octets: int = 0
    statistics: Statistics | None = None

    def check(self) -> None:
        """Compare the counts of both sides."""
        statistics = self.statistics
        assert statistics is not None
        # 1. Each received chunk was delivered, or is counted by its fault.
        counted = self.delivered + statistics.duplicate_chunks + statistics.late_chunks + statistics.media_before_start
        assert self.arrived <= counted <= self.arrived + self.empty
        assert statistics.media_received + statistics.media_before_start == self.arrived + self.empty
        assert self.delivered_octets <= self.arrived_octets
        # 2. Each mark ended once, and each interruption was settled, in order.
        assert self.marks_ended == self.marks_set
        assert self.settled == self.interrupted
        # 3. No payload or message ended the call.
        assert len(self.stopped) == 1
        assert set(self.stopped) <= END_REASONS
        assert self.kinds["Audio"] > 0


def speech(rng: random.Random, rate_hz: int) -> bytes:
    """Return more than a minute of PCM in which all chunks differ."""
    second = rng.randbytes(2 * rate_hz)
    return b"".join(second[at:] + second[:at] for at in range(0, 2 * 97 * 110, 2 * 97))[: int(2 * rate_hz * 102)]


def timing_of(rng: random.Random) -> Timing:
    """Delays, jitter, stalls, holds, slow reading and clock skew, each in some calls."""

    def some() -> bool:
        return rng.random() < 0.3

    def link() -> Link:
        stalls = tuple((at, at + rng.uniform(50, 4000)) for at in (rng.uniform(0, CALL_MS),) if some())
        return Link(
            delay_ms=rng.uniform(0, 150) if some() else 0.0,
            jitter_ms=rng.uniform(0, 80) if some() else 0.0,
            stalls_ms=stalls,
        )

    holds: tuple[Hold, ...] = ()
    if some():
        begin = rng.uniform(1000, CALL_MS - 12_000)
        end = begin + rng.uniform(500, 10_000)
        holds = (Hold(from_ms=begin, to_ms=end, timestamps=rng.choice(("jump", "stand_still"))),)
    return Timing(
        to_app=link(),
        from_app=link(),
        read_octets_per_s=rng.uniform(20_000, 400_000) if rng.random() < 0.1 else None,
        caller_clock_ppm=rng.uniform(-300, 300) if some() else 0.0,
        playout_clock_ppm=rng.uniform(-300, 300) if some() else 0.0,
        holds=holds,
    )


def variations_of(rng: random.Random, name: str, chunk_ms: int) -> Variations:
    """Spellings and habits, each in some calls."""

    def some() -> bool:
        return rng.random() < 0.2

    restarts: tuple[Restart, ...] = ()
    if some() and chunk_ms in (20, 60):
        restarts = (
            Restart(
                at_ms=rng.uniform(5000, CALL_MS - 5000) // chunk_ms * chunk_ms,
                codec=rng.choice((None, "PCMU", "PCMA", "G722", "OPUS", "AMR-WB")),
                announced=rng.random() < 0.7,
                renumbers=rng.random() < 0.5,
            ),
        )
    return Variations(
        chunk_ms=chunk_ms,
        l16_byte_order=rng.choice(("little", "big")),
        amrwb_packing=rng.choice(("bandwidth-efficient", "octet-aligned")),
        amrwb_mode_request=rng.choice((15, 15, 0, 2, 8)),
        counters=rng.choice(("string", "number")),
        timestamp_unit=rng.choice(("ms", "rtp_clock")),
        chunk_numbers=rng.choice(("per_track", "shared")),
        rtp_headers=rng.random() < 0.05,
        restarts=restarts,
        marks=MarkHabits(
            echo=rng.choice(("played", "played", "played", "received", "never")),
            lost=rng.choice((0.0, 0.0, 0.2)),
            late_ms=rng.choice((0.0, 0.0, 1500.0)),
        ),
        clears=ClearHabits(
            effect=rng.choice(("documented", "documented", "no_marks", "ignored")), late_ms=rng.choice((0.0, 300.0))
        ),
        leave_out=tuple(one for one in ("chunk", "timestamp", "track", "sequence_number") if rng.random() < 0.1),
        uppercase_stream_id=some(),
        unknown_event="news" if some() else None,
        extra_members={"extra": [1, {"deep": None}]} if some() else {},
        sends_stop=not some(),
    )


def faults_of(rng: random.Random) -> Faults:
    """Loss, repeats and reordering, in half of the calls."""
    if rng.random() < 0.5:
        return Faults()
    return Faults(
        reorder=rng.choice((0.0, 0.05)),
        reorder_by=rng.randint(1, 5),
        duplicate=rng.choice((0.0, 0.05)),
        drop=rng.choice((0.0, 0.01, 0.05)),
        stall_ms=rng.choice((0.0, 300.0)),
        stall_every_s=rng.choice((0.0, 7.0)),
    )


class Disturber:
    """Changes messages to the app as carriers and gateways were seen to do, rarely."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._share = rng.choice((0.0, 0.002, 0.02))

    def disturb(self, text: str) -> list[str]:
        """Return the texts that arrive in place of one."""
        if self._rng.random() >= self._share:
            return [text]
        message: dict[str, Any] = json.loads(text)
        extra = self._rng.choice(
            (
                '{"event":"mark","mark":{"name":"never sent"}}',
                '{"event":"error","error":{"message":"odd shape"}}',
                '{"event":"error","payload":{"code":"invalid_media","title":5}}',
                '{"event":"dtmf","occurred_at":"yesterday","dtmf":{"digit":"5"}}',
                '{"event":"dtmf","occurred_at":"2026-01-03T03:04:05.1Z","dtmf":{"digit":"6"}}',
                '{"event":"news","text":"' + "x" * self._rng.randrange(1000) + '"}',
                "{",
                "[]",
                '{"event":7}',
            )
        )
        if message["event"] != "media":
            return [text, extra]
        return [json.dumps(self._changed(message)), *([extra] if self._rng.random() < 0.3 else [])]

    def _changed(self, message: dict[str, Any]) -> dict[str, Any]:
        media, rng = message["media"], self._rng
        payload = b64decode(media["payload"])
        match rng.randrange(8):
            case 0:
                media["timestamp"] = rng.choice((20.5, "20.0", -1, "", None, {}))
            case 1:
                media["chunk"] = rng.choice(("x", -5, 2.5, []))
            case 2:
                message["sequence_number"] = rng.choice(("one", -1, 1.5))
            case 3:
                media["payload"] = media["payload"].rstrip("=")
            case 4:
                media["payload"] = b64encode(payload + b"\xff").decode()
            case 5:
                media["payload"] = b64encode(b"\xff" * 160).decode()
            case 6:
                media["track"] = rng.choice(("inbound_track", 5, "", None))
            case _:
                media["payload"] = ""
        return message


class App:
    """Random actions of a handler: play, mark, flush, interrupt."""

    def __init__(self, rng: random.Random, machine: CallMachine, books: Books) -> None:
        self._rng = rng
        self._machine = machine
        self._books = books

    def act(self, now_ms: float) -> None:
        """Do one action, or none."""
        machine, rng = self._machine, self._rng
        try:
            match rng.randrange(12):
                case 0 | 1 | 2:
                    samples = rng.choice((1, 80, 160, 4000, 24_000))
                    machine.plays.play(bytes(2 * samples))
                    self._books.played_octets += 2 * samples
                case 3:
                    self._books.marks_set[machine.session.mark()] += 1
                case 4:
                    name = f"m{rng.randrange(5)}"
                    machine.session.mark(name)
                    self._books.marks_set[name] += 1
                case 5:
                    machine.session.flush()
                case 6 if rng.random() < 0.5:
                    self._books.interrupted.append(machine.interrupt(now_ms))
                case _:
                    pass
        except (QueueFull, StreamEnded):
            pass


class RandomCall:
    """One call of 100 s; `run` returns its counts."""

    def __init__(self, seed: int, *, call_ms: float = CALL_MS) -> None:
        rng = self._rng = random.Random(f"call {seed}")
        self._call_ms = call_ms
        name = rng.choice((*CHEAP, *CHEAP, *DEAR))
        rate_hz = RATES_HZ.get(name, 8000)
        chunk_ms = rng.choice(CHUNKS_MS.get(name, (20, 20, 40, 60, 100, 200)))
        tracks: Track = rng.choice(("inbound_track", "inbound_track", "both_tracks"))
        variations = variations_of(rng, name, chunk_ms)
        send_codec = rng.choice((*CHEAP, *CHEAP, *DEAR))
        plan = StreamPlan(send_codec=send_codec, tracks=tracks, l16_byte_order=variations.l16_byte_order)
        session = MediaSession(
            plan,
            receive_pcm_hz=rng.choice(("native", None, 16000)),
            conceal=rng.random() < 0.3,
            max_queue_ms=rng.choice((2000.0, 60_000.0)),
        )
        self.stream: CarrierStream = open_stream(
            speech(rng, rate_hz),
            name=name,
            rate_hz=rate_hz,
            settings={"tracks": tracks, "return_codec": send_codec, "return_rate_hz": plan.send_rate_hz},
            variations=variations,
            faults=faults_of(rng),
            timing=timing_of(rng),
            keeps_audio=False,
            max_call_ms=call_ms,
            dtmf=tuple((rng.uniform(0, call_ms), rng.choice("0123456789*#")) for _ in range(rng.randrange(5))),
            seed=str(seed),
            now_ms=0.0,
        )
        self.machine = CallMachine(session, 0.0)
        self.books = Books()
        self._disturber = Disturber(rng)
        self._app = App(rng, self.machine, self.books)

    def run(self) -> Books:
        """Run both sides by their deadlines until the socket has ended."""
        now_ms, next_act_ms = 0.0, TICK_MS
        stream, machine = self.stream, self.machine
        open_ = True
        while open_:
            # 1. The carrier's texts, each read at once.
            for text in stream.outgoing(now_ms):
                for arrived in self._disturber.disturb(text):
                    self._count(arrived)
                    machine.receive(arrived, now_ms)
                    self._take(machine.events(now_ms))
            # 2. The app.
            if now_ms >= next_act_ms:
                next_act_ms += TICK_MS
                self._app.act(now_ms)
            self._take(machine.events(now_ms))
            for text in machine.outgoing(now_ms):
                stream.receive(text, now_ms)
            # 3. The end of the connection, from either side.
            open_ = self._still_open(now_ms)
            # 4. The next deadline.
            deadlines = (stream.next_deadline_ms, machine.next_deadline_ms, next_act_ms)
            now_ms = max(now_ms, min(inf if at_ms is None else at_ms for at_ms in deadlines))
        machine.lost(now_ms)
        self._take(machine.events(now_ms))
        stream.lost(now_ms)
        self.books.statistics = machine.session.statistics(now_ms)
        return self.books

    def _still_open(self, now_ms: float) -> bool:
        stream, machine = self.stream, self.machine
        if stream.hangup is not None:
            stream.hung_up()
            machine.peer_closed(1000, now_ms)
        if machine.hangup is not None:
            code = machine.hangup
            machine.hung_up()
            stream.peer_closed(code, now_ms)
            return False
        return not (stream.cut or machine.cut or machine.session.ended)

    def _count(self, text: str) -> None:
        try:
            message = json.loads(text)
            payload = message["media"]["payload"] if message["event"] == "media" else ""
        except (ValueError, TypeError, KeyError):
            return
        octets = len(b64decode(payload + "=" * (-len(payload) % 4)))
        if self.machine.session.ended:
            return
        if octets:
            self.books.arrived += 1
            self.books.arrived_octets += octets
        elif message["event"] == "media":
            self.books.empty += 1

    def _take(self, found: list[events.Event]) -> None:
        books = self.books
        for event in found:
            books.kinds[type(event).__name__] += 1
            match event:
                case events.Audio() if not event.concealed:
                    books.delivered += 1
                    books.delivered_octets += len(event.payload)
                case events.MarkPlayed() | events.MarkCleared():
                    books.marks_ended[event.name] += 1
                case events.InterruptionSettled():
                    books.settled.append(event.interrupted)
                case events.Stopped():
                    books.stopped.append(event.reason)
                case _:
                    pass


def failure_of(seed: int) -> str:
    """Run and check one call. Returns the failure as text; empty: none."""
    try:
        RandomCall(seed).run().check()
    except Exception:
        return f"call {seed}: {traceback.format_exc(limit=-2)}"
    return ""


def main() -> int:
    """Run the calls; print each failure and their number."""
    calls = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        failures = [failure for failure in pool.map(failure_of, range(calls), chunksize=5) if failure]
    lines = [*failures, f"{calls} random calls of {CALL_MS / 1000:.0f} s, {len(failures)} failed"]
    sys.stdout.write("\n".join(lines) + "\n")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
