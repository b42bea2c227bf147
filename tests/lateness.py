"""Effects of a busy machine on a call in real time: late audio leaves gaps, which the simulator counts."""

from __future__ import annotations

import numpy as np

from rtpcodec.sim import CallReport


def without_silence(pcm: bytes) -> bytes:
    """Return all samples other than 0."""
    samples = np.frombuffer(pcm, np.int16)
    return bytes(samples[samples != 0].tobytes())


def heard_whole(report: CallReport, pcm: bytes) -> bool:
    """Report whether the caller heard this PCM: in one piece, or with silence where the play-out ran dry."""
    if report.dry_count == 0:
        return pcm in report.heard_pcm
    return without_silence(pcm) in without_silence(report.heard_pcm)


def heard_without_gaps(report: CallReport) -> bytes:
    """Return what the caller heard, without silence if the play-out ran dry."""
    return without_silence(report.heard_pcm) if report.dry_count else report.heard_pcm


def ran_dry_in_time(report: CallReport, playout_delay_ms: float) -> bool:
    """Report whether the play-out ran dry although no audio was later than its delay."""
    slowest_ms = max(report.latencies_ms, default=0.0) + report.worst_late_ms
    return report.dry_count > 0 and slowest_ms < playout_delay_ms
