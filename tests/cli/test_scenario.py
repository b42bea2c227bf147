"""The demo's wideband call, whichever of G722's two rates the carrier names."""

import asyncio
from pathlib import Path

import pytest

from rtpcodec.cli.demo.scenario import CallResult, run_call
from rtpcodec.client import AsyncCallControl
from rtpcodec.sim import Carrier, Variations
from rtpcodec.stream.messages import MediaFormat


@pytest.mark.long
@pytest.mark.parametrize("named_hz", [8000, 16000])
def test_the_g722_call_of_the_demo(tmp_path: Path, named_hz: int) -> None:
    over: list[str] = []

    async def main() -> CallResult:
        variations = Variations(announced_format=MediaFormat("G722", named_hz, 1))
        async with Carrier("KEY") as carrier, AsyncCallControl("KEY", base_url=carrier.base_url) as control:
            return await run_call(carrier, control, "G722", tmp_path, over.append, variations)

    result = asyncio.run(main())
    assert over == ["G722"]
    assert result.sample_rate_hz == result.carrier.heard_hz == 16000
    assert result.fidelity.snr_db is not None
    assert result.fidelity.snr_db > 15
    assert result.as_row()["messages_lost"] == 0
