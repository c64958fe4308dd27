"""Rows that are claimed when they are due: one rule for notifications and notices.

``due`` is a business instant; a lease ends at a real one, and whoever holds it is carrying out what is due. The statements are built
once: building them costs more than running them.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Integer, Row, bindparam, func, or_, select, update

from shared.db import Reading, Transaction


class Leases:
    """The claims on one table, which has a ``leased_until_at``: of the rows that are ``waiting``, by their ``due``."""

    def __init__(self, key: ColumnElement[str], waiting: ColumnElement[bool], due: ColumnElement[datetime]) -> None:
        table = key.table
        leased = table.c.leased_until_at
        self.free = or_(leased.is_(None), leased <= bindparam("real"))
        ready = (
            select(key)
            .where(waiting, due <= bindparam("now"), self.free)
            .order_by(due)
            .limit(bindparam("most", type_=Integer))
            .with_for_update(skip_locked=True)
        )
        self._claim = update(table).where(key.in_(ready), waiting).values(leased_until_at=bindparam("leased_until")).returning(table)
        self._next = select(
            select(func.min(due)).where(waiting, self.free).scalar_subquery(),
            select(func.min(leased)).where(waiting, leased > bindparam("real")).scalar_subquery(),
        )

    async def claim(self, tx: Transaction, limit: int, lease: timedelta) -> Sequence[Row[Any]]:
        """Take up to ``limit`` rows that are due and nobody holds, the most urgent first."""
        now, real = tx.clock.now(), tx.clock.real()
        values = {"now": now, "real": real, "leased_until": real + lease, "most": limit}
        return (await tx.execute(self._claim, values)).all()

    async def next_due(self, reading: Reading) -> datetime | None:
        """When the next row is due; one that somebody holds, when the lease runs out (told as a business instant)."""
        now, real = reading.clock.now(), reading.clock.real()
        free, lease = tuple((await reading.execute(self._next, {"real": real})).one())
        return min((at for at in (free, lease and now + (lease - real)) if at is not None), default=None)
