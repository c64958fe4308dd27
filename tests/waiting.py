"""The one room of the tests that waits: for another process, a socket, a server; always with a limit.

A test of business time moves a clock instead (shared/clock.py) and never comes here.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable

PAUSE = 0.05


def wait_until(condition: Callable[[], bool], *, what: str, within: float = 30.0) -> None:
    """Return once ``condition`` holds; raises TimeoutError naming ``what`` after ``within`` seconds."""
    last = time.monotonic() + within
    while not condition():
        if time.monotonic() > last:
            raise TimeoutError(f"waited {within:g} seconds for {what}")
        time.sleep(PAUSE)


async def until(condition: Callable[[], Awaitable[bool]], *, what: str, within: float = 30.0, every: float = PAUSE) -> None:
    """As ``wait_until``, without blocking the event loop; ``every`` so many seconds."""
    last = time.monotonic() + within
    while not await condition():
        if time.monotonic() > last:
            raise TimeoutError(f"waited {within:g} seconds for {what}")
        await asyncio.sleep(every)
