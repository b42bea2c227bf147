"""The caller's side of a recording: each sample lies at its media time, and the sidecar says what is missing."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

from rtpcodec.sim import Faults
from rtpcodec.sim.media.timing import Hold, Timing
from tests.listening.recorded_call import HZ, pattern, recorded

SPEECH = pattern(0, 6000)
TRUTH = np.frombuffer(SPEECH, np.int16)


def test_a_call_is_recorded_whole(tmp_path: Path) -> None:
    found = recorded(None, tmp_path / "call.wav", SPEECH)
    assert np.array_equal(found.sides[0], TRUTH)
    assert found.recording.error is None
    assert found.recording.state == "complete"
    sidecar = found.sidecar
    assert sidecar["complete"] is True
    assert sidecar["duration_ms"] == 6000
    assert sidecar["files"] == [
        {
            "name": "call.wav",
            "side": "both",
            "octets": found.path.stat().st_size,
            "sha256": hashlib.sha256(found.path.read_bytes()).hexdigest(),
        }
    ]
    assert (sidecar["codec"], sidecar["sample_rate_hz"], sidecar["end_reason"]) == ("L16", HZ, "stop")
    assert sidecar["begun_at"].endswith("+00:00")
    assert sidecar["stream_id"] == found.report.stream_id
    assert sorted(path.name for path in tmp_path.iterdir()) == ["call.json", "call.wav"]


def test_loss_and_hold_keep_the_rest_in_its_place(tmp_path: Path) -> None:
    found = recorded(
        None,
        tmp_path / "call.wav",
        SPEECH,
        faults=Faults(drop=0.03, reorder=0.05, duplicate=0.02),
        timing=Timing(holds=(Hold(from_ms=2000, to_ms=5000),)),
    )
    left = found.sides[0]
    truth = np.concatenate((TRUTH[: 2 * HZ], np.zeros(3 * HZ, np.int16), TRUTH[2 * HZ :]))
    assert abs(len(left) - len(truth)) <= HZ // 50
    length = min(len(left), len(truth))
    left, truth = left[:length], truth[:length]
    assert not np.any(left[(left != truth)])  # nothing but silence where it differs
    lost = sum(gap["lost_chunks"] for gap in found.sidecar["gaps"] if gap["reason"] == "lost")
    assert 0 < lost <= found.report.chunks_dropped
    assert [gap["to_ms"] - gap["from_ms"] for gap in found.sidecar["gaps"] if gap["reason"] == "pause"] == [3000]
    missing = sum(gap["to_ms"] - gap["from_ms"] for gap in found.sidecar["gaps"])
    assert np.count_nonzero(left == 0) == round(missing * HZ / 1000)
