"""What somebody would try who wants to read, to pass for another, or to stop a message (design sections 1, 7.4 to 7.6, 7.9, 7.11).

Each test makes the attempt as a stranger, a recipient, another force or a thief of the database would, and looks at what it was good for.
"""

import re
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from sqlalchemy import Table, select, update

from services.console.handlers import import_file
from services.notifier.channels.smtp import Security, SmtpChannel, SmtpServer
from services.notifier.domain.messages import HandedOver, Message, Refused
from services.notifier.domain.wording import email_text
from shared.clock import ManualClock
from shared.db.tables import metadata
from shared.db.tables.directory import directory_setting
from shared.scope import Scope
from shared.web import sessions
from shared.web.sessions import Role
from tests.directory_samples import FORCE, SETTINGS, write_csv
from tests.mailroom import Mailroom
from tests.routes import CACHED, ROUTES, TOKEN
from tests.scenario.journey import arrives, newest_link, reached_at, visits
from tests.scenario.night import report_of
from tests.web import hidden_token
from tests.whole import MORNING, NIGHT, PUBLIC_URL, Whole, whole

ONE, OTHER = report_of("900001", "900002", seed=0), report_of("900001", seed=4, reference="SECOND")
STRANGER = "otherforce"
DSL, DEPUTY = "dsl@900001", "deputy@900001"


@pytest.fixture
def database_kind() -> str:
    """Requests end in front of the database, or in statements that bind what they are given."""
    return "sqlite"


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


# --- another force, another scope -----------------------------------------------------------------------------------------------------


async def test_a_key_posts_and_reads_for_its_own_force_alone(w: Whole) -> None:
    """Another force's incident is answered as one that does not exist; the same identity under another key is another incident."""
    incident = await posted(w)
    theirs = await w.headers(STRANGER)
    absent = await w.client.get("/v1/incidents/00000000-0000-4000-8000-000000000000", headers=theirs)
    seen = await w.client.get(f"/v1/incidents/{incident}", headers=theirs)
    assert (seen.status_code, seen.text, seen.headers) == (404, absent.text, absent.headers)
    again = await w.client.post(
        f"/v1/incidents?force={FORCE}", json=ONE | {"force": FORCE}, headers={**theirs, "X-Force": FORCE, "X-Forwarded-User": FORCE}
    )
    assert again.status_code == 202
    assert again.json()["incident_id"] != incident
    assert (await w.client.get(f"/v1/incidents/{again.json()['incident_id']}", headers=await w.headers())).status_code == 404


async def test_staff_of_another_scope_see_and_move_nothing(w: Whole) -> None:
    incident = await posted(w)
    parked = await w.park(incident)
    outsiders = [await w.signed_in(role, Scope.force(STRANGER)) for role in Role] + [
        await w.signed_in(role, Scope.authority("998")) for role in Role
    ]
    before = await everything(w)
    for browser in outsiders:
        for page in ("/console", "/console/reviews", "/console/parked", "/console/readiness"):
            text = (await browser.get(page)).text
            assert not any(name in text for name in (incident, parked, "Testwood", "Testshire", "Sampleford"))
        form = {"csrf": hidden_token(await browser.get("/")), "service": "router", "fact": parked}
        assert (await browser.post("/console/parked", data=form)).status_code in (403, 404)
    assert await everything(w) == before


# --- addresses, headers, names --------------------------------------------------------------------------------------------------------


