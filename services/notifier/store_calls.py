"""Notifier's rows of telephone calls, as staff see them: the tasks of their own force or authority, who has one, and the log of calls.

A sandbox's tasks are rows like any other and appear nowhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, insert, or_, select, update

from services.notifier.domain.calls import CallOutcome, Made
from shared.db import Reading, Transaction
from shared.db.tables.directory import directory_authority, directory_setting, directory_team
from shared.db.tables.notifier import notifier_call, notifier_notification, notifier_phone_task
from shared.errors import Misuse
from shared.ids import new_id
from shared.scope import Scope, ScopeKind

MOST = 200
_TASK, _PROMISE = notifier_phone_task, notifier_notification
_OWNER = directory_team.alias("owner")


@dataclass(frozen=True, slots=True, kw_only=True)
class CallTask:
    """A call that ``team_id`` owes to one destination. ``claimed_until_at`` is a real instant, all others are business instants.

    ``again_at`` is when to ring again after a call that settled nothing.
    """

    phone_task_id: str
    notification_id: str
    team_id: str
    reason: str
    due_at: datetime
    again_at: datetime | None
    claimed_by: str | None
    claimed_until_at: datetime | None
    destination_kind: str
    destination_ref: str
    deadline_at: datetime

    @property
    def ring_at(self) -> datetime:
        """When somebody should ring."""
        return self.again_at or self.due_at

    def is_claimed(self, real: datetime) -> bool:
        """Whether somebody has it at the real instant."""
        return self.claimed_until_at is not None and self.claimed_until_at > real


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call that was made. One that was entered afterwards says by whom it was made and when it was entered."""

    outcome: CallOutcome
    contact_id: str | None
    called_at: datetime
    made_by: str | None = None
    entered_at: datetime | None = None


async def tasks(reading: Reading, scope: Scope) -> tuple[CallTask, ...]:
    """The open tasks that ``scope`` may see, the first to ring first, at most 200; one that passed to another team is that team's."""
    statement = _visible(scope).where(_TASK.c.passed_on_at.is_(None))
    ordered = statement.order_by(func.coalesce(_TASK.c.again_at, _TASK.c.due_at), _TASK.c.opened_at, _TASK.c.phone_task_id).limit(MOST)
    return tuple(CallTask(**row) for row in (await reading.execute(ordered)).mappings())


async def task(reading: Reading, phone_task_id: str, scope: Scope) -> CallTask | None:
    """One open task; None when there is none, or it is not ``scope``'s."""
    row = (await reading.execute(_visible(scope).where(_TASK.c.phone_task_id == phone_task_id))).mappings().first()
    return None if row is None else CallTask(**row)


async def claim(tx: Transaction, phone_task_id: str, session_id: str, until_real_at: datetime) -> bool:
    """Take the call, or keep it; False when somebody else has it or nobody owes it any more."""
    free = or_(_TASK.c.claimed_by.is_(None), _TASK.c.claimed_by == session_id, _TASK.c.claimed_until_at <= tx.clock.real())
    mine = update(_TASK).where(_TASK.c.phone_task_id == phone_task_id, _TASK.c.state == "open", free)
    return (await tx.execute(mine.values(claimed_by=session_id, claimed_until_at=until_real_at))).rowcount == 1


async def release(tx: Transaction, phone_task_id: str, session_id: str) -> bool:
    """Give the call back; False when this session did not have it."""
    mine = update(_TASK).where(_TASK.c.phone_task_id == phone_task_id, _TASK.c.claimed_by == session_id)
    return (await tx.execute(mine.values(claimed_by=None, claimed_until_at=None))).rowcount == 1


async def ring_again(tx: Transaction, phone_task_id: str, again_at: datetime | None) -> None:
    """When to ring next; None for when it is due."""
    await tx.execute(update(_TASK).where(_TASK.c.phone_task_id == phone_task_id).values(again_at=again_at))


async def pass_on(tx: Transaction, phone_task_ids: Sequence[str], now: datetime) -> None:
    """These calls are another team's from now on."""
    await tx.execute(update(_TASK).where(_TASK.c.phone_task_id.in_(phone_task_ids)).values(passed_on_at=now))


