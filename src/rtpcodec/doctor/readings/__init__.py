"""Measures a carrier by one call: a reading for each uncertain point of docs/carrier.md.

points      the points, and the readings that each may have
reading     one reading
report      all readings of a call, as JSON
sequence    the sequence of the call: dial, one stream after the other, hang up
streams     opens and ends the streams of the call
observer    collects the events of a stream
tones       test tones, and their recognition
webhook_inbox  receives webhooks while the call lasts
sound       the parts of the first stream: numbering, echoes of marks, limits, own speech
l16         order and rate of L16
amrwb       packing of AMR-WB
slow        what the carrier does with audio while we do not read
ending      whether the phone call continues when we close the socket
live        the call to a number
simulated   the same call by the simulator, on a virtual clock
"""
