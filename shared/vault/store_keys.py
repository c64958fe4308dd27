"""Data keys as an operator counts them: by wrapping key, alive or destroyed."""

from collections.abc import Iterable

from sqlalchemy import func, select, update

from shared.db import Reading, Transaction
from shared.db.tables.vault import vault_key, vault_retired
from shared.errors import Unavailable
from shared.vault.store import Vault


async def alive_under(reading: Reading, kek_ids: Iterable[str]) -> int:
    """How many data keys are wrapped under these wrapping keys."""
    here = (vault_key.c.kek_id.in_(set(kek_ids)), vault_key.c.wrapped.is_not(None))
    return int((await reading.execute(select(func.count()).select_from(vault_key).where(*here))).scalar_one())


async def wrapping_keys_in_use(reading: Reading) -> frozenset[str]:
    """The ids of the wrapping keys under which any data key is alive."""
    return frozenset((await reading.execute(select(vault_key.c.kek_id).where(vault_key.c.wrapped.is_not(None)).distinct())).scalars())


async def some_under(tx: Transaction, kek_id: str, limit: int) -> tuple[str, ...]:
    """Up to ``limit`` scopes whose data key is wrapped under ``kek_id``."""
    here = (vault_key.c.kek_id == kek_id, vault_key.c.wrapped.is_not(None))
    return tuple((await tx.execute(select(vault_key.c.scope_id).where(*here).order_by(vault_key.c.scope_id).limit(limit))).scalars())


async def alive(reading: Reading, scope_ids: Iterable[str]) -> tuple[str, ...]:
    """Those of these scopes whose data key is alive."""
    here = (vault_key.c.scope_id.in_(set(scope_ids)), vault_key.c.wrapped.is_not(None))
    return tuple((await reading.execute(select(vault_key.c.scope_id).where(*here).order_by(vault_key.c.scope_id))).scalars())


async def destroy_again(tx: Transaction, scope_ids: Iterable[str]) -> None:
    """Destroy what the ledger names already; it needs no second line."""
    here = (vault_key.c.scope_id.in_(set(scope_ids)), vault_key.c.wrapped.is_not(None))
    await tx.execute(update(vault_key).where(*here).values(wrapped=None, destroyed_at=tx.clock.now()))


async def retire(tx: Transaction, vault: Vault, kek_ids: Iterable[str], newest: str | None) -> None:
    """From this commit on the database takes no data key under these wrapping keys, and none is left alive under them.

    Waits for everybody who is sealing; what they leave is wrapped under ``newest``. Raises DatabaseBusy when somebody holds on, and
    Unavailable when without a ``newest`` a data key is still alive.
    """
    retired = sorted(kek_ids)
    if not retired:
        return
    await tx.hold(vault_key)
    rows = [{"kek_id": kek_id, "retired_at": tx.clock.now()} for kek_id in retired]
    await tx.execute(tx.insert(vault_retired).on_conflict_do_nothing(), rows)
    for kek_id in retired if newest is not None else ():
        while newest is not None and await vault.rewrap(tx, kek_id, newest, 500):
            pass
    if await alive_under(tx, retired):
        raise Unavailable("something was sealed meanwhile: carry the command out again", code="key-in-use")