async def add_call(tx: Transaction, of: CallTask, outcome: CallOutcome, made: Made, session_id: str) -> None:
    """One line of the call log. ``outcome`` is what the call came to, which may be less than was told."""
    row: dict[str, str | None] = {
        "call_id": new_id(),
        "phone_task_id": of.phone_task_id,
        "notification_id": of.notification_id,
        "outcome": outcome.value,
    }
    row |= {"contact_id": made.contact_id, "caller": session_id, "made_by": made.made_by if made.made_at else None}
    now = tx.clock.now()
    instants = {"called_at": made.made_at or now, "entered_at": now if made.made_at else None, "called_real_at": tx.clock.real()}
    await tx.execute(insert(notifier_call).values(**row, **instants))


async def calls(reading: Reading, notification_id: str) -> tuple[Call, ...]:
    """Every call about the notification, the newest first; the newest 20."""
    table = notifier_call
    statement = select(*(table.c[name] for name in Call.__slots__)).where(table.c.notification_id == notification_id)
    rows = await reading.execute(statement.order_by(table.c.called_at.desc(), table.c.called_real_at.desc(), table.c.call_id).limit(20))
    return tuple(Call(**dict(row) | {"outcome": CallOutcome(row["outcome"])}) for row in rows.mappings())


async def wrong_at(reading: Reading, kind: str, ref: str, since_real_at: datetime) -> tuple[datetime, ...]:
    """The real instants of the wrong passphrases for one destination since then, whichever notification they were about."""
    joined = notifier_call.join(_PROMISE, _PROMISE.c.notification_id == notifier_call.c.notification_id)
    statement = (
        select(notifier_call.c.called_real_at)
        .select_from(joined)
        .where(
            _PROMISE.c.destination_kind == kind,
            _PROMISE.c.destination_ref == ref,
            notifier_call.c.outcome == CallOutcome.NOT_PROVEN.value,
            notifier_call.c.called_real_at > since_real_at,
        )
    )
    return tuple((await reading.execute(statement)).scalars())


def _visible(scope: Scope) -> Select[Any]:
    """Open tasks whose destination or team is ``scope``'s: a desk also rings settings of its neighbours."""
    of_setting = and_(_PROMISE.c.destination_kind == "setting", directory_setting.c.setting_id == _PROMISE.c.destination_ref)
    of_team = and_(_PROMISE.c.destination_kind == "team", directory_team.c.team_id == _PROMISE.c.destination_ref)
    joined = (
        _TASK.join(_PROMISE, _PROMISE.c.notification_id == _TASK.c.notification_id)
        .outerjoin(directory_setting, of_setting)
        .outerjoin(directory_team, of_team)
        .outerjoin(_OWNER, _OWNER.c.team_id == _TASK.c.team_id)
    )
    own = ("phone_task_id", "notification_id", "team_id", "reason", "due_at", "again_at", "claimed_by", "claimed_until_at")
    promise = ("destination_kind", "destination_ref", "deadline_at")
    columns = (*(_TASK.c[name] for name in own), *(_PROMISE.c[name] for name in promise))
    live = (_TASK.c.state == "open", _PROMISE.c.state == "open", ~_PROMISE.c.sandbox)
    return select(*columns).select_from(joined).where(*live, _theirs(scope))


def _theirs(scope: Scope) -> ColumnElement[bool]:
    """Raises Misuse for a scope that no member of staff has."""
    teams = (directory_team, _OWNER)
    if scope.kind is ScopeKind.AUTHORITY:
        return or_(directory_setting.c.authority == scope.id, *(team.c.authority == scope.id for team in teams))
    if scope.kind is ScopeKind.FORCE:
        policed = select(directory_authority.c.authority).where(directory_authority.c.force == scope.id)
        of_teams = (or_(team.c.force == scope.id, team.c.authority.in_(policed)) for team in teams)
        return or_(directory_setting.c.authority.in_(policed), *of_teams)
    raise Misuse("staff look for a force or an authority")
