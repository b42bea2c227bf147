"""One contract for all hosts: the endpoint, and the adapters of other servers. Real sockets, the simulated carrier."""

from __future__ import annotations

import asyncio

import pytest

from rtpcodec.server.options import DialectName
from tests.adapters import ending_cases, listening_cases, speaking_cases
from tests.adapters.contract import Case, outcomes
from tests.adapters.dialects import DIFFERENCES, expected
from tests.adapters.hosts import HOSTS

CASES: list[type[Case]] = [
    case
    for module in (ending_cases, listening_cases, speaking_cases)
    for case in vars(module).values()
    if isinstance(case, type) and issubclass(case, Case) and case.__module__ == module.__name__
]


@pytest.mark.parametrize("dialect", DIFFERENCES)
@pytest.mark.parametrize("host", HOSTS)
def test_every_host_has_the_same_outcomes(host: str, dialect: DialectName, subtests: pytest.Subtests) -> None:
    found = asyncio.run(outcomes(HOSTS[host], CASES, dialect))
    for case in CASES:
        name = case.__name__
        with subtests.test(name):
            assert dict(found[name]) == expected(name, case.expected, dialect)


def test_every_difference_is_of_a_case() -> None:
    cases = {case.__name__: case for case in CASES}
    for differences in DIFFERENCES.values():
        for name, outcome in differences.items():
            assert any(cases[name].expected.get(member) != value for member, value in outcome.items())
