"""Recordings of both sides of a call, independent of its handler: docs/recording.md.

In the event loop:
recording        Recording: the handle that `Call.record` returns
recorder         one recording from its begin to its end
recording_sink   turns events and heard audio into pieces on one timeline
timeline         the inbound media time of all starts of a stream
sidecar_facts    the content of the sidecar
threaded_writer  hands pieces to the writer's thread, and the end to the finisher's
pieces           bounded queue of audio for the writer

In these threads:
recording_files  writes pieces as samples of files
joining          joins audio without a seam at the file's rate; absorbs the drift of heard audio in pauses
covered_spans    where the outbound track has audio
outbound         whether the outbound track contains what we send
finishing        FLAC, checksums and the sidecar
"""
