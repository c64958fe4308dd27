"""Reviews as the desk sees them: who is held in a reader's scope, claims, questions to another desk, searches. Codes and ids only.

A claim is a lease and lasts by real time; deadlines are business instants. Sandbox reviews are nobody's work and are never found here.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, false, func, insert, or_, select, update

from shared.db import Reading, Transaction
from shared.db.tables.console import console_session
from shared.db.tables.directory import directory_authority, directory_team
from shared.db.tables.router import router_incident, router_review
from shared.db.tables.router_desk import router_search, router_settlement
from shared.ids import new_id
from shared.scope import Scope, ScopeKind

CASES_EACH_PAGE = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """One open review. ``claimed_by`` is a session's id, ``claimed_label`` how the desk calls her; the ``pending_`` ones
    are of a settlement that waits: until when, by which session, and what it says. ``met_restricted``: a search for this child has met
    a restricted record."""

    review_id: str
    incident_id: str
    child_id: str
    round: int
    reason: str
    force: str
    authority: str | None
    owner: str
    escalates_to: str
    state: str
    policy_version: str
    deadline_at: datetime
    claimed_by: str | None = None
    claimed_until_at: datetime | None = None
    claimed_label: str = ""
    pending_until: datetime | None = None
    pending_by: str | None = None
    pending_kind: str | None = None
    pending_refs: tuple[str, ...] = ()
    pending_code: str | None = None
    met_restricted: bool = False

    @property
    def is_open(self) -> bool:
        """Whether its deadline is still ahead."""
        return self.state == "open"

    def is_claimed_by(self, session_id: str, real: datetime) -> bool:
        """Whether that session has it at the real instant ``real``."""
        return self.claimed_by == session_id and self.claimed_until_at is not None and self.claimed_until_at > real

    def is_claimed(self, real: datetime) -> bool:
        """Whether anybody has it."""
        return self.claimed_until_at is not None and self.claimed_until_at > real


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """The open reviews of one incident that a reader may see, the first deadline first."""

    incident_id: str
    reviews: tuple[Review, ...]

    @property
    def is_escalated(self) -> bool:
        """Whether one of them has passed its deadline."""
        return any(not one.is_open for one in self.reviews)


async def cases(
    reading: Reading, scope: Scope, *, real: datetime, mine: str | None = None, unclaimed: bool = False, page: int = 1
) -> tuple[tuple[Case, ...], int]:
    """One page of the cases in ``scope``, escalated ones first and then by deadline, and how many there are.

    ``mine`` is a session: those that it has claimed; ``unclaimed``: those that nobody has.
    """
    wanted = _theirs(scope)
    if mine is not None:
        wanted = and_(wanted, router_review.c.claimed_by == mine, router_review.c.claimed_until_at > real)
    if unclaimed:
        wanted = and_(wanted, or_(router_review.c.claimed_until_at.is_(None), router_review.c.claimed_until_at <= real))
    grouped = (
        select(
            router_review.c.incident_id,
            func.min(router_review.c.state).label("state"),  # escalated comes before open
            func.min(router_review.c.deadline_at).label("deadline_at"),
        )
        .where(wanted)
        .group_by(router_review.c.incident_id)
    )
    of_all = grouped.subquery()
    count: int = (await reading.execute(select(func.count()).select_from(of_all))).scalar_one()
    ordered = grouped.order_by("state", "deadline_at", router_review.c.incident_id).limit(CASES_EACH_PAGE)
    ids = [row.incident_id for row in await reading.execute(ordered.offset((max(page, 1) - 1) * CASES_EACH_PAGE))]
    found = await of_incidents(reading, scope, ids)
    grouped_reviews = {one: tuple(review for review in found if review.incident_id == one) for one in ids}
    return tuple(Case(incident_id=one, reviews=grouped_reviews[one]) for one in ids), count


async def of_incidents(reading: Reading, scope: Scope, incident_ids: Sequence[str]) -> tuple[Review, ...]:
    """The open reviews of these incidents in ``scope``, by deadline."""
    return await _reviews(reading, and_(_theirs(scope), router_review.c.incident_id.in_(incident_ids)))


async def review(reading: Reading, scope: Scope, review_id: str) -> Review | None:
    """One open review in ``scope``; None when it is not there, not theirs or settled."""
    found = await _reviews(reading, and_(_theirs(scope), router_review.c.review_id == review_id))
    return found[0] if found else None


async def by_id(reading: Reading, review_id: str) -> Review | None:
    """One open review for the program itself."""
    found = await _reviews(reading, and_(_open(), router_review.c.review_id == review_id))
    return found[0] if found else None


async def hold(tx: Transaction, incident_id: str) -> int:
    """Hold the incident until the end of the transaction; the version that was decided of it, 0 for none."""
    statement = select(router_incident.c.incident_version).where(router_incident.c.incident_id == incident_id).with_for_update()
    found: int | None = (await tx.execute(statement)).scalar_one_or_none()
    return found or 0


async def claim(tx: Transaction, review_ids: Iterable[str], session_id: str, real: datetime, until: datetime) -> int:
    """Claim those of these reviews that nobody else has, or renew the claim; how many that were."""
    free = or_(router_review.c.claimed_by.is_(None), router_review.c.claimed_until_at <= real, router_review.c.claimed_by == session_id)
    statement = update(router_review).where(router_review.c.review_id.in_(set(review_ids)), router_review.c.state != "settled", free)
    return (await tx.execute(statement.values(claimed_by=session_id, claimed_until_at=until))).rowcount


async def release(tx: Transaction, incident_id: str, session_id: str) -> int:
    """Let go of what that session has of an incident; how many reviews that were."""
    statement = update(router_review).where(router_review.c.incident_id == incident_id, router_review.c.claimed_by == session_id)
    return (await tx.execute(statement.values(claimed_by=None, claimed_until_at=None))).rowcount


async def ask(tx: Transaction, review_id: str, owner: str, escalates_to: str, deadline_at: datetime) -> bool:
    """Pass an open review to another desk with a deadline of its own; False when it was settled meanwhile."""
    statement = update(router_review).where(router_review.c.review_id == review_id, router_review.c.state != "settled")
    values = {"owner": owner, "escalates_to": escalates_to, "state": "open", "deadline_at": deadline_at, "next_action_at": deadline_at}
    free = {"claimed_by": None, "claimed_until_at": None}
    return (await tx.execute(statement.values(**values, **free))).rowcount == 1


async def settle(tx: Transaction, review_id: str, settlement: str, decided_by: str) -> bool:
    """Settle a review; False when it was settled meanwhile."""
    statement = update(router_review).where(router_review.c.review_id == review_id, router_review.c.state != "settled")
    values = {"state": "settled", "settlement": settlement, "settled_by": decided_by, "settled_at": tx.clock.now()}
    ended = {"next_action_at": None, "claimed_by": None, "claimed_until_at": None}
    return (await tx.execute(statement.values(**values, **ended))).rowcount == 1


async def searched(reading: Reading, session_id: str, since: datetime) -> tuple[datetime, ...]:
    """The real instants after ``since`` at which a session searched the roll."""
    statement = select(router_search.c.searched_at).where(router_search.c.session_id == session_id, router_search.c.searched_at > since)
    return tuple((await reading.execute(statement)).scalars())


async def note_search(tx: Transaction, session_id: str, review_id: str, reason: str, real: datetime, *, restricted: bool) -> None:
    """Count one search, and whether it met a restricted record that could be the child."""
    row = {"search_id": new_id(), "session_id": session_id, "review_id": review_id, "reason": reason, "searched_at": real}
    await tx.execute(insert(router_search), row | {"met_restricted": restricted})


async def hold_session(tx: Transaction, session_id: str) -> None:
    """Hold a session's searches: of two at once the second counts the first."""
    await tx.execute(select(console_session.c.session_id).where(console_session.c.session_id == session_id).with_for_update())


