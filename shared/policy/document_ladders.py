"""Reading the ladders of a policy document: who is asked when, and always a telephone at the end."""

import itertools

from shared.policy.parts import LadderKind
from shared.policy.reading import Table
from shared.policy.values import DEFAULT_LADDER, DEFAULT_TEAM_LADDER, SETTING_ROLES, TEAM_ROLES, Role, Rung

RUNGS_MAX = 12


def ladder(top: Table) -> tuple[Rung, ...]:
    """The ladder of every setting that has none of its own kind."""
    return _read(top, "ladder", SETTING_ROLES) or DEFAULT_LADDER


def ladders(top: Table) -> dict[LadderKind, tuple[Rung, ...]]:
    """The ladders by kind of destination; a team has one in any case."""
    table = top.table("ladders")
    found = {kind: _read(table, kind, TEAM_ROLES if kind is LadderKind.TEAM else SETTING_ROLES) for kind in LadderKind}
    table.close()
    return {LadderKind.TEAM: DEFAULT_TEAM_LADDER} | {kind: rungs for kind, rungs in found.items() if rungs}


def _read(holder: Table, key: str, roles: tuple[Role, ...]) -> tuple[Rung, ...]:
    tables = holder.tables(key, most=RUNGS_MAX)
    if tables is None:
        return ()
    rungs = tuple(_rung(table, roles) for table in tables)
    named = [rung.role for rung in rungs]
    if not named or named[-1] is not Role.PHONE:
        holder.refuse(key, "does not end with the role phone", "add a last rung: a ladder that ends in silence has no owner")
    if len(set(named)) < len(named):
        holder.refuse(key, "names a role twice", "give each role one rung, phone the last")
    for earlier, later in itertools.pairwise(rungs):
        if not _in_order(earlier, later):
            holder.refuse(key, "its rungs are not in the order of time", "shares first and rising, then minutes_before_deadline falling")
            break
    return rungs


def _rung(table: Table, roles: tuple[Role, ...]) -> Rung:
    role = Role(table.choice("role", roles, default=None))
    share = table.share("share")
    minutes = table.whole("minutes_before_deadline", default=0, lowest=0, highest=1440) if table.has("minutes_before_deadline") else None
    if (share is None) == (minutes is None):
        table.refuse("", "needs exactly one of share and minutes_before_deadline", "say when, in one of the two ways")
    table.close()
    return Rung(role=role, share=share, minutes_before_deadline=minutes)


def _in_order(earlier: Rung, later: Rung) -> bool:
    if earlier.share is not None:
        return later.share is None or later.share >= earlier.share
    if later.share is not None:
        return False
    return (later.minutes_before_deadline or 0) <= (earlier.minutes_before_deadline or 0)
