"""Settling a review: what would follow, deciding, taking back while nobody is told, and taking effect.

Whoever settles holds the incident's row, as whoever decides about an incident does: a correction comes before or after, never between.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from services.router import handlers_case, store_reviews, store_settlements
from services.router.domain.candidates import place_words
from services.router.domain.decision import became
from services.router.domain.revision import live_in
from services.router.domain.routes import is_scene, route_of
from services.router.domain.settling import EXCLUSIONS, Choice, Moves, effect_at, moves
from services.router.domain.standing import Known
from services.router.handlers_case import Opened
from services.router.handlers_days import Days, Policies
from services.router.handlers_desk import own, refuse_lead_only, renewed
from services.router.handlers_live import home_of
from services.router.handlers_opening import Opening
from services.router.handlers_taking import Taking, open_for
from services.router.store_reviews import Review
from services.router.store_settlements import Settlement
from shared.calendar import london_date
from shared.db import Database, Transaction
from shared.directory import Directory, Setting
from shared.errors import Conflict, NotFound, Refused
from shared.ids import new_id
from shared.log import logger
from shared.report import store as reports
from shared.vault import Vault
from shared.web.sessions import Session

log = logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """Who would be told, by when, and from when on if that is later than now."""

    name: str
    deadline_at: datetime
    send_at: datetime
    urgency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What would follow from a choice, in names. ``undo_until`` is None where it takes effect at once."""

    choice: Choice
    incident_version: int
    told: tuple[Promise, ...]
    kept: tuple[str, ...]
    left: tuple[str, ...]
    undo_until: datetime | None
    warned: bool
    """The place chosen has said before that the child is not theirs."""


