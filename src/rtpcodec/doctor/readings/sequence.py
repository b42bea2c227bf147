"""The sequence of the call that takes the readings: dial, one stream after the other, hang up."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Final

from rtpcodec.carriers.telnyx import commands, webhooks
from rtpcodec.codecs import codec
from rtpcodec.doctor.readings import amrwb, ending, l16, slow, sound
from rtpcodec.doctor.readings.observer import Observer, now_ms, passed
from rtpcodec.doctor.readings.report import CallReadings
from rtpcodec.doctor.readings.streams import AUDIO_WITHIN_S, CallSetup, Dialled, dialled, hung_up, streamed
from rtpcodec.doctor.readings.webhook_inbox import WebhookInbox
from rtpcodec.errors import CommandError, StreamEnded, StreamNotStarted
from rtpcodec.stream.plan import StreamPlan

FIRST_PLAN: Final = StreamPlan(send_codec="PCMU", tracks=commands.BOTH_TRACKS)
FIRST_LISTEN_S: Final = 1.0
WEBHOOK_S: Final = 3.0
"""Time in seconds within which a posted webhook arrives, retries apart."""

Say = Callable[[str], object]
"""Called with the current step in words, for people who wait."""


async def read_call(
    setup: CallSetup, inbox: WebhookInbox | None, *, leg: str, simulated: bool = False, say: Say = lambda _words: None
) -> CallReadings:
    """Make one call and take a reading of every point.

    Args:
        setup: how the call is made.
        inbox: receives its webhooks; None: they are not received.
        leg: the kind of the leg, for the report.
        simulated: for the report.
        say: called with each step in words.

    Raises: CallNotMade if the call is not answered; CommandError if it could not be dialled.
    """
    found = CallReadings(datetime.now(UTC).date().isoformat(), leg, simulated)
    found.miss("TeXML is not part of a dialled call", "socket_close_texml_start", "socket_close_texml_connect")
    say("dialling")
    call_control_id: str | None = None
    try:
        async with dialled(setup, FIRST_PLAN, inbox) as first:
            call_control_id = first.call_control_id
            await _kept(found, _first_stream(setup, first, inbox, found, say))
        for steps in (_l16, _l16_sent, _amrwb):
            if found.value("socket_close_dial") == "call_ends":
                found.miss("the phone call ended when the socket of its first stream was closed")
            else:
                await _kept(found, steps(setup, call_control_id, found, inbox, say))
    finally:
        if call_control_id is not None:
            await asyncio.shield(hung_up(setup, call_control_id))
    found.miss("the stream for it did not begin, or ended early")
    return found


async def _kept(_found: CallReadings, steps: Awaitable[None]) -> None:
    """Take the readings of a stream; if it does not begin, or ends early, the sequence continues."""
    try:
        await steps
    except (StreamNotStarted, StreamEnded, CommandError):
        return


async def _first_stream(
    setup: CallSetup, first: Dialled, inbox: WebhookInbox | None, found: CallReadings, say: Say
) -> None:
    observer = first.observer
    found.codec = first.call.media_format.encoding
    if inbox is not None:
        await _answered(setup, first, inbox, say)
    found.add(sound.ringing(first, inbox))
    say("the stream has begun; please say something now and then, you will hear tones")
    if not await observer.has_audio(AUDIO_WITHIN_S):
        return
    await passed(FIRST_LISTEN_S)
    track = observer.chunks[0][1].track
    found.add(sound.timestamp_unit([audio for _, audio in observer.chunks if audio.track == track]))
    found.add(sound.chunk_counter(observer))
    begun_ms = now_ms()
    found.add(*await sound.echo_and_own_speech(observer))
    found.tone_track = sound.track_with_tone(observer, begun_ms)
    say("sending marks")
    found.add(await sound.mark_limit(observer))
    say("closing the first socket")
    found.add(await ending.closing(setup, observer, first.call_control_id, "socket_close_dial", inbox))


async def _answered(setup: CallSetup, first: Dialled, inbox: WebhookInbox, say: Say) -> None:
    """Wait for the answer: while the phone rings, nobody hears our tones."""
    if await inbox.has(webhooks.CALL_ANSWERED, WEBHOOK_S):
        return
    if inbox.events:  # webhooks arrive, so the phone still rings
        await inbox.has(webhooks.CALL_ANSWERED, max(setup.ring_s - first.waited_s, WEBHOOK_S))
    elif inbox.refused:
        say("webhooks come, and their signatures do not fit the public key")
    else:
        say("no webhook comes")


async def _l16(
    setup: CallSetup, call_control_id: str, found: CallReadings, inbox: WebhookInbox | None, say: Say
) -> None:
    say("receiving L16")
    async with streamed(setup, call_control_id, l16.RECEIVED_PLAN) as observer:
        await _listened(observer)
        found.add(*await l16.received(observer))
        say(f"not reading for {setup.unread_s:g} s")
        found.add(await slow.slow_reading(observer, setup.unread_s))
        if not observer.call.ended:
            found.add(await ending.closing(setup, observer, call_control_id, "socket_close_command", inbox))


async def _l16_sent(
    setup: CallSetup, call_control_id: str, found: CallReadings, inbox: WebhookInbox | None, say: Say
) -> None:
    say("sending L16")
    async with streamed(setup, call_control_id, l16.SENT_PLAN) as observer:
        await _listened(observer)
        found.add(*await l16.sent(observer, found.tone_track))
        if found.value("socket_close_command") is None:  # the carrier has closed the previous stream
            found.add(await ending.closing(setup, observer, call_control_id, "socket_close_command", inbox))


async def _amrwb(
    setup: CallSetup, call_control_id: str, found: CallReadings, _feed: WebhookInbox | None, say: Say
) -> None:
    errors = [status.error for status in (library.status() for library in codec("AMR-WB").libraries) if status.error]
    if errors:
        found.miss(errors[0], "amrwb_packing_received", "amrwb_packing_sent")
        return
    accepted: dict[str, tuple[bool | None, int]] = {}
    for packing in amrwb.PACKINGS:
        say(f"AMR-WB, {packing}")
        async with streamed(setup, call_control_id, amrwb.plan_of(packing)) as observer:
            await _listened(observer)
            accepted[packing] = await amrwb.is_accepted(observer, found.tone_track)
            found.add(amrwb.received(observer))
    found.add(amrwb.sent(accepted))


async def _listened(observer: Observer) -> None:
    await observer.has_audio(AUDIO_WITHIN_S)
