"""Posts webhooks by aiohttp."""

from __future__ import annotations

import ssl

import aiohttp

from rtpcodec.sim.webhooks.queue import Post


class HttpTransport:
    """Connections to apps, kept open between posts."""

    def __init__(self, timeout_s: float, ssl_context: ssl.SSLContext | None) -> None:
        self._session = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=timeout_s),
            connector=aiohttp.TCPConnector(ssl=ssl_context or True),
            cookie_jar=aiohttp.DummyCookieJar(),
        )

    async def post(self, post: Post) -> int | None:
        """Send one post. Returns the status of the answer; None: there was none in time."""
        try:
            async with self._session.post(
                post.url, data=post.body, headers=post.headers, allow_redirects=False
            ) as answer:
                return answer.status
        except (aiohttp.ClientError, TimeoutError, OSError):
            return None

    async def close(self) -> None:
        """Close the connections."""
        await self._session.close()
