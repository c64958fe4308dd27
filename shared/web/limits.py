"""How often one client may call one route: a token bucket for each pair, in this process, in bounded memory.

Buckets refill by monotonic time. The oldest unused bucket is forgotten when there are too many; the worst that does is to forgive.
Behind a proxy the server must be told to believe its forwarding headers, or every client is the proxy.
"""

import math
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address, ip_network

from starlette.requests import Request

from shared.clock import Clock
from shared.errors import Refused
from shared.web.access import template

MOST_BUCKETS = 10_000
IPV6_SITE_BITS = 64


class TooMany(Refused):
    """The client has used up its calls for now; answered with 429 and Retry-After."""

    code = "too-many-requests"
    http_status = 429

    def __init__(self, retry_after_seconds: int) -> None:
        super().__init__("Too many requests. Try again later.")
        self.retry_after_seconds = retry_after_seconds


@dataclass(slots=True)
class _Bucket:
    left: float
    at: float


class Limits:
    """The buckets of one process."""

    def __init__(self, clock: Clock, *, most_buckets: int = MOST_BUCKETS) -> None:
        self._clock = clock
        self._most = most_buckets
        self._buckets: OrderedDict[tuple[str, str], _Bucket] = OrderedDict()

    def take(self, route: str, client: str, *, each_minute: float, burst: int) -> None:
        """Use one call of ``client`` on ``route``. Raises TooMany when its ``burst`` is used up and has not refilled yet."""
        now = self._clock.monotonic()
        bucket = self._buckets.pop((route, client), None) or _Bucket(left=burst, at=now)
        bucket.left = min(burst, bucket.left + (now - bucket.at) * each_minute / 60)
        bucket.at = now
        self._buckets[route, client] = bucket
        if len(self._buckets) > self._most:
            self._buckets.popitem(last=False)
        if bucket.left < 1:
            raise TooMany(math.ceil((1 - bucket.left) * 60 / each_minute))
        bucket.left -= 1

    def by_address(self, *, each_minute: float, burst: int) -> Callable[[Request], Awaitable[None]]:
        """A dependency that limits the route it stands on for each client address."""

        async def limited(request: Request) -> None:
            self.take(template(request.scope), client(request), each_minute=each_minute, burst=burst)

        return limited


def client(request: Request) -> str:
    """The caller's address; for IPv6 its site, because one customer has billions of addresses."""
    host = request.client.host if request.client else "-"
    try:
        address = ip_address(host)
    except ValueError:
        return host
    return str(ip_network((address, IPV6_SITE_BITS), strict=False)) if isinstance(address, IPv6Address) else host
