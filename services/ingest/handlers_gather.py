"""One commit for the requests that come together, and one answer for each of them (D15).

The first goes at once; who comes while it is being committed waits, and all of them go together when it is done. So batches form by
themselves under load, and an idle service waits for nothing. Nobody is answered before the commit that holds her report (D1).
"""

import asyncio
import contextvars
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from services.ingest.handlers import MOST_IN_BATCH, Accept, Answer
from shared.errors import DatabaseBusy, EncompassError, Unavailable
from shared.log import logger

MOST_WAITING = 1_000
"""How many may wait for their commit: at the slowest pace that was ever measured, some seconds' work. More are told to come again."""
MOST_BUSY = 2
"""After so many singles met a lock one after the other, the rest of their batch is not tried."""

Take = Callable[[Sequence[Accept]], Awaitable[list[Answer]]]
Said = Answer | BaseException
"""What became of one report: an answer, or why there is none."""

log = logger(__name__)


async def each(take: Take, batch: Sequence[Accept]) -> list[Said]:
    """An answer or an error for each report of the batch, in its order. Never raises but when it is cancelled.

    A batch that fails is taken one by one, so that who spoils it fails alone; but not while the whole database is away.
    """
    task = asyncio.ensure_future(take(batch))
    try:
        await asyncio.wait({task})
    except asyncio.CancelledError:
        task.cancel()
        raise
    failed = task.exception()
    if failed is None:
        return list(task.result())
    if len(batch) == 1 or _is_everybodys(failed):
        return [failed] * len(batch)
    log.warning("batch.split", count=len(batch), error=failed.code if isinstance(failed, EncompassError) else type(failed).__name__)
    said: list[Said] = []
    busy = 0
    for one in batch:
        said += await each(take, [one])
        busy = busy + 1 if isinstance(said[-1], DatabaseBusy) else 0
        if _is_everybodys(said[-1]) or busy == MOST_BUSY:
            return said + [said[-1]] * (len(batch) - len(said))
    return said


def _is_everybodys(said: Said) -> bool:
    """Whether any other report would have met the same."""
    return isinstance(said, Unavailable) and not isinstance(said, DatabaseBusy)


class Gathering:
    """Takes reports one by one, and commits together those that wait. ``take`` is ``Intake.accept``.

    At most ``most_at_once`` go together and ``most_waiting`` wait.
    """

    def __init__(self, take: Take, *, most_at_once: int = MOST_IN_BATCH, most_waiting: int = MOST_WAITING) -> None:
        self._take = take
        self._most_at_once = most_at_once
        self._most_waiting = most_waiting
        self._waiting: deque[_Entry] = deque()
        self._work: asyncio.Task[None] | None = None
        self._closed = False

    async def accept(self, one: Accept) -> Answer:
        """Take one report; durable when this returns. Raises what ``Intake.accept`` raises, and Unavailable when too many wait already.

        Who is cancelled while she waits disturbs nobody; her report may be taken all the same, and sending it again gets its receipt.
        """
        if self._closed or len(self._waiting) >= self._most_waiting:
            raise Unavailable("too many reports wait for their commit", code="queue-full")
        entry = _Entry(one, asyncio.get_running_loop().create_future())
        self._waiting.append(entry)
        if self._work is None:
            # In a context of its own: what the first caller has said of her request is not said of the others'.
            self._work = asyncio.create_task(self._working(), name="ingest.gathering", context=contextvars.Context())
        return await entry.answer

    async def close(self) -> None:
        """Take no more, and finish what waits."""
        self._closed = True
        if self._work is not None:
            await asyncio.wait({self._work})

    async def _working(self) -> None:
        try:
            while self._waiting:
                going = [self._waiting.popleft() for _ in range(min(len(self._waiting), self._most_at_once))]
                try:
                    said = await each(self._take, [entry.one for entry in going])
                    for entry, answer in zip(going, said, strict=True):
                        entry.tell(answer)
                except BaseException:
                    self._end(going)
                    raise
        finally:
            self._work = None

    def _end(self, going: Sequence["_Entry"]) -> None:
        """The process is being torn down: nobody waits for what will not come."""
        for entry in (*going, *self._waiting):
            entry.tell(Unavailable("the service is ending"))
        self._waiting.clear()


@dataclass(frozen=True, slots=True)
class _Entry:
    """One report and who waits for its answer."""

    one: Accept
    answer: "asyncio.Future[Answer]"

    def tell(self, said: Said) -> None:
        if self.answer.done():  # she has gone
            return
        if isinstance(said, BaseException):
            self.answer.set_exception(said)
        else:
            self.answer.set_result(said)
