"""Writes the messages of the simulated carrier, and reads those of the app.

wire     CarrierWire: what a stream needs of its dialect
warning  StreamWarning: what the carrier notes about a wrong message
telnyx   the dialect of Telnyx, by stream.wire, with the habits of Variations
twilio   the dialect of Twilio, written from its documents apart from stream.wire
opening  open_wire: the dialect of one stream
ids      the ids of calls, streams and accounts
"""
