"""Notifier's rows: the notification with its frozen plan, and its children.

A transition is a conditional UPDATE whose row count is checked: an acknowledgement that comes while a rung is being carried out wins (D5).
A lease is a real instant; whoever holds it is carrying out what is due.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, insert, select, update

from services.notifier.domain.content import Told, told
from services.notifier.domain.plan import Plan
from services.notifier.domain.states import Answer, ChildState, Stage
from services.notifier.store_leases import Leases
from shared.db import Reading, Transaction
from shared.db.tables.notifier import notifier_child, notifier_notification
from shared.errors import NotFound

_TABLE = notifier_notification
_OPEN = _TABLE.c.state == Stage.OPEN.value
_LEASES = Leases(_TABLE.c.notification_id, _OPEN, _TABLE.c.next_action_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """One row. ``next_rung_at`` is None when every rung was climbed; ``leased_until_at`` is a real instant.

    ``incident_version`` is the one that is shown. ``sandbox``: nobody is told, whatever the plan says.
    ``call_team`` telephones when everything else fails, even the policy. ``route`` and ``legal_class`` are router's.
    """

    notification_id: str
    incident_id: str
    destination_id: str
    destination_kind: str
    destination_ref: str
    purpose: str
    state: Stage
    policy_version: str
    plan: Plan
    rungs_done: int
    deadline_at: datetime
    next_rung_at: datetime | None
    next_action_at: datetime | None
    leased_until_at: datetime | None
    late_at: datetime | None
    opened_at: datetime
    ended_at: datetime | None
    incident_version: int
    supplement: bool
    sandbox: bool
    call_team: str | None
    route: str | None = None
    legal_class: str | None = None

    @property
    def told(self) -> Told:
        """To what kind of destination it is shown, and on what footing."""
        return told(self.destination_kind, self.route, self.legal_class)

    @property
    def is_open(self) -> bool:
        return self.state is Stage.OPEN


# --- notifications ----------------------------------------------------------------------------------------------------------------


async def add(tx: Transaction, notifications: Sequence[Notification]) -> set[str]:
    """Insert those whose destination has none yet; the ids of the inserted. Given in the order of their destinations, so that two
    batches cannot wait for each other."""
    rows = [_row(one) for one in notifications]
    statement = tx.insert(notifier_notification).on_conflict_do_nothing(index_elements=["destination_id"])
    return set((await tx.execute(statement.returning(notifier_notification.c.notification_id), rows)).scalars())


async def claim(tx: Transaction, limit: int, lease: timedelta) -> list[Notification]:
    """Take up to ``limit`` open notifications that are due and nobody holds; the most urgent first."""
    return [_notification(row) for row in await _LEASES.claim(tx, limit, lease)]


async def next_due(reading: Reading) -> datetime | None:
    """When the next open notification is due; one that somebody holds, when the lease runs out (told as a business instant)."""
    return await _LEASES.next_due(reading)


async def get(reading: Reading, notification_id: str) -> Notification:
    """One notification. Raises NotFound."""
    return _notification(await _one(reading, select(notifier_notification), notification_id))


async def open_after(reading: Reading, notification_id: str, most: int) -> list[Notification]:
    """Up to ``most`` open notifications behind that id, in the order of their ids; none of a sandbox."""
    table = notifier_notification
    statement = select(table).where(_OPEN, ~table.c.sandbox, table.c.notification_id > notification_id)
    return [_notification(row) for row in await reading.execute(statement.order_by(table.c.notification_id).limit(most))]


async def hold(tx: Transaction, notification_id: str) -> Notification:
    """One notification, locked until the end of the transaction. Raises NotFound."""
    return _notification(await _one(tx, select(notifier_notification).with_for_update(), notification_id))


async def hold_of(tx: Transaction, destination_id: str) -> Notification | None:
    """The notification of that destination, locked until the end of the transaction; None when none has been opened yet."""
    statement = select(notifier_notification).where(notifier_notification.c.destination_id == destination_id).with_for_update()
    row = (await tx.execute(statement)).first()
    return None if row is None else _notification(row)


async def still_held(tx: Transaction, claimed: Notification) -> Notification | None:
    """The claimed notification as it is now, locked; None when it has ended or another holds it."""
    return (await still_held_of(tx, [claimed]))[0]


async def still_held_of(tx: Transaction, claimed: Sequence[Notification]) -> list[Notification | None]:
    """The same for several, with one statement. They are locked in one order for all, so that two batches cannot wait for each other."""
    table = notifier_notification
    wanted = select(table).where(table.c.notification_id.in_({one.notification_id for one in claimed}))
    rows = await tx.execute(wanted.order_by(table.c.notification_id).with_for_update())
    found = {row.notification_id: _notification(row) for row in rows}
    return [_if_still_held(found.get(one.notification_id), one) for one in claimed]


def _if_still_held(found: Notification | None, claimed: Notification) -> Notification | None:
    return found if found is not None and found.is_open and found.leased_until_at == claimed.leased_until_at else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Next:
    """A claimed notification as its turn leaves it."""

    claimed: Notification
    rungs_done: int
    next_rung_at: datetime | None
    next_action_at: datetime
    late_at: datetime | None


async def go_on(tx: Transaction, after: Sequence[Next]) -> None:
    """Give claimed notifications back with their next actions; one that has ended or that another holds stays as it is."""
    rows = [
        {
            "claimed_id": one.claimed.notification_id,
            "claimed_until_at": one.claimed.leased_until_at,
            "done": one.rungs_done,
            "rung_at": one.next_rung_at,
            "action_at": one.next_action_at,
            "late": one.late_at,
        }
        for one in after
    ]
    if rows:
        await tx.execute(_GO_ON, rows)


_GO_ON = (
    update(notifier_notification)
    .where(
        notifier_notification.c.notification_id == bindparam("claimed_id"),
        _OPEN,
        notifier_notification.c.leased_until_at == bindparam("claimed_until_at"),
    )
    .values(
        rungs_done=bindparam("done"),
        next_rung_at=bindparam("rung_at"),
        next_action_at=bindparam("action_at"),
        late_at=bindparam("late"),
        leased_until_at=None,
    )
)


async def hasten(tx: Transaction, notification_id: str, now: datetime) -> bool:
    """Make the next rung due at once; False when there is none any more."""
    table = notifier_notification
    statement = update(table).where(table.c.notification_id == notification_id, _OPEN, table.c.next_rung_at.is_not(None))
    return (await tx.execute(statement.values(next_rung_at=now, next_action_at=now))).rowcount == 1


async def look_again(tx: Transaction, notification_id: str, now: datetime) -> None:
    """Have the next turn at once: something that it goes by has changed."""
    table = notifier_notification
    await tx.execute(update(table).where(table.c.notification_id == notification_id, _OPEN).values(next_action_at=now))


async def end(tx: Transaction, notification_id: str, stage: Stage, now: datetime) -> bool:
    """Nothing is due any more. A recall or a withdrawal may follow an acknowledgement, never the other way."""
    table = notifier_notification
    before = [Stage.OPEN] if stage is Stage.ACKNOWLEDGED else [Stage.OPEN, Stage.ACKNOWLEDGED]
    ended = await tx.execute(
        update(table)
        .where(table.c.notification_id == notification_id, table.c.state.in_([one.value for one in before]))
        .values(state=stage.value, ended_at=now, next_rung_at=None, next_action_at=None, leased_until_at=None)
    )
    return ended.rowcount == 1


async def bring(tx: Transaction, notification_id: str, incident_version: int) -> None:
    """Show that version from here on. The notification is held by the caller."""
    table = notifier_notification
    await tx.execute(update(table).where(table.c.notification_id == notification_id).values(incident_version=incident_version))


async def reopen(tx: Transaction, notification_id: str, plan: Plan) -> None:
    """Open a notification that had ended, with rungs added behind those done. It is held by the caller."""
    table, due_at = notifier_notification, plan.present[0].due_at
    values = {"state": Stage.OPEN.value, "plan": plan.to_data(), "rungs_done": plan.past, "deadline_at": plan.deadline_at}
    values |= {"next_rung_at": due_at, "next_action_at": due_at, "leased_until_at": None, "late_at": None, "ended_at": None}
    await tx.execute(update(table).where(table.c.notification_id == notification_id, ~_OPEN).values(values))


# --- children -------------------------------------------------------------------------------------------------------------------------


async def add_children(tx: Transaction, children: Iterable[tuple[str, Sequence[str]]]) -> None:
    """The children of new notifications: ``(notification_id, child_ids)``."""
    rows = [{"notification_id": notification_id, "child_id": child_id} for notification_id, ids in children for child_id in ids]
    if rows:
        await tx.execute(insert(notifier_child), rows)


async def children(reading: Reading, notification_id: str) -> tuple[ChildState, ...]:
    """The notification's children, in a fixed order."""
    statement = select(notifier_child).where(notifier_child.c.notification_id == notification_id).order_by(notifier_child.c.child_id)
    return tuple(
        ChildState(
            child_id=row.child_id,
            answer=Answer(row.answer) if row.answer else None,
            acknowledged_by=row.acknowledged_by,
            acknowledged_at=row.acknowledged_at,
            recalled_at=row.recalled_at,
            withdrawn_at=row.withdrawn_at,
        )
        for row in await reading.execute(statement)
    )


