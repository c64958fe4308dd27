"""Sending what was typed into the hand-entry form: the same reading and the same intake as a report from a records system."""

import json

from services.ingest import store
from services.ingest.domain.entry import SYSTEM, Typed
from services.ingest.domain.entry_report import body_of
from services.ingest.handlers import Answer, Different, Intake, received
from services.ingest.keys_internal import internal_key
from services.ingest.store import Incident
from shared.clock import Clock
from shared.db import Database
from shared.errors import NotFound
from shared.log import logger
from shared.scope import Scope

KEY_LABEL = "Hand entry"

log = logger(__name__)


class Entry:
    """Sends typed reports and shows their receipts."""

    def __init__(self, *, database: Database, clock: Clock, intake: Intake) -> None:
        self._database = database
        self._clock = clock
        self._intake = intake

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

    async def sent(self, incident_id: str, scope: Scope) -> Incident:
        """A typed report's head, for its receipt. Raises NotFound for another way in's, and another force's."""
        async with self._database.reading() as reading:
            found = await store.incident(reading, incident_id, scope, sandbox=False)
        if found is None or found.system != SYSTEM:
            raise NotFound("There is no such report.")
        return found
