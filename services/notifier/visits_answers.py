"""An open visit: is this child yours, what happened, and who acts on it today.

Whatever a contact says changes states through ``domain.states`` alone, with the notification's row locked. An answer that the child
belongs elsewhere recalls at once (design rule 7.9); acting on it is the one thing that stops the ladder (D5).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from services.notifier import store, store_attempts, store_visits
from services.notifier.domain.codes import LinkState, link_state
from services.notifier.domain.confirm import Confirmation, confirmation
from services.notifier.domain.conflict import Conflict, conflict, known_adults
from services.notifier.domain.content import Sheet, sheet
from services.notifier.domain.states import ActingToday, Answer, Answered, ChildState, PassedOn, Stage, State, step
from services.notifier.handlers_contacts import as_person
from services.notifier.store import Notification
from services.notifier.visits import Guest, Visits
from shared.calendar import london_date
from shared.db import Database, Reading, Transaction
from shared.errors import Misuse, NotFound, VaultSealed
from shared.events import NOTIFIER, ChildAnswered, ChildRecalled, ContentViewed, Fact, NotificationAcknowledged, NotificationPassedOn
from shared.log import logger
from shared.report.sealed import SealedReport
from shared.report.store import load
from shared.scope import Scope
from shared.vault import Vault

log = logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildPage:
    """One child as the visitor sees it. ``sheet`` is None before it was confirmed, and for one whom another has picked up."""

    child: ChildState
    confirmation: Confirmation = field(repr=False)
    sheet: Sheet | None = field(default=None, repr=False)


class Answers:
    """What a visitor reads and says."""

    def __init__(self, *, database: Database, vault: Vault, visits: Visits) -> None:
        self._database = database
        self._vault = vault
        self._visits = visits

    async def guest(self, token: str) -> Guest | None:
        """Who is visiting; None when the visit or its link has ended. A recalled one is still told of, so that the page can say so."""
        async with self._database.reading() as reading:
            return await self._guest(reading, token)

    async def names(self, guest: Guest) -> tuple[ChildPage, ...] | None:
        """Name and date of birth of each child of this destination, and nothing of what happened. None when they cannot be shown."""
        report = await self._report(guest)
        return None if report is None else tuple(_page(report, child) for child in guest.own)

    async def content(self, guest: Guest, *, record: bool) -> tuple[ChildPage, ...] | None:
        """The confirmed children, each with its sheet; the view is on record before anything is shown. None when nothing can be.

        ``record`` is false when this visitor has been shown the same within the minute.
        """
        report = await self._report(guest)
        if report is None:
            return None
        confirmed = [child for child in guest.own if child.answer is Answer.ON_OUR_ROLL]
        shown = [child for child in confirmed if readable(guest, child)]
        if record and shown:
            await self._viewed(guest, shown)
        today = london_date(self._visits.clock.now())
        return tuple(
            _page(report, child, sheet(report.report, _reference(report, child), guest.policy, today) if child in shown else None)
            for child in confirmed
        )

    async def answer(self, token: str, answers: Mapping[str, Answer]) -> Guest | None:
        """What the destination says of its children, by child_id; the guest as she is after it. None when the visit has ended."""

        def said(state: State, contact_id: str, now: datetime) -> State:
            for child_id, what in answers.items():
                state = step(state, Answered(contact_id=contact_id, child_id=child_id, answer=what, at=now))
            return state

        async with self._database.transaction() as tx:
            held = await self._held(tx, token)
            if held is None:
                return None
            before = _state(held)
            await self._change(tx, held, before, said(before, held.contact.contact_id, tx.clock.now()))
            return await self._guest(tx, token)

    async def act(self, token: str) -> Guest | None:
        """*I am acting on this today*, for every confirmed child that nobody has picked up: the ladder stops when none is left (D5)."""
        async with self._database.transaction() as tx:
            held = await self._held(tx, token)
            if held is None:
                return None
            before = _state(held)
            children = frozenset(child.child_id for child in held.own)
            acting = ActingToday(contact_id=held.contact.contact_id, child_ids=children, at=tx.clock.now())
            await self._change(tx, held, before, step(before, acting))
            return await self._guest(tx, token)

    async def pass_on(self, token: str) -> Guest | None:
        """*Seen, cannot act*: the next rung is due at once."""
        async with self._database.transaction() as tx:
            held = await self._held(tx, token)
            if held is None:
                return None
            before, notification = _state(held), held.notification
            if step(before, PassedOn(contact_id=held.contact.contact_id)) != before:
                now = tx.clock.now()
                hastened = await store.hasten(tx, notification.notification_id, now)
                passed_on = NotificationPassedOn(
                    incident_id=notification.incident_id,
                    notification_id=notification.notification_id,
                    contact_id=held.contact.contact_id,
                    next_action_at=now if hastened else notification.next_action_at or now,
                    passed_on_at=now,
                )
                await tx.record(NOTIFIER, [passed_on])
                log.info("notification.pass-on", notification_id=notification.notification_id)
            return held

    # --- reading ----------------------------------------------------------------------------------------------------------------------

    async def _guest(self, reading: Reading, token: str) -> Guest | None:
        visit = await store_visits.visit(reading, token, reading.clock.real())
        link = None if visit is None else await store_visits.link_by_id(reading, visit.link_id)
        if link is None:
            return None
        notification = await store.get(reading, link.notification_id)
        state = link_state(notification.state, link.expires_at, reading.clock.now())
        if state is LinkState.EXPIRED or (link.revoked_at is not None and state is not LinkState.RECALLED):
            return None
        return await self._visits.seen(reading, notification, link, state)

    async def _held(self, tx: Transaction, token: str) -> Guest | None:
        """The guest, with the notification locked before its children are read; None, too, for one who may be shown nothing of it.

        Whoever may not read may not answer either: she would stop the ladder, or recall a child, for a report about herself.
        """
        guest = await self._guest(tx, token)
        if guest is None or await self._opened(tx, guest) is None:
            return None
        await store.hold(tx, guest.notification.notification_id)
        return await self._guest(tx, token)

    async def _report(self, guest: Guest) -> SealedReport | None:
        """The report for this visit; None when it has been erased, or when the visitor is one of its adults (design rule 7.7)."""
        async with self._database.reading() as reading:
            return await self._opened(reading, guest)

    async def _opened(self, reading: Reading, guest: Guest) -> SealedReport | None:
        notification = guest.notification
        try:
            report = await load(self._vault, reading, notification.incident_id, Scope.notification(notification.notification_id))
        except (NotFound, VaultSealed, Misuse) as error:
            log.error("report.sealed", notification_id=notification.notification_id, error=error.code)
            return None
        blocked = conflict(as_person(guest.contact), known_adults(report.report)) is not Conflict.NONE
        return None if blocked else report

    async def _viewed(self, guest: Guest, shown: Sequence[ChildState]) -> None:
        async with self._database.transaction() as tx:
            viewed = ContentViewed(
                incident_id=guest.notification.incident_id,
                notification_id=guest.notification.notification_id,
                contact_id=guest.contact.contact_id,
                child_ids=tuple(child.child_id for child in shown),
                viewed_at=tx.clock.now(),
            )
            await tx.record(NOTIFIER, [viewed])

    # --- writing ----------------------------------------------------------------------------------------------------------------------

    async def _change(self, tx: Transaction, held: Guest, before: State, after: State) -> None:
        """Write what has changed, with its facts, and end the notification when it has come to its end."""
        now = tx.clock.now()
        facts: list[Fact] = []
        for was, child in zip(before.children, after.children, strict=True):
            if child == was:
                continue
            said = {} if child.answer is was.answer else {"answered_by": held.contact.contact_id, "answered_at": now}
            await store.change_child(tx, held.notification.notification_id, child, **said)
            if child.answer is not was.answer and child.answer is not None:
                facts.append(_answered(held, child.child_id, child.answer, now))
            if was.is_own and not child.is_own and child.answer is not None:
                await self._breach(tx, held, child.child_id, now)
                facts.append(_recalled(held.notification, child.child_id, child.answer, now))
        if picked_up := [
            child.child_id
            for was, child in zip(before.children, after.children, strict=True)
            if child.acknowledged_by and not was.acknowledged_by
        ]:
            facts.append(_acknowledged(held, picked_up, now))
        await tx.record(NOTIFIER, facts)
        await self._end(tx, held.notification, after.stage, now)

    async def _breach(self, tx: Transaction, held: Guest, child_id: str, now: datetime) -> None:
        """A name, or more, was shown to a setting that it was not for."""
        notification = held.notification
        shown = await store_visits.content_was_shown(tx, notification.incident_id, notification.notification_id, child_id)
        contact_id = held.contact.contact_id
        await store_visits.open_breach(tx, notification.notification_id, child_id, contact_id, content_was_shown=shown, now=now)
        log.warning("breach.open", notification_id=notification.notification_id, child_id=child_id)

    async def _end(self, tx: Transaction, notification: Notification, stage: Stage, now: datetime) -> None:
        if stage is notification.state or stage is Stage.OPEN:
            return
        await store.end(tx, notification.notification_id, stage, now)
        await store_attempts.end_tasks(tx, notification.notification_id, now)
        if stage is Stage.RECALLED:
            await store_visits.revoke_links(tx, notification.notification_id, now)
        log.info("notification.ended", notification_id=notification.notification_id, state=stage.value)


def readable(guest: Guest, child: ChildState) -> bool:
    """Whether this visitor may read about the child: it is hers and confirmed, and no colleague has picked it up."""
    picked_up_by_another = child.acknowledged_by not in (None, guest.contact.contact_id)
    return child.is_own and child.answer is Answer.ON_OUR_ROLL and not picked_up_by_another


def _state(guest: Guest) -> State:
    return State(children=guest.children, registered=frozenset({guest.contact.contact_id}))


def _page(report: SealedReport, child: ChildState, content: Sheet | None = None) -> ChildPage:
    return ChildPage(child=child, confirmation=confirmation(report.report, _reference(report, child)), sheet=content)


def _reference(report: SealedReport, child: ChildState) -> str:
    found = report.child(child.child_id)
    if found is None:
        raise NotFound("the report has no such child")
    return found.reference


def _answered(guest: Guest, child_id: str, answer: Answer, now: datetime) -> ChildAnswered:
    return ChildAnswered(
        incident_id=guest.notification.incident_id,
        notification_id=guest.notification.notification_id,
        child_id=child_id,
        contact_id=guest.contact.contact_id,
        answer=answer.value,
        answered_at=now,
    )


def _recalled(notification: Notification, child_id: str, answer: Answer, now: datetime) -> ChildRecalled:
    return ChildRecalled(
        incident_id=notification.incident_id,
        notification_id=notification.notification_id,
        child_id=child_id,
        destination_id=notification.destination_id,
        destination_kind=notification.destination_kind,
        destination_ref=notification.destination_ref,
        reason=answer.value,
        recalled_at=now,
    )


def _acknowledged(guest: Guest, child_ids: Sequence[str], now: datetime) -> NotificationAcknowledged:
    return NotificationAcknowledged(
        incident_id=guest.notification.incident_id,
        notification_id=guest.notification.notification_id,
        contact_id=guest.contact.contact_id,
        child_ids=tuple(child_ids),
        acknowledged_at=now,
    )
