"""Importing the places that an authority has offered for the next school year: one CSV file, in the place of what it gave before.

===========  ========================================================================================
column       what it holds
===========  ========================================================================================
upn          the pupil's UPN; the check letter must be right
setting_id   the URN or early years register number of the setting that was offered and accepted
from_on      the first day of the place, 2027-09-01
===========  ========================================================================================

A pupil stands in one row. Nothing of the file is kept but a token of the UPN.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path

from services.router import store_offers
from services.router.domain.evidence import UPN, compact_upn
from services.router.roll import ImportResult, known_settings
from services.router.roll_rows import born_on
from services.router.store_offers import Offer
from services.router.store_roll import token_of
from shared.db import Database
from shared.directory import BankHolidays, Directory
from shared.errors import NotFound
from shared.log import logger
from shared.tabular import Column, FileRefused, RefusedRow, Row, read_rows
from shared.vault import Vault

COLUMNS = (Column(name="upn"), Column(name="setting_id", also=("urn", "offered_setting")), Column(name="from_on", also=("from_date",)))

log = logger(__name__)

Place = tuple[str, str, date]
"""UPN, setting, first day."""


async def import_admissions(path: Path, *, authority: str, database: Database, vault: Vault, accept_partial: bool = False) -> ImportResult:
    """Make the file the authority's offers. One refused row and nothing is applied, unless ``accept_partial``. Raises FileRefused for a
    file that cannot be read or has no row, NotFound for an unknown authority."""
    places, refused = read_places(read_rows(path, COLUMNS))
    if not places and not refused:
        raise FileRefused("the file has no offers")
    async with database.transaction() as tx:
        directory = Directory(vault, BankHolidays(by_nation={}))  # nothing is asked here that depends on a school day
        try:
            await directory.authority(tx, authority)
        except NotFound:
            raise NotFound("the directory does not hold this authority: import it first") from None
        known = await known_settings(tx, directory, {setting_id for _, setting_id, _ in places.values()})
        text = "the directory does not hold the setting: import it first, or correct it"
        refused += [
            RefusedRow(line=line, column="setting_id", code="unknown", text=text)
            for line, (_, setting_id, _) in places.items()
            if setting_id not in known
        ]
        lines = {row.line for row in refused}
        taken = [place for line, place in places.items() if line not in lines]
        refused.sort(key=lambda row: row.line)
        if (refused and not accept_partial) or not taken:
            return ImportResult(kind="admissions", applied=False, taken=0, changed=0, refused=tuple(refused))
        key = vault.keyring.current_index_key
        offers = [Offer(token=token_of(key, (UPN, (upn,))), setting_id=setting_id, from_on=on) for upn, setting_id, on in taken]
        await store_offers.replace_all(tx, authority, vault.keyring.current_index_key_id, offers)
    log.info("admissions.imported", authority=authority, rows=len(taken), refused=len(refused))
    return ImportResult(kind="admissions", applied=True, taken=len(taken), changed=len(taken), refused=tuple(refused))


def read_places(rows: Iterable[Row | RefusedRow]) -> tuple[dict[int, Place], list[RefusedRow]]:
    """The offers by line, and the rows that cannot be taken; no value of a row is ever told."""
    places: dict[int, Place] = {}
    refused: list[RefusedRow] = []
    seen: set[str] = set()
    for row in rows:
        place = row if isinstance(row, RefusedRow) else _place(row.line, row.cells)
        if isinstance(place, RefusedRow):
            refused.append(place)
        elif place[0] in seen:
            refused.append(RefusedRow(line=row.line, column="upn", code="duplicate", text="an earlier row has this UPN: give one place"))
        else:
            places[row.line] = place
            seen.add(place[0])
    return places, refused


def _place(line: int, cells: Mapping[str, str]) -> Place | RefusedRow:
    upn, on, setting_id = compact_upn(cells["upn"]), born_on(cells["from_on"]), cells["setting_id"].strip().upper()
    if upn is None:
        return RefusedRow(line=line, column="upn", code="check-letter", text="its form or its check letter is wrong")
    if not setting_id:
        return RefusedRow(line=line, column="setting_id", code="missing", text="give the setting that was offered")
    if on is None:
        return RefusedRow(line=line, column="from_on", code="malformed", text="give a date as 2027-09-01 or 01/09/2027")
    return upn, setting_id, on
