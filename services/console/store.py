"""Writing the directory. Rows are compared with what is stored and only differences are written, so that an import done twice is one."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

from sqlalchemy import Table, delete, insert, select

from services.console.domain.areas import AreaRow, AreaTeamRow
from services.console.domain.places import SettingRow, TeamRow
from services.console.domain.rows import AS_USUAL, DayRow, TermRow
from shared.db import Reading, Transaction
from shared.db.tables.directory import (
    directory_area,
    directory_area_team,
    directory_authority,
    directory_bank_holiday,
    directory_day,
    directory_import,
    directory_policy,
    directory_setting,
    directory_support,
    directory_team,
    directory_term,
)
from shared.directory import Authority, Passphrase
from shared.directory.passphrase import hashed
from shared.directory.published_days import Difference
from shared.directory.support import Support
from shared.ids import new_id, new_token
from shared.policy import Policy, to_json, version


async def hold(tx: Transaction) -> None:
    """Let one import at a time change the directory; a second one waits here until the first has ended."""
    statement = select(directory_authority.c.authority).order_by(directory_authority.c.authority)
    await tx.execute(statement.with_for_update(key_share=True))


# --- what is there ------------------------------------------------------------------------------------------------------------


async def authorities(reading: Reading) -> dict[str, str]:
    """Each authority's force."""
    rows = await reading.execute(select(directory_authority.c.authority, directory_authority.c.force))
    return {row.authority: row.force for row in rows}


async def settings(reading: Reading) -> dict[str, str]:
    """Each setting's authority."""
    rows = await reading.execute(select(directory_setting.c.setting_id, directory_setting.c.authority))
    return {row.setting_id: row.authority for row in rows}


async def teams(reading: Reading) -> dict[str, Mapping[str, Any]]:
    """Each team's ``authority``, ``force`` and ``owner``."""
    columns = (directory_team.c.team_id, directory_team.c.authority, directory_team.c.force, directory_team.c.owner)
    return {row["team_id"]: dict(row) for row in (await reading.execute(select(*columns))).mappings()}


# --- changes: each says how many rows it wrote ----------------------------------------------------------------------------------


async def terms_of(reading: Reading, authority: str, setting_id: str | None) -> list[TermRow]:
    """The terms of an authority (``setting_id`` None), or a setting's own, in order."""
    stored = await _stored_terms(reading, [authority])
    terms = [term for (_, owner, _), year in stored.items() if owner == setting_id for term in year.values()]
    return sorted(terms, key=lambda term: term.first_on)


async def days_of(reading: Reading, setting_id: str) -> list[DayRow]:
    """A setting's single days, in order."""
    statement = select(directory_day).where(directory_day.c.setting_id == setting_id).order_by(directory_day.c.on)
    return [DayRow(**row) for row in (await reading.execute(statement)).mappings()]


async def days_at(reading: Reading, setting_ids: Collection[str], dates: Collection[date]) -> list[DayRow]:
    """What is said of these dates at these settings."""
    here = (directory_day.c.setting_id.in_(set(setting_ids)), directory_day.c.on.in_(set(dates)))
    return [DayRow(**row) for row in (await reading.execute(select(directory_day).where(*here))).mappings()]


async def merge_authorities(tx: Transaction, values: Sequence[Authority]) -> int:
    return await _merge(tx, directory_authority, "authority", [asdict(value) for value in values])


async def merge_settings(tx: Transaction, values: Sequence[SettingRow]) -> int:
    return await _merge_with_passphrases(tx, directory_setting, "setting_id", values)


async def merge_teams(tx: Transaction, values: Sequence[TeamRow]) -> int:
    return await _merge_with_passphrases(tx, directory_team, "team_id", values)


async def merge_areas(tx: Transaction, values: Sequence[AreaRow]) -> int:
    return await _merge(tx, directory_area, "postcodes", [asdict(value) for value in values])


async def merge_area_teams(tx: Transaction, values: Sequence[AreaTeamRow]) -> int:
    """Teams by the beginning of postcodes and route."""
    statement = select(directory_area_team).where(directory_area_team.c.postcodes.in_({value.postcodes for value in values}))
    stored = {(row["postcodes"], row["route"]): dict(row) for row in (await tx.execute(statement)).mappings()}
    changed = [row for value in values if stored.get((value.postcodes, value.route)) != (row := asdict(value))]
    if changed:
        upsert = tx.insert(directory_area_team)
        others = {name: upsert.excluded[name] for name in ("team_id", "source")}
        await tx.execute(upsert.on_conflict_do_update(index_elements=["postcodes", "route"], set_=others), changed)
    return len(changed)


async def merge_support(tx: Transaction, values: Sequence[Support]) -> int:
    """Entries by id, each whole."""
    rows = [asdict(one) | {"closed": [[first.isoformat(), last.isoformat()] for first, last in one.closed]} for one in values]
    return await _merge(tx, directory_support, "support_id", rows)


