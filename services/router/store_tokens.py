"""Tokens of the live rolls under another index key, and what superseded rolls leave behind (design rule 7.2)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import delete, select, tuple_, update

from services.router.store_roll import SealedPupil, TokensOf
from shared.db import Reading, Transaction
from shared.db.tables.router import router_pupil, router_pupil_token, router_roll
from shared.db.tables.vault import vault_key

KEYS_AT_ONCE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Roll:
    """A live roll, and the index key under which its tokens are whole."""

    roll_id: str
    index_key_id: str


async def roll_under(reading: Reading, key_ids: Collection[str], passed_over: Collection[str]) -> Roll | None:
    """A live and readable roll whose tokens are whole under one of these keys, none of those passed over."""
    statement = (
        select(router_roll.c.roll_id, router_roll.c.index_key_id)
        .join(vault_key, vault_key.c.scope_id == router_roll.c.roll_id)
        .where(router_roll.c.state == "live", router_roll.c.index_key_id.in_(key_ids), vault_key.c.wrapped.is_not(None))
        .where(router_roll.c.roll_id.not_in(passed_over))
        .order_by(router_roll.c.roll_id)
        .limit(1)
    )
    row = (await reading.execute(statement)).first()
    return None if row is None else Roll(roll_id=row.roll_id, index_key_id=row.index_key_id)


async def hold(tx: Transaction, roll: Roll) -> bool:
    """Hold a roll until the end of the transaction; False when it is no longer live, or no longer under that key."""
    same = (router_roll.c.roll_id == roll.roll_id, router_roll.c.state == "live", router_roll.c.index_key_id == roll.index_key_id)
    return (await tx.execute(select(router_roll.c.roll_id).where(*same).with_for_update())).first() is not None


async def lacking(reading: Reading, roll_id: str, key_id: str, after: str, limit: int) -> tuple[SealedPupil, ...]:
    """The next pupils of a roll that have no token under this key, in the order of their ids, without their settings."""
    has = select(router_pupil_token.c.token).where(
        router_pupil_token.c.pupil_id == router_pupil.c.pupil_id, router_pupil_token.c.key_id == key_id
    )
    statement = (
        select(router_pupil, router_roll.c.authority)
        .join(router_roll, router_roll.c.roll_id == router_pupil.c.roll_id)
        .where(router_pupil.c.roll_id == roll_id, router_pupil.c.pupil_id > after, ~has.exists())
        .order_by(router_pupil.c.pupil_id)
        .limit(limit)
    )
    return tuple(
        SealedPupil(
            token=b"",
            pupil_id=row.pupil_id,
            roll_id=row.roll_id,
            authority=row.authority,
            setting_ids=(),
            restricted=row.restricted,
            sealed=row.sealed,
        )
        for row in await reading.execute(statement)
    )


async def add(tx: Transaction, key_id: str, tokens: Sequence[tuple[str, TokensOf]]) -> None:
    """Write the tokens of some pupils, ``(pupil_id, tokens)``; those that are there already stay."""
    rows = [
        {"token": made, "pupil_id": pupil_id, "rule": rule, "key_id": key_id} for pupil_id, of_pupil in tokens for made, rule in of_pupil
    ]
    if rows:
        await tx.execute(tx.insert(router_pupil_token).on_conflict_do_nothing(), rows)


async def switch(tx: Transaction, roll_id: str, key_id: str) -> None:
    """Every pupil of the roll has tokens under ``key_id``: from here on a search needs no other."""
    await tx.execute(update(router_roll).where(router_roll.c.roll_id == roll_id).values(index_key_id=key_id))


async def remove_old(tx: Transaction, key_id: str, old_key_ids: Sequence[str], limit: int) -> int:
    """Delete up to ``limit`` tokens under old keys, of rolls that are whole under ``key_id``; how many."""
    place = (router_pupil_token.c.token, router_pupil_token.c.pupil_id)
    some = (
        select(*place)
        .join(router_pupil, router_pupil.c.pupil_id == router_pupil_token.c.pupil_id)
        .join(router_roll, router_roll.c.roll_id == router_pupil.c.roll_id)
        .where(router_pupil_token.c.key_id.in_(old_key_ids), router_roll.c.index_key_id == key_id)
        .limit(limit)
    )
    found = [(row.token, row.pupil_id) for row in await tx.execute(some)]
    if found:
        await tx.execute(delete(router_pupil_token).where(tuple_(*place).in_(found)))
    return len(found)


async def needs_index_key(reading: Reading, key_id: str) -> bool:
    """Whether any token is under this key, or any live roll says that its tokens are."""
    token = select(router_pupil_token.c.pupil_id).where(router_pupil_token.c.key_id == key_id).limit(1)
    roll = select(router_roll.c.roll_id).where(router_roll.c.index_key_id == key_id, router_roll.c.state == "live").limit(1)
    return any([(await reading.execute(statement)).first() is not None for statement in (token, roll)])


async def keys_left(reading: Reading) -> tuple[str, ...]:
    """Superseded rolls whose data key is still alive."""
    statement = (
        select(router_roll.c.roll_id)
        .join(vault_key, vault_key.c.scope_id == router_roll.c.roll_id)
        .where(router_roll.c.state == "superseded", vault_key.c.wrapped.is_not(None))
        .limit(KEYS_AT_ONCE)
    )
    return tuple((await reading.execute(statement)).scalars())


async def erased_but_live(reading: Reading) -> str | None:
    """A live roll whose data key has been destroyed: it finds nobody, and its tokens are of no use to anyone who may have them."""
    statement = (
        select(router_roll.c.roll_id)
        .join(vault_key, vault_key.c.scope_id == router_roll.c.roll_id)
        .where(router_roll.c.state == "live", vault_key.c.wrapped.is_(None))
        .limit(1)
    )
    return (await reading.execute(statement)).scalar_one_or_none()
