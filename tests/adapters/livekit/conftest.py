"""Leaves these tests out where livekit-agents is not installed; with RTPCODEC_REQUIRE_ADAPTERS=1 they fail instead."""

import importlib.util
import os

MISSING = importlib.util.find_spec("livekit") is None
collect_ignore_glob = ["test_*.py"] if MISSING and os.environ.get("RTPCODEC_REQUIRE_ADAPTERS") != "1" else []
