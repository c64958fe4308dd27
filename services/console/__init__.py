"""Console: where administrators keep the directory and watch. It subscribes to no fact; the command line calls ``handlers.import_file``."""

from services.console import pages
from services.console.loops_bank_holidays import BankHolidayWatch
from services.console.loops_subscriptions import SubscriptionWatch
from shared.bus.loop import Loop
from shared.directory import BankHolidays
from shared.events import CONSOLE
from shared.service import Parts, Service


def build(parts: Parts) -> Service:
    """The service."""
    url = parts.settings.bank_holidays_url
    packaged, private = BankHolidays.bundled(), parts.settings.demo
    watch = BankHolidayWatch(url=url, database=parts.database, clock=parts.clock, packaged=packaged, private=private)
    loops: tuple[Loop, ...] = (SubscriptionWatch(parts), watch) if url else (SubscriptionWatch(parts),)
    return Service(name=CONSOLE, pages=(pages.build(parts),), loops=loops)
