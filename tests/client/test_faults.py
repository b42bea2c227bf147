"""A carrier that fails in every way: each run ends as documented and has its effect at most once.

These are the first seeds and each fault alone, with each HTTP library; `make faults` makes 1,000 runs per client.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.client import faults
from tests.client.faulty_carrier import Fault, FaultyCarrier

SEEDS = 20


@pytest.fixture
def faulty(http_library: str) -> Iterator[FaultyCarrier]:
    carrier = FaultyCarrier()
    yield carrier
    carrier.close()


@pytest.mark.parametrize("client", faults.CLIENTS)
def test_seeded_runs(client: str, faulty: FaultyCarrier) -> None:
    ends = {type(faults.checked_run(faulty, client, seed).error) for seed in range(SEEDS)}
    assert len(ends) >= 4, "the runs are all alike"
    assert set(faulty.authorizations) == {f"Authorization: Bearer {faults.KEY}"}


@pytest.mark.parametrize("client", faults.CLIENTS)
@pytest.mark.parametrize(
    "fault", [*faults.LOST, *faults.PASSING, *faults.ENDING], ids=lambda fault: f"{fault.name} {fault.status}"
)
def test_every_fault_alone_and_then_success(client: str, fault: Fault, faulty: FaultyCarrier) -> None:
    run = faults.checked(faulty, client, [fault, faults.SUCCESS, faults.SUCCESS])
    assert (run.error is None) == (fault not in faults.ENDING)
