"""The roll in the database: sealed pupils, found through keyed tokens (design rule 7.2). One roll is live for each authority.

A stolen table names nobody: what is known of a pupil is sealed under the roll's own data key, and a token says nothing without the
index key, which is never here.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import delete, insert, select, update

from services.router.domain.evidence import UPN, Key, Pupil, pupil_keys
from shared.db import Reading, Transaction
from shared.db.tables.router import router_pupil, router_pupil_setting, router_pupil_token, router_roll
from shared.errors import Refused
from shared.vault.sealing import row_identity
from shared.vault.store import Opener
from shared.vault.tokens import identifier_token, token

TOKENS_AT_ONCE = 10_000
PUPILS_AT_ONCE = 5_000

TokensOf = tuple[tuple[bytes, str], ...]
"""One pupil's tokens, each with its rule."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedPupil:
    """A row of a live roll with the token that found it."""

    token: bytes
    pupil_id: str
    roll_id: str
    authority: str
    setting_ids: tuple[str, ...]
    restricted: bool
    sealed: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPupil:
    """A row to be written."""

    pupil_id: str
    setting_ids: tuple[str, ...]
    restricted: bool
    tokens: TokensOf
    sealed: bytes = field(repr=False)


def identity(pupil_id: str) -> str:
    """The row that a pupil is sealed for."""
    return row_identity(router_pupil.name, pupil_id)


def plaintext(pupil: Pupil) -> bytes:
    """What is sealed of a pupil."""
    known = {
        "upn": pupil.upn,
        "forename": pupil.forename,
        "surname": pupil.surname,
        "known_as": pupil.known_as,
        "date_of_birth": pupil.date_of_birth.isoformat(),
        "postcode": pupil.postcode,
        "home_authority": pupil.home_authority,
        "education": pupil.education,
        "weekdays": {setting_id: sorted(days) for setting_id, days in pupil.weekdays.items()},
    }
    return json.dumps(known, ensure_ascii=False, separators=(",", ":")).encode()


def opened(row: SealedPupil, opener: Opener) -> Pupil:
    """The pupil of a row. Raises VaultSealed when it is not what was sealed."""
    known = json.loads(opener(identity(row.pupil_id), row.sealed))
    born = date.fromisoformat(known.pop("date_of_birth"))
    weekdays = {setting_id: frozenset(days) for setting_id, days in known.pop("weekdays", {}).items()}
    return Pupil(
        pupil_id=row.pupil_id,
        authority=row.authority,
        setting_ids=row.setting_ids,
        restricted=row.restricted,
        date_of_birth=born,
        weekdays=weekdays,
        **known,
    )


def token_of(index_key: bytes, key: Key) -> bytes:
    """The blind-index token of one key."""
    rule, fields = key
    return identifier_token(index_key, rule, fields[0]) if rule == UPN else token(index_key, rule, *fields)


def tokens_of(index_key: bytes, pupil: Pupil) -> TokensOf:
    """Everything by which a pupil is found."""
    return tuple((token_of(index_key, key), key[0]) for key in pupil_keys(pupil))


async def found(reading: Reading, tokens: Iterable[bytes]) -> tuple[SealedPupil, ...]:
    """The pupils of live rolls with any of these tokens, once for each token; one statement for every 10,000 tokens."""
    columns = (
        router_pupil_token.c.token,
        router_pupil.c.pupil_id,
        router_pupil.c.roll_id,
        router_roll.c.authority,
        router_pupil.c.restricted,
        router_pupil.c.sealed,
        router_pupil_setting.c.setting_id,
    )
    joined = (
        router_pupil_token.join(router_pupil, router_pupil.c.pupil_id == router_pupil_token.c.pupil_id)
        .join(router_roll, router_roll.c.roll_id == router_pupil.c.roll_id)
        .outerjoin(router_pupil_setting, router_pupil_setting.c.pupil_id == router_pupil.c.pupil_id)
    )
    wanted = sorted(set(tokens))
    pupils: dict[tuple[bytes, str], SealedPupil] = {}
    for start in range(0, len(wanted), TOKENS_AT_ONCE):
        here = router_pupil_token.c.token.in_(wanted[start : start + TOKENS_AT_ONCE])
        for row in await reading.execute(select(*columns).select_from(joined).where(here, router_roll.c.state == "live")):
            before = pupils.get((row.token, row.pupil_id))
            settings = before.setting_ids if before is not None else ()
            pupils[row.token, row.pupil_id] = SealedPupil(
                token=row.token,
                pupil_id=row.pupil_id,
                roll_id=row.roll_id,
                authority=row.authority,
                setting_ids=settings if row.setting_id is None else (*settings, row.setting_id),
                restricted=row.restricted,
                sealed=row.sealed,
            )
    return tuple(pupils.values())


