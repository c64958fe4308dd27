"""The whole application in a test's hand: every service, the real frame, the memory bus, messages in files, a clock that the test moves.

    async with whole(database_url, tmp_path, start=NIGHT, reports=[report]) as w:
        incident_id = (await w.post_report(report)).json()["incident_id"]
        await w.settle()              # everything that is due now
        await w.advance(MORNING)      # everything that falls due until then, each at its own instant
        w.mails(), w.texts(), w.links(), w.codes()

The children of ``reports`` are on the roll of Testshire (``tests.directory_samples``), each at the school that its report names.
"""

import contextlib
import re
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI
from sqlalchemy import select, update

from services import composition
from services.ingest import keys
from services.notifier import store
from services.notifier.channels import EMAIL, SMS, Message, read_messages
from services.notifier.handlers_calls import open_call
from services.router.roll import import_roll
from shared.calendar import london_date
from shared.clock import ManualClock
from shared.db.tables.journal import inbox, journal
from shared.db.tables.notifier import notifier_notification
from shared.events import IncidentReceived
from shared.run import Process
from shared.scope import Scope
from shared.service import Parts
from shared.settings import Settings, checked
from shared.vault import custody
from shared.web import sessions
from shared.web.sessions import Role
from tests.directory_samples import AUTHORITY, FORCE, imported
from tests.web import browser_like, hidden_token

PUBLIC_URL = "https://messages.example"
NIGHT = datetime(2026, 11, 19, 23, 10, tzinfo=UTC)
"""A Thursday in term; the next school day begins on Friday at 08:30, so the deadline is 08:00."""
MORNING = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
KEYRING = "keyring.json"
ROLL_AS_AT_ON = date(2026, 9, 10)

