"""Briefings in the database: one row for each contact who is told of a break, with her link, her code and her visit.

Nothing here is about a child, and what opens a page is kept as a hash alone. A row without a contact says that nobody could be told.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import and_, select, update

from services.notifier.domain.rungs import Result
from services.notifier.domain.states import Stage
from services.notifier.store_leases import Leases
from shared.calendar.breaks import Break
from shared.db import Reading, Transaction
from shared.db.tables.notifier import notifier_briefing, notifier_notification
from shared.ids import new_id
from shared.web.sessions import token_hash

OWED, SENT, FAILED = "owed", "sent", "failed"

_TABLE = notifier_briefing
_OWED = _TABLE.c.state == OWED
_LEASES = Leases(_TABLE.c.briefing_id, _OWED, _TABLE.c.due_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Briefing:
    """One row. ``due_at`` is None when it has ended; instants of codes, visits and leases are real ones, the others business instants."""

    briefing_id: str
    setting_id: str
    begins_on: date
    ends_on: date | None
    policy_version: str
    contact_id: str | None
    attempts: int
    due_at: datetime | None
    leased_until_at: datetime | None
    channel: str | None
    result: str | None
    code_hash: str | None
    code_key_id: str | None
    code_at: datetime | None
    codes: int
    code_tries: int
    code_used_at: datetime | None

    @property
    def pause(self) -> Break:
        """The break that it tells of."""
        return Break(begins_on=self.begins_on, ends_on=self.ends_on)


_COLUMNS = tuple(_TABLE.c[name] for name in Briefing.__slots__)


async def told(reading: Reading, setting_ids: Iterable[str]) -> dict[str, list[Break]]:
    """The breaks that each of these settings has been told of."""
    found: dict[str, list[Break]] = {}
    statement = select(_TABLE.c.setting_id, _TABLE.c.begins_on, _TABLE.c.ends_on).where(_TABLE.c.setting_id.in_(set(setting_ids)))
    for row in await reading.execute(statement):
        found.setdefault(row.setting_id, []).append(Break(begins_on=row.begins_on, ends_on=row.ends_on))
    return found


async def add(tx: Transaction, setting_id: str, coming: Break, policy_version: str, contact_ids: Sequence[str]) -> int:
    """Owe each of these contacts the briefing, now; without any, write down that nobody could be told. How many rows are new."""
    now = tx.clock.now()
    row = {"setting_id": setting_id, "begins_on": coming.begins_on, "ends_on": coming.ends_on, "policy_version": policy_version}
    row |= {"attempts": 0, "codes": 0, "code_tries": 0, "created_at": now}
    rows = [row | {"briefing_id": new_id(), "contact_id": one, "state": OWED, "due_at": now, "ended_at": None} for one in contact_ids]
    rows = rows or [row | {"briefing_id": new_id(), "contact_id": None, "state": FAILED, "due_at": None, "ended_at": now}]
    statement = tx.insert(_TABLE).on_conflict_do_nothing(index_elements=["setting_id", "begins_on", "contact_id"])
    return len((await tx.execute(statement.returning(_TABLE.c.briefing_id), rows)).all())


async def claim(tx: Transaction, limit: int, lease: timedelta) -> list[Briefing]:
    """Take up to ``limit`` that are due and nobody holds."""
    return [_briefing(row) for row in await _LEASES.claim(tx, limit, lease)]


async def next_due(reading: Reading) -> datetime | None:
    """When the next one is due."""
    return await _LEASES.next_due(reading)


async def start(tx: Transaction, held: Briefing, channel: str, token: str, expires_at: datetime) -> bool:
    """Write down that it is about to go, with the link that it carries; an earlier link opens nothing any more."""
    values = {"attempts": held.attempts + 1, "channel": channel, "result": Result.STARTED.value}
    return await _while_held(tx, held, values | {"token_hash": token_hash(token), "expires_at": expires_at})


async def put_off(tx: Transaction, held: Briefing, until: datetime, result: Result | None = None) -> bool:
    """To be tried (again) at ``until``."""
    values: dict[str, Any] = {"due_at": until, "leased_until_at": None}
    return await _while_held(tx, held, values | ({"result": result.value} if result else {}))


async def end(tx: Transaction, held: Briefing, *, sent: bool, result: str | None) -> bool:
    """Sent, or given up."""
    values = {"state": SENT if sent else FAILED, "ended_at": tx.clock.now(), "due_at": None, "leased_until_at": None}
    return await _while_held(tx, held, values | {"result": result})


async def behind(reading: Reading, token: str, now: datetime) -> Briefing | None:
    """The briefing behind a link's token, until the business instant at which it ends."""
    return await _one(reading, and_(_TABLE.c.token_hash == token_hash(token), _TABLE.c.expires_at > now))


async def visited(reading: Reading, token: str, real: datetime) -> Briefing | None:
    """The briefing of an open visit."""
    return await _one(reading, and_(_TABLE.c.visit_hash == token_hash(token), _TABLE.c.visit_until_at > real))


async def hold(tx: Transaction, briefing_id: str) -> Briefing:
    """One row, locked until the end of the transaction."""
    statement = select(*_COLUMNS).where(_TABLE.c.briefing_id == briefing_id).with_for_update()
    return _briefing((await tx.execute(statement)).one())


async def change(tx: Transaction, briefing_id: str, **values: Any) -> None:
    """Write codes, tries and visits. The row is held by the caller."""
    await tx.execute(update(_TABLE).where(_TABLE.c.briefing_id == briefing_id).values(**values))


async def received(reading: Reading, setting_id: str) -> tuple[tuple[datetime, bool], ...]:
    """When each notification of this setting came, and whether nobody has acted on it. What was taken back and what was a trial is left
    out."""
    table = notifier_notification
    theirs = (table.c.destination_kind == "setting", table.c.destination_ref == setting_id, table.c.sandbox.is_(False))
    stands = table.c.state.in_([Stage.OPEN.value, Stage.ACKNOWLEDGED.value])
    rows = await reading.execute(select(table.c.opened_at, table.c.state).where(*theirs, stands))
    return tuple((row.opened_at, row.state == Stage.OPEN.value) for row in rows)


async def _one(reading: Reading, condition: Any) -> Briefing | None:
    row = (await reading.execute(select(*_COLUMNS).where(condition))).first()
    return None if row is None else _briefing(row)


async def _while_held(tx: Transaction, held: Briefing, values: dict[str, Any]) -> bool:
    mine = and_(_TABLE.c.briefing_id == held.briefing_id, _OWED, _TABLE.c.leased_until_at == held.leased_until_at)
    return (await tx.execute(update(_TABLE).where(mine).values(values))).rowcount == 1


def _briefing(row: Any) -> Briefing:
    return Briefing(**{name: getattr(row, name) for name in Briefing.__slots__})
