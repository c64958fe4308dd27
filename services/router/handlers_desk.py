"""The review desk: the list, claiming and letting go, opening a claimed case, asking another desk, searching the roll.

A case is one incident's held children within the reader's scope. Nothing personal is shown before ``review.viewed`` is recorded.
"""

import contextlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.router import handlers_case, store_reviews
from services.router.domain.candidates import Candidates, matching
from services.router.domain.evidence import Key
from services.router.domain.settling import CLAIM, SEARCH_REASONS, may_search
from services.router.handlers_case import CaseView, ChildView
from services.router.handlers_days import Days, Policies
from services.router.store_reviews import Case, Review
from shared.calendar import london_date
from shared.clock import Clock
from shared.db import Database, Reading, Transaction
from shared.directory import Directory, Setting, Team
from shared.errors import Conflict, NotAllowed, NotFound, Refused, VaultSealed
from shared.events import ROUTER, ReviewAsked, ReviewClaimed, ReviewViewed, RollSearched
from shared.log import logger
from shared.report import store as reports
from shared.vault import Vault
from shared.web.sessions import Role, Session

log = logger(__name__)


class SearchedTooOften(Refused):
    """A session has used up its searches for the minute or the day."""

    code = "too-many-searches"


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One page of the desk's list; ``owners`` and ``authorities`` are names by id, ``references`` the force's own for each
    incident, which never hold a name."""

    cases: tuple[Case, ...]
    count: int
    owners: Mapping[str, str]
    authorities: Mapping[str, str]
    references: Mapping[str, str]


class Desk:
    """What reviewers and leads do, but for settling (``handlers_settling``)."""

    def __init__(self, database: Database, vault: Vault, directory: Directory, clock: Clock) -> None:
        self._database = database
        self._vault = vault
        self._directory = directory
        self._clock = clock

    async def listed(self, session: Session, *, show: str, page: int) -> Listed:
        """The cases of the session's scope; ``show`` is ``all``, ``mine`` or ``unclaimed``."""
        mine = session.session_id if show == "mine" else None
        async with self._database.reading() as reading:
            found, count = await store_reviews.cases(
                reading, session.scope, real=self._clock.real(), mine=mine, unclaimed=show == "unclaimed", page=page
            )
            teams = await self._directory.teams(reading, {one.owner for case in found for one in case.reviews})
            known = {one.authority: one.name for one in await self._directory.authorities(reading)}
            references = await self._references(reading, session, [case.incident_id for case in found])
        owners = {one: team.name for one, team in teams.items()}
        return Listed(cases=found, count=count, owners=owners, authorities=known, references=references)

    async def claim(self, session: Session, incident_id: str) -> None:
        """Take a case for 20 minutes, all of it or nothing. Raises NotFound when there is none, Conflict when another reviewer has it."""
        real = self._clock.real()
        until = real + CLAIM
        async with self._database.transaction() as tx:
            await store_reviews.hold(tx, incident_id)
            found = await store_reviews.of_incidents(tx, session.scope, [incident_id])
            if not found:
                raise NotFound("There is no such case, or it is settled.")
            await handlers_case.refuse_own_family(tx, self._vault, session, incident_id)
            if any(one.is_claimed(real) and one.claimed_by != session.session_id for one in found):
                raise Conflict("Another reviewer has this case. It falls free when they let it go, or 20 minutes after their last step.")
            await store_reviews.claim(tx, [one.review_id for one in found], session.session_id, real, until)
            await tx.record(
                ROUTER,
                [
                    ReviewClaimed(
                        incident_id=one.incident_id,
                        child_id=one.child_id,
                        review_id=one.review_id,
                        reader=session.session_id,
                        claimed_at=real,
                        claimed_until_at=until,
                    )
                    for one in found
                ],
            )

    async def release(self, session: Session, incident_id: str) -> None:
        """Let a case go; without effect when it is not hers."""
        async with self._database.transaction() as tx:
            await store_reviews.release(tx, incident_id, session.session_id)

    async def case(self, session: Session, incident_id: str) -> CaseView:
        """The claimed case, every child of it recorded as viewed. Raises as ``handlers_case.opened`` does."""
        async with self._database.transaction() as tx:
            case = await handlers_case.opened(tx, self._vault, session, incident_id)
            children = await handlers_case.viewed(tx, self._vault, self._directory, session, case)
            until = await renewed(tx, session, case.reviews)
            now = tx.clock.now()
            await tx.record(ROUTER, [_viewed(one, session, now) for one in children])
        return CaseView(incident_id=incident_id, incident_version=case.incident_version, until=until, children=children)

    async def is_working_on(self, session: Session, incident_id: str) -> bool:
        """Whether the session has claimed anything of that case that is still open."""
        async with self._database.reading() as reading:
            found = await store_reviews.of_incidents(reading, session.scope, [incident_id])
        return any(one.is_claimed_by(session.session_id, self._clock.real()) for one in found)

    async def child(self, session: Session, review_id: str) -> tuple[CaseView, ChildView]:
        """One child of a claimed case, with the case; raises as ``case`` does."""
        view = await self.case(session, (await self._review(session, review_id)).incident_id)
        found = next((one for one in view.children if one.review.review_id == review_id), None)
        if found is None:
            raise NotFound("There is no such review, or it is settled.")
        return view, found

    async def teams(self, session: Session) -> tuple[Team, ...]:
        """The teams that the session may tell or ask, by name."""
        async with self._database.reading() as reading:
            authorities = await store_reviews.authorities_of(reading, session.scope)
            ids = await store_reviews.teams_of(reading, session.scope, authorities)
            found = await self._directory.teams(reading, ids)
        return tuple(found[one] for one in ids)

    async def places(self, session: Session, text: str, most: int) -> tuple[Setting, ...]:
        """Open settings of the session's area whose name, town or number the text is part of, by name; at most ``most``."""
        async with self._database.reading() as reading:
            authorities = await store_reviews.authorities_of(reading, session.scope)
            settings = await self._directory.settings_in(reading, authorities)
        return matching(settings.values(), text)[:most]

    async def ask(self, session: Session, review_id: str, team_id: str) -> Team:
        """Pass a review to another desk, which has a deadline of its own. Raises Refused for a team that may not be asked."""
        incident_id = (await self._review(session, review_id)).incident_id
        async with self._database.transaction() as tx:
            case = await handlers_case.opened(tx, self._vault, session, incident_id)
            one = own(case.reviews, review_id)
            team = (await self._directory.teams(tx, {team_id})).get(team_id)
            if team is None or team_id not in await store_reviews.teams_of(tx, session.scope, case.authorities) or team_id == one.owner:
                raise Refused("That desk cannot be asked.", code="not-a-desk")
            version = await reports.version(tx, incident_id, case.incident_version)
            by = Policies(await self._directory.published(tx)).deciding(one.force, one.authority, london_date(tx.clock.now()))
            days = Days(tx, self._directory)
            due_at = await days.review_deadline(one.force, one.authority, by, version.believed_at, tx.clock.now())
            # Whoever asks the second owner has it back when that one does not answer either: nobody is last in the line.
            second = by.policy.teams.authority_lead if by.policy.teams.authority_lead != team_id else one.owner
            if not await store_reviews.ask(tx, review_id, team_id, second, due_at):
                raise Conflict("The review was settled meanwhile.", code="settled")
            await tx.record(ROUTER, [_asked(one, session, team_id, due_at, tx)])
        log.info("review.asked", incident_id=incident_id, review_id=review_id)
        return team

    async def search(self, session: Session, review_id: str, reason: str, keys: Collection[Key]) -> tuple[CaseView, ChildView, Candidates]:
        """Search the roll for one child of a claimed case: counted, limited and recorded before anything is shown.

        Raises Refused without a reason or anything to look for, SearchedTooOften over the limit.
        """
        if reason not in SEARCH_REASONS or not keys:
            raise Refused("A search needs a reason and something to look for.", code="search-incomplete")
        incident_id, real = (await self._review(session, review_id)).incident_id, self._clock.real()
        async with self._database.transaction() as tx:
            case = await handlers_case.opened(tx, self._vault, session, incident_id)
            one = own(case.reviews, review_id)
            await store_reviews.hold_session(tx, session.session_id)
            if not may_search(await store_reviews.searched(tx, session.session_id, real - timedelta(days=1)), real):
                raise SearchedTooOften("You have searched too often. Wait a minute; after 60 searches in a day, ask another reviewer.")
            child = case.report.child(one.child_id)
            if child is None:
                raise NotFound("There is no such child.")
            found, _ = await handlers_case.searched(tx, self._vault, self._directory, child, keys, case.authorities)
            await store_reviews.note_search(tx, session.session_id, review_id, reason, real, restricted=found.restricted)
            children = await handlers_case.viewed(tx, self._vault, self._directory, session, case)
            until = await renewed(tx, session, case.reviews)
            await tx.record(ROUTER, [_searched(one, session, reason, len(found.shown), tx)])
        view = CaseView(incident_id=incident_id, incident_version=case.incident_version, until=until, children=children)
        return view, next(each for each in children if each.review.review_id == review_id), found

    async def _references(self, reading: Reading, session: Session, incident_ids: Sequence[str]) -> dict[str, str]:
        """What the force calls these incidents; one that has been erased is left out."""
        try:
            sealed = await reports.load_many(self._vault, reading, incident_ids, session.scope)
            return {one: report.report.reference for one, report in sealed.items()}
        except VaultSealed:
            found = {}
            for one in incident_ids:
                with contextlib.suppress(VaultSealed):
                    found[one] = (await reports.load(self._vault, reading, one, session.scope)).report.reference
            return found

    async def _review(self, session: Session, review_id: str) -> Review:
        async with self._database.reading() as reading:
            found = await store_reviews.review(reading, session.scope, review_id)
        if found is None:
            raise NotFound("There is no such review, or it is settled.")
        return found


