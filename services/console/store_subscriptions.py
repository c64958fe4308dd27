"""Subscribed calendars in the database."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, or_, select, update

from shared.db import Reading, Transaction
from shared.db.tables.directory import directory_authority, directory_setting, directory_subscription
from shared.scope import Scope, ScopeKind

_TABLE = directory_subscription


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """One of them; ``looked_at`` is the last try, ``read_at`` the last that came to a calendar, None when there was none."""

    owner: str
    url: str
    source: str
    accept: tuple[str, ...]
    state: str
    finding: str
    seen_hash: str | None
    looked_at: datetime | None
    read_at: datetime | None


async def put(tx: Transaction, owner: str, url: str, source: str, accept: Sequence[str]) -> None:
    """Begin one, or begin it anew."""
    row = {"url": url, "source": source, "accept": list(accept), "state": "new", "finding": ""}
    fresh: dict[str, Any] = {**row, "seen_hash": None, "looked_at": None, "read_at": None}
    statement = tx.insert(_TABLE).values(owner=owner, **fresh)
    await tx.execute(statement.on_conflict_do_update(index_elements=["owner"], set_=fresh))


async def remove(tx: Transaction, owner: str) -> bool:
    """End one; False when there is none."""
    return (await tx.execute(delete(_TABLE).where(_TABLE.c.owner == owner))).rowcount == 1


async def every(reading: Reading) -> tuple[Subscription, ...]:
    """All of them, by owner."""
    return tuple(_subscription(row) for row in await reading.execute(select(_TABLE).order_by(_TABLE.c.owner)))


async def due(reading: Reading, now: datetime, every: timedelta, again: timedelta) -> tuple[Subscription, ...]:
    """Those never looked at, not looked at for ``every``, or not read and not tried again for ``again``."""
    not_read = (_TABLE.c.state == "not-read") & (_TABLE.c.looked_at <= now - again)
    wanted = or_(_TABLE.c.looked_at.is_(None), _TABLE.c.looked_at <= now - every, not_read)
    return tuple(_subscription(row) for row in await reading.execute(select(_TABLE).where(wanted).order_by(_TABLE.c.owner)))


async def looked(tx: Transaction, owner: str, *, state: str, finding: str, seen_hash: str | None, is_read: bool) -> None:
    """What came of a look."""
    now = tx.clock.now()
    values: dict[str, Any] = {"state": state, "finding": finding[:200], "seen_hash": seen_hash, "looked_at": now}
    await tx.execute(update(_TABLE).where(_TABLE.c.owner == owner).values(values | ({"read_at": now} if is_read else {})))


async def unsound(reading: Reading, scope: Scope, read_before: datetime) -> tuple[tuple[str, Subscription], ...]:
    """Those of ``scope`` that are kept out, of which something was left out, or that were not read since then, each with its owner's
    name."""
    areas = select(directory_authority.c.authority).where(
        directory_authority.c.force == scope.id if scope.kind is ScopeKind.FORCE else directory_authority.c.authority == scope.id
    )
    names = (
        select(directory_authority.c.authority.label("owner"), directory_authority.c.name).where(directory_authority.c.authority.in_(areas))
    ).union_all(select(directory_setting.c.setting_id, directory_setting.c.name).where(directory_setting.c.authority.in_(areas)))
    named = names.subquery()
    stale = (_TABLE.c.state == "not-read") & or_(_TABLE.c.read_at.is_(None), _TABLE.c.read_at < read_before)
    statement = select(named.c.name, _TABLE).join_from(_TABLE, named, named.c.owner == _TABLE.c.owner)
    rows = await reading.execute(
        statement.where(or_(_TABLE.c.finding == "left-out", _TABLE.c.state == "kept-out", stale)).order_by(named.c.name)
    )
    return tuple((row.name, _subscription(row)) for row in rows)


def _subscription(row: Any) -> Subscription:
    return Subscription(
        owner=row.owner,
        url=row.url,
        source=row.source,
        accept=tuple(row.accept),
        state=row.state,
        finding=row.finding,
        seen_hash=row.seen_hash,
        looked_at=row.looked_at,
        read_at=row.read_at,
    )
