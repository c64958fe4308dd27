"""Notifier's rows of what was done: every message, and every call that a team owes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select, update

from services.notifier.domain.rungs import Owed, Result, Tried
from shared.db import Reading, Transaction
from shared.db.tables.notifier import notifier_attempt, notifier_phone_task
from shared.ids import new_id

INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """A message that is about to be sent; its row stands before the call."""

    attempt_id: str
    notification_id: str
    owed: Owed
    started_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneTask:
    """A call that ``team_id`` owes. ``passed_on_at``: since when it has been another team's; ``round``: see the table."""

    phone_task_id: str
    notification_id: str
    team_id: str
    reason: str
    due_at: datetime
    opened_at: datetime
    round: int
    passed_on_at: datetime | None = None


# --- attempts -------------------------------------------------------------------------------------------------------------------------


async def tried(reading: Reading, notification_id: str) -> tuple[Tried, ...]:
    """Every attempt of the notification so far."""
    rows = await reading.execute(select(notifier_attempt).where(notifier_attempt.c.notification_id == notification_id))
    return tuple(
        Tried(
            rung=row.rung,
            contact_id=row.contact_id,
            channel=row.channel,
            round=row.round,
            result=Result(row.result),
            ended_at=row.ended_at,
        )
        for row in rows
    )


async def interrupt(tx: Transaction, notification_id: str, now: datetime) -> tuple[tuple[str, int, str], ...]:
    """Attempts that were under way when their program stopped become *unknown*: (attempt_id, rung, channel) of each."""
    table = notifier_attempt
    statement = (
        update(table)
        .where(table.c.notification_id == notification_id, table.c.result == Result.STARTED.value)
        .values(result=Result.UNKNOWN.value, reason=INTERRUPTED, ended_at=now)
        .returning(table.c.attempt_id, table.c.rung, table.c.channel)
    )
    return tuple((row.attempt_id, row.rung, row.channel) for row in await tx.execute(statement))


async def start(tx: Transaction, attempts: Sequence[Attempt]) -> None:
    """The rows that stand before the calls."""
    rows = [
        {
            "attempt_id": one.attempt_id,
            "notification_id": one.notification_id,
            "rung": one.owed.rung,
            "contact_id": one.owed.contact_id,
            "channel": one.owed.channel,
            "round": one.owed.round,
            "is_repeat": one.owed.is_repeat,
            "result": Result.STARTED.value,
            "started_at": one.started_at,
        }
        for one in attempts
    ]
    await tx.execute(insert(notifier_attempt), rows)


async def finish(
    tx: Transaction, attempt_id: str, result: Result, now: datetime, *, reason: str | None = None, reference: str | None = None
) -> bool:
    """What became of an attempt; False when another has taken it for interrupted meanwhile."""
    table = notifier_attempt
    statement = (
        update(table)
        .where(table.c.attempt_id == attempt_id, table.c.result == Result.STARTED.value)
        .values(result=result.value, reason=(reason or "")[:48] or None, provider_reference=(reference or "")[:120] or None, ended_at=now)
    )
    return (await tx.execute(statement)).rowcount == 1


# --- telephone tasks ------------------------------------------------------------------------------------------------------------------


async def open_task(tx: Transaction, notification_id: str, team_id: str, reason: str, due_at: datetime, past: int) -> PhoneTask | None:
    """A new telephone task; None when the notification has had one for that reason since it was opened, or opened again.

    ``past``: how many rungs of its plan were history then.
    """
    task = PhoneTask(
        phone_task_id=new_id(),
        notification_id=notification_id,
        team_id=team_id,
        reason=reason,
        due_at=due_at,
        opened_at=tx.clock.now(),
        round=past,
    )
    columns = {name: getattr(task, name) for name in PhoneTask.__slots__}
    statement = tx.insert(notifier_phone_task).values(**columns, state="open")
    statement = statement.on_conflict_do_nothing(index_elements=["notification_id", "reason", "round"])
    inserted = await tx.execute(statement.returning(notifier_phone_task.c.phone_task_id))
    return task if inserted.first() is not None else None


async def open_tasks(reading: Reading, notification_id: str) -> tuple[PhoneTask, ...]:
    """The telephone tasks that somebody still owes, oldest first."""
    table = notifier_phone_task
    rows = await reading.execute(
        select(*(table.c[name] for name in PhoneTask.__slots__))
        .where(table.c.notification_id == notification_id, table.c.state == "open")
        .order_by(table.c.opened_at, table.c.phone_task_id)
    )
    return tuple(PhoneTask(**row) for row in rows.mappings())


async def end_tasks(tx: Transaction, notification_id: str, now: datetime, *, done: str | None = None) -> tuple[str, ...]:
    """Nobody needs to telephone any more; the ids of the tasks that ended. ``done``: the one whose call settled it."""
    table = notifier_phone_task
    of_it = update(table).where(table.c.notification_id == notification_id, table.c.state == "open").returning(table.c.phone_task_id)
    values = {"ended_at": now, "claimed_by": None, "claimed_until_at": None}
    settled = await tx.execute(of_it.where(table.c.phone_task_id == done).values(values | {"state": "done"})) if done else ()
    ended = [row.phone_task_id for row in settled]
    ended += [row.phone_task_id for row in await tx.execute(of_it.values(values | {"state": "not-needed"}))]
    return tuple(ended)
