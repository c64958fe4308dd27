"""Importing the directory: one file, one transaction.

Order: authorities, settings, teams, contacts, areas, area-teams, support, terms, days, policies. A row is refused when it cannot be read,
repeats another row of the file, or names what the directory does not hold. **One refused row and nothing is applied**, so that nobody
believes a half-taken file; with ``accept_partial`` the rest is. What the file does not name stays as it is (each kind: ``domain/rows.py``),
except that the terms of one owner and school year replace each other whole.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from services.console import store, store_contacts
from services.console.domain.invented import real_ones
from services.console.domain.rows import KINDS, ContactRow, overlapping, read
from services.console.domain.support import NATIONAL
from shared.calendar import london_date
from shared.clock import Clock
from shared.db import Database, Transaction
from shared.errors import Refused
from shared.policy import OwnerKind, Policy, PolicyRefused, parse, version
from shared.tabular import FileRefused, RefusedRow, read_rows
from shared.vault import Vault

POLICIES = "policies"
IMPORTS: tuple[str, ...] = (*KINDS, POLICIES)
"""Every kind, in the order in which they must be imported."""
POLICY_BYTES_MAX = 64 * 1024
ROWS_AT_ONCE = 500

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportResult:
    """``taken`` rows of the file now stand in the directory, ``changed`` of them newly or otherwise than before.

    ``applied`` is false when refused rows kept everything out: then both are 0.
    """

    kind: str
    applied: bool
    taken: int
    changed: int
    refused: tuple[RefusedRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Work:
    """What applying a file needs."""

    tx: Transaction
    vault: Vault
    on: date
    progress: Progress


async def import_file(
    kind: str,
    path: Path,
    database: Database,
    vault: Vault,
    clock: Clock,
    progress: Progress,
    *,
    accept_partial: bool = False,
    fictional_only: bool = False,
) -> ImportResult:
    """Take one file into the directory, whole or not at all. ``progress`` is told (rows done, rows to do).

    ``fictional_only``, for a demonstration: a row with an address or a number that could be somebody's is refused.
    Raises FileRefused for a file that cannot be read at all, Refused for an unknown kind.
    """
    if kind not in IMPORTS:
        raise Refused(f"a directory file is one of {', '.join(IMPORTS)}", code="unknown-kind")
    values, refused = _policy(path) if kind == POLICIES else read(KINDS[kind], read_rows(path, KINDS[kind].columns))
    if not values and not refused:
        raise FileRefused("the file has no rows")
    refused += real_ones(values) if fictional_only else []
    async with database.transaction() as tx:
        await store.hold(tx)
        now = clock.now()
        refused += await _CHECKS[kind](tx, values, london_date(now))
        lines = {row.line for row in refused}
        taken = [value for line, value in values.items() if line not in lines]
        refused.sort(key=lambda row: row.line)
        if (refused and not accept_partial) or not taken:
            return ImportResult(kind=kind, applied=False, taken=0, changed=0, refused=tuple(refused))
        changed = await _APPLY[kind](_Work(tx=tx, vault=vault, on=london_date(now), progress=progress), taken)
        await store.note_import(tx, kind, len(taken), len(refused), now)
    if kind == "contacts":
        async with database.transaction() as tx:
            await store.hold(tx)
            await store_contacts.destroy_emptied(tx, vault, london_date(now))
    return ImportResult(kind=kind, applied=True, taken=len(taken), changed=changed, refused=tuple(refused))


# --- what a row names must be there ---------------------------------------------------------------------------------------------

Check = Callable[[Transaction, Mapping[int, Any], date], Awaitable[list[RefusedRow]]]


async def _nothing_to_check(tx: Transaction, values: Mapping[int, Any], on: date) -> list[RefusedRow]:
    del tx, values, on
    return []


async def _check_settings(tx: Transaction, values: Mapping[int, Any], on: date) -> list[RefusedRow]:
    del on
    known = await store.authorities(tx)
    there = {*await store.settings(tx), *(setting.setting_id for setting in values.values())}
    lost = [_unknown(line, "successor") for line, one in values.items() if one.successor is not None and one.successor not in there]
    return lost + [_unknown(line, "authority") for line, setting in values.items() if setting.authority not in known]


async def _check_teams(tx: Transaction, values: Mapping[int, Any], on: date) -> list[RefusedRow]:
    del on
    known = await store.authorities(tx)
    forces = set(known.values())
    wrong = [_unknown(line, "authority") for line, team in values.items() if team.authority is not None and team.authority not in known]
    return wrong + [_unknown(line, "force") for line, team in values.items() if team.force is not None and team.force not in forces]


async def _check_contacts(tx: Transaction, values: Mapping[int, Any], on: date) -> list[RefusedRow]:
    settings, teams = await store.settings(tx), await store.teams(tx)
    refused = []
    for line, row in values.items():
        if row.setting_id is not None and row.setting_id not in settings:
            refused.append(_unknown(line, "setting_id"))
        elif row.team_id is not None and row.team_id not in teams:
            refused.append(_unknown(line, "team_id"))
        elif row.verified_on is not None and row.verified_on > on:
            refused.append(RefusedRow(line=line, column="verified_on", code="future", text="the date lies in the future"))
    return refused


async def _check_areas(tx: Transaction, values: Mapping[int, Any], on: date) -> list[RefusedRow]:
    del on
    known = await store.authorities(tx)
    return [_unknown(line, "authority") for line, area in values.items() if area.authority not in known]


async def _check_area_teams(tx: Transaction, values: Mapping[int, Any], on: date) -> list[RefusedRow]:
    del on
    teams = await store.teams(tx)
    return [_unknown(line, "team_id") for line, area in values.items() if area.team_id not in teams]


async def _check_support(tx: Transaction, values: Mapping[int, Any], on: date) -> list[RefusedRow]:
    del on
    known = await store.authorities(tx)
    areas = {*NATIONAL, *known, *(f"force:{force}" for force in known.values())}
    return [_unknown(line, "area") for line, one in values.items() if one.area not in areas]


async def _check_terms(tx: Transaction, values: Mapping[int, Any], on: date) -> list[RefusedRow]:
    del on
    authorities, settings = await store.authorities(tx), await store.settings(tx)
    refused = []
    for line, term in values.items():
        if term.authority not in authorities:
            refused.append(_unknown(line, "authority"))
        elif term.setting_id is not None and term.setting_id not in settings:
            refused.append(_unknown(line, "setting_id"))
        elif term.setting_id is not None and settings[term.setting_id] != term.authority:
            text = "the setting belongs to another authority"
            refused.append(RefusedRow(line=line, column="authority", code="other-authority", text=text))
    return refused + overlapping(values)


async def _check_days(tx: Transaction, values: Mapping[int, Any], on: date) -> list[RefusedRow]:
    del on
    settings = await store.settings(tx)
    return [_unknown(line, "setting_id") for line, day in values.items() if day.setting_id not in settings]


def _unknown(line: int, column: str) -> RefusedRow:
    return RefusedRow(line=line, column=column, code="unknown", text="the directory does not hold it: import it first, or correct it")


# --- applying -------------------------------------------------------------------------------------------------------------------

Apply = Callable[[_Work, Sequence[Any]], Awaitable[int]]


def _in_parts(merge: Callable[[Transaction, Sequence[Any]], Awaitable[int]]) -> Apply:
    async def apply(work: _Work, values: Sequence[Any]) -> int:
        changed = 0
        for start in range(0, len(values), ROWS_AT_ONCE):
            part = values[start : start + ROWS_AT_ONCE]
            changed += await merge(work.tx, part)
            work.progress(start + len(part), len(values))
        return changed

    return apply


async def _apply_terms(work: _Work, values: Sequence[Any]) -> int:
    changed = await store.replace_terms(work.tx, values)
    work.progress(len(values), len(values))
    return changed


async def _apply_contacts(work: _Work, values: Sequence[ContactRow]) -> int:
    settings, teams = await store.settings(work.tx), await store.teams(work.tx)
    owners = {row.reference: _owner(row, settings, teams) for row in values}
    by_owner = await store_contacts.sealers(work.tx, work.vault, sorted(set(owners.values())), work.on)
    sealed_by = {reference: by_owner[owner] for reference, owner in owners.items()}

    async def merge(tx: Transaction, part: Sequence[ContactRow]) -> int:
        return await store_contacts.merge_contacts(tx, work.vault, part, sealed_by)

    return await _in_parts(merge)(work, values)


def _owner(row: ContactRow, settings: Mapping[str, str], teams: Mapping[str, Mapping[str, Any]]) -> str:
    """Whose contact it is: what is sealed and erased together."""
    if row.setting_id is not None:
        return f"authority:{settings[row.setting_id]}"
    team = teams[row.team_id or ""]
    return f"authority:{team['authority']}" if team["authority"] is not None else f"force:{team['force']}"


# --- policies -------------------------------------------------------------------------------------------------------------------


def _policy(path: Path) -> tuple[dict[int, Any], list[RefusedRow]]:
    """The policy of a TOML file as line 1. A policy is nothing personal, so its problems are told as ``shared.policy`` tells them."""
    try:
        if path.stat().st_size > POLICY_BYTES_MAX:
            raise FileRefused(f"a policy is at most {POLICY_BYTES_MAX // 1024} kB")
        return {1: parse(path.read_text(encoding="utf-8-sig"), source=path.name)}, []
    except (OSError, UnicodeDecodeError):
        raise FileRefused("the file cannot be read as UTF-8") from None
    except PolicyRefused as refused:
        return {}, [
            RefusedRow(line=problem.position.line, column=problem.path, code="policy", text=f"{problem.wrong}; {problem.remedy}")
            for problem in refused.problems
        ]


async def _check_policy(tx: Transaction, values: Mapping[int, Any], on: date) -> list[RefusedRow]:
    """A policy's owner is known, and each of its teams is there and has an owner: no escalation ends in a silence."""
    del on
    authorities, teams = await store.authorities(tx), await store.teams(tx)
    refused = []
    for line, policy in values.items():
        if policy.owner not in (set(authorities) if policy.owner_kind is OwnerKind.AUTHORITY else set(authorities.values())):
            refused.append(_unknown(line, "owner"))
        for path, team_id in policy.teams_by_path.items():
            if team_id not in teams or not teams[team_id]["owner"].strip():
                refused.append(_unknown(line, path))
        published = await store.versions_of(tx, policy.owner_kind, policy.owner, policy.effective_from_on)
        if version(policy) in published[:-1]:
            text = "a later policy for the same date has replaced this one: change its name or date to publish it again"
            refused.append(RefusedRow(line=line, column="", code="replaced", text=text))
    return refused


async def _publish(work: _Work, values: Sequence[Policy]) -> int:
    published = 0
    for policy in values:
        known = await store.versions_of(work.tx, policy.owner_kind, policy.owner, policy.effective_from_on)
        if version(policy) not in known:
            published += await store.publish(work.tx, policy, work.tx.clock.now())
    work.progress(len(values), len(values))
    return published


_CHECKS: Mapping[str, Check] = {
    "authorities": _nothing_to_check,
    "settings": _check_settings,
    "teams": _check_teams,
    "contacts": _check_contacts,
    "areas": _check_areas,
    "area-teams": _check_area_teams,
    "support": _check_support,
    "terms": _check_terms,
    "days": _check_days,
    POLICIES: _check_policy,
}
_APPLY: Mapping[str, Apply] = {
    "authorities": _in_parts(store.merge_authorities),
    "settings": _in_parts(store.merge_settings),
    "teams": _in_parts(store.merge_teams),
    "contacts": _apply_contacts,
    "areas": _in_parts(store.merge_areas),
    "area-teams": _in_parts(store.merge_area_teams),
    "support": _in_parts(store.merge_support),
    "terms": _apply_terms,
    "days": _in_parts(store.merge_days),
    POLICIES: _publish,
}
