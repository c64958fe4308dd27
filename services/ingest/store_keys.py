"""Ingest's rows of API keys: only the hash of a secret is kept."""

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import insert, select, update

from shared.db import Reading, Transaction
from shared.db.tables.ingest import ingest_api_key


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A key as it is kept: ``secret_hash`` is the SHA-256 of its secret, in hexadecimal. Instants are real ones (``Clock.real``)."""

    key_id: str
    force: str
    label: str
    secret_hash: str = field(repr=False)
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    sandbox: bool = False
    """Whatever comes with it is for trying out: nobody is told."""

    def is_valid(self, now: datetime) -> bool:
        """Whether it may still be used at the real instant ``now``."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


async def add_key(tx: Transaction, key: ApiKey) -> None:
    """Insert a new key."""
    await tx.execute(insert(ingest_api_key), _row(key))


async def add_key_once(tx: Transaction, key: ApiKey) -> None:
    """Insert a key unless one with its id is there."""
    await tx.execute(tx.insert(ingest_api_key).on_conflict_do_nothing(index_elements=["key_id"]), _row(key))


async def revoke_key(tx: Transaction, key_id: str, now: datetime) -> bool:
    """Mark it revoked from ``now`` on; False when there is none, or it was revoked before."""
    statement = update(ingest_api_key).where(ingest_api_key.c.key_id == key_id, ingest_api_key.c.revoked_at.is_(None))
    return (await tx.execute(statement.values(revoked_at=now))).rowcount == 1


async def key(reading: Reading, key_id: str) -> ApiKey | None:
    """The key with that id, valid or not."""
    row = (await reading.execute(select(ingest_api_key).where(ingest_api_key.c.key_id == key_id))).mappings().one_or_none()
    return None if row is None else ApiKey(**row)


async def keys(reading: Reading, force: str | None = None) -> tuple[ApiKey, ...]:
    """Every key of ``force`` (of all forces without one), oldest first."""
    statement = select(ingest_api_key).order_by(ingest_api_key.c.created_at, ingest_api_key.c.key_id)
    if force is not None:
        statement = statement.where(ingest_api_key.c.force == force)
    return tuple(ApiKey(**row) for row in (await reading.execute(statement)).mappings())


def _row(key: ApiKey) -> dict[str, object]:
    return {name: getattr(key, name) for name in ApiKey.__slots__}
