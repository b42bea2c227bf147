"""A call on a WebSocket of FastAPI and uvicorn is freed at once when it has ended, as one of our own endpoint is."""

import pytest

from tests.census import Census
from tests.examples.test_fastapi_echo import TOKEN, served
from tests.server.dialler import call, run


@pytest.mark.parametrize("is_lost", [False, True])
def test_nothing_of_the_call_lives(is_lost: bool) -> None:
    async def main() -> None:
        async with served() as url:

            async def one() -> None:
                async with call(url, token=TOKEN) as carrier:
                    await carrier.media()
                    await carrier.next("media")
                    if is_lost:
                        carrier.socket.transport.abort()
                    else:
                        await carrier.stop()
                        await carrier.close_code()

            await one()
            with Census() as census:
                await one()
                assert await census.settled() == []

    run(main)
