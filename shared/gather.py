"""One piece of work for the calls that come together, and one answer for each of them (D15).

The first goes at once; who comes while it is being done waits, and all of them go together when it is done. So batches form by themselves
under load, and an idle service waits for nothing. Nobody is answered before the work that holds her own is done (D1).
"""

import asyncio
import contextvars
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from shared.errors import DatabaseBusy, EncompassError, Unavailable
from shared.log import logger

MOST_WAITING = 1_000
"""How many may wait for their turn: at the slowest pace that was ever measured, some seconds' work. More are told to come again."""
MANY = 8
MOST_BUSY = 2
"""After so many singles met a lock one after the other, the rest of their batch is not tried."""

One = TypeVar("One")
Answer = TypeVar("Answer")

log = logger(__name__)


async def each(take: Callable[[Sequence[One]], Awaitable[Sequence[Answer]]], batch: Sequence[One]) -> list[Answer | BaseException]:
    """An answer or an error for each of the batch, in its order. Never raises but when it is cancelled.

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
    said: list[Answer | BaseException] = []
    busy = 0
    for one in batch:
        said += await each(take, [one])
        last = said[-1]
        busy = busy + 1 if isinstance(last, DatabaseBusy) else 0
        if _is_everybodys(last) or busy == MOST_BUSY:
            return said + [last] * (len(batch) - len(said))
    return said


def _is_everybodys(said: object) -> bool:
    """Whether any other would have met the same."""
    return isinstance(said, Unavailable) and not isinstance(said, DatabaseBusy)


class Gathering(Generic[One, Answer]):
    """Takes one by one, and does together what waits: ``await gathering(one)``.

    ``take`` gives an answer for each of a batch, in its order, or fails whole and leaves nothing behind. At most ``most_at_once`` go
    together and ``most_waiting`` wait. After ``MANY`` had come together the next wait ``linger_seconds`` for more; a quiet one never waits.
    """

    def __init__(
        self,
        take: Callable[[Sequence[One]], Awaitable[Sequence[Answer]]],
        *,
        name: str,
        most_at_once: int,
        most_waiting: int = MOST_WAITING,
        linger_seconds: float = 0.0,
    ) -> None:
        self._take = take
        self._name = name
        self._most_at_once = most_at_once
        self._most_waiting = most_waiting
        self._linger_seconds = linger_seconds
        self._waiting: deque[_Entry[One, Answer]] = deque()
        self._work: asyncio.Task[None] | None = None
        self._closed = False

    async def __call__(self, one: One) -> Answer:
        """Take one; done when this returns. Raises what ``take`` raises, and Unavailable when too many wait already.

        Who is cancelled while she waits disturbs nobody; her part may be done all the same.
        """
        if self._closed or len(self._waiting) >= self._most_waiting:
            raise Unavailable("too many wait for the same work", code="queue-full")
        entry: _Entry[One, Answer] = _Entry(one, asyncio.get_running_loop().create_future())
        self._waiting.append(entry)
        if self._work is None:
            # In a context of its own: what the first caller has said of her request is not said of the others'.
            self._work = asyncio.create_task(self._working(), name=self._name, context=contextvars.Context())
        return await entry.answer

    async def close(self) -> None:
        """Take no more, and finish what waits."""
        self._closed = True
        if self._work is not None:
            await asyncio.wait({self._work})

    async def _working(self) -> None:
        try:
            going: list[_Entry[One, Answer]] = []
            while self._waiting:
                if self._linger_seconds and MANY <= len(going) < self._most_at_once:
                    await asyncio.sleep(self._linger_seconds)
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

    def _end(self, going: "Sequence[_Entry[One, Answer]]") -> None:
        """The process is being torn down: nobody waits for what will not come."""
        for entry in (*going, *self._waiting):
            entry.tell(Unavailable("the service is ending"))
        self._waiting.clear()


@dataclass(frozen=True, slots=True)
class _Entry(Generic[One, Answer]):
    """One of a batch and who waits for its answer."""

    one: One
    answer: "asyncio.Future[Answer]"

    def tell(self, said: Answer | BaseException) -> None:
        if self.answer.done():  # she has gone
            return
        if isinstance(said, BaseException):
            self.answer.set_exception(said)
        else:
            self.answer.set_result(said)
