"""A vault for tests: fixed months, and contents kept in a scope of their own."""

from datetime import UTC, date, datetime

from shared.db import Database
from shared.ids import new_id
from shared.scope import Scope
from shared.vault.keyring import retention_month
from shared.vault.store import Content, Vault

NOW = datetime(2026, 11, 22, 23, 10, tzinfo=UTC)
ON = date(2026, 11, 22)
MONTH = retention_month(ON, 6)
READER = Scope.service("test")
SECRET = b"Wren Testwood, 2018-03-04"


async def kept(database: Database, vault: Vault, plaintexts: list[bytes], kind: str = "report") -> tuple[str, list[str]]:
    """A new scope with these contents; returns its id and theirs."""
    scope_id, content_ids = new_id(), [new_id() for _ in plaintexts]
    contents: list[Content] = [(content_id, kind, plaintext) for content_id, plaintext in zip(content_ids, plaintexts, strict=True)]
    async with database.transaction() as tx:
        sealer = await vault.new_scope(tx, scope_id, MONTH)
        await vault.put(tx, scope_id, contents, sealer=sealer)
    return scope_id, content_ids


async def opened(database: Database, vault: Vault, content_id: str) -> bytes:
    async with database.reading() as reading:
        return await vault.get(reading, content_id, READER)