async def test_no_get_changes_anything(w: Whole) -> None:
    """Every GET and HEAD there is, twice, with everything that a cookie can open: only *fetched* and *viewed* are written (D4)."""
    incident = await posted(w)
    link = newest_link(w, DSL)
    visitor = await w.visiting(link)
    staff = [await w.signed_in(role, Scope.force(FORCE)) for role in Role]
    async with w.parts.database.transaction() as tx:
        invitation = await sessions.new_sign_in(tx, Role.OPERATOR, Scope.force(FORCE), w.clock.real())
    before, heard = await everything(w), (w.mails(), w.texts())
    gets = [path for method, path in ROUTES if method == "GET"]
    for browser in (visitor, *staff, await w.browser()):
        browser.headers.update(await w.headers())
        for path in gets:
            filled = path.replace("{incident_id}", incident).replace("/m/{token}", f"/m/{link.rpartition('/')[2]}")
            filled = filled.replace("{token}", invitation).replace(CACHED, w.parts.frame.assets.url("site.css"))
            for method in ("GET", "HEAD", "GET"):
                assert (await browser.request(method, filled, params={"answer": "acting", "again": "yes"})).status_code < 500
    assert await everything(w) == before
    assert (w.mails(), w.texts()) == heard


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "http", "X-Forwarded-Prefix": "/evil"},
        {"Forwarded": "host=evil.example;proto=http"},
        {"X-Original-URL": "/console", "X-Rewrite-URL": "/console"},
    ],
    ids=lambda headers: next(iter(headers)),
)
async def test_no_header_decides_where_a_link_or_an_answer_leads(w: Whole, headers: dict[str, str]) -> None:
    key = await w.headers()
    answer = await w.client.post("/v1/incidents", json=ONE, headers=key | headers)
    assert answer.headers["location"] == f"/v1/incidents/{answer.json()['incident_id']}"
    await w.settle()
    assert all(link.startswith(f"{PUBLIC_URL}/m/") for link in w.links())
    moved = await w.client.get(f"/m/{TOKEN}", headers=headers)
    assert moved.headers["location"] == "/message"
    for path in ("/console", "//evil.example/%2e%2e", "/sign-in", "/m//evil.example", "/openapi.json"):
        said = await w.client.get(path, headers=headers)
        assert "evil.example" not in said.text + str(said.headers)
        assert said.headers.get("location", "/").startswith("/")
        assert not said.headers.get("location", "/").startswith("//")


TRAVERSALS = (
    "../app.py", "..%2fapp.py", "%2e%2e/app.py", "%2e%2e%2fapp.py", "..%252fapp.py", "....//app.py", "..\\app.py", "%5c..%5capp.py",
    "/etc/passwd", "%2fetc%2fpasswd", "site.css%00.svg", "govuk/../../app.py", "./site.css", "site.css/", "SITE.CSS", "govuk", "",
)  # fmt: skip


@pytest.mark.parametrize("name", TRAVERSALS)
async def test_only_the_pages_own_files_are_files(w: Whole, name: str) -> None:
    digest = w.parts.frame.assets.url("site.css").split("/")[2]
    for start in (f"/static/{digest}/", "/static/..%2f/", "/static/../", "/static//"):
        status, body = await asked_raw(w, start + name)
        assert status == 404
        assert b"import" not in body


async def asked_raw(w: Whole, path: str) -> tuple[int, bytes]:
    """A path as it stands on the wire: a client of good manners would tidy it up."""
    told: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        told.append(message)

    scope = {"type": "http", "method": "GET", "path": unquote(path), "raw_path": path.encode(), "query_string": b"", "headers": []}
    wire = {"http_version": "1.1", "scheme": "https", "server": ("messages.example", 443), "client": ("127.0.0.1", 9), "root_path": ""}
    await w.app(scope | wire, receive, send)
    return told[0]["status"], b"".join(message.get("body", b"") for message in told[1:])


