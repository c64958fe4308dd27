"""Fetching the published list of bank holidays: one try, bounded in time and size, redirects followed on https alone."""

import asyncio

import httpx

from shared.db import assert_outside_transaction
from shared.directory.published_days import BYTES_MAX
from shared.errors import Unavailable

TIMEOUT_SECONDS = 10.0
LONGEST_SECONDS = 30.0


async def fetch(url: str) -> bytes:
    """The body. Raises Unavailable for everything else than a whole answer of status 200; never with what the answer was."""
    assert_outside_transaction()
    body = bytearray()
    try:
        async with (
            asyncio.timeout(LONGEST_SECONDS),
            httpx.AsyncClient(timeout=TIMEOUT_SECONDS, trust_env=False) as client,
            client.stream("GET", url, headers={"Accept": "application/json"}) as answer,
        ):
            if answer.status_code != httpx.codes.OK:
                raise Unavailable("the list of bank holidays was not given", code=f"http-{answer.status_code}")
            async for part in answer.aiter_bytes():
                body += part
                if len(body) > BYTES_MAX:
                    raise Unavailable("the list of bank holidays is too long", code="too-long")
    except (httpx.HTTPError, httpx.InvalidURL, OSError, TimeoutError):
        raise Unavailable("the list of bank holidays cannot be reached", code="not-reached") from None
    return bytes(body)
