"""The stored report of an incident, for every service that works on it. Ingest alone writes it (``services/ingest/store.py``)."""

from collections.abc import Iterable

from sqlalchemy import select

from shared.db import Reading
from shared.db.tables.vault import vault_content
from shared.errors import NotFound
from shared.report.sealed import KIND, SealedReport
from shared.scope import Scope
from shared.vault import Vault


async def load(vault: Vault, reading: Reading, incident_id: str, scope: Scope) -> SealedReport:
    """The newest report of that incident. Raises NotFound when there is none, VaultSealed when it has been erased.

    ``scope`` says for whom; the caller has made sure that the incident is theirs to see, and records the view.
    """
    statement = (
        select(vault_content.c.content_id)
        .where(vault_content.c.scope_id == incident_id, vault_content.c.kind == KIND)
        .order_by(vault_content.c.created_at.desc(), vault_content.c.content_id)
        .limit(1)
    )
    content_id = (await reading.execute(statement)).scalar_one_or_none()
    if content_id is None:
        raise NotFound("there is no such report")
    return SealedReport.from_bytes(await vault.get(reading, content_id, scope))


async def load_many(vault: Vault, reading: Reading, incident_ids: Iterable[str], scope: Scope) -> dict[str, SealedReport]:
    """The newest report of each incident, with two statements for all. Raises as ``load`` does when any of them is missing or erased."""
    wanted = set(incident_ids)
    statement = (
        select(vault_content.c.scope_id, vault_content.c.content_id)
        .where(vault_content.c.scope_id.in_(wanted), vault_content.c.kind == KIND)
        .order_by(vault_content.c.created_at, vault_content.c.content_id.desc())
    )
    newest = {row.scope_id: row.content_id for row in await reading.execute(statement)}
    if newest.keys() != wanted:
        raise NotFound("there is no such report")
    contents = await vault.get_many(reading, newest.values(), scope)
    return {incident_id: SealedReport.from_bytes(contents[content_id]) for incident_id, content_id in newest.items()}
