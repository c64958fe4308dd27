"""The list behind a gathered message: every notification of the morning that its reader was told of, and the way from one to the next.

Each is confirmed, read and answered in a visit of its own. Nothing of a child stands on the list.
"""

from dataclasses import dataclass, field

from services.notifier import store, store_digest, store_visits, store_words
from services.notifier.domain.codes import link_expires_at
from services.notifier.domain.digest import Item, Stands, ordered
from services.notifier.handlers_digest import told_of
from services.notifier.store import Notification
from services.notifier.store_visits import Link, Visit
from services.notifier.visits import Guest
from shared.calendar import london_date
from shared.db import Database, Reading, Transaction
from shared.errors import Misuse, NotFound, VaultSealed
from shared.events import NOTIFIER, CodeEntered
from shared.ids import new_id, new_token
from shared.log import logger
from shared.report import reading as of_report
from shared.report.codes import ConditionKind
from shared.report.store import load
from shared.scope import Scope
from shared.vault import Vault

log = logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """The list of one visit; ``here`` is the notification that the visit is open at."""

    here: str
    items: tuple[Item, ...] = field(repr=False)

    @property
    def left(self) -> int:
        """How many still wait for somebody."""
        return sum(one.stands is Stands.OPEN for one in self.items)

    @property
    def is_list(self) -> bool:
        """Whether there is more than the one that the visit is open at."""
        return len(self.items) > 1


class Lists:
    """Reads lists and moves visits along them."""

    def __init__(self, *, database: Database, vault: Vault) -> None:
        self._database = database
        self._vault = vault

    async def listed(self, guest: Guest) -> Listed:
        """What this visitor was told of for the same morning as the notification that she visits, in the list's order."""
        async with self._database.reading() as reading:
            found = await told_of(reading, guest.notification, guest.contact.contact_id)
            items = [await self._item(reading, guest, one) for one, _ in found]
        return Listed(here=guest.notification.notification_id, items=ordered(one for one in items if one is not None))

    async def go(self, token: str, guest: Guest, notification_id: str) -> str | None:
        """End the visit and begin one at another notification of its list; the new visit's token, None for one that is not in the list.

        It lasts as long as the first would have: the code was entered once.
        """
        async with self._database.transaction() as tx:
            now = tx.clock.real()
            visit = await store_visits.visit(tx, token, now)
            told = await told_of(tx, guest.notification, guest.contact.contact_id)
            attempt_id = {one.notification_id: told_by for one, told_by in told}.get(notification_id)
            if visit is None or attempt_id is None:
                return None
            there = await store.hold(tx, notification_id)
            link_id = await store_digest.link_of(tx, notification_id, guest.contact.contact_id)
            link_id = link_id or await _linked(tx, guest, there, attempt_id)
            await store_visits.end_visit(tx, visit.visit_id, now)
            fresh, contact_id = new_token(), guest.contact.contact_id
            opened = Visit(
                visit_id=new_id(), link_id=link_id, notification_id=notification_id, contact_id=contact_id, expires_at=visit.expires_at
            )
            await store_visits.add_visit(tx, fresh, opened, now)
            children = await store.children(tx, notification_id)
            entered = CodeEntered(
                incident_id=there.incident_id,
                notification_id=notification_id,
                contact_id=contact_id,
                entered_at=tx.clock.now(),
                child_ids=tuple(child.child_id for child in children if child.is_own),
            )
            await tx.record(NOTIFIER, [entered])
        return fresh

    async def _item(self, reading: Reading, guest: Guest, one: Notification) -> Item | None:
        """One line; of a report that cannot be read nothing is known but that it waits, so it is not left out."""
        children = [child for child in await store.children(reading, one.notification_id) if child.is_own]
        hers = any(child.acknowledged_by == guest.contact.contact_id for child in children)
        stands = Stands.OPEN if one.is_open else Stands.HERS if hers else Stands.ANOTHERS
        routed = await store_words.routed(reading, one.incident_id, one.destination_id)
        return Item(
            notification_id=one.notification_id,
            collecting=await self._is_collecting(reading, one),
            urgency=routed.urgency,
            opened_at=one.opened_at,
            children=len(children),
            stands=stands,
        )

    async def _is_collecting(self, reading: Reading, one: Notification) -> bool:
        """Whether somebody must not collect a child of it today."""
        scope = Scope.notification(one.notification_id)
        try:
            report = await load(self._vault, reading, one.incident_id, scope, one.incident_version)
        except (NotFound, VaultSealed, Misuse) as error:
            log.error("report.sealed", notification_id=one.notification_id, error=error.code)
            return False
        conditions = of_report.conditions_on(report.report, london_date(reading.clock.now()))
        return any(condition.kind is ConditionKind.MUST_NOT_COLLECT for condition in conditions)


async def _linked(tx: Transaction, guest: Guest, there: Notification, attempt_id: str) -> str:
    """A link of hers to a notification whose message another's stood for. Nobody knows its token: she came by the other's."""
    link = Link(
        link_id=new_id(),
        notification_id=there.notification_id,
        attempt_id=attempt_id,
        contact_id=guest.contact.contact_id,
        channel=guest.link.channel,
        created_at=tx.clock.now(),
        expires_at=link_expires_at(there.deadline_at, there.opened_at),
    )
    await store_visits.add_links(tx, [(new_token(), link)])
    return link.link_id
