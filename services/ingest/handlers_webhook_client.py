"""Posting to a receiver: one try, to an address that was looked at first.

The host is resolved once, each of its addresses must be public, and the connection goes to one of those very addresses: a name that
points elsewhere a moment later reaches nothing of ours. Redirects are not followed, the answer's body is not read, no proxy is used.
"""

import asyncio
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import httpx

from shared.addresses import is_public
from shared.db import assert_outside_transaction

TIMEOUT_SECONDS = 10.0
LONGEST_TRY_SECONDS = 2 * TIMEOUT_SECONDS


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """What became of one try: the HTTP ``status``, or None and why there is none (``reason``, a code)."""

    status: int | None = None
    reason: str | None = None

    @property
    def taken(self) -> bool:
        """Whether the receiver has it."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def said(self) -> str:
        """The status or the reason, as a code."""
        return self.reason or f"http-{self.status}"


@cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()  # reads all of the machine's certificates


class Poster:
    """Posts. ``private`` allows addresses that are not public: for a receiver in the same network."""

    def __init__(self, *, private: bool) -> None:
        self._private = private

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Posted:
        """One try, within ten seconds for each step and twenty in all. Raises nothing that the network does."""
        assert_outside_transaction()
        try:
            target = httpx.URL(url)
            async with asyncio.timeout(LONGEST_TRY_SECONDS):
                address = await self._address(target)
                if address is None:
                    return Posted(reason="address-refused")
                return await self._post(target, address, body, headers)
        except TimeoutError:
            return Posted(reason="timed-out")
        except (OSError, UnicodeError, httpx.InvalidURL):
            return Posted(reason="not-resolved")
        except httpx.TimeoutException:
            return Posted(reason="timed-out")
        except httpx.HTTPError:
            return Posted(reason="not-reached")

    async def _address(self, target: httpx.URL) -> str | None:
        """Where to connect; None when any of the host's addresses is not public and must be."""
        port = target.port or (443 if target.scheme == "https" else 80)
        found = await asyncio.get_running_loop().getaddrinfo(target.host, port, type=socket.SOCK_STREAM)
        addresses = [str(one[4][0]) for one in found]
        if not addresses or not (self._private or all(is_public(address) for address in addresses)):
            return None
        return addresses[0]

    async def _post(self, target: httpx.URL, address: str, body: bytes, headers: Mapping[str, str]) -> Posted:
        """A client for each try: two names at one address must not share a connection whose certificate was one's."""
        sent = {**headers, "Host": target.netloc.decode("ascii"), "Content-Type": "application/json", "User-Agent": "encompass"}
        known = {"sni_hostname": target.host} if target.scheme == "https" else {}
        async with (
            httpx.AsyncClient(timeout=TIMEOUT_SECONDS, follow_redirects=False, trust_env=False, verify=_tls()) as client,
            client.stream("POST", target.copy_with(host=address), content=body, headers=sent, extensions=known) as answer,
        ):
            return Posted(status=answer.status_code)
