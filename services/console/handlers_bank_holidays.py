"""The published list of bank holidays, kept as what differs from the program's own: what is decided from then on counts by it."""

from services.console import store
from shared.calendar import london_date
from shared.clock import Clock
from shared.db import Database
from shared.directory import BankHolidays
from shared.directory.published_days import differences, read

KIND = "bank-holidays"
"""How a refresh is noted among the imports: the last one says how old the list is."""


async def refresh(content: bytes, database: Database, clock: Clock, packaged: BankHolidays) -> int:
    """Take the list ``content``; how many dates differ from the program's list. Raises Refused for a list that is none or is doubted."""
    today = london_date(clock.now())
    found = differences(packaged.by_nation, read(content, today), today)
    async with database.transaction() as tx:
        await store.hold(tx)
        await store.replace_bank_holidays(tx, found)
        await store.note_import(tx, KIND, len(found), 0, clock.now())
    return len(found)