NAMES = (
    "Testwood\u2028Bcc: evil@evil.example",
    "Testwood\u0085Bcc: evil@evil.example",
    "Testwood =?utf-8?q?=0D=0ABcc=3A_evil=40evil.example?=",
    "Testwood https://evil.example/m/x evil.example",
    "<script src=//evil.example></script>\"'><img src=x onerror=y>",
    "{{ 7*7 }}{% include 'home.html' %}\u202eTestwood",
    "T" * 200,
)


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
async def test_a_name_in_the_directory_is_text_wherever_it_is_written(w: Whole, tmp_path: Path, name: str) -> None:
    """Whatever somebody has typed there: no header, no link and no element of a page comes of it."""
    await renamed(w, tmp_path, name)
    await posted(w)
    for message in w.mails(reached_at(DSL)["email"]):
        assert "evil.example/" not in message.body
        assert message.subject.splitlines() == [message.subject]
        assert len(re.findall(r"https?://", message.body)) == 1
    dsl = await arrives(w, DSL)
    await dsl.enters(await dsl.asks_for_code())
    await dsl.confirms()
    staff = await w.signed_in(Role.COORDINATOR, Scope.force(FORCE))
    for text in (dsl.text, (await staff.get("/console")).text, (await staff.get("/console/readiness")).text):
        assert "<script src" not in text
        assert "<img src=x" not in text
    assert "49" not in dsl.page.heading


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
async def test_a_name_in_the_directory_makes_no_header_of_a_mail(name: str) -> None:
    """As a mail server receives it: the same headers as for any other name, one recipient, one part."""
    room, clock = Mailroom(None, Security.NONE), ManualClock(NIGHT)
    await room.start()
    channel = SmtpChannel(SmtpServer(host="127.0.0.1", port=room.port, security=Security.NONE, sender="messages@notify.example.com"), clock)
    try:
        for number, setting in enumerate(("Testwood Primary", name)):
            text = email_text(setting, MORNING, NIGHT, f"{PUBLIC_URL}/m/{TOKEN}", repeat=False)
            sent = await channel.send(Message(attempt_id=f"a-{number}", to="dsl@school.example", subject=text.subject, body=text.body))
            assert isinstance(sent, HandedOver)
    finally:
        await channel.close()
        await room.stop()
    plain, odd = room.mails
    assert odd["To"] == "dsl@school.example"
    assert odd.keys() == plain.keys()
    assert room.recipients == ["dsl@school.example"] * 2
    assert not odd.is_multipart()


@pytest.mark.parametrize(
    "local", ["=?utf-8?q?=0D=0ABcc=3Aa=40b.c?=", "a.=?utf-8?b?DQpCY2M6IGE=?=", "dsl@a.example,b", "dsl\r\nRCPT TO:<a@b.c>", "<dsl>"]
)
async def test_an_address_that_is_more_than_an_address_is_refused(local: str) -> None:
    """Refused, not failed: a channel that raises would keep the message from every other contact too."""
    server = SmtpServer(host="127.0.0.1", port=9, security=Security.NONE, sender="messages@notify.example.com")
    channel = SmtpChannel(server, ManualClock(NIGHT))
    sent = await channel.send(Message(attempt_id="a-1", to=f"{local}@school.example", subject="x", body="y"))
    assert sent == Refused(reason="bad-address")


async def renamed(w: Whole, folder: Path, name: str) -> None:
    """Testwood Primary gets another name, by the ordinary way in; where that refuses it, by the database."""
    columns = ("setting_id", "name", "kind", "phase", "town", "status", "low_age", "high_age", "authority", "postcode", "telephone")
    row = (SETTINGS[0][0], name, *SETTINGS[0][2:], "999", "ZZ99 1AA", "01632 960001")
    path = write_csv(folder / "settings.csv", columns, [row])
    parts = w.parts
    result = await import_file("settings", path, parts.database, parts.vault, parts.clock, lambda _done, _total: None)
    if not result.applied:
        async with parts.database.transaction() as tx:
            await tx.execute(update(directory_setting).where(directory_setting.c.setting_id == "900001").values(name=name))


async def test_a_childs_name_is_text_on_every_page(database_url: str, tmp_path: Path) -> None:
    report = report_of("900001")
    child = report["children"][0]
    child |= {"full_name": "Tesquino <script>alert(1)</script>", "known_as": "\"'><img src=x onerror=alert(2)>{{ 7*7 }}"}
    report["adults"][1]["full_name"] = "<b onmouseover=alert(3)>A2</b> Trialcott"
    report["desk"]["name"] = "<a href=javascript:alert(4)>desk</a>"
    async with whole(database_url, tmp_path, reports=[report]) as w:
        await posted(w, report)
        dsl = await visits(w, DSL, newest_link(w, DSL))
        await dsl.enters(await dsl.asks_for_code())
        pages = [dsl.text]
        await dsl.confirms()
        pages.append(dsl.text)
        assert "&lt;script&gt;alert(1)" in pages[0]
        assert "&lt;script&gt;alert(1)" in pages[1]
        for page in pages:
            assert not re.search(r"<script>|<img src=x|<b onmouseover|<a href=javascript|\b49\b", page)
