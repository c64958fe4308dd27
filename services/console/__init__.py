"""Console: where administrators keep the directory and watch. It subscribes to no fact; the command line calls ``handlers.import_file``."""

from services.console import pages
from services.console.loops_bank_holidays import BankHolidayWatch
from shared.directory import BankHolidays
from shared.events import CONSOLE
from shared.service import Parts, Service


def build(parts: Parts) -> Service:
    """The service."""
    url = parts.settings.bank_holidays_url
    watch = BankHolidayWatch(url=url, database=parts.database, clock=parts.clock, packaged=BankHolidays.bundled())
    return Service(name=CONSOLE, pages=(pages.build(parts),), loops=(watch,) if url else ())
