"""One commit for the reports that come together, and one answer for each of them (D15): see ``shared.gather``."""

from collections.abc import Awaitable, Callable, Sequence

from services.ingest.handlers import MOST_IN_BATCH, Accept, Answer
from shared import gather
from shared.gather import MOST_WAITING, each

__all__ = ["Gathering", "Said", "Take", "each"]

Take = Callable[[Sequence[Accept]], Awaitable[list[Answer]]]
Said = Answer | BaseException
"""What became of one report: an answer, or why there is none."""


class Gathering(gather.Gathering[Accept, Answer]):
    """Takes reports one by one, and commits together those that wait. ``take`` is ``Intake.accept``."""

    def __init__(self, take: Take, *, most_at_once: int = MOST_IN_BATCH, most_waiting: int = MOST_WAITING) -> None:
        super().__init__(take, name="ingest.gathering", most_at_once=most_at_once, most_waiting=most_waiting)

    async def accept(self, one: Accept) -> Answer:
        """Take one report; durable when this returns. Raises what ``Intake.accept`` raises, and Unavailable when too many wait already.

        Who is cancelled while she waits disturbs nobody; her report may be taken all the same, and sending it again gets its receipt.
        """
        return await self(one)
