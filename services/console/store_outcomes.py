"""What became of the incidents that a reader may see, from the journal: no service reads another's tables.

A first cut: each look reads the facts of at most ``MOST_INCIDENTS`` incidents of the last ``DAYS`` days and folds them anew, with two
statements. A read model that is kept up to date fact by fact can replace ``incidents`` without a change to its caller.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, FromClause, and_, exists, func, or_, select

from services.console.domain.board import Places
from shared.db import Reading
from shared.db.journal import envelope
from shared.db.tables.directory import directory_setting, directory_team
from shared.db.tables.journal import journal
from shared.errors import Misuse
from shared.events import ChildHeld, Envelope, IncidentReceived, IncidentRouted, IncidentViewed, ReviewEscalated
from shared.scope import Scope, ScopeKind

DAYS = 14
MOST_INCIDENTS = 1_000


def touches(scope: Scope, facts: FromClause) -> ColumnElement[bool]:
    """Whether a journal row shows that its incident is ``scope``'s: reported by the force, or routed or given to the authority.

    Raises Misuse for a scope that no member of staff has.
    """
    if scope.kind is ScopeKind.FORCE:
        return and_(facts.c.type == IncidentReceived.TYPE, facts.c.data["force"].as_string() == scope.id)
    if scope.kind is not ScopeKind.AUTHORITY:
        raise Misuse("staff look for a force or an authority")
    kind, ref = facts.c.data["destination_kind"].as_string(), facts.c.data["destination_ref"].as_string()
    teams = select(directory_team.c.team_id).where(directory_team.c.authority == scope.id)
    settings = select(directory_setting.c.setting_id).where(directory_setting.c.authority == scope.id)
    routed = and_(
        facts.c.type == IncidentRouted.TYPE, or_(and_(kind == "setting", ref.in_(settings)), and_(kind == "team", ref.in_(teams)))
    )
    given = and_(facts.c.type.in_((ChildHeld.TYPE, ReviewEscalated.TYPE)), facts.c.data["owner"].as_string().in_(teams))
    return or_(routed, given)


async def incidents(reading: Reading, scope: Scope, now: datetime, most: int = MOST_INCIDENTS) -> tuple[Sequence[Sequence[Envelope]], bool]:
    """The facts of each incident of ``scope`` of the 14 days before ``now``, in the journal's order; and whether there were more.

    For a force the days count from receipt, for an authority from when it was last concerned. The ``most`` newest are read. What was sent
    for trying out is not among them: however much of it there is, it pushes nobody out.
    """
    first = journal.alias()
    tried_out = exists().where(
        first.c.incident_id == journal.c.incident_id,
        first.c.type == IncidentReceived.TYPE,
        first.c.data["sandbox"].as_boolean().is_(True),
    )
    theirs = (
        select(journal.c.incident_id)
        .where(journal.c.recorded_at > now - timedelta(days=DAYS), touches(scope, journal), ~tried_out)
        .group_by(journal.c.incident_id)
        .order_by(func.max(journal.c.seq).desc())
        .limit(most + 1)
    )
    newest = list((await reading.execute(theirs)).scalars())
    facts = select(journal).where(journal.c.incident_id.in_(newest[:most]), journal.c.type != IncidentViewed.TYPE).order_by(journal.c.seq)
    found: dict[str, list[Envelope]] = defaultdict(list)
    for row in await reading.execute(facts):
        found[row.incident_id].append(envelope(row))
    return tuple(found.values()), len(newest) > most


async def places(reading: Reading, scope: Scope) -> Places | None:
    """What an authority answers for; None for a force, which sees everything of its own incidents."""
    if scope.kind is ScopeKind.FORCE:
        return None
    settings = select(directory_setting.c.setting_id).where(directory_setting.c.authority == scope.id)
    teams = select(directory_team.c.team_id).where(directory_team.c.authority == scope.id)
    return Places(
        settings=frozenset((await reading.execute(settings)).scalars()), teams=frozenset((await reading.execute(teams)).scalars())
    )
