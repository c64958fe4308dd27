"""A loop: work that rows and the clock make due.

``run_once`` does what is due and returns how much it did; ``next_due`` tells the next business instant at which there will be more.
``shared.run`` drives loops against real time, the movable clock drives them step by step: the same loops, so no test sleeps.
"""

import asyncio
from datetime import datetime
from typing import Protocol


class Loop(Protocol):
    """Work that comes due. Both methods may raise DatabaseUnavailable or BusUnavailable: the driver waits and calls again."""

    name: str
    """``<service>.<what>``."""
    every_seconds: float
    """Real seconds between looks, as the net under waking."""
    woken: asyncio.Event
    """Set when the service recorded a fact."""

    async def run_once(self) -> int:
        """Do what is due now; 0 when nothing was."""
        ...

    async def next_due(self) -> datetime | None:
        """The business instant of the next work, None when none is known."""
        ...
