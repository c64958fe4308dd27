"""Importing an authority's roll: one CSV file, one transaction; it goes live whole or not at all.

===============  ===================================================================================================
column           what it holds
===============  ===================================================================================================
upn              the UPN, or empty for a child who has none yet; the check letter must be right
forename         as on the register
surname          as on the register
known_as         (may be absent) the forename that she goes by
date_of_birth    2018-03-04 or 04/03/2018
postcode         full; what is not one is left out
settings         the ids of every setting where she is registered, separated by semicolons; may be empty. One that she attends
                 on some weekdays only is followed by them: ``EY100001:tue+thu``
home_authority   (may be absent) the authority where the pupil lives, where that is another one
education        (may be absent) ``home-educated`` or ``missing-education`` where a register of the authority has her; else empty
restricted       ``yes`` when a named person must decide before anyone is told where she is; otherwise ``no`` or empty
===============  ===================================================================================================

A pupil stands in one row. The roll before is superseded in the same transaction: its rows go, and then its data key is destroyed.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from services.router import store_rematch, store_roll, store_tokens
from services.router.domain.evidence import Pupil
from services.router.roll_rows import COLUMNS, read_pupils
from services.router.store_roll import NewPupil
from shared.calendar import london_date
from shared.clock import Clock
from shared.db import Database, Transaction
from shared.directory import BankHolidays, Directory
from shared.errors import NotFound, Refused
from shared.ids import new_id
from shared.log import logger
from shared.tabular import FileRefused, RefusedRow, read_rows
from shared.vault import Vault
from shared.vault.keyring import retention_month
from shared.vault.store import Sealer

log = logger(__name__)

KEPT_MONTHS = 13
"""How long a roll can be opened: an authority gives a new one every term, and one older than a year finds the wrong school."""
ROWS_AT_ONCE = 1_000
AGREEMENT_CHARACTERS_MAX = 120

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportResult:
    """``taken`` pupils stand on the live roll, all ``changed``. ``applied`` false: refused rows kept everything out, and both are 0."""

    kind: str
    applied: bool
    taken: int
    changed: int
    refused: tuple[RefusedRow, ...]


async def import_roll(
    path: Path,
    *,
    authority: str,
    as_at_on: date,
    agreement: str,
    database: Database,
    vault: Vault,
    clock: Clock,
    progress: Progress,
    accept_partial: bool = False,
) -> ImportResult:
    """Make the file the authority's live roll, as at the London date ``as_at_on``, under ``agreement`` (a reference, no person).

    ``progress`` is told (pupils done, pupils to do). One refused row and nothing is applied, unless ``accept_partial``. Raises
    FileRefused for a file that cannot be read or has no pupil, NotFound for an unknown authority, Refused for a date in the future or
    before that of the live roll.
    """
    if as_at_on > london_date(clock.now()):
        raise Refused("the roll is of a date in the future", code="future")
    if not agreement.strip() or len(agreement) > AGREEMENT_CHARACTERS_MAX:
        raise Refused(
            f"name the agreement under which the roll is given, in at most {AGREEMENT_CHARACTERS_MAX} characters", code="agreement"
        )
    pupils, refused = read_pupils(read_rows(path, COLUMNS), authority, as_at_on)
    if not pupils and not refused:
        raise FileRefused("the file has no pupils")
    async with database.transaction() as tx:
        known = await _known_settings(tx, vault, authority, pupils.values())
        refused += _unknown_settings(pupils, known)
        lines = {row.line for row in refused}
        taken = [pupil for line, pupil in pupils.items() if line not in lines]
        refused.sort(key=lambda row: row.line)
        if (refused and not accept_partial) or not taken:
            return ImportResult(kind="roll", applied=False, taken=0, changed=0, refused=tuple(refused))
        await store_roll.supersede(tx, authority, as_at_on)
        roll_id = new_id()
        sealer = await vault.new_scope(tx, roll_id, retention_month(london_date(clock.now()), KEPT_MONTHS))
        index_key_id = vault.keyring.current_index_key_id
        await store_roll.begin(
            tx, roll_id, authority=authority, as_at_on=as_at_on, agreement=agreement.strip(), pupils=len(taken), index_key_id=index_key_id
        )
        await _write(tx, vault.keyring.index_key(index_key_id), index_key_id, sealer, taken, progress)
        await store_rematch.roll_came(tx)
    await destroy_keys_left(database, vault)
    log.info("roll.imported", roll_id=roll_id, authority=authority, rows=len(taken), refused=len(refused))
    return ImportResult(kind="roll", applied=True, taken=len(taken), changed=len(taken), refused=tuple(refused))


async def _known_settings(tx: Transaction, vault: Vault, authority: str, pupils: Iterable[Pupil]) -> frozenset[str]:
    """Those settings of the file that the directory holds. Raises NotFound for an unknown authority."""
    directory = Directory(vault, BankHolidays(by_nation={}))  # nothing is asked here that depends on a school day
    try:
        await directory.authority(tx, authority)
    except NotFound:
        raise NotFound("the directory does not hold this authority: import it first") from None
    return await known_settings(tx, directory, {setting_id for pupil in pupils for setting_id in pupil.setting_ids})


async def known_settings(tx: Transaction, directory: Directory, setting_ids: Iterable[str]) -> frozenset[str]:
    """Those of these settings that the directory holds."""
    wanted, known = sorted(setting_ids), set[str]()
    for start in range(0, len(wanted), ROWS_AT_ONCE):
        known |= (await directory.settings(tx, wanted[start : start + ROWS_AT_ONCE])).keys()
    return frozenset(known)


def _unknown_settings(pupils: Mapping[int, Pupil], known: frozenset[str]) -> list[RefusedRow]:
    text = "the directory does not hold one of the settings: import it first, or correct it"
    return [
        RefusedRow(line=line, column="settings", code="unknown", text=text)
        for line, pupil in pupils.items()
        if not known.issuperset(pupil.setting_ids)
    ]


async def destroy_keys_left(database: Database, vault: Vault) -> int:
    """Destroy the data keys of superseded rolls; how many there were.

    In a transaction of its own: the erasure ledger remembers for good, and what it names must not come back by a rollback.
    """
    async with database.transaction() as tx:
        left = await store_tokens.keys_left(tx)
        return len(await vault.destroy_many(tx, left))


async def _write(tx: Transaction, index_key: bytes, key_id: str, sealer: Sealer, pupils: Sequence[Pupil], progress: Progress) -> None:
    for start in range(0, len(pupils), ROWS_AT_ONCE):
        part = pupils[start : start + ROWS_AT_ONCE]
        rows = [
            NewPupil(
                pupil_id=pupil.pupil_id,
                setting_ids=pupil.setting_ids,
                restricted=pupil.restricted,
                tokens=store_roll.tokens_of(index_key, pupil),
                sealed=sealer(store_roll.identity(pupil.pupil_id), store_roll.plaintext(pupil)),
            )
            for pupil in part
        ]
        await store_roll.add(tx, sealer.scope_id, key_id, rows)
        progress(start + len(part), len(pupils))
