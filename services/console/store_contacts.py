"""Writing contacts, sealed (design rule 7.2).

Each authority's contacts (and each force's) are sealed under a scope of the month in which they were last imported, made to be openable
for ``KEPT_MONTHS`` more: details that nobody has refreshed for two years are erased with that month's wrapping key. An import in a later
month seals all of the owner's contacts anew; the old scope is destroyed after its commit.
"""

from collections.abc import Mapping, Sequence
from datetime import date

from sqlalchemy import bindparam, delete, select, update

from services.console.domain.rows import ContactRow
from services.console.domain.verification import standing
from shared.db import Transaction
from shared.db.tables.directory import directory_contact
from shared.db.tables.vault import vault_key
from shared.directory import Contact
from shared.directory.contacts import by_reference, identity
from shared.errors import NotFound
from shared.ids import new_id
from shared.scope import Scope
from shared.vault import Sealer, Vault, retention_month

KEPT_MONTHS = 24
_SELF = Scope.service("console")


async def sealers(tx: Transaction, vault: Vault, owners: Sequence[str], on: date) -> dict[str, Sealer]:
    """A sealer of this month for each owner (``authority:999``, ``force:testshire``); what an older scope holds is sealed anew.

    Contacts whose key has been destroyed are deleted: nobody can read them. Raises VaultSealed when the keyring does not reach 24
    months ahead of the London date ``on``.
    """
    erased = select(vault_key.c.scope_id).where(vault_key.c.wrapped.is_(None))
    await tx.execute(delete(directory_contact).where(directory_contact.c.scope_id.in_(erased)))
    found = {}
    for owner in sorted(owners):
        found[owner] = await _current(tx, vault, _scope_id(owner, on), on)
        await _move(tx, vault, f"directory:{owner}:", found[owner])
    return found


async def destroy_emptied(tx: Transaction, vault: Vault, on: date) -> int:
    """Destroy the keys of earlier months' scopes that hold no contact any more; how many.

    In a transaction of its own: the erasure ledger remembers for good, and what it names must not come back by a rollback.
    """
    in_use = select(directory_contact.c.contact_id).where(directory_contact.c.scope_id == vault_key.c.scope_id).exists()
    emptied = select(vault_key.c.scope_id).where(
        vault_key.c.scope_id.startswith("directory:", autoescape=True),
        vault_key.c.scope_id.not_like(f"%:{on:%Y-%m}"),
        vault_key.c.wrapped.is_not(None),
        ~in_use,
    )
    return len(await vault.destroy_many(tx, (await tx.execute(emptied)).scalars()))


def _scope_id(owner: str, on: date) -> str:
    return f"directory:{owner}:{on:%Y-%m}"


async def merge_contacts(tx: Transaction, vault: Vault, rows: Sequence[ContactRow], sealed_by: Mapping[str, Sealer]) -> int:
    """Store contacts by reference; ``sealed_by`` has a sealer for each reference. How many were new or different."""
    before = await by_reference(tx, vault, [row.reference for row in rows], _SELF)
    after = {row.reference: _contact(row, before.get(row.reference)) for row in rows}
    changed = [
        _columns(after[row.reference], row, sealed_by[row.reference]) for row in rows if after[row.reference] != before.get(row.reference)
    ]
    if changed:
        upsert = tx.insert(directory_contact)
        others = {name: upsert.excluded[name] for name in changed[0] if name not in ("contact_id", "reference")}
        await tx.execute(upsert.on_conflict_do_update(index_elements=["contact_id"], set_=others), changed)
    return len(changed)


def _contact(row: ContactRow, before: Contact | None) -> Contact:
    stands = standing(row, before)
    return Contact(
        contact_id=before.contact_id if before is not None else new_id(),
        reference=row.reference,
        setting_id=row.setting_id,
        team_id=row.team_id,
        role=row.role,
        ordinal=row.ordinal,
        state=stands.state,
        verified_at=stands.verified_at,
        holiday=row.holiday if row.holiday is not None else before is not None and before.holiday,
        name=row.details.name,
        email=row.details.email,
        phone=row.details.phone,
    )


def _columns(contact: Contact, row: ContactRow, sealer: Sealer) -> dict[str, object]:
    return {
        "contact_id": contact.contact_id,
        "reference": contact.reference,
        "setting_id": contact.setting_id,
        "team_id": contact.team_id,
        "role": contact.role,
        "ordinal": contact.ordinal,
        "state": contact.state,
        "verified_at": contact.verified_at,
        "holiday": contact.holiday,
        "has_email": contact.email is not None,
        "has_phone": contact.phone is not None,
        "scope_id": sealer.scope_id,
        "sealed": sealer(identity(contact.contact_id), row.details.to_json()),
    }


async def _current(tx: Transaction, vault: Vault, scope_id: str, on: date) -> Sealer:
    try:
        return await vault.seal_for(tx, scope_id)
    except NotFound:
        return await vault.new_scope(tx, scope_id, retention_month(on, KEPT_MONTHS))


async def _move(tx: Transaction, vault: Vault, prefix: str, sealer: Sealer) -> None:
    columns = (directory_contact.c.contact_id, directory_contact.c.scope_id, directory_contact.c.sealed)
    statement = select(*columns).where(
        directory_contact.c.scope_id.startswith(prefix, autoescape=True), directory_contact.c.scope_id != sealer.scope_id
    )
    rows = (await tx.execute(statement)).all()
    openers = await vault.openers(tx, {row.scope_id for row in rows})
    if not rows:
        return
    moved = [
        {
            "moved_contact_id": row.contact_id,
            "new_sealed": sealer(identity(row.contact_id), openers[row.scope_id](identity(row.contact_id), row.sealed)),
        }
        for row in rows
    ]
    statement_of_move = (
        update(directory_contact)
        .where(directory_contact.c.contact_id == bindparam("moved_contact_id"))
        .values(scope_id=sealer.scope_id, sealed=bindparam("new_sealed"))
    )
    await tx.execute(statement_of_move, moved)
