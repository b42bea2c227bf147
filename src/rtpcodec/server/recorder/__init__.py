"""Recordings of both sides of a call, beside whatever its handler does: docs/recording.md.

In the event loop:
recording   Recording: what `Call.record` returns
recorder    one recording from its begin to its end
intake      events and what was heard become pieces on one time line
axis        the time line: the inbound media time of all starts of a stream
facts       what the sidecar says about a recording
feed        hands pieces to the writer, and the end to the finisher
pieces      audio on its way to the writer, bounded

In these threads:
tape        pieces become samples of files
joining     audio without a seam at the file's rate; what was heard, with its drift absorbed in pauses
covered     where the outbound track has audio
outbound    whether the outbound track contains what we send
finishing   FLAC, checksums, and the sidecar
"""
