"""Leaves these tests out where Ray is not installed; with RTPCODEC_REQUIRE_RAY=1 (`make ray`) they fail instead."""

import importlib.util
import os

MISSING = importlib.util.find_spec("ray") is None
collect_ignore_glob = ["test_*.py"] if MISSING and os.environ.get("RTPCODEC_REQUIRE_RAY") != "1" else []
