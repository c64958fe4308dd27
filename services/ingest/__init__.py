"""Ingest: takes the police's reports and tells them what became of every child.

Subscribes to nothing; what it knows of the other services' work it reads from the journal.
"""

from services.ingest import api
from services.ingest.handlers import Intake
from services.ingest.keys import Keys
from services.ingest.loops import HashRotation
from shared.events import INGEST
from shared.service import Parts, Service


def build(parts: Parts) -> Service:
    """The service."""
    intake = Intake(database=parts.database, vault=parts.vault, clock=parts.clock, retention_months=parts.settings.retention_months)
    routes = api.build(intake=intake, keys=Keys(parts.database, parts.clock), limits=parts.frame.limits, clock=parts.clock)
    return Service(name=INGEST, api=(routes,), loops=(HashRotation(parts.database, parts.vault),))
