"""One claimed case, opened for its reviewer: the reported children beside the pupils that they may be, and where they are told of now.

Everything here happens in a transaction of the caller's that records the view before anything is shown.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from services.router import store_reviews, store_standing
from services.router.domain.candidates import Candidates, candidates, case_keys, child_words, could_be, place_words
from services.router.domain.evidence import Key, Pupil
from services.router.domain.reasons import evidence_words, flag_words, reason_words
from services.router.domain.release import is_release
from services.router.domain.revision import live_in
from services.router.domain.settling import EXCLUSIONS
from services.router.handlers_find import sharing
from services.router.store_reviews import Review
from services.router.store_standing import Stood
from shared.db import Reading, Transaction
from shared.directory import Directory, Setting
from shared.errors import Conflict, NotAllowed, NotFound, VaultSealed
from shared.names import same_name
from shared.report import store as reports
from shared.report.model import Child
from shared.report.sealed import SealedReport
from shared.vault import Vault
from shared.web.sessions import Role, Session

NO_LONGER_YOURS = "not-claimed"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildView:
    """One held child as her reviewer sees her. ``lead_only``: a record is restricted or a supervisor must release
    her, and this reader is no lead."""

    review: Review
    why: str
    words: tuple[tuple[str, str], ...] = field(repr=False)
    flags: tuple[str, ...]
    evidence: tuple[str, ...]
    candidates: Candidates = field(repr=False)
    told_now: tuple[str, ...]
    decided: str
    """What has been decided of her and waits to take effect; empty when nothing has."""
    lead_only: bool

    @property
    def name(self) -> str:
        """The child's name as reported."""
        return dict(self.words).get("Name", "not given")


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseView:
    """A claimed case: ``incident_version`` is what is shown, ``until`` the real instant until which the claim lasts."""

    incident_id: str
    incident_version: int
    until: datetime
    children: tuple[ChildView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """What a case is made of, for one reader: reviews in her scope, the version that was decided, where the incident stands."""

    reviews: tuple[Review, ...]
    incident_version: int
    report: SealedReport = field(repr=False)
    stood: Stood = field(repr=False)
    authorities: frozenset[str]


async def opened(tx: Transaction, vault: Vault, session: Session, incident_id: str) -> Opened:
    """The case for whoever has claimed it. Raises NotFound when there is none for her, Conflict when she has not claimed it (any more),
    NotAllowed when she is labelled as an adult of it."""
    incident_version = await store_reviews.hold(tx, incident_id)
    reviews = await store_reviews.of_incidents(tx, session.scope, [incident_id])
    if not reviews:
        raise NotFound("There is no such case, or it is settled.")
    theirs = tuple(one for one in reviews if one.is_claimed_by(session.session_id, tx.clock.real()))
    if not theirs:
        raise Conflict("You have not claimed this case, or your claim has ended. Go to the desk and claim it.", code=NO_LONGER_YOURS)
    report = await _report(tx, vault, session, incident_id, incident_version)
    _refuse_adult(session, report)  # a correction may have named her since she claimed it
    stood = (await store_standing.stood(tx, [incident_id]))[incident_id]
    authorities = await store_reviews.authorities_of(tx, session.scope)
    return Opened(reviews=theirs, incident_version=incident_version, report=report, stood=stood, authorities=authorities)


async def refuse_own_family(tx: Transaction, vault: Vault, session: Session, incident_id: str) -> None:
    """Raise NotAllowed when the session is labelled with the name of an adult of the incident (design rule 7.7), without saying so."""
    incident_version = await store_reviews.hold(tx, incident_id)
    _refuse_adult(session, await _report(tx, vault, session, incident_id, incident_version))


def _refuse_adult(session: Session, report: SealedReport) -> None:
    if any(same_name(session.label, adult.full_name or "") for adult in report.report.adults):
        raise NotAllowed("This sign-in cannot open that case.")


async def _report(tx: Transaction, vault: Vault, session: Session, incident_id: str, incident_version: int) -> SealedReport:
    try:
        return await reports.load(vault, tx, incident_id, session.scope, incident_version=incident_version)
    except VaultSealed:
        raise Conflict("The report has been erased. Nothing is left to decide.", code="erased") from None


async def viewed(tx: Transaction, vault: Vault, directory: Directory, session: Session, case: Opened) -> tuple[ChildView, ...]:
    """Each child of the case as the session may see her."""
    children = {one.child_id: child for one in case.reviews if (child := case.report.child(one.child_id)) is not None}
    found = await sharing(tx, vault, {child_id: case_keys(child) for child_id, child in children.items()})
    settings, teams = await _places(tx, directory, found, case)
    return tuple(
        _child(one, children[one.child_id], found[one.child_id], settings, teams, case, session)
        for one in case.reviews
        if one.child_id in children
    )


async def is_lead_only(tx: Transaction, vault: Vault, review: Review, child: Child) -> bool:
    """Whether a restricted record could be meant, or a supervisor must release it, so that only a lead settles it."""
    if review.reason == "restricted" or review.met_restricted or is_release(review.reason):
        return True
    found = await sharing(tx, vault, {review.child_id: case_keys(child)})
    return any(pupil.restricted for pupil in found[review.child_id])


async def searched(
    tx: Transaction, vault: Vault, directory: Directory, child: Child, keys: Collection[Key], authorities: Collection[str]
) -> tuple[Candidates, Mapping[str, Setting]]:
    """What a search by these keys finds, compared with the child as every candidate is. Of what the reader may not see she hears only
    where it could be this child: a search is no way to learn of others."""
    pupils = (await sharing(tx, vault, {"search": keys}))["search"]
    pupils = tuple(one for one in pupils if (not one.restricted and one.authority in authorities) or could_be(child, one))
    settings = await directory.settings(tx, {one for pupil in pupils for one in pupil.setting_ids})
    return candidates(child, pupils, settings, authorities), settings


async def _places(
    reading: Reading, directory: Directory, found: Mapping[str, tuple[Pupil, ...]], case: Opened
) -> tuple[Mapping[str, Setting], Mapping[str, str]]:
    """The settings and teams that are named on the page."""
    refs = {one for pupils in found.values() for pupil in pupils for one in pupil.setting_ids}
    refs |= {known.ref for known in case.stood.known} | {ref for one in case.reviews for ref in one.pending_refs}
    teams = await directory.teams(reading, refs)
    return await directory.settings(reading, refs), {one: team.name for one, team in teams.items()}


def _child(
    review: Review,
    child: Child,
    pupils: tuple[Pupil, ...],
    settings: Mapping[str, Setting],
    teams: Mapping[str, str],
    case: Opened,
    session: Session,
) -> ChildView:
    seen = candidates(child, pupils, settings, case.authorities)
    standing = case.stood.children.get(review.child_id)
    evidence = () if standing is None else standing.evidence
    live = live_in(case.stood.known, review.child_id)
    restricted = seen.restricted or review.reason == "restricted" or review.met_restricted
    return ChildView(
        review=review,
        why=reason_words(review.reason),
        words=child_words(child),
        flags=flag_words(evidence),
        evidence=evidence_words(evidence),
        candidates=seen,
        told_now=tuple(dict.fromkeys(_place(one.ref, settings, teams) for one in live)),
        decided=_decided(review, settings, teams),
        lead_only=(restricted or is_release(review.reason)) and session.role is not Role.LEAD,
    )


def _place(ref: str, settings: Mapping[str, Setting], teams: Mapping[str, str]) -> str:
    return place_words(settings[ref]) if ref in settings else teams.get(ref, ref)


def _decided(review: Review, settings: Mapping[str, Setting], teams: Mapping[str, str]) -> str:
    if review.pending_kind is None:
        return ""
    if review.pending_kind == "excluded":
        return f"Nobody is told: {EXCLUSIONS.get(review.pending_code or '', 'another reason')}"
    return "; ".join(_place(ref, settings, teams) for ref in review.pending_refs)
