"""Teams are told that they owe something: a review, once for each incident and once more when it was escalated to them, or a call.

The notice is a hint. What is owed, and since when, stands at the desk, and nothing waits for the notice.
"""

from collections.abc import Callable, Sequence

from services.notifier import store, store_notices
from services.notifier.domain.notices import Kind, of_review, whom_to_tell
from shared.db import Transaction
from shared.directory import Contact, Directory
from shared.errors import NotFound, VaultSealed
from shared.events import NOTIFIER, ChildHeld, Envelope, PhoneTaskOpened, ReviewAsked, ReviewEscalated
from shared.log import logger
from shared.report import store as reports
from shared.scope import Scope

log = logger(__name__)


class Owing:
    """Handles the facts that give a team work. ``wake`` tells the loop of notices: nothing is recorded here that would."""

    def __init__(self, directory: Directory, wake: Callable[[], None]) -> None:
        self._directory = directory
        self._wake = wake

    async def review(self, tx: Transaction, envelopes: Sequence[Envelope]) -> None:
        """``child.held``, ``review.escalated`` and ``review.asked``: the owner has a review to do. Of a sandbox nobody is told."""
        facts = [one.fact for one in envelopes if isinstance(one.fact, ChildHeld | ReviewEscalated | ReviewAsked)]
        versions = await reports.newest(tx, {fact.incident_id for fact in facts})
        for fact in facts:
            version = versions.get(fact.incident_id)
            if version is not None and not version.sandbox:
                subject_id = of_review(fact.incident_id, escalated=isinstance(fact, ReviewEscalated))
                await self._owe(tx, Kind.REVIEW_OWED, subject_id, fact.owner)

    async def call(self, tx: Transaction, envelopes: Sequence[Envelope]) -> None:
        """``phone-task.opened``: the owner has a call to make."""
        for fact in (one.fact for one in envelopes):
            if isinstance(fact, PhoneTaskOpened) and not (await store.get(tx, fact.notification_id)).sandbox:
                await self._owe(tx, Kind.CALL_OWED, fact.phone_task_id, fact.owner, notification_id=fact.notification_id)

    async def _owe(self, tx: Transaction, kind: Kind, subject_id: str, team_id: str, *, notification_id: str | None = None) -> None:
        people = [(contact.role, contact.contact_id) for contact in await self._people(tx, team_id)]
        told = whom_to_tell(people)
        if not told:
            log.warning("notice.nobody", kind=kind.value, team_id=team_id)
        if await store_notices.add(tx, kind, subject_id, told, notification_id=notification_id):
            self._wake()

    async def _people(self, tx: Transaction, team_id: str) -> tuple[Contact, ...]:
        try:
            return await self._directory.contacts(tx, "team", team_id, Scope.service(NOTIFIER))
        except (VaultSealed, NotFound):
            log.error("contacts.sealed", kind="team")
            return ()
