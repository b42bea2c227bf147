"""One contract for all hosts: the endpoint, and the adapters of other servers. Real sockets, the simulated carrier."""

from __future__ import annotations

import asyncio

import pytest

from tests.adapters import ending_cases, listening_cases, speaking_cases
from tests.adapters.contract import Case, outcomes
from tests.adapters.hosts import HOSTS

CASES: list[type[Case]] = [
    case
    for module in (ending_cases, listening_cases, speaking_cases)
    for case in vars(module).values()
    if isinstance(case, type) and issubclass(case, Case) and case.__module__ == module.__name__
]


@pytest.mark.parametrize("host", HOSTS)
def test_every_host_has_the_same_outcomes(host: str, subtests: pytest.Subtests) -> None:
    found = asyncio.run(outcomes(HOSTS[host], CASES))
    for case in CASES:
        with subtests.test(case.__name__):
            assert found[case.__name__] == case.expected
