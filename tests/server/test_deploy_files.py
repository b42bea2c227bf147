"""examples/deploy: the figures of supervisors are those of the code, and each path is one that an endpoint answers."""

from __future__ import annotations

import re
from pathlib import Path

from rtpcodec.server.addresses import HEALTH_PATH, METRICS_PATH, READY_PATH
from rtpcodec.server.draining import HANDLER_GRACE_S, RUN_DRAIN_S, VARIABLES, supervisor_grace_s

FILES = Path(__file__).parents[2] / "examples" / "deploy"
GRACE_S = supervisor_grace_s(RUN_DRAIN_S, HANDLER_GRACE_S)


def found(file: str, pattern: str) -> str:
    match = re.search(pattern, (FILES / file).read_text("utf-8"))
    assert match is not None
    return match.group(1)


def test_systemd_allows_what_the_log_names() -> None:
    assert float(found("rtpcodec.service", r"TimeoutStopSec=(\d+)")) >= GRACE_S


def test_kubernetes_allows_what_the_log_names_and_its_pre_stop() -> None:
    pre_stop_s = float(found("kubernetes.yaml", r'"sleep", "(\d+)"'))
    assert float(found("kubernetes.yaml", r"terminationGracePeriodSeconds: (\d+)")) >= GRACE_S + pre_stop_s
    assert float(found("kubernetes.yaml", rf"{VARIABLES['drain_s']}\n *value: \"(\d+)\"")) == RUN_DRAIN_S


def test_the_checks_are_those_of_an_endpoint() -> None:
    assert found("kubernetes.yaml", r"(?s)readinessProbe:.*?path: ([^,]+),") == READY_PATH
    assert found("kubernetes.yaml", r"(?s)livenessProbe:.*?path: ([^,]+),") == HEALTH_PATH
    assert found("nginx.conf", r"location = (\S+)") == METRICS_PATH
