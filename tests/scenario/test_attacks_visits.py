"""What somebody would try who wants to read, to pass for another, or to stop a message (design sections 1, 7.4 to 7.6, 7.9, 7.11).

Each test makes the attempt as a stranger, a recipient, another force or a thief of the database would, and looks at what it was good for.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import Table, select, update

from shared.db.tables import metadata
from shared.db.tables.directory import directory_contact
from shared.db.tables.notifier import notifier_attempt, notifier_child, notifier_code, notifier_link, notifier_notification
from shared.db.tables.vault import vault_content, vault_key
from shared.errors import VaultSealed
from shared.report.store import load
from shared.scope import Scope
from shared.web.sessions import Role
from tests.directory_samples import FORCE
from tests.routes import TOKEN
from tests.scenario.journey import arrives, newest_link, picked_up, reached_at
from tests.scenario.night import report_of
from tests.scenario.seeded import as_owner
from tests.web import hidden_token
from tests.whole import PUBLIC_URL, Whole, whole

pytestmark = pytest.mark.sqlite_daily

ONE, OTHER = report_of("900001", "900002", seed=0), report_of("900001", seed=4, reference="SECOND")
STRANGER = "otherforce"
DSL, DEPUTY = "dsl@900001", "deputy@900001"


@pytest.fixture
async def w(database_url: str, tmp_path: Path) -> AsyncIterator[Whole]:
    async with whole(database_url, tmp_path, reports=[ONE, OTHER]) as made:
        yield made


async def posted(w: Whole, report: Mapping[str, Any] = ONE) -> str:
    answer = await w.post_report(report)
    await w.settle()
    return str(answer.json()["incident_id"])


async def rows(w: Whole, table: Table) -> list[dict[str, Any]]:
    async with w.parts.database.reading() as reading:
        return [dict(row) for row in (await reading.execute(select(table))).mappings()]


async def everything(w: Whole) -> dict[str, list[str]]:
    """Every row of every table but those that say what has been fetched, viewed and delivered."""
    kept = [table for name, table in metadata.tables.items() if name not in ("journal", "outbox", "inbox")]
    return {table.name: sorted(map(str, await rows(w, table))) for table in kept}


# --- a thief or a clumsy hand in the database -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("table", [vault_content, vault_key], ids=lambda table: str(table.name))
async def test_rows_of_the_vault_that_were_exchanged_do_not_open(w: Whole, database_url: str, table: Table) -> None:
    """The report, or the key, of one incident in the other's row: neither opens, so no school reads of another's child."""
    first, second = await posted(w), await posted(w, OTHER)
    column = table.c.sealed if table is vault_content else table.c.wrapped
    kept = {row["scope_id"]: row[column.name] for row in await rows(w, table) if row["scope_id"] in (first, second)}
    async with as_owner(database_url, w.clock) as tx:
        for scope_id, other in ((first, second), (second, first)):
            await tx.execute(update(table).where(table.c.scope_id == scope_id).values({column.name: kept[other]}))
    for incident_id in (first, second):
        with pytest.raises(VaultSealed):
            async with w.parts.database.reading() as reading:
                await load(w.parts.vault, reading, incident_id, Scope.service("router"))
    dsl = await arrives(w, DSL)
    await dsl.enters(await dsl.asks_for_code())
    assert not any(name in dsl.text for report in (ONE, OTHER) for child in report["children"] for name in child["full_name"].split())


async def test_contacts_that_were_exchanged_receive_nothing(w: Whole) -> None:
    """Somebody puts her own sealed address into the DSL's row: it does not open there, and nothing is sent to it."""
    contacts = [row for row in await rows(w, directory_contact) if row["setting_id"] in ("900001", "900004") and row["role"] == "dsl"]
    (one,) = (row for row in contacts if row["setting_id"] == "900001")
    (thief,) = (row for row in contacts if row["setting_id"] == "900004")
    async with w.parts.database.transaction() as tx:
        row = directory_contact.c.contact_id == one["contact_id"]
        await tx.execute(update(directory_contact).where(row).values(sealed=thief["sealed"], scope_id=thief["scope_id"]))
    await posted(w)
    await w.advance_by(timedelta(hours=12))
    assert w.mails(reached_at("dsl@900004")["email"]) == ()
    assert w.mails(reached_at(DSL)["email"]) == ()
    assert await rows(w, notifier_attempt), "and the others are told"


# --- links and codes ------------------------------------------------------------------------------------------------------------------


