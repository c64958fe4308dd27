"""Ingest's rows of what is heard of each force, how long it may be silent, and what is wrong until it is well again."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select, update

from shared.db import Reading, Transaction
from shared.db.tables.ingest_feed import ingest_alarm, ingest_heard, ingest_watch
from shared.ids import new_id
from shared.scope import Scope, ScopeKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """How long a force may be silent, in hours of business time, counted from ``set_at`` at the earliest."""

    force: str
    hours: int
    set_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """When something last came: of ``kind`` ``report`` or ``list``; a list from its ``system``."""

    force: str
    kind: str
    system: str
    heard_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """What is wrong since ``since_at``, and whose it is (a team). ``subject`` is a system, a webhook or a folder's label, else
    empty."""

    force: str
    kind: str
    subject: str
    owner: str
    since_at: datetime
    opened_at: datetime

    @property
    def key(self) -> tuple[str, str, str]:
        """What it is about: there is one open alarm of each."""
        return self.force, self.kind, self.subject


_COLUMNS = [ingest_alarm.c[name] for name in Alarm.__dataclass_fields__]
_OPEN = ingest_alarm.c.cleared_at.is_(None)


async def set_watch(tx: Transaction, watch: Watch) -> None:
    """Watch a force, or watch it otherwise."""
    statement = tx.insert(ingest_watch)
    newly = {"hours": statement.excluded.hours, "set_at": statement.excluded.set_at}
    row = {"force": watch.force, "hours": watch.hours, "set_at": watch.set_at}
    await tx.execute(statement.on_conflict_do_update(index_elements=["force"], set_=newly), row)


async def end_watch(tx: Transaction, force: str) -> bool:
    """Watch it no more; whether it was watched."""
    return (await tx.execute(delete(ingest_watch).where(ingest_watch.c.force == force))).rowcount == 1


async def watches(reading: Reading) -> tuple[Watch, ...]:
    """The forces that are watched."""
    rows = await reading.execute(select(ingest_watch).order_by(ingest_watch.c.force))
    return tuple(Watch(**row) for row in rows.mappings())


async def heard(reading: Reading) -> tuple[Heard, ...]:
    """When each force, and each of its systems, was last heard."""
    return tuple(Heard(**row) for row in (await reading.execute(select(ingest_heard))).mappings())


async def alarms(reading: Reading, scope: Scope | None = None) -> tuple[Alarm, ...]:
    """The open alarms of a force, or of all, the oldest first. A scope that is no force's has none."""
    statement = select(*_COLUMNS).where(_OPEN).order_by(ingest_alarm.c.opened_at, ingest_alarm.c.alarm_id)
    if scope is not None:
        if scope.kind is not ScopeKind.FORCE:
            return ()
        statement = statement.where(ingest_alarm.c.force == scope.id)
    return tuple(Alarm(**row) for row in (await reading.execute(statement)).mappings())


async def open_alarm(tx: Transaction, alarm: Alarm) -> bool:
    """Open it, unless it is open; whether it was opened now."""
    statement = tx.insert(ingest_alarm).on_conflict_do_nothing(index_elements=["force", "kind", "subject"], index_where=_OPEN)
    row = {name: getattr(alarm, name) for name in Alarm.__dataclass_fields__} | {"alarm_id": new_id()}
    return (await tx.execute(statement.returning(ingest_alarm.c.alarm_id), row)).first() is not None


async def clear_alarm(tx: Transaction, key: tuple[str, str, str], now: datetime) -> None:
    """It is well again."""
    force, kind, subject = key
    of_it = (_OPEN, ingest_alarm.c.force == force, ingest_alarm.c.kind == kind, ingest_alarm.c.subject == subject)
    await tx.execute(update(ingest_alarm).where(*of_it).values(cleared_at=now))
