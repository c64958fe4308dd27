"""From the bus to a handler, exactly one effect for each fact and service.

A batch of facts is one transaction: the inbox rows, whatever the handler does, and the facts it records, together. When a batch fails
it falls back to one by one, so that a poison fact stops nobody else. A fact that fails alone becomes an inbox row with a retry date;
after ``retry.ATTEMPTS`` it is parked. Nothing ever goes back to the broker: the inbox row owns the fact from here on.

A database that is down is not the fact's fault: DatabaseUnavailable leaves this room, the transport keeps the batch and tries again.
One that is up and only busy (a lock, a time-out) may well be: such a fact steps aside like any other that fails. What only has to be waited
for (a busy database, no policy in force, an aggregate that is not there yet) is never parked: tried again each minute, loudly, it heals by
itself, and a parked fact would be a child whom nobody has.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime

from shared.bus import inbox
from shared.db import Database, Transaction
from shared.errors import DatabaseBusy, DatabaseUnavailable, NotFound, Unavailable, place
from shared.events import Envelope
from shared.log import logger

#: Does what is still owed for these facts, all of one type, within the given transaction. Facts are hints (D9): it locks the aggregate,
#: reads its current version and acts on that. It raises to be tried again later.
Handler = Callable[[Transaction, Sequence[Envelope]], Awaitable[None]]

log = logger(__name__)


class Delivery:
    """One service's side of the bus: its handlers behind its inbox. Also a loop, for the retries that it owes."""

    every_seconds = 1.0

    def __init__(self, service: str, handlers: Mapping[str, Handler], database: Database) -> None:
        self.service = service
        self.name = f"{service}.retry"
        self.woken = asyncio.Event()
        self._handlers = handlers
        self._database = database

    async def deliver(self, envelopes: Sequence[Envelope]) -> None:
        """Bring every fact into the inbox, handled or owed. Raises DatabaseUnavailable when the inbox cannot be written."""
        if not envelopes:
            return
        try:
            await self._handle(envelopes)
        except Exception as error:  # any defect of a handler must end in an inbox row, never in a lost or circling message
            if _database_is_down(error):
                raise
            if len(envelopes) == 1:
                await self.failed(envelopes[0].id, envelopes[0].type, error)
                return
            log.info("delivery.split", service=self.service, facts=len(envelopes), error=_name(error))
            for envelope in envelopes:
                await self.deliver([envelope])

    async def run_once(self) -> int:
        """Try one fact again whose retry is due; 0 when none is."""
        failures: list[tuple[inbox.Owed, Exception]] = []
        async with self._database.transaction() as tx:
            claimed = await inbox.claim_owed(tx, self.service)
            for owed in claimed:
                try:
                    async with tx.attempt():
                        await self._handlers[owed.type](tx, [owed.envelope()])
                except Exception as error:  # as above: the row says what failed and when to try again
                    if _database_is_down(error):
                        raise
                    failures.append((owed, error))
                    passing = isinstance(error, Unavailable | NotFound)
                    await inbox.fail_again(tx, self.service, owed.fact_id, owed.attempts + 1, _name(error), passing=passing)
                else:
                    await inbox.succeed(tx, self.service, owed.fact_id, owed.attempts + 1)
        for owed, failure in failures:
            self._tell(owed.fact_id, owed.type, owed.attempts + 1, failure)
        return len(claimed)

    async def next_due(self) -> datetime | None:
        """When the next retry is due. It is due by real time: told as that much after the business instant."""
        async with self._database.reading() as reading:
            due_at = await inbox.next_retry_at(reading, self.service)
            return None if due_at is None else reading.clock.now() + (due_at - reading.clock.real())

    async def _handle(self, envelopes: Sequence[Envelope]) -> None:
        async with self._database.transaction() as tx:
            new = await inbox.take(tx, self.service, envelopes)
            for fact_type in dict.fromkeys(envelope.type for envelope in new):
                await self._handlers[fact_type](tx, [envelope for envelope in new if envelope.type == fact_type])

    async def failed(self, fact_id: str, fact_type: str, error: Exception) -> None:
        """Enter a fact that could not be handled, or not even read, with a retry date."""
        async with self._database.transaction() as tx:
            entered = await inbox.enter_failure(tx, self.service, fact_id, fact_type, _name(error))
        if entered:
            self._tell(fact_id, fact_type, 1, error)

    def _tell(self, fact_id: str, fact_type: str, attempts: int, error: Exception) -> None:
        log.error("delivery.failed", service=self.service, fact_id=fact_id, type=fact_type, attempts=attempts, error=_name(error))


def _database_is_down(error: Exception) -> bool:
    return isinstance(error, DatabaseUnavailable) and not isinstance(error, DatabaseBusy)


def _name(error: Exception) -> str:
    """The error's class and the line of ours that raised it: never its text, which may quote a value."""
    return f"{type(error).__name__} {place(error)}"[:120]