def own(reviews: tuple[Review, ...], review_id: str) -> Review:
    """That review of a claimed case. Raises NotFound when it is not in it."""
    found = next((one for one in reviews if one.review_id == review_id), None)
    if found is None:
        raise NotFound("There is no such review, or it is settled.")
    return found


def refuse_lead_only(session: Session, lead_only: bool) -> None:
    """Raise NotAllowed where a record is restricted and the session is no lead's."""
    if lead_only and session.role is not Role.LEAD:
        raise NotAllowed("A named lead settles this child. Ask the lead's desk.", code="lead-only")


async def renewed(tx: Transaction, session: Session, reviews: tuple[Review, ...]) -> datetime:
    """Working on a case keeps it: the real instant until which the claim now lasts."""
    real = tx.clock.real()
    await store_reviews.claim(tx, [one.review_id for one in reviews], session.session_id, real, real + CLAIM)
    return real + CLAIM


def _viewed(one: ChildView, session: Session, now: datetime) -> ReviewViewed:
    return ReviewViewed(
        incident_id=one.review.incident_id,
        child_id=one.review.child_id,
        review_id=one.review.review_id,
        reader=session.session_id,
        candidates=len(one.candidates.shown),
        viewed_at=now,
    )


def _asked(one: Review, session: Session, owner: str, due_at: datetime, tx: Transaction) -> ReviewAsked:
    return ReviewAsked(
        incident_id=one.incident_id,
        child_id=one.child_id,
        review_id=one.review_id,
        owner=owner,
        decider=session.session_id,
        review_deadline_at=due_at,
        asked_at=tx.clock.now(),
    )


def _searched(one: Review, session: Session, reason: str, found: int, tx: Transaction) -> RollSearched:
    return RollSearched(
        incident_id=one.incident_id,
        child_id=one.child_id,
        review_id=one.review_id,
        reader=session.session_id,
        reason=reason,
        found=found,
        searched_at=tx.clock.now(),
    )