class Settling:
    """What a reviewer decides."""

    def __init__(self, database: Database, vault: Vault, directory: Directory) -> None:
        self._database = database
        self._vault = vault
        self._directory = directory
        self._taking = Taking(vault, directory)

    async def preview(self, session: Session, review_id: str, choice: Choice) -> Preview:
        """What would follow. Raises as ``settle`` does."""
        async with self._database.transaction() as tx:
            case, one = await self._owned(tx, session, review_id)
            checked = await self._checked(tx, session, case, one, choice)
            await renewed(tx, session, case.reviews)
            return await self._preview(tx, case, one, checked)

    async def settle(self, session: Session, review_id: str, choice: Choice, incident_version: int) -> datetime | None:
        """Decide. The instant until which it can be taken back, None when it has taken effect.

        Raises Conflict when the report is of a later version than the one that was shown, the claim has ended or the review is settled
        already; Refused for a choice that cannot be made; NotAllowed where only a lead may.
        """
        async with self._database.transaction() as tx:
            case, one = await self._owned(tx, session, review_id)
            if case.incident_version != incident_version:
                raise Conflict("The report was corrected while you were deciding. Open the case again and look.", code="report-changed")
            if one.pending_until is not None:
                raise Conflict("This child is settled already. Take that back first.", code="settled")
            checked = await self._checked(tx, session, case, one, choice)
            preview = await self._preview(tx, case, one, checked)
            now = tx.clock.now()
            settlement = Settlement(
                settlement_id=new_id(),
                review_id=review_id,
                incident_id=one.incident_id,
                child_id=one.child_id,
                incident_version=incident_version,
                choice=checked,
                decided_by=session.session_id,
                decided_at=now,
                effect_at=preview.undo_until or now,
            )
            await store_settlements.add(tx, settlement)
            await renewed(tx, session, case.reviews)
            if preview.undo_until is None:
                await self._taking.effect(tx, settlement, one)
        log.info("review.decided", incident_id=one.incident_id, review_id=review_id)
        return preview.undo_until

    async def undo(self, session: Session, review_id: str) -> None:
        """Take a decision back while nobody is told. Raises Conflict when it has taken effect, NotFound when it is not hers."""
        async with self._database.transaction() as tx:
            one = await store_reviews.review(tx, session.scope, review_id)
            if one is None:
                raise Conflict("It is too late to take this back: they are being told.", code="settled")
            await store_reviews.hold(tx, one.incident_id)
            waiting = await store_settlements.pending(tx, review_id)
            if waiting is not None and waiting.decided_by != session.session_id:
                raise NotFound("There is no such review, or it is settled.")
            in_time = waiting is not None and waiting.effect_at > tx.clock.now()
            if waiting is None or not in_time or not await store_settlements.end(tx, waiting.settlement_id, "undone"):
                raise Conflict("It is too late to take this back: they are being told.", code="settled")
        log.info("review.undone", incident_id=one.incident_id, review_id=review_id)

    async def take_effect(self, settlement: Settlement) -> bool:
        """Let a settlement that has waited take effect, or fall when the review or the report has changed; whether it took effect."""
        async with self._database.transaction() as tx:
            await store_reviews.hold(tx, settlement.incident_id)
            waiting = await store_settlements.pending(tx, settlement.review_id)
            if waiting is None or waiting.settlement_id != settlement.settlement_id:
                return False
            one = await store_reviews.by_id(tx, settlement.review_id)
            if one is None or await self._taking.is_outdated(tx, settlement):
                await store_settlements.end(tx, settlement.settlement_id, "void")
                log.warning("review.settlement-void", incident_id=settlement.incident_id, review_id=settlement.review_id)
                return False
            return await self._taking.effect(tx, settlement, one)

    async def _owned(self, tx: Transaction, session: Session, review_id: str) -> tuple[Opened, Review]:
        found = await store_reviews.review(tx, session.scope, review_id)
        if found is None:
            raise NotFound("There is no such review, or it is settled.")
        case = await handlers_case.opened(tx, self._vault, session, found.incident_id)
        return case, own(case.reviews, review_id)

    async def _checked(self, tx: Transaction, session: Session, case: Opened, one: Review, choice: Choice) -> Choice:
        """The choice with the places to be told. Raises Refused for what cannot be chosen, NotAllowed where only a lead may."""
        child = case.report.child(one.child_id)
        if child is None:
            raise NotFound("There is no such child.")
        refuse_lead_only(session, await handlers_case.is_lead_only(tx, self._vault, one, child))
        if choice.kind == "pupil":
            return await self._of_pupil(tx, case, one, choice)
        if choice.kind == "setting":
            known = await self._directory.settings(tx, choice.refs)
            if not choice.refs or any(ref not in known or known[ref].authority not in case.authorities for ref in choice.refs):
                raise Refused("That setting cannot be chosen.", code="not-a-setting")
            if not all(known[ref].is_open for ref in choice.refs):
                raise Refused("That setting has closed. Choose another, or a team.", code="setting-closed")
            if await self._permitted(tx, case, one, [known[ref] for ref in choice.refs]) != choice.refs:
                raise Refused("That setting may not be told of this child. Choose another, or a team.", code="not-permitted")
        elif choice.kind == "team":
            if len(choice.refs) != 1 or choice.refs[0] not in await store_reviews.teams_of(tx, session.scope, case.authorities):
                raise Refused("That team cannot be chosen.", code="not-a-team")
        elif choice.code not in EXCLUSIONS:
            raise Refused("Choose a reason from the list.", code="no-reason")
        return choice

    async def _of_pupil(self, tx: Transaction, case: Opened, one: Review, choice: Choice) -> Choice:
        pupil = await store_settlements.pupil(tx, choice.pupil_id or "")
        if pupil is None or pupil.restricted or pupil.authority not in case.authorities:
            raise Refused("That pupil cannot be chosen.", code="not-a-pupil")
        settings = await self._directory.settings(tx, pupil.setting_ids)
        sent_back = case.stood.children[one.child_id].recalled_refs if one.child_id in case.stood.children else frozenset[str]()
        now = {there.setting_id: there for ref in pupil.setting_ids if (there := became(settings, ref)) is not None}
        refs = await self._permitted(tx, case, one, [there for ref, there in sorted(now.items()) if ref not in sent_back])
        if not refs:
            raise Refused("No open setting of this pupil can be told. Choose a setting or a team.", code="no-setting")
        return Choice(kind="pupil", refs=refs, pupil_id=pupil.pupil_id)

    async def _permitted(self, tx: Transaction, case: Opened, one: Review, settings: Sequence[Setting]) -> tuple[str, ...]:
        """Those of these settings that the policies of their areas let anybody tell, but for a childminder of whose home it may tell."""
        policies, on = Policies(await self._directory.published(tx)), london_date(tx.clock.now())
        told = [there for there in settings if not is_scene(there, case.report.report)]
        return tuple(
            there.setting_id for there in told if policies.deciding(one.force, there.authority, on).policy.permits(route_of(there))
        )

    async def _preview(self, tx: Transaction, case: Opened, one: Review, choice: Choice) -> Preview:
        standing = case.stood.children.get(one.child_id)
        moved = moves(choice, one.reason, live_in(case.stood.known, one.child_id))
        version = await reports.version(tx, one.incident_id, case.incident_version)
        policies, days = Policies(await self._directory.published(tx)), Days(tx, self._directory)
        child = case.report.child(one.child_id)
        homes = await home_of(tx, self._vault, self._directory, one.child_id, child, choice.pupil_id)
        opening = Opening(tx=tx, version=version, incident_version=case.incident_version, policies=policies, days=days, homes=homes)
        await open_for(opening, self._directory, one.child_id, choice, moved)
        urgencies = [owed.obligation.urgency for owed in opening.owed]
        at = effect_at(tx.clock.now(), is_open=one.is_open, deadline_at=one.deadline_at, urgencies=urgencies)
        names = await self._names(tx, [(owed.kind, owed.ref) for owed in opening.owed], moved, choice)
        recalled = frozenset[str]() if standing is None else standing.recalled_refs
        return Preview(
            choice=choice,
            incident_version=case.incident_version,
            told=tuple(
                Promise(
                    name=names[owed.ref],
                    deadline_at=owed.obligation.deadline_at,
                    send_at=owed.obligation.send_at,
                    urgency=owed.obligation.urgency,
                )
                for owed in opening.owed
            ),
            kept=tuple(names[ref] for ref in moved.kept),
            left=tuple(dict.fromkeys(names[known.ref] for known in moved.left)),
            undo_until=at if at > tx.clock.now() else None,
            warned=bool(recalled & set(choice.refs)),
        )

    async def _names(self, tx: Transaction, owed: Sequence[tuple[str, str]], moved: Moves, choice: Choice) -> dict[str, str]:
        left: list[Known] = list(moved.left)
        refs = {ref for _, ref in owed} | {known.ref for known in left} | set(choice.refs)
        settings, teams = await self._directory.settings(tx, refs), await self._directory.teams(tx, refs)
        found = {one: place_words(setting) for one, setting in settings.items()} | {one: team.name for one, team in teams.items()}
        return {ref: found.get(ref, ref) for ref in refs}
