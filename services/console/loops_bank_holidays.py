"""Console's clock: once a day the published list of bank holidays is looked at. A bad answer keeps the list there is, and says so."""

import asyncio
from datetime import datetime, timedelta

from services.console.handlers_bank_holidays import refresh
from services.console.handlers_days_client import fetch
from shared.clock import Clock
from shared.db import Database
from shared.directory import BankHolidays
from shared.errors import EncompassError
from shared.log import logger

EVERY = timedelta(days=1)
AGAIN = timedelta(hours=1)

log = logger(__name__)


class BankHolidayWatch:
    """Fetches ``url`` once a day, and after a failure once an hour."""

    name = "console.bank-holidays"
    every_seconds = 60.0

    def __init__(self, *, url: str, database: Database, clock: Clock, packaged: BankHolidays, private: bool) -> None:
        self.woken = asyncio.Event()
        self._url = url
        self._database = database
        self._clock = clock
        self._packaged = packaged
        self._private = private
        self._next_at: datetime | None = None

    async def run_once(self) -> int:
        """Fetch and take the list when it is time to; 1 when it was taken. A failure is a line in the log and no exception."""
        now = self._clock.now()
        if self._next_at is not None and now < self._next_at:
            return 0
        self._next_at = now + AGAIN
        try:
            differing = await refresh(await fetch(self._url, private=self._private), self._database, self._clock, self._packaged)
        except EncompassError as error:
            log.error("bank-holidays.not-refreshed", error=error.code)
            return 0
        self._next_at = now + EVERY
        log.info("bank-holidays.refreshed", differing=differing)
        return 1

    async def next_due(self) -> datetime | None:
        """When it looks next."""
        return self._next_at or self._clock.now()
