"""An erased report in the whole application: its force still sees every outcome, its school a neutral page, and a start erases again."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from services.commands.serve import refuse_to_start
from shared.db import journal
from shared.errors import SettingsRefused
from shared.events import IncidentErased
from shared.scope import Scope
from shared.vault import custody
from shared.vault.erasure import Erasure
from tests.directory_samples import imported
from tests.samples import sample_report
from tests.whole import KEYRING, Whole, whole
from tests.whole import MORNING as DEADLINE

REPORT = sample_report(children=[sample_report()["children"][0]])
NAME = REPORT["children"][0]["full_name"]


@pytest.fixture
async def w(database_url: str, tmp_path: Path) -> AsyncIterator[Whole]:
    async with whole(database_url, tmp_path, reports=[REPORT]) as made:
        yield made


async def posted(w: Whole) -> str:
    incident_id = str((await w.post_report(REPORT)).json()["incident_id"])
    await w.settle()
    return incident_id


async def test_its_force_sees_outcomes_and_its_school_a_neutral_page(w: Whole) -> None:
    incident_id = await posted(w)
    [before] = (await w.incident(incident_id))["children"]
    [link] = w.links()
    reading = await w.visiting(link)
    assert NAME in (await reading.get("/message/children")).text
    await Erasure(w.parts.database, w.parts.vault).incident(incident_id, "court-order")

    [after] = (await w.incident(incident_id))["children"]
    assert (after["outcome"], after["child_id"], after["reference"]) == (before["outcome"], before["child_id"], None)
    assert [one["destination_id"] for one in after["destinations"]] == [one["destination_id"] for one in before["destinations"]]
    anew = await w.arrived(link)
    for path in ("/message", "/message/code"):
        page = await anew.get(path)
        assert (page.status_code, "This link has ended" in page.text) == (404, True)
    page = await reading.get("/message/children")
    assert "It is not kept here any more" in page.text
    for text in (page.text, (await reading.get("/message")).text):
        assert not [word for word in (*NAME.split(), "eras", "police", "incident") if word in text]

    await w.advance(DEADLINE)
    assert (await w.outcomes(incident_id)) == ["late"], "nobody was told: a team telephones, and the child is not lost"


async def test_a_start_erases_again_and_says_so_before_it_is_ready(w: Whole) -> None:
    incident_id = await posted(w)
    assert w.parts.vault.ledger is not None
    w.parts.vault.ledger.add([incident_id], w.clock.now())
    await refuse_to_start(w.parts)
    async with w.parts.database.reading() as reading:
        assert await w.parts.vault.is_erased(reading, incident_id)
    assert IncidentErased.TYPE in await types(w, incident_id)
    assert (await w.incident(incident_id))["children"][0]["reference"] is None


async def types(w: Whole, incident_id: str) -> list[str]:
    async with w.parts.database.reading() as reading:
        return [one.type for one in await journal.of_incident(reading, incident_id)]


async def test_nothing_starts_without_a_ledger_that_can_be_read(w: Whole) -> None:
    path = custody.ledger_path(w.folder / KEYRING)
    path.write_text("half a line that has an end\n")
    with pytest.raises(SettingsRefused):
        await refuse_to_start(w.parts)
    path.unlink()
    with pytest.raises(SettingsRefused):
        await refuse_to_start(w.parts)


async def test_contacts_that_were_erased_again_are_imported_anew(w: Whole) -> None:
    """An older copy has last month's contacts, which a later import had erased."""
    assert w.parts.vault.ledger is not None
    w.parts.vault.ledger.add(["directory:authority:999:2026-11", "directory:force:testshire:2026-11"], w.clock.now())
    await refuse_to_start(w.parts)
    w.clock.move_to(w.clock.now().replace(month=12))
    await imported(w.parts.database, w.parts.vault, w.clock, w.folder / "again")
    async with w.parts.database.reading() as reading:
        found = await w.parts.directory.contacts_of(reading, "setting", ["900001"], Scope.service("test"))
    assert {contact.role for contact in found["900001"]} >= {"dsl", "deputy"}
