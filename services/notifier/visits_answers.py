"""An open visit: is this child yours, what happened, and who acts on it today.

Whatever a contact says changes states through ``domain.states`` alone, with the notification's row locked. An answer that the child
belongs elsewhere recalls at once (design rule 7.9); acting on it is the one thing that stops the ladder (D5).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from services.notifier import store, store_visits, store_words, visits_facts
from services.notifier.domain import conflict as conflicts
from services.notifier.domain.codes import LinkState, link_state
from services.notifier.domain.confirm import Confirmation, confirmation
from services.notifier.domain.content import Sheet
from services.notifier.domain.revision import Earlier, differences, earlier, is_on_record, is_stale, shown
from services.notifier.domain.states import ActingToday, Answer, Answered, ChildState, PassedOn, State, step
from services.notifier.handlers_contacts import as_person
from services.notifier.handlers_ending import ended
from services.notifier.store import Notification
from services.notifier.visits import Guest, Visits
from shared.calendar import london_date
from shared.db import Database, Reading, Transaction
from shared.errors import Conflict, Misuse, NotFound, VaultSealed
from shared.events import NOTIFIER, ContentViewed, Fact, NotificationPassedOn
from shared.log import logger
from shared.report.sealed import SealedReport
from shared.report.store import load
from shared.scope import Scope
from shared.vault import Vault

VIEW_AGAIN = timedelta(minutes=1)
"""The same view is one view for so long."""

log = logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildPage:
    """One child as the visitor sees it. ``sheet`` is None before it was confirmed, and for one whom another has picked up.

    ``changes`` are the labels of what differs from what she had read of the child before; none when nothing does.
    """

    child: ChildState
    confirmation: Confirmation = field(repr=False)
    sheet: Sheet | None = field(default=None, repr=False)
    changes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """The confirmed children. ``added`` and ``removed`` count the children that have come and gone since she last read."""

    pages: tuple[ChildPage, ...]
    added: int = 0
    removed: int = 0


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

    async def content(self, guest: Guest) -> Content | None:
        """The confirmed children, each with its sheet; the view is on record before anything is shown. None when nothing can be.

        The same view is recorded once a minute. Raises Conflict when a later version has come since the guest was read.
        """
        confirmed = [child for child in guest.own if child.answer is Answer.ON_OUR_ROLL]
        shown_ids = [child.child_id for child in confirmed if readable(guest, child)]
        notification, today = guest.notification, london_date(self._visits.clock.now())
        async with self._database.reading() as reading:
            report = await self._opened(reading, guest)
            if report is None:
                return None
            facts = await store_words.of_incident(reading, notification.incident_id)
            before = earlier(facts, notification.notification_id, notification.destination_id, guest.contact.contact_id)
            then = None if before is None else await self._version(reading, notification, before.incident_version)
        since = self._visits.clock.now() - VIEW_AGAIN
        if shown_ids and not is_on_record(facts, notification.notification_id, guest.contact.contact_id, shown_ids, since):
            await self._viewed(guest, shown_ids)
        pages = tuple(self._child_page(guest, report, then, before, child, today) for child in confirmed)
        if before is None:
            return Content(pages=pages)
        gone = [child for child in guest.children if child.withdrawn_at is not None and child.child_id in before.child_ids]
        return Content(pages=pages, added=sum(child.child_id not in before.child_ids for child in guest.own), removed=len(gone))

    def _child_page(
        self, guest: Guest, report: SealedReport, then: SealedReport | None, before: Earlier | None, child: ChildState, today: date
    ) -> ChildPage:
        if not readable(guest, child):
            return _page(report, child)
        to = guest.notification.told
        now = shown(report.report, _reference(report, child), guest.policy, today, to)
        was = None if then is None or before is None or child.child_id not in before.read else then.child(child.child_id)
        changes: tuple[str, ...] = ()
        if then is not None and was is not None:
            changes = differences(shown(then.report, was.reference, guest.policy, today, to), now)
        return ChildPage(child=child, confirmation=now.confirmation, sheet=now.sheet, changes=changes)

    async def answer(self, token: str, answers: Mapping[str, Answer]) -> Guest | None:
        """What the destination says of its children, by child_id; the guest, her children as they then are. None for an ended visit."""

        def said(state: State, contact_id: str, now: datetime) -> State:
            for child_id, what in answers.items():
                state = step(state, Answered(contact_id=contact_id, child_id=child_id, answer=what, at=now))
            return state

        async with self._database.transaction() as tx:
            held = await self._held(tx, token)
            if held is None:
                return None
            before = _state(held)
            after = said(before, held.contact.contact_id, tx.clock.now())
            await self._change(tx, held, before, after)
            return replace(held, children=after.children)

    async def act(self, token: str, incident_version: int) -> bool:
        """*I am acting on this today*, for every confirmed child that nobody has picked up: the ladder stops when none is left (D5).

        ``incident_version`` is the one that her page showed. False, and nothing is said, when what she read has changed since.
        """
        async with self._database.transaction() as tx:
            held = await self._held(tx, token)
            if held is None:
                return True
            notification = held.notification
            if notification.incident_version > incident_version:
                facts = await store_words.of_incident(tx, notification.incident_id)
                if is_stale(facts, notification.notification_id, incident_version):
                    return False
            before = _state(held)
            children = frozenset(child.child_id for child in held.own)
            acting = ActingToday(contact_id=held.contact.contact_id, child_ids=children, at=tx.clock.now())
            await self._change(tx, held, before, step(before, acting))
            return True

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

    async def _guest(self, reading: Reading, token: str, held: Notification | None = None) -> Guest | None:
        link = await store_visits.visited(reading, token, reading.clock.real())
        if link is None:
            return None
        notification = held or await store.get(reading, link.notification_id)
        state = link_state(notification.state, notification.deadline_at, notification.ended_at, reading.clock.now())
        if state is LinkState.EXPIRED or (link.revoked_at is not None and state is not LinkState.RECALLED):
            return None
        return await self._visits.seen(reading, notification, link, state)

    async def _held(self, tx: Transaction, token: str) -> Guest | None:
        """The guest, with the notification locked before its children are read; None, too, for one who may be shown nothing of it.

        Whoever may not read may not answer either: she would stop the ladder, or recall a child, for a report about herself.
        """
        link = await store_visits.visited(tx, token, tx.clock.real())
        if link is None:
            return None
        guest = await self._guest(tx, token, await store.hold(tx, link.notification_id))
        return None if guest is None or await self._opened(tx, guest) is None else guest

    async def _report(self, guest: Guest) -> SealedReport | None:
        """The report for this visit; None when it has been erased, or when the visitor is one of its adults (design rule 7.7)."""
        async with self._database.reading() as reading:
            return await self._opened(reading, guest)

    async def _opened(self, reading: Reading, guest: Guest) -> SealedReport | None:
        notification = guest.notification
        try:
            report = await self._version(reading, notification, notification.incident_version)
        except (NotFound, VaultSealed, Misuse) as error:
            log.error("report.sealed", notification_id=notification.notification_id, error=error.code)
            return None
        blocked = conflicts.conflict(as_person(guest.contact), conflicts.known_adults(report.report)) is not conflicts.Conflict.NONE
        return None if blocked else report

    async def _version(self, reading: Reading, notification: Notification, incident_version: int) -> SealedReport:
        scope = Scope.notification(notification.notification_id)
        return await load(self._vault, reading, notification.incident_id, scope, incident_version)

    async def _viewed(self, guest: Guest, child_ids: Sequence[str]) -> None:
        """Record the view of that very version, under the notification's row: what is on record is what was shown."""
        async with self._database.transaction() as tx:
            held = await store.hold(tx, guest.notification.notification_id)
            if held.incident_version != guest.notification.incident_version:
                raise Conflict("a later version has come meanwhile")
            viewed = ContentViewed(
                incident_id=guest.notification.incident_id,
                notification_id=guest.notification.notification_id,
                contact_id=guest.contact.contact_id,
                child_ids=tuple(child_ids),
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
                facts.append(visits_facts.answered(held, child.child_id, child.answer, now))
            if was.is_own and not child.is_own and child.answer is not None:
                await self._breach(tx, held, child.child_id, now)
                facts.append(visits_facts.recalled(held.notification, child.child_id, child.answer, now))
        if picked_up := [
            child.child_id
            for was, child in zip(before.children, after.children, strict=True)
            if child.acknowledged_by and not was.acknowledged_by
        ]:
            facts.append(visits_facts.acknowledged(held, picked_up, now))
        await tx.record(NOTIFIER, facts)
        await ended(tx, held.notification, held.contact.contact_id, now)

    async def _breach(self, tx: Transaction, held: Guest, child_id: str, now: datetime) -> None:
        """A name, or more, was shown to a setting that it was not for."""
        notification = held.notification
        shown = await store_visits.content_was_shown(tx, notification.incident_id, notification.notification_id, child_id)
        contact_id = held.contact.contact_id
        await store_visits.open_breach(tx, notification.notification_id, child_id, contact_id, content_was_shown=shown, now=now)
        log.warning("breach.open", notification_id=notification.notification_id, child_id=child_id)


def readable(guest: Guest, child: ChildState) -> bool:
    """Whether this visitor may read about the child: it is hers and confirmed, and no colleague has picked it up."""
    picked_up_by_another = child.acknowledged_by not in (None, guest.contact.contact_id)
    return child.is_own and child.answer is Answer.ON_OUR_ROLL and not picked_up_by_another


def _state(guest: Guest) -> State:
    return State(children=guest.children, registered=frozenset({guest.contact.contact_id}))


def _page(report: SealedReport, child: ChildState) -> ChildPage:
    return ChildPage(child=child, confirmation=confirmation(report.report, _reference(report, child)))


def _reference(report: SealedReport, child: ChildState) -> str:
    found = report.child(child.child_id)
    if found is None:
        raise NotFound("the report has no such child")
    return found.reference
