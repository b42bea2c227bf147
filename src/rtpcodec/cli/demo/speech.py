"""The caller of simulated calls: the speech, and the delays of the phone."""

from __future__ import annotations

from pathlib import Path

SPEECH = Path(__file__).with_name("speech.wav")
PLAYOUT_DELAY_MS = 60
"""The delay of a phone's jitter buffer, so that a chunk that is a little late causes no gap."""
TAIL_MS = 500
"""The caller listens for the end of the echo before the call is over."""
