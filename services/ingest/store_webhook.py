"""Ingest's rows of webhooks: where to, how far, and the sealed secrets."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, delete, exists, insert, or_, select, update

from shared.db import Reading, Transaction
from shared.db.tables.ingest_feed import ingest_feed, ingest_webhook, ingest_webhook_secret

ACTIVE, PAUSED = "active", "paused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """A webhook as it stands. ``due_at``, ``failing_since_at`` and ``created_at`` are real instants; positions are the feed's."""

    webhook_id: str
    force: str
    sandbox: bool
    url: str = field(repr=False)
    state: str
    reason: str | None
    position: int
    sending_to: int | None
    attempts: int
    due_at: datetime
    failing_since_at: datetime | None
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSecret:
    """A sealed secret; ``secret_id`` is also its scope in the vault."""

    secret_id: str
    webhook_id: str
    sealed: bytes = field(repr=False)
    created_at: datetime
    ends_at: datetime | None


_COLUMNS = [ingest_webhook.c[name] for name in Webhook.__dataclass_fields__]
_LIVE = ingest_webhook.c.removed_at.is_(None)


async def add(tx: Transaction, webhook: Webhook) -> None:
    """Insert a new webhook. Raises DatabaseRefused when the force has one."""
    await tx.execute(insert(ingest_webhook), {name: getattr(webhook, name) for name in Webhook.__dataclass_fields__})


async def of_force(reading: Reading, force: str, *, sandbox: bool) -> Webhook | None:
    """The force's webhook, if it has one."""
    return await _one(reading, ingest_webhook.c.force == force, ingest_webhook.c.sandbox.is_(sandbox))


async def held(tx: Transaction, webhook_id: str) -> Webhook | None:
    """The webhook, nobody else's until the transaction ends; None when it has been removed."""
    statement = select(*_COLUMNS).where(_LIVE, ingest_webhook.c.webhook_id == webhook_id).with_for_update()
    row = (await tx.execute(statement)).mappings().one_or_none()
    return None if row is None else Webhook(**row)


async def every(reading: Reading, force: str | None = None) -> tuple[Webhook, ...]:
    """The webhooks of a force, or of all, in the order of their forces."""
    statement = select(*_COLUMNS).where(_LIVE).order_by(ingest_webhook.c.force, ingest_webhook.c.sandbox)
    if force is not None:
        statement = statement.where(ingest_webhook.c.force == force)
    return tuple(Webhook(**row) for row in (await reading.execute(statement)).mappings())


async def due(reading: Reading, now: datetime) -> tuple[str, ...]:
    """The webhooks with something to tell at the real instant ``now``."""
    behind = exists().where(
        ingest_feed.c.force == ingest_webhook.c.force,
        ingest_feed.c.sandbox == ingest_webhook.c.sandbox,
        ingest_feed.c.position > ingest_webhook.c.position,
    )
    statement = select(ingest_webhook.c.webhook_id).where(
        _LIVE, ingest_webhook.c.state == ACTIVE, ingest_webhook.c.due_at <= now, or_(ingest_webhook.c.sending_to.is_not(None), behind)
    )
    return tuple((await reading.execute(statement)).scalars())


async def change(tx: Transaction, webhook_id: str, *, at_position: int | None = None, **values: Any) -> bool:
    """Change columns of a live webhook; with ``at_position`` only while it stands there. Whether it was changed."""
    place: list[ColumnElement[bool]] = [_LIVE, ingest_webhook.c.webhook_id == webhook_id]
    if at_position is not None:
        place.append(ingest_webhook.c.position == at_position)
    return (await tx.execute(update(ingest_webhook).where(*place).values(values))).rowcount == 1


async def add_secret(tx: Transaction, secret: StoredSecret) -> None:
    """Insert a secret."""
    row = {name: getattr(secret, name) for name in StoredSecret.__dataclass_fields__}
    await tx.execute(insert(ingest_webhook_secret), row)


async def secrets(reading: Reading, webhook_ids: Iterable[str]) -> tuple[StoredSecret, ...]:
    """Every secret of these webhooks, the newest first."""
    statement = select(ingest_webhook_secret).where(ingest_webhook_secret.c.webhook_id.in_(set(webhook_ids)))
    rows = await reading.execute(statement.order_by(ingest_webhook_secret.c.created_at.desc()))
    return tuple(StoredSecret(**row) for row in rows.mappings())


async def end_secrets(tx: Transaction, secret_ids: Sequence[str], ends_at: datetime) -> None:
    """Let secrets that had no end sign until ``ends_at``, a real instant."""
    unended = (ingest_webhook_secret.c.secret_id.in_(secret_ids), ingest_webhook_secret.c.ends_at.is_(None))
    await tx.execute(update(ingest_webhook_secret).where(*unended).values(ends_at=ends_at))


async def remove_secrets(tx: Transaction, secret_ids: Sequence[str]) -> None:
    """Delete their rows; the caller destroys their scopes."""
    await tx.execute(delete(ingest_webhook_secret).where(ingest_webhook_secret.c.secret_id.in_(secret_ids)))


async def _one(reading: Reading, *place: ColumnElement[bool]) -> Webhook | None:
    row = (await reading.execute(select(*_COLUMNS).where(_LIVE, *place))).mappings().one_or_none()
    return None if row is None else Webhook(**row)
