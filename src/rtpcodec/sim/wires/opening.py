"""The dialect of one stream, by the name of its carrier."""

from __future__ import annotations

from rtpcodec.sim.commands.bodies import StreamSettings
from rtpcodec.sim.media.facts import CallFacts
from rtpcodec.sim.wires.telnyx import TelnyxWire
from rtpcodec.sim.wires.twilio import TwilioWire
from rtpcodec.sim.wires.wire import CarrierWire


def open_wire(facts: CallFacts, settings: StreamSettings, stream_id: str) -> CarrierWire:
    """Make the dialect of a stream."""
    if facts.dialect == "twilio":
        return TwilioWire(facts, settings, stream_id)
    return TelnyxWire(facts.variations)
