"""Sending what was typed into the hand-entry form: the same reading and the same intake as a report from a records system."""

import json

from services.ingest import store
from services.ingest.domain.entry import SYSTEM, Typed
from services.ingest.domain.entry_again import typed_again
from services.ingest.domain.entry_report import body_of
from services.ingest.domain.precondition import Expected
from services.ingest.handlers import Answer, Different, Intake, received
from services.ingest.handlers_correct import Changed, Corrections, Erased, Withdrawal
from services.ingest.handlers_show import Views
from services.ingest.keys_internal import internal_key
from services.ingest.store import Incident
from shared.clock import Clock
from shared.db import Database
from shared.errors import NotAllowed, NotFound
from shared.log import logger
from shared.names import same_name
from shared.report.codes import HandlingFlag
from shared.report.reading import handling_flags
from shared.scope import Scope

KEY_LABEL = "Hand entry"

log = logger(__name__)

HIDING = frozenset({HandlingFlag.REFUGE, HandlingFlag.PROTECTED_IDENTITY, HandlingFlag.ADOPTION})
"""Flags under which nobody is shown again where somebody is, not even whoever typed it."""


class Entry:
    """Sends typed reports, shows their receipts, puts them right and takes them back."""

    def __init__(self, *, database: Database, clock: Clock, intake: Intake, corrections: Corrections, views: Views) -> None:
        self._database = database
        self._clock = clock
        self._intake = intake
        self._corrections = corrections
        self._views = views

    async def send(self, typed: Typed, *, force: str, session_id: str) -> Answer:
        """Take it. The same typed again under its reference is the same incident. Raises ReportRefused and Unavailable.

        Who typed it is recorded beside the incident, by the session's id.
        """
        body = json.dumps(body_of(typed), ensure_ascii=False).encode()
        async with self._database.transaction() as tx:
            key_id = await internal_key(tx, force, KEY_LABEL)
        report = received(body, force=force, key_id=key_id, received_at=self._clock.now())
        [answer] = await self._intake.accept([report])
        incident_id = answer.incident_id if isinstance(answer, Different) else answer.receipt.incident_id
        log.info("report.typed", incident_id=incident_id, session_id=session_id, outcome=type(answer).__name__.lower())
        return answer

    async def withdraw(self, incident: Incident, reason: str, *, version: int, session_id: str) -> None:
        """Take back a typed report that stands in ``version``, for a code of ``REASONS``; once.

        Raises what ``Corrections.withdraw`` does.
        """
        async with self._database.transaction() as tx:
            key_id = await internal_key(tx, incident.force, KEY_LABEL)
        one = Withdrawal(
            incident_id=incident.incident_id,
            force=incident.force,
            key_id=key_id,
            reason=reason,
            withdrawn_at=self._clock.now(),
            expected=Expected(versions=frozenset({version})),
        )
        changed = await self._corrections.withdraw(one)
        log.info("report.withdrawn", incident_id=incident.incident_id, session_id=session_id, outcome=changed.change.name.lower())

    async def again(self, incident_id: str, scope: Scope, *, session_id: str, label: str) -> tuple[Typed, int]:
        """The answers of a typed report as it stands, to be put right, and its version; that they were looked at is on record first.

        Raises NotFound as ``sent`` does and for a report that was withdrawn, Erased when nothing is left of it, NotAllowed when the session
        is labelled with the name of one of its adults (design rule 7.7), without saying so, or a flag hides where somebody is (7.3).
        """
        incident = await self.sent(incident_id, scope)
        seen = await self._views.show(incident_id, force=incident.force, reader=session_id)
        if incident.withdrawn_at is not None:
            raise NotFound("The report was withdrawn. Type another one.")
        if seen.report is None:
            raise Erased
        if any(same_name(label, adult.full_name or "") for adult in seen.report.adults):
            raise NotAllowed("This sign-in cannot open that report.")
        if any(HIDING & handling_flags(seen.report, child) for child in seen.report.children):
            raise NotAllowed("A handling flag hides where somebody of this report is. Withdraw it, and type another one.")
        earlier = [child.reference for child in seen.children if child.reference is not None]
        return typed_again(seen.report, earlier), seen.incident.incident_version

    async def correct(self, incident: Incident, typed: Typed, *, version: int, session_id: str) -> Changed:
        """Let what was typed replace the report that stands in ``version``. Raises what ``Corrections.correct`` does, and ReportRefused."""
        body = json.dumps(body_of(typed), ensure_ascii=False).encode()
        async with self._database.transaction() as tx:
            key_id = await internal_key(tx, incident.force, KEY_LABEL)
        report = received(body, force=incident.force, key_id=key_id, received_at=self._clock.now())
        changed = await self._corrections.correct(incident.incident_id, report, Expected(versions=frozenset({version})))
        log.info("report.retyped", incident_id=incident.incident_id, session_id=session_id, outcome=changed.change.name.lower())
        return changed

    async def sent(self, incident_id: str, scope: Scope) -> Incident:
        """A typed report's head, for its receipt. Raises NotFound for another way in's, and another force's."""
        async with self._database.reading() as reading:
            found = await store.incident(reading, incident_id, scope, sandbox=False)
        if found is None or found.system != SYSTEM:
            raise NotFound("There is no such report.")
        return found
