"""Fetching a list of days: one try, bounded in time and size, to an address that was looked at first; redirects are not followed.

As for webhooks, the host is resolved once, and the connection goes to one of the addresses that were looked at: a calendar's address is
somebody's line in a letter, and must not reach what is inside.
"""

import asyncio
import socket
import ssl
from functools import cache

import httpx

from shared.addresses import is_public
from shared.db import assert_outside_transaction
from shared.errors import Unavailable

TIMEOUT_SECONDS = 10.0
LONGEST_SECONDS = 30.0
BYTES_MAX = 4 * 1024 * 1024


@cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()  # reads all of the machine's certificates


async def fetch(url: str, *, private: bool = False) -> bytes:
    """The body. ``private`` lets it be an address that is not public, for a demonstration.

    Raises Unavailable for everything else than a whole answer of status 200; never with what the answer was.
    """
    assert_outside_transaction()
    try:
        async with asyncio.timeout(LONGEST_SECONDS):
            target = httpx.URL(url)
            return await _got(target, await _address(target, private=private))
    except (httpx.HTTPError, httpx.InvalidURL, OSError, UnicodeError, TimeoutError):
        raise Unavailable("the list of days cannot be reached", code="not-reached") from None


async def _address(target: httpx.URL, *, private: bool) -> str:
    port = target.port or (443 if target.scheme == "https" else 80)
    found = await asyncio.get_running_loop().getaddrinfo(target.host, port, type=socket.SOCK_STREAM)
    addresses = [str(one[4][0]) for one in found]
    if not addresses or not (private or all(is_public(address) for address in addresses)):
        raise Unavailable("the list of days is at an address that is not public", code="address-refused")
    return addresses[0]


async def _got(target: httpx.URL, address: str) -> bytes:
    body = bytearray()
    sent = {"Host": target.netloc.decode("ascii"), "User-Agent": "encompass"}
    known = {"sni_hostname": target.host} if target.scheme == "https" else {}
    async with (
        httpx.AsyncClient(timeout=TIMEOUT_SECONDS, follow_redirects=False, trust_env=False, verify=_tls()) as client,
        client.stream("GET", target.copy_with(host=address), headers=sent, extensions=known) as answer,
    ):
        if answer.status_code != httpx.codes.OK:
            raise Unavailable("the list of days was not given", code=f"http-{answer.status_code}")
        async for part in answer.aiter_bytes():
            body += part
            if len(body) > BYTES_MAX:
                raise Unavailable("the list of days is too long", code="too-long")
    return bytes(body)