async def _reviews(reading: Reading, wanted: ColumnElement[bool]) -> tuple[Review, ...]:
    joined = router_review.outerjoin(console_session, console_session.c.session_id == router_review.c.claimed_by).outerjoin(
        router_settlement, and_(router_settlement.c.review_id == router_review.c.review_id, router_settlement.c.state == "pending")
    )
    columns = (
        console_session.c.label.label("claimed_label"),
        router_settlement.c.effect_at.label("pending_until"),
        router_settlement.c.decided_by.label("pending_by"),
        router_settlement.c.kind.label("pending_kind"),
        router_settlement.c.refs.label("pending_refs"),
        router_settlement.c.code.label("pending_code"),
        exists()
        .where(router_search.c.review_id == router_review.c.review_id, router_search.c.met_restricted.is_(True))
        .label("met_restricted"),
    )
    statement = select(router_review, *columns).select_from(joined).where(wanted)
    rows = await reading.execute(statement.order_by(router_review.c.deadline_at, router_review.c.review_id))
    return tuple(_review(row) for row in rows)


def _review(row: Any) -> Review:
    values = {name: getattr(row, name) for name in Review.__slots__}
    return Review(**values | {"claimed_label": row.claimed_label or "", "pending_refs": tuple(row.pending_refs or ())})


def _open() -> ColumnElement[bool]:
    return and_(router_review.c.state != "settled", router_review.c.sandbox.is_(False))


def _theirs(scope: Scope) -> ColumnElement[bool]:
    """A force's are those that it reported, an authority's those of its area; and whoever was asked has it too."""
    if scope.kind is ScopeKind.FORCE:
        teams = select(directory_team.c.team_id).where(directory_team.c.force == scope.id)
        return and_(_open(), or_(router_review.c.force == scope.id, router_review.c.owner.in_(teams)))
    if scope.kind is ScopeKind.AUTHORITY:
        teams = select(directory_team.c.team_id).where(directory_team.c.authority == scope.id)
        return and_(_open(), or_(router_review.c.authority == scope.id, router_review.c.owner.in_(teams)))
    return false()


async def authorities_of(reading: Reading, scope: Scope) -> frozenset[str]:
    """The authorities whose rolls and settings a reader may see: its own, or those that the force polices."""
    if scope.kind is ScopeKind.AUTHORITY:
        return frozenset((scope.id,))
    statement = select(directory_authority.c.authority).where(directory_authority.c.force == scope.id)
    return frozenset((await reading.execute(statement)).scalars()) if scope.kind is ScopeKind.FORCE else frozenset()


async def teams_of(reading: Reading, scope: Scope, authorities: Iterable[str]) -> tuple[str, ...]:
    """The teams that a reader may tell or ask: those of the force and of these authorities."""
    theirs: ColumnElement[bool] = directory_team.c.authority.in_(set(authorities))
    if scope.kind is ScopeKind.FORCE:
        theirs = or_(theirs, directory_team.c.force == scope.id)
    return tuple((await reading.execute(select(directory_team.c.team_id).where(theirs).order_by(directory_team.c.name))).scalars())