async def behind(w: Whole, link: str) -> tuple[str, ...]:
    """All that a stranger learns from a link: every answer on its way, without the cookie's own value and the form's."""
    browser, learnt = await w.browser(), []
    address: str | None = link
    while address:
        answer = await browser.get(address)
        headers = {name: value for name, value in answer.headers.items() if name != "set-cookie"}
        learnt.append((answer.status_code, headers, sorted(answer.cookies), answer.text))
        address = answer.headers.get("location")
    return tuple(map(str, learnt))


async def test_a_link_that_opens_nothing_does_not_say_why(w: Whole) -> None:
    """Unknown, run out, taken back, a contact's who is no longer trusted: one answer, so that nobody learns that there was a message."""
    await posted(w)
    [link] = w.links(reached_at(DSL)["email"])
    unknown = await behind(w, f"{PUBLIC_URL}/m/{TOKEN}")
    assert "404" in unknown[-1]
    assert await behind(w, link) != unknown
    async with w.parts.database.transaction() as tx:
        await tx.execute(update(directory_contact).values(state="suspended"))
    assert await behind(w, link) == unknown
    async with w.parts.database.transaction() as tx:
        await tx.execute(update(directory_contact).where(directory_contact.c.verified_at.is_not(None)).values(state="verified"))
        await tx.execute(update(notifier_link).values(revoked_at=tx.clock.now()))
    assert await behind(w, link) == unknown
    async with w.parts.database.transaction() as tx:
        await tx.execute(update(notifier_link).values(revoked_at=None))
        ended = tx.clock.now() - timedelta(hours=72)
        acknowledged = {"state": "acknowledged", "ended_at": ended, "deadline_at": ended, "next_action_at": None}
        await tx.execute(update(notifier_notification).values(acknowledged))
    assert await behind(w, link) == unknown


async def tried(browser: httpx.AsyncClient, csrf: str, code: str) -> bool:
    """Whether a code opened a visit."""
    return (await browser.post("/message/open", data={"csrf": csrf, "code": code})).status_code == 303


async def test_a_code_is_guessed_five_times_and_no_more(w: Whole) -> None:
    """Not even at once: two hundred guesses in the same moment are five, and the right code is worth nothing after them."""
    await posted(w)
    browser = await w.arrived(newest_link(w, DSL))
    csrf = hidden_token(await browser.get("/message"))
    await browser.post("/message/code", data={"csrf": csrf})
    code = w.codes(reached_at(DSL)["sms"])[-1]
    wrong = [f"{number:06d}" for number in range(30) if f"{number:06d}" != code]
    assert not any(await asyncio.gather(*(tried(browser, csrf, guess) for guess in wrong)))
    [stored] = await rows(w, notifier_code)
    assert stored["tries"] == 5
    assert not await tried(browser, csrf, code)


async def test_a_code_is_for_its_own_link_and_for_one_time(w: Whole) -> None:
    """The code of another message to the same person, one that was used, one that has run out: none of them opens."""
    await posted(w)
    first = newest_link(w, DSL)
    await posted(w, OTHER)
    second = newest_link(w, DSL)
    assert first != second
    one, two = await w.arrived(first), await w.arrived(second)
    tokens = [hidden_token(await browser.get("/message")) for browser in (one, two)]
    codes = []
    for browser, csrf in zip((one, two), tokens, strict=True):
        await browser.post("/message/code", data={"csrf": csrf})
        codes.append(w.codes(reached_at(DSL)["sms"])[-1])
    if codes[0] != codes[1]:
        assert not await tried(one, tokens[0], codes[1])
    assert await tried(one, tokens[0], codes[0])
    assert not await tried(one, tokens[0], codes[0])
    w.clock.move_to(w.clock.now() + timedelta(minutes=15))
    assert not await tried(two, tokens[1], codes[1])


async def test_codes_are_rationed_for_a_person_not_for_a_browser(w: Whole) -> None:
    """Five an hour, whichever link of hers is used and however many browsers ask at the same time."""
    await posted(w)
    await w.advance_by(timedelta(hours=8))
    links = [newest_link(w, DSL), newest_link(w, DSL, "sms")]
    browsers = [await w.arrived(link) for link in links for _ in range(4)]
    tokens = [hidden_token(await browser.get("/message")) for browser in browsers]
    asked = (browser.post("/message/code", data={"csrf": csrf}) for browser, csrf in zip(browsers, tokens, strict=True))
    await asyncio.gather(*asked)
    assert len(await rows(w, notifier_code)) == 5