async def merge_days(tx: Transaction, values: Sequence[DayRow]) -> int:
    """Overrides by setting and date; ``as-usual`` takes one away."""
    statement = select(directory_day).where(directory_day.c.setting_id.in_({value.setting_id for value in values}))
    stored = {(row["setting_id"], row["on"]): dict(row) for row in (await tx.execute(statement)).mappings()}
    written = 0
    for value in values:
        before, after = stored.get((value.setting_id, value.on)), asdict(value) if value.kind != AS_USUAL else None
        if before == after:
            continue
        await tx.execute(delete(directory_day).where(directory_day.c.setting_id == value.setting_id, directory_day.c.on == value.on))
        if after is not None:
            await tx.execute(insert(directory_day), after)
        written += 1
    return written


async def replace_terms(tx: Transaction, values: Sequence[TermRow]) -> int:
    """The terms of each owner and school year that ``values`` names, all of them: a corrected date leaves no second term behind."""
    stored = await _stored_terms(tx, {value.authority for value in values})
    given: dict[tuple[str, str | None, int], list[TermRow]] = defaultdict(list)
    for value in values:
        given[value.authority, value.setting_id, value.school_year].append(value)
    written = 0
    for owner_year, terms in given.items():
        before = stored.get(owner_year, {})
        if set(before.values()) == set(terms):
            continue
        await tx.execute(delete(directory_term).where(directory_term.c.term_id.in_(list(before))))
        await tx.execute(insert(directory_term), [asdict(term) | {"term_id": new_id()} for term in terms])
        written += len(terms)
    return written


async def publish(tx: Transaction, policy: Policy, now: datetime) -> int:
    """Store a policy under its content's hash."""
    row = {
        "version": version(policy),
        "owner_kind": str(policy.owner_kind),
        "owner": policy.owner,
        "effective_from_on": policy.effective_from_on,
        "document": to_json(policy),
        "published_at": now,
    }
    await tx.execute(insert(directory_policy), row)
    return 1


async def versions_of(reading: Reading, owner_kind: str, owner: str, effective_from_on: date) -> list[str]:
    """The versions that an owner has published for one date, in the order of publication."""
    statement = (
        select(directory_policy.c.version)
        .where(
            directory_policy.c.owner_kind == owner_kind,
            directory_policy.c.owner == owner,
            directory_policy.c.effective_from_on == effective_from_on,
        )
        .order_by(directory_policy.c.published_at, directory_policy.c.version)
    )
    return list((await reading.execute(statement)).scalars())


async def replace_bank_holidays(tx: Transaction, values: Sequence[Difference]) -> None:
    """What the published list says otherwise, all of it."""
    await tx.execute(delete(directory_bank_holiday))
    if values:
        await tx.execute(insert(directory_bank_holiday), [asdict(one) for one in values])


async def note_import(tx: Transaction, kind: str, taken: int, refused: int, now: datetime) -> None:
    """That an import was applied: what, how much, when; never by its file's name, which people write."""
    row = {"import_id": new_id(), "kind": kind, "rows_taken": taken, "rows_refused": refused, "imported_at": now}
    await tx.execute(insert(directory_import), row)


async def _merge(tx: Transaction, table: Table, key: str, rows: Sequence[Mapping[str, Any]]) -> int:
    """Write those of the rows that differ from what is stored. All name the same columns; a column that they do not name stays."""
    statement = select(*(table.c[name] for name in rows[0])).where(table.c[key].in_([row[key] for row in rows]))
    stored = {row[key]: dict(row) for row in (await tx.execute(statement)).mappings()}
    changed = [row for row in rows if stored.get(row[key]) != row]
    if changed:
        upsert = tx.insert(table)
        others = {name: upsert.excluded[name] for name in rows[0] if name != key}
        await tx.execute(upsert.on_conflict_do_update(index_elements=[key], set_=others), changed)
    return len(changed)


async def _merge_with_passphrases(tx: Transaction, table: Table, key: str, values: Sequence[SettingRow | TeamRow]) -> int:
    """The same, and whatever of the passphrases is given: a file without them, such as a national register's, leaves them alone."""
    statement = select(table).where(table.c[key].in_([getattr(value, key) for value in values]))
    stored = {row[key]: dict(row) for row in (await tx.execute(statement)).mappings()}
    rows = []
    for value in values:
        row = {name: part for name, part in asdict(value).items() if name not in ("said", "nation")}
        before = stored.get(row[key], {})
        known = Passphrase(hint=before.get("passphrase_hint"), stored=before.get("passphrase_hash"))
        given, kept = value.said.passphrase, known.stored
        if given is not None and not known.matches(given):
            kept = hashed(given, new_token().encode())
        rows.append(row | {"passphrase_hint": value.said.hint or known.hint, "passphrase_hash": kept})
    return await _merge(tx, table, key, rows)


async def _stored_terms(reading: Reading, codes: Iterable[str]) -> dict[tuple[str, str | None, int], dict[str, TermRow]]:
    stored: dict[tuple[str, str | None, int], dict[str, TermRow]] = defaultdict(dict)
    statement = select(directory_term).where(directory_term.c.authority.in_(set(codes)))
    for row in (await reading.execute(statement)).mappings():
        term = TermRow(**{name: value for name, value in row.items() if name != "term_id"})
        stored[term.authority, term.setting_id, term.school_year][row["term_id"]] = term
    return stored