_LINK = re.compile(re.escape(PUBLIC_URL) + r"/\S+")
_CODE = re.compile(r"\b\d{6}\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A mailbox of everybody's (``name`` is ``email``), or everybody's telephone (``sms``)."""

    folder: Path
    name: str

    def messages(self, to: str | None = None) -> tuple[Message, ...]:
        """What has arrived, oldest first; for one address or for all."""
        return tuple(message for message in read_messages(self.folder, self.name) if to in (None, message.to))


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """``client`` is a browser that is signed in nowhere; ``signed_in`` gives others, each with cookies of its own."""

    parts: Parts
    process: Process
    app: FastAPI
    client: httpx.AsyncClient
    clock: ManualClock
    mail: Box
    phone: Box
    folder: Path
    clients: contextlib.AsyncExitStack
    tokens: dict[str, str] = field(default_factory=dict)

    # --- time -----------------------------------------------------------------------------------------------------------

    async def settle(self) -> int:
        """Do everything that is due now; how much that was."""
        return await self.process.settle()

    async def advance(self, until: datetime) -> None:
        """Move to ``until``, stopping at every instant at which something falls due."""
        await self.process.advance(self.clock, until)

    async def advance_by(self, time: timedelta) -> None:
        """The same, from now."""
        await self.advance(self.clock.now() + time)

    # --- what people received ----------------------------------------------------------------------------------------------

    def mails(self, to: str | None = None) -> tuple[Message, ...]:
        """E-mails, oldest first."""
        return self.mail.messages(to)

    def texts(self, to: str | None = None) -> tuple[Message, ...]:
        """Text messages, oldest first."""
        return self.phone.messages(to)

    def links(self, to: str | None = None) -> tuple[str, ...]:
        """The links in both, e-mails first."""
        return tuple(link for message in (*self.mails(to), *self.texts(to)) for link in _LINK.findall(message.body))

    def codes(self, to: str | None = None) -> tuple[str, ...]:
        """The one-time codes in both, e-mails first. A code never stands beside a link."""
        found = [message.body for message in (*self.mails(to), *self.texts(to)) if not _LINK.search(message.body)]
        return tuple(code for body in found for code in _CODE.findall(body))

    # --- the police -------------------------------------------------------------------------------------------------------

    async def token(self, force: str = FORCE) -> str:
        """An API key of ``force``, made on first asking."""
        if force not in self.tokens:
            async with self.parts.database.transaction() as tx:
                _, self.tokens[force] = await keys.issue(tx, force, "tests", self.clock.real())
        return self.tokens[force]

    async def post_report(self, report: Mapping[str, Any], *, force: str = FORCE) -> httpx.Response:
        """What the API answers to a report; nothing is moved on yet."""
        return await self.client.post("/v1/incidents", json=report, headers=await self.headers(force))

    async def incident(self, incident_id: str, *, force: str = FORCE) -> Any:
        """What the API tells the force of an incident."""
        answer = await self.client.get(f"/v1/incidents/{incident_id}", headers=await self.headers(force))
        assert answer.status_code == 200
        return answer.json()

    async def outcomes(self, incident_id: str, *, force: str = FORCE) -> list[str]:
        """Each child's outcome, in the report's order."""
        return [child["outcome"] for child in (await self.incident(incident_id, force=force))["children"]]

    async def headers(self, force: str = FORCE) -> dict[str, str]:
        """The headers of a request with that force's key."""
        return {"Authorization": f"Bearer {await self.token(force)}"}

    # --- what goes wrong --------------------------------------------------------------------------------------------------

    async def park(self, incident_id: str, *, service: str = "router", fact_type: str = IncidentReceived.TYPE) -> str:
        """Let ``service`` have given up on the incident's fact of that type; returns the fact's id."""
        of_incident = select(journal.c.fact_id).where(journal.c.incident_id == incident_id, journal.c.type == fact_type)
        async with self.parts.database.transaction() as tx:
            fact_id: str = (await tx.execute(of_incident)).scalars().one()
            given_up = {"state": "parked", "attempts": 8, "error": "Misuse handlers.py:1", "due_at": None}
            of_fact = (inbox.c.service == service, inbox.c.fact_id == fact_id)
            assert (await tx.execute(update(inbox).where(*of_fact).values(given_up))).rowcount == 1
        return fact_id

    async def call_owed(self, incident_id: str, *, team_id: str = "testshire-phone-desk") -> str:
        """Let that team owe a call about the first notification of the incident; returns the task's id."""
        async with self.parts.database.transaction() as tx:
            of_it = select(notifier_notification.c.notification_id).where(notifier_notification.c.incident_id == incident_id)
            notification_ids = (await tx.execute(of_it.order_by(notifier_notification.c.destination_ref))).scalars().all()
            task = await open_call(tx, await store.hold(tx, notification_ids[0]), team_id, "not-acknowledged")
            assert task is not None
        return task.phone_task_id

    # --- people at browsers -------------------------------------------------------------------------------------------------

    async def browser(self) -> httpx.AsyncClient:
        """Another browser, without any cookie."""
        return await self.clients.enter_async_context(browser_like(self.app, PUBLIC_URL))

    async def arrived(self, link: str) -> httpx.AsyncClient:
        """A browser in which someone has opened a link from a message."""
        browser = await self.browser()
        assert (await browser.get(link)).status_code == 303
        return browser

    async def visiting(self, link: str) -> httpx.AsyncClient:
        """The same after the code from the contact's other channel has been asked for and entered."""
        browser, known = await self.arrived(link), self.codes()
        csrf = hidden_token(await browser.get("/message"))
        assert (await browser.post("/message/code", data={"csrf": csrf})).status_code == 303
        (code,) = Counter(self.codes()) - Counter(known)
        assert (await browser.post("/message/open", data={"csrf": csrf, "code": code})).status_code == 303
        return browser

    async def signed_in(self, role: Role, scope: Scope) -> httpx.AsyncClient:
        """A browser in which someone has followed a sign-in link and pressed its button."""
        async with self.parts.database.transaction() as tx:
            token = await sessions.new_sign_in(tx, role, scope, self.clock.real())
        browser = await self.browser()
        assert (await browser.get(f"/sign-in/{token}")).status_code == 303
        csrf = hidden_token(await browser.get("/sign-in"))
        assert (await browser.post("/sign-in", data={"csrf": csrf})).status_code == 303
        return browser


@contextlib.asynccontextmanager
async def whole(
    database_url: str, folder: Path, *, start: datetime = NIGHT, reports: Sequence[Mapping[str, Any]] = ()
) -> AsyncIterator[Whole]:
    """Everything set up over a migrated, empty database, with the small directory and its roll taken in. Nothing runs by itself."""
    clock = ManualClock(start)
    custody.init(folder / KEYRING, london_date(start))
    parts = composition.parts(settings(database_url, folder), clock)
    async with contextlib.AsyncExitStack() as clients:
        clients.push_async_callback(parts.database.close)
        await _directory(parts, clock, folder / "directory", reports)
        process = composition.process(parts)
        for close in (close for service in process.services for close in service.closers):
            clients.push_async_callback(close)
        app = composition.application(process, drive=False)
        yield Whole(
            parts=parts,
            process=process,
            app=app,
            client=await clients.enter_async_context(browser_like(app, PUBLIC_URL)),
            clock=clock,
            mail=Box(folder=folder / "mail", name=EMAIL),
            phone=Box(folder=folder / "phone", name=SMS),
            folder=folder,
            clients=clients,
        )


def settings(database_url: str, folder: Path, *, public_url: str = PUBLIC_URL) -> Settings:
    """What ``whole`` is configured with; another process on the same database and folder uses the same."""
    return checked(
        {
            "mode": "demo",
            "database_url": database_url,
            "public_url": public_url,
            "keyring_file": folder / KEYRING,
            "email_url": f"file://{folder}/mail",
            "email_from": "messages@notify.example.com",
            "sms_url": f"file://{folder}/phone",
        }
    )


async def _directory(parts: Parts, clock: ManualClock, folder: Path, reports: Sequence[Mapping[str, Any]]) -> None:
    paths = await imported(parts.database, parts.vault, clock, folder, reports=reports)
    result = await import_roll(
        paths["roll"],
        authority=AUTHORITY,
        as_at_on=ROLL_AS_AT_ON,
        agreement="ISA-1",
        database=parts.database,
        vault=parts.vault,
        clock=clock,
        progress=lambda _done, _total: None,
    )
    assert result.applied, result.refused