# --- somebody else's visit ------------------------------------------------------------------------------------------------------------


async def test_a_visit_opens_one_message_and_answers_for_no_other(w: Whole) -> None:
    """The DSL of another school, with an open visit of her own, names this school's child in her form: nothing happens to it."""
    incident = await posted(w)
    children = [child["child_id"] for child in (await w.incident(incident))["children"]]
    other = await w.visiting(newest_link(w, "dsl@900002"))
    page = await other.get("/message/children")
    assert ONE["children"][1]["full_name"] in page.text
    assert ONE["children"][0]["full_name"] not in page.text
    csrf = hidden_token(page)
    answers = {f"answer-{child_id}": "on-our-roll" for child_id in children}
    assert (await other.post("/message/children", data={"csrf": csrf, **answers})).status_code == 303
    assert ONE["children"][0]["full_name"] not in (await other.get("/message/content")).text
    await other.post("/message/answer", data={"csrf": csrf, "answer": "acting"})
    assert await w.outcomes(incident) == ["waiting", "acknowledged"]
    said = {row["child_id"]: row["answer"] for row in await rows(w, notifier_child)}
    assert said == {children[0]: None, children[1]: "on-our-roll"}


async def test_one_kind_of_token_is_not_another(w: Whole) -> None:
    """A link's token, a visit's and a session's, each in the other's cookie."""
    await posted(w)
    link = newest_link(w, DSL).rpartition("/")[2]
    visitor = await w.visiting(newest_link(w, DSL))
    staff = await w.signed_in(Role.OPERATOR, Scope.force(FORCE))
    tokens = {"link": link, "visit": visitor.cookies["__Host-visit"], "session": staff.cookies["__Host-session"]}
    ways = {"visit": "/message/children", "session": "/console", "message": "/message", "sign-in": None}
    own = {("link", "message"), ("visit", "visit"), ("session", "session")}
    for what, token in tokens.items():
        for cookie, path in ways.items():
            if path is not None and (what, cookie) not in own:
                answer = await (await w.browser()).get(path, headers={"Cookie": f"__Host-{cookie}={token}"})
                assert answer.status_code in (401, 404), (what, cookie)
    thief = await w.browser()
    csrf = hidden_token(await thief.get("/sign-in", headers={"Cookie": f"__Host-sign-in={tokens['session']}"}))
    answer = await thief.post("/sign-in", data={"csrf": csrf}, headers={"Cookie": f"__Host-sign-in={tokens['session']}"})
    assert answer.status_code == 401


async def test_what_a_colleague_has_picked_up_is_hers_to_read(w: Whole) -> None:
    """The deputy's visit was open and she had said whose child it is; then the DSL acts: the deputy reads and changes nothing more."""
    incident = await posted(w)
    await w.advance_by(timedelta(hours=8))
    deputy = await w.visiting(newest_link(w, DEPUTY))
    child_id = (await w.incident(incident))["children"][0]["child_id"]
    form = {"csrf": hidden_token(await deputy.get("/message/children")), f"answer-{child_id}": "on-our-roll"}
    await deputy.post("/message/children", data=form)
    secret = ONE["adults"][1]["full_name"]
    assert secret in (await deputy.get("/message/content")).text
    await picked_up(w, DSL)
    before = await rows(w, notifier_child)
    assert secret not in (await deputy.get("/message/content")).text
    await deputy.post("/message/answer", data=form | {"answer": "acting"})
    await deputy.post("/message/children", data=form | {f"answer-{child_id}": "not-ours"})
    assert await rows(w, notifier_child) == before
    assert (await w.outcomes(incident))[0] == "acknowledged"


async def test_a_form_of_another_visit_or_from_elsewhere_is_refused(w: Whole) -> None:
    await posted(w)
    mine, hers = await w.visiting(newest_link(w, DSL)), await w.visiting(newest_link(w, "dsl@900002"))
    csrf, stolen = [hidden_token(await browser.get("/message/children")) for browser in (mine, hers)]
    before = await everything(w)
    for headers, token in (
        ({}, stolen),
        ({}, ""),
        ({"Sec-Fetch-Site": "cross-site"}, csrf),
        ({"Sec-Fetch-Site": "same-site"}, csrf),
        ({"Origin": "https://messages.example.evil.example"}, csrf),
    ):
        answer = await mine.post("/message/answer", data={"csrf": token, "answer": "acting"}, headers=headers)
        assert answer.status_code == 403
    assert await everything(w) == before
