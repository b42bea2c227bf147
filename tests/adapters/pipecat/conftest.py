"""Leaves these tests out where pipecat is not installed; with RTPCODEC_REQUIRE_ADAPTERS=1 they fail instead."""

import importlib
import importlib.util
import os
import warnings

MISSING = importlib.util.find_spec("pipecat") is None
collect_ignore_glob = ["test_*.py"] if MISSING and os.environ.get("RTPCODEC_REQUIRE_ADAPTERS") != "1" else []

if not MISSING:
    # What pipecat and its libraries warn of when they are imported is not about this package.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _name in ("serializers.telnyx", "transports.websocket.fastapi", "transports.websocket.server"):
            importlib.import_module(f"pipecat.{_name}")
        for _name in ("runner.utils", "workers.runner"):
            importlib.import_module(f"pipecat.{_name}")
