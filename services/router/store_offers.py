"""Offered places: for the token of a pupil's UPN the setting and the day from which she has it. A stolen table names nobody.

The file is not kept, so an offer is found under the index key that it came under, for as long as the keyring holds that one; then it is to
be imported again, and meanwhile the child is her authority's, which is what holds without an offer.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import delete, insert, select

from shared.db import Reading, Transaction
from shared.db.tables.router import router_offer, router_roll


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A place at ``setting_id`` from the London date ``from_on``, as the authority says that imported it."""

    token: bytes
    setting_id: str
    from_on: date


async def replace_all(tx: Transaction, authority: str, key_id: str, offers: Sequence[Offer]) -> None:
    """These are the authority's offers from here on, in the place of all that it had given before."""
    await tx.execute(delete(router_offer).where(router_offer.c.authority == authority))
    rows = [
        {"authority": authority, "token": one.token, "key_id": key_id, "setting_id": one.setting_id, "from_on": one.from_on}
        for one in offers
    ]
    if rows:
        await tx.execute(insert(router_offer), rows)


async def found(reading: Reading, tokens: Iterable[bytes]) -> tuple[Offer, ...]:
    """The offers under these tokens."""
    rows = await reading.execute(select(router_offer).where(router_offer.c.token.in_(set(tokens))))
    return tuple(Offer(token=row.token, setting_id=row.setting_id, from_on=row.from_on) for row in rows)


async def as_at(reading: Reading, authorities: Iterable[str]) -> dict[str, date]:
    """As at when the live roll of each of these authorities is, where it gives one."""
    live = (router_roll.c.authority.in_(set(authorities)), router_roll.c.state == "live")
    return {row.authority: row.as_at_on for row in await reading.execute(select(router_roll).where(*live))}
