"""A reviewer at the desk, for tests: reports of children who are held, and what she does over HTTP as a browser would."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from html import unescape
from typing import Any

import httpx

from shared.db import journal
from shared.events import Fact
from shared.scope import Scope
from shared.web import sessions
from shared.web.sessions import Role
from tests.directory_samples import FORCE
from tests.samples import sample_report
from tests.web import hidden_token
from tests.whole import Whole

OF_FORCE = Scope.force(FORCE)


def child(reference: str, full_name: str, born: str | None, **values: Any) -> dict[str, Any]:
    """A reported child with no more than what matching reads."""
    return {"reference": reference, "full_name": full_name, "date_of_birth": born, "date_of_birth_accuracy": "exact"} | values


def report_of(reference: str, *children: Mapping[str, Any], **values: Any) -> dict[str, Any]:
    """A report of these children."""
    bare: dict[str, Any] = {"occurred_from_at": None, "occurred_to_at": None, "believed_at": None, "reported_at": None}
    adults = [{"reference": "A1", "full_name": "Samvela Grownup", "role": "victim"}]
    return sample_report(seed=1, reference=reference, children=list(children), adults=adults, conditions=[], **bare | values)


#: Two pupils of the small directory have this name and date of birth, at two schools of one name.
PAIR = child("C1", "Samanda Samename", "2018-03-04", school={"name": "St Example's Primary"})
PLACE = "900004"


@dataclass(frozen=True, kw_only=True)
class Reviewer:
    """Someone signed in at the desk."""

    w: Whole
    browser: httpx.AsyncClient
    csrf: str

    @classmethod
    async def at(cls, w: Whole, scope: Scope = OF_FORCE, role: Role = Role.REVIEWER, label: str = "") -> "Reviewer":
        async with w.parts.database.transaction() as tx:
            token = await sessions.new_sign_in(tx, role, scope, w.clock.real(), label=label)
        browser = await w.browser()
        await browser.get(f"/sign-in/{token}")
        await browser.post("/sign-in", data={"csrf": hidden_token(await browser.get("/sign-in"))})
        return cls(w=w, browser=browser, csrf=hidden_token(await browser.get("/")))

    async def get(self, path: str) -> str:
        return unescape((await self.browser.get(path)).text)

    async def post(self, path: str, **fields: str) -> httpx.Response:
        return await self.browser.post(path, data={"csrf": self.csrf, **fields})

    async def claim(self, incident_id: str) -> httpx.Response:
        return await self.post("/desk/claim", incident=incident_id)

    async def case(self, incident_id: str) -> str:
        """The page of a case that she has claimed."""
        assert (await self.claim(incident_id)).status_code == 303
        return await self.get(f"/desk/cases/{incident_id}")

    async def settle(self, incident_id: str, review_id: str, choice: str, version: int = 1) -> httpx.Response:
        return await self.post(f"/desk/reviews/{review_id}/settle", choice=choice, version=str(version), incident=incident_id)


def reviews_on(page: str) -> list[str]:
    """The reviews that a case's page shows."""
    return re.findall(r'data-review="([0-9a-f-]{36})"', page)


def record_at(page: str, place: str) -> str:
    """The choice of the record whose school is ``place``."""
    found = re.search(r'value="(pupil:[0-9a-f-]{36})"(?:(?!value=).)*?\(.{0,60}?' + place, page, re.DOTALL)
    assert found, "no record at that place"
    return found[1]


async def posted(w: Whole, report: Mapping[str, Any]) -> str:
    """The incident of a report that the router has decided."""
    incident_id: str = (await w.post_report(report)).json()["incident_id"]
    await w.settle()
    return incident_id


async def facts(w: Whole, incident_id: str, kind: type[Fact]) -> list[Any]:
    """The incident's facts of that kind, in order."""
    async with w.parts.database.reading() as reading:
        history = await journal.of_incident(reading, incident_id)
    return [envelope.fact for envelope in history if isinstance(envelope.fact, kind)]