async def change_child(tx: Transaction, notification_id: str, child: ChildState, **answered: Any) -> None:
    """Write a child's state; ``answered`` may give ``answered_by`` and ``answered_at``. The notification is held by the caller."""
    await tx.execute(
        update(notifier_child)
        .where(notifier_child.c.notification_id == notification_id, notifier_child.c.child_id == child.child_id)
        .values(
            answer=child.answer.value if child.answer else None,
            acknowledged_by=child.acknowledged_by,
            acknowledged_at=child.acknowledged_at,
            recalled_at=child.recalled_at,
            withdrawn_at=child.withdrawn_at,
            **answered,
        )
    )


async def revise_children(tx: Transaction, notification_id: str, before: Sequence[ChildState], after: Sequence[ChildState]) -> None:
    """Bring the children to ``after``: new ones are added, changed ones written. The notification is held by the caller."""
    known = {child.child_id: child for child in before}
    await add_children(tx, [(notification_id, [child.child_id for child in after if child.child_id not in known])])
    for child in after:
        was = known.get(child.child_id, child)
        if child != was:
            unsaid = {"answered_by": None, "answered_at": None} if child.answer is None else {}
            await change_child(tx, notification_id, child, **unsaid)


# --- rows -----------------------------------------------------------------------------------------------------------------------------


async def _one(reading: Reading, statement: Any, notification_id: str) -> Any:
    row = (await reading.execute(statement.where(notifier_notification.c.notification_id == notification_id))).first()
    if row is None:
        raise NotFound("there is no such notification")
    return row


def _notification(row: Any) -> Notification:
    values = {name: getattr(row, name) for name in Notification.__slots__}
    return Notification(**values | {"state": Stage(row.state), "plan": Plan.from_data(row.plan)})


def _row(one: Notification) -> dict[str, Any]:
    values = {name: getattr(one, name) for name in Notification.__slots__}
    return values | {"state": one.state.value, "plan": one.plan.to_data()}