async def live(reading: Reading, roll_ids: Iterable[str]) -> frozenset[str]:
    """Those of these rolls that are live."""
    statement = select(router_roll.c.roll_id).where(router_roll.c.roll_id.in_(set(roll_ids)), router_roll.c.state == "live")
    return frozenset((await reading.execute(statement)).scalars())


async def index_keys_of_live(reading: Reading) -> frozenset[str]:
    """The index keys that a search needs: under one of them every pupil of each live roll has tokens."""
    statement = select(router_roll.c.index_key_id).where(router_roll.c.state == "live").distinct()
    return frozenset((await reading.execute(statement)).scalars())


async def supersede(tx: Transaction, authority: str, as_at_on: date) -> None:
    """Take the authority's live roll away: its rows are deleted. After the commit its data key is to be destroyed (``keys_left``).

    Raises Refused when it is of a later date than ``as_at_on``: an older extract must not bring back pupils who have left.
    """
    held = select(router_roll).where(router_roll.c.authority == authority, router_roll.c.state == "live").with_for_update()
    before = (await tx.execute(held)).first()
    if before is None:
        return
    if before.as_at_on > as_at_on:
        raise Refused("the roll that is live is of a later date", code="older-roll")
    if not await end(tx, before.roll_id):
        raise Refused("another roll of this authority is being imported", code="roll-busy")


async def end(tx: Transaction, roll_id: str) -> bool:
    """Let a live roll be superseded and delete its rows; False when it is not live."""
    ended = update(router_roll).where(router_roll.c.roll_id == roll_id, router_roll.c.state == "live").values(state="superseded")
    if (await tx.execute(ended)).rowcount != 1:
        return False
    some = select(router_pupil.c.pupil_id).where(router_pupil.c.roll_id == roll_id).limit(PUPILS_AT_ONCE)
    while pupil_ids := list((await tx.execute(some)).scalars()):
        for table in (router_pupil_token, router_pupil_setting, router_pupil):
            await tx.execute(delete(table).where(table.c.pupil_id.in_(pupil_ids)))
    return True


async def begin(tx: Transaction, roll_id: str, *, authority: str, as_at_on: date, agreement: str, pupils: int, index_key_id: str) -> None:
    """Enter a roll as the live one. Raises DatabaseRefused when another one of that authority is live."""
    row = {"roll_id": roll_id, "authority": authority, "state": "live", "as_at_on": as_at_on, "agreement": agreement, "pupils": pupils}
    await tx.execute(insert(router_roll), {**row, "index_key_id": index_key_id, "loaded_at": tx.clock.now()})


async def add(tx: Transaction, roll_id: str, key_id: str, pupils: Sequence[NewPupil]) -> None:
    """Write some pupils with their settings and tokens: three statements."""
    rows = [{"pupil_id": pupil.pupil_id, "roll_id": roll_id, "restricted": pupil.restricted, "sealed": pupil.sealed} for pupil in pupils]
    settings = [{"pupil_id": pupil.pupil_id, "setting_id": setting_id} for pupil in pupils for setting_id in pupil.setting_ids]
    tokens = [
        {"token": made, "pupil_id": pupil.pupil_id, "rule": rule, "key_id": key_id} for pupil in pupils for made, rule in pupil.tokens
    ]
    for table, values in ((router_pupil, rows), (router_pupil_setting, settings), (router_pupil_token, tokens)):
        if values:
            await tx.execute(insert(table), values)
