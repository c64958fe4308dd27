"""Notifier's rows of what was done: every message, and every call that a team owes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, insert, or_, select, update

from services.notifier.domain.rungs import Owed, Result, Return, Tried
from shared.db import Reading, Transaction
from shared.db.tables.directory import directory_contact
from shared.db.tables.notifier import notifier_attempt, notifier_notification, notifier_phone_task
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
class Ended:
    """What became of an attempt. ``reason`` and ``reference`` may be too long for their columns: the row keeps their beginning."""

    attempt_id: str
    result: Result
    reason: str | None
    reference: str | None


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
    return (await tried_of(reading, [notification_id]))[notification_id]


async def tried_of(reading: Reading, notification_ids: Iterable[str]) -> dict[str, tuple[Tried, ...]]:
    """Every attempt of each of these notifications so far; every id has an entry."""
    found: dict[str, list[Tried]] = {notification_id: [] for notification_id in notification_ids}
    for row in await reading.execute(select(notifier_attempt).where(notifier_attempt.c.notification_id.in_(found))):
        found[row.notification_id].append(_tried(row))
    return {notification_id: tuple(tries) for notification_id, tries in found.items()}


async def interrupt(tx: Transaction, notification_ids: Iterable[str], now: datetime) -> tuple[tuple[str, str, int, str], ...]:
    """Attempts that were under way when their program stopped become *unknown*: (notification_id, attempt_id, rung, channel) of each.

    The notifications are held by the caller.
    """
    table = notifier_attempt
    statement = (
        update(table)
        .where(table.c.notification_id.in_(set(notification_ids)), table.c.result == Result.STARTED.value)
        .values(result=Result.UNKNOWN.value, reason=INTERRUPTED, ended_at=now)
        .returning(table.c.notification_id, table.c.attempt_id, table.c.rung, table.c.channel)
    )
    rows = (await tx.execute(statement)).all()
    return tuple((row.notification_id, row.attempt_id, row.rung, row.channel) for row in rows)


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


async def finish(tx: Transaction, ended: Sequence[Ended], now: datetime) -> frozenset[str]:
    """What became of attempts; the ids of those that no other has taken for interrupted meanwhile: only their rows change."""
    if not ended:
        return frozenset()
    table = notifier_attempt
    under_way = (table.c.attempt_id.in_({one.attempt_id for one in ended}), table.c.result == Result.STARTED.value)
    held = await tx.execute(select(table.c.attempt_id).where(*under_way).order_by(table.c.attempt_id).with_for_update())
    ours = frozenset(held.scalars())
    rows = [
        {
            "ended_attempt_id": one.attempt_id,
            "became": one.result.value,
            "because": (one.reason or "")[:48] or None,
            "known_as": (one.reference or "")[:120] or None,
            "then": now,
        }
        for one in ended
        if one.attempt_id in ours
    ]
    if rows:
        await tx.execute(_FINISH, rows)
    return ours


_FINISH = (
    update(notifier_attempt)
    .where(notifier_attempt.c.attempt_id == bindparam("ended_attempt_id"), notifier_attempt.c.result == Result.STARTED.value)
    .values(result=bindparam("became"), reason=bindparam("because"), provider_reference=bindparam("known_as"), ended_at=bindparam("then"))
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A message that a channel has taken, and of which notification. One message may stand for attempts of several."""

    attempt_id: str
    notification_id: str
    rung: int
    channel: str


async def taken(reading: Reading, attempt_id: str) -> tuple[Taken, ...]:
    """That attempt and those that its message carried, in an order that is the same for all; none when no channel has taken it.

    A message that was broken off and then came back had been taken.
    """
    table = notifier_attempt
    its_own = or_(table.c.attempt_id == attempt_id, table.c.carried_by == attempt_id)
    names = ("attempt_id", "notification_id", "rung", "channel")
    statement = select(*(table.c[name] for name in names))
    statement = statement.where(its_own, table.c.result.in_((Result.HANDED_OVER.value, Result.UNKNOWN.value)))
    return tuple(Taken(**row) for row in (await reading.execute(statement.order_by(table.c.notification_id))).mappings())


async def come_back(tx: Transaction, attempt_id: str, what: Return, now: datetime) -> bool:
    """Write down that it came back, once; whether that was news."""
    table = notifier_attempt
    statement = update(table).where(table.c.attempt_id == attempt_id, table.c.returned.is_(None))
    return (await tx.execute(statement.values(returned=what.value, returned_at=now))).rowcount == 1


async def told_only_suspended(reading: Reading, now: datetime) -> tuple[str, ...]:
    """The open notifications whose last rung told contacts who are suspended now, and nobody else, while another rung waits."""
    notification, attempt, contact = notifier_notification, notifier_attempt, directory_contact
    taken = attempt.c.result.in_((Result.HANDED_OVER.value, Result.UNKNOWN.value))
    told = (
        select(contact.c.contact_id)
        .join(attempt, attempt.c.contact_id == contact.c.contact_id)
        .where(attempt.c.notification_id == notification.c.notification_id, attempt.c.rung == notification.c.rungs_done, taken)
    )
    waits = (notification.c.state == "open", notification.c.next_rung_at > now, notification.c.next_action_at > now)
    statement = select(notification.c.notification_id).where(
        *waits, told.where(contact.c.state == "suspended").exists(), ~told.where(contact.c.state != "suspended").exists()
    )
    return tuple((await reading.execute(statement.order_by(notification.c.notification_id))).scalars())


def _tried(row: Any) -> Tried:
    return Tried(
        rung=row.rung,
        contact_id=row.contact_id,
        channel=row.channel,
        round=row.round,
        result=Result(row.result),
        ended_at=row.ended_at,
        returned=Return(row.returned) if row.returned else None,
    )


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


async def with_open_tasks(reading: Reading, notification_ids: Iterable[str]) -> frozenset[str]:
    """Those of these notifications for which somebody still owes a call."""
    table = notifier_phone_task
    owed = select(table.c.notification_id).where(table.c.notification_id.in_(set(notification_ids)), table.c.state == "open")
    return frozenset((await reading.execute(owed)).scalars())


async def end_tasks(tx: Transaction, notification_id: str, now: datetime, *, done: str | None = None) -> tuple[str, ...]:
    """Nobody needs to telephone any more; the ids of the tasks that ended. ``done``: the one whose call settled it."""
    table = notifier_phone_task
    of_it = update(table).where(table.c.notification_id == notification_id, table.c.state == "open").returning(table.c.phone_task_id)
    values = {"ended_at": now, "claimed_by": None, "claimed_until_at": None}
    settled = await tx.execute(of_it.where(table.c.phone_task_id == done).values(values | {"state": "done"})) if done else ()
    ended = [row.phone_task_id for row in settled]
    ended += [row.phone_task_id for row in await tx.execute(of_it.values(values | {"state": "not-needed"}))]
    return tuple(ended)
