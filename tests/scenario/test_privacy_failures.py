"""The seeded search for personal data, when everything goes wrong (design section 7.1).

Each test breaks one part, with the report's own words in the error, then searches database, log, messages, every answer and the error.
"""

import dataclasses
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from fastapi import APIRouter
from sqlalchemy import select, update
from starlette.responses import Response

from services import console, ingest, notifier, router
from services.notifier.channels import EMAIL, SMS
from services.notifier.channels.smtp import Security, SmtpChannel, SmtpServer
from services.notifier.domain.messages import Channel, Message, Outcome
from shared.db import Database, Transaction
from shared.db.tables.journal import inbox
from shared.db.tables.vault import vault_content
from shared.errors import EncompassError
from shared.events import Envelope
from shared.report.store import load
from shared.scope import Scope
from shared.service import Build, Parts, Service
from shared.vault import Keyring, Vault
from shared.web.app import build_app
from shared.web.sessions import Role
from tests.directory_samples import FORCE
from tests.mailroom import Mailroom
from tests.scenario.journey import arrives
from tests.scenario.scene import Scene, seeded_scene
from tests.scenario.seeded import Recorder, as_owner, contact_words, seeded
from tests.web import browser_like, hidden_token
from tests.whole import PUBLIC_URL

ONE = seeded(0, "900001", "900002")
SERVICES: tuple[Build, ...] = (ingest.build, router.build, notifier.build, console.build)


@pytest.fixture
def database_kind() -> str:
    """What fails here is beside the database; its own errors are in ``test_privacy_outputs``, on both."""
    return "sqlite"


@pytest.fixture
async def scene(database_url: str, tmp_path: Path) -> AsyncIterator[Scene]:
    async with seeded_scene(database_url, tmp_path, [ONE], on_roll=[ONE]) as made:
        yield made


def failing(build: Build) -> Build:
    """A service whose handlers all fail, with the report's words in the error."""

    def built(parts: Parts) -> Service:
        service = build(parts)

        async def fails(tx: Transaction, envelopes: Sequence[Envelope]) -> None:
            report = await load(parts.vault, tx, envelopes[0].fact.incident_id, Scope.service("router"))
            try:
                int(report.report.to_canonical())
            except ValueError as error:
                raise RuntimeError(report.report.to_canonical().decode()) from error

        return dataclasses.replace(service, handlers=dict.fromkeys(service.handlers, fails))

    return built


# --- the loops ---------------------------------------------------------------------------------------------------------------------------


async def test_a_handler_that_fails_with_the_reports_words_until_it_is_parked_and_replayed(scene: Scene) -> None:
    broken = scene.with_services(ingest.build, failing(router.build), notifier.build, console.build)
    incident_id = (await broken.posted(ONE)).json()["incident_id"]
    await broken.w.settle()
    for _ in range(12):
        await broken.w.advance_by(timedelta(hours=2))
    async with scene.w.parts.database.reading() as reading:
        [parked] = (await reading.execute(select(inbox).where(inbox.c.state == "parked"))).mappings().all()
    assert parked["error"].startswith("RuntimeError")
    assert scene.heard.getvalue().count('"delivery.failed"') == parked["attempts"]
    operator = await broken.seen_by("staff").signed_in(Role.OPERATOR, Scope.force(FORCE))
    page = await operator.get("/console/parked")
    assert parked["fact_id"] in page.text
    await broken.asked(incident_id)
    await broken.assert_nothing_personal()

    form = {"csrf": hidden_token(page), "service": "router", "fact": parked["fact_id"]}
    assert (await operator.post("/console/parked", data=form)).status_code == 303
    await scene.w.settle()
    assert {child["outcome"] for child in (await scene.asked(incident_id))["children"]} == {"late"}
    await scene.assert_nothing_personal()


async def test_an_erased_report_and_one_whose_bytes_were_changed(scene: Scene) -> None:
    """Erased before the routing: held back, loudly; changed after it: nobody is shown anything, and somebody telephones."""
    erased = (await scene.posted(ONE)).json()["incident_id"]
    async with scene.w.parts.database.transaction() as tx:
        await scene.w.parts.vault.destroy(tx, erased)
    await scene.w.settle()
    changed = (await scene.posted(ONE, reference="CASE-2")).json()["incident_id"]
    await scene.w.settle()
    dsl = await arrives(scene.w, "dsl@900001")
    await dsl.enters(await dsl.asks_for_code())
    async with scene.w.parts.database.transaction() as tx:
        sealed = (await tx.execute(select(vault_content.c.sealed).where(vault_content.c.scope_id == changed))).scalar_one()
    async with as_owner(scene.url, scene.w.clock) as tx:
        other = bytes([*sealed[:-1], sealed[-1] ^ 1])
        await tx.execute(update(vault_content).where(vault_content.c.scope_id == changed).values(sealed=other))
    await dsl.opens("/message/children")
    assert not scene.search.hits({"page": dsl.text}, allowed=contact_words("dsl@900001"))
    for incident_id in (erased, changed):
        client = await scene.seen_by("police").browser()
        answer = await client.get(f"/v1/incidents/{incident_id}", headers=await scene.w.headers())
        assert answer.status_code < 500
    await scene.w.advance_by(timedelta(hours=12))
    assert '"report.sealed"' in scene.heard.getvalue()
    await scene.assert_nothing_personal()


async def test_a_keyring_without_the_key(scene: Scene, tmp_path: Path) -> None:
    """Another keyring than the one that sealed, as after a restore gone wrong: every part says so in its own words."""
    incident_id = (await scene.posted(ONE)).json()["incident_id"]
    stranger = Vault(Keyring.created(scene.w.clock.now().date()), scene.w.clock)
    locked = scene.with_services(*SERVICES, vault=stranger)
    await locked.w.settle()
    client = await locked.seen_by("police").browser()
    headers = await scene.w.headers()
    answers = [await client.get(f"/v1/incidents/{incident_id}", headers=headers)]
    answers += [await client.post("/v1/incidents", json=report, headers=headers) for report in (ONE.report, ONE.report | {"crime": "no"})]
    assert all(answer.headers["content-type"] in ("application/json", "application/problem+json") for answer in answers)
    for _ in range(12):  # by the hour: each minute's try of what waits for the key says the same
        scene.w.clock.move_to(scene.w.clock.now() + timedelta(hours=1))
        await locked.w.settle()
    await locked.assert_nothing_personal()


@dataclasses.dataclass
class Quoting:
    """A channel that fails as no channel may, with the address and the words in its error."""

    name: str
    said: int = 0

    async def send(self, message: Message) -> Outcome:
        self.said += 1
        raise ConnectionError(f"550 <{message.to}> {message.subject} {ONE.child(0)['full_name']}")

    async def close(self) -> None:
        return None


async def test_a_channel_that_fails_with_the_address_in_its_error(scene: Scene) -> None:
    channels: dict[str, Channel] = {EMAIL: Quoting(EMAIL), SMS: Quoting(SMS)}
    broken = scene.with_services(ingest.build, router.build, lambda parts: notifier.built(parts, channels), console.build)
    incident_id = (await broken.posted(ONE)).json()["incident_id"]
    errors: list[BaseException] = []
    for _ in range(6):
        try:
            await broken.w.settle()
        except ConnectionError as error:
            errors.append(error)
        scene.w.clock.move_to(scene.w.clock.now() + timedelta(minutes=10))
    assert errors, "it reaches the loop's own supervision, which tells its class and place alone (tests/contract/test_log.py)"
    assert await broken.asked(incident_id)
    await broken.assert_nothing_personal()


async def test_a_mail_server_that_quotes_the_address_in_its_refusals(scene: Scene) -> None:
    room = Mailroom(None, Security.NONE)
    await room.start()
    said = f"<dsl@900001.example> {ONE.child(0)['full_name']} born {ONE.child(0)['date_of_birth']}"
    server = SmtpServer(host="127.0.0.1", port=room.port, security=Security.NONE, sender="messages@notify.example.com", timeout_seconds=5.0)
    mail = SmtpChannel(server, scene.w.clock)

    def with_mail(parts: Parts) -> Service:
        return notifier.built(parts, notifier.channels(parts) | {EMAIL: mail})

    broken = scene.with_services(ingest.build, router.build, with_mail, console.build)
    try:
        for number, answer in enumerate(
            ("RCPT 450 4.2.1", "RCPT 550 5.1.1", "MAIL 553 5.1.8", "DATA 554 5.7.1", "DATA 451 4.3.0", "DATA 250 queued as")
        ):
            verb, code = answer.split(" ", 1)
            room.answers = {verb: f"{code} {said}"}
            await broken.posted(ONE, reference=f"CASE-{number}")
            await broken.w.settle()
    finally:
        await mail.close()
        await room.stop()
    assert "attempt.ended" in scene.heard.getvalue()
    assert room.connections or room.mails
    await broken.assert_nothing_personal()


# --- the database ------------------------------------------------------------------------------------------------------------------------


async def test_a_database_that_goes_away_in_the_middle(scene: Scene, tmp_path: Path) -> None:
    (await scene.posted(ONE)).raise_for_status()
    await scene.w.settle()
    await arrives(scene.seen_by("dsl"), "dsl@900001")
    gone = Database.at(f"sqlite+aiosqlite:///{tmp_path / 'no-such-folder' / 'x.db'}", scene.w.clock)
    database = scene.w.parts.database
    there, database._engines = database._engines, gone._engines
    errors: list[BaseException] = []
    try:
        client = await scene.seen_by("police").browser()
        for answer in (
            await client.post("/v1/incidents", json=ONE.report | {"reference": "CASE-3"}, headers=await scene.w.headers()),
            await client.get("/v1/incidents/00000000-0000-0000-0000-000000000000", headers=await scene.w.headers()),
            await client.get("/readyz"),
            await client.get("/message", cookies={"__Host-message": "t" * 43}),
            await client.get("/console", cookies={"__Host-session": "t" * 43}),
        ):
            assert answer.status_code == 503
            assert answer.headers["retry-after"]
        for loop in scene.w.process.loops:
            try:
                await loop.run_once()
            except EncompassError as error:
                errors.append(error)
    finally:
        database._engines = there
        await gone.close()
    assert len(errors) > 5
    await scene.assert_nothing_personal(*errors)


# --- pages -------------------------------------------------------------------------------------------------------------------------------


async def test_a_page_that_cannot_be_made_from_what_it_was_given(scene: Scene) -> None:
    """A template's error, an assertion and a key, each with the child's name in it: an error page of fixed words with an id."""
    frame, pages, words = scene.w.parts.frame, APIRouter(), f"{ONE.report}"

    class Unprintable:
        def __getattr__(self, name: str) -> object:
            raise ValueError(words)

    @pages.get("/broken/template")
    async def template() -> Response:
        return frame.layout.public(
            "message/content.html", pages=[Unprintable()], name=words, csrf="x", picked_up=(), person=words, role="lead"
        )

    @pages.get("/broken/handler")
    async def handler() -> Response:
        raise KeyError(words)

    @pages.get("/v1/broken")
    async def program() -> Response:
        assert not words, words
        return Response()

    recorder = Recorder(build_app(frame=frame, version="0", pages=[pages]))
    scene.recorders["visitor"] = recorder
    async with browser_like(recorder, PUBLIC_URL) as client:  # type: ignore[arg-type]
        for path in ("/broken/template", "/broken/handler", "/v1/broken"):
            answer = await client.get(path)
            assert answer.status_code == 500
            assert not scene.search.hits({"answer": answer.text, "headers": str(answer.headers)})
    assert scene.heard.getvalue().count('"http.failed"') == 3
    await scene.assert_nothing_personal()


async def test_every_refusal_of_a_request_that_is_full_of_names(scene: Scene) -> None:
    """401, 403, 404, 405, 409, 413, 415, 422, 429: whoever asks wrongly reads nothing of what she sent."""
    name = ONE.child(0)["full_name"]
    client = await scene.seen_by("police").browser()
    key = await scene.w.headers()
    (await scene.posted(ONE)).raise_for_status()
    asked: list[httpx.Response] = [
        await client.post("/v1/incidents", json=ONE.report, headers={"Authorization": f"Bearer {name}"}),
        await client.post("/message/open", data={"code": name, "csrf": name}),
        await client.post(
            "/sign-in", data={name: name}, headers={"Cookie": f"__Host-sign-in={name}", "Origin": f"https://{name.split()[0]}.example"}
        ),
        await client.get(f"/v1/incidents/{name}", headers=key),
        await client.get(f"/{name}/{name}?{name}"),
        await client.put("/v1/incidents", json=ONE.report, headers=key),
        await client.post("/v1/incidents", json=ONE.report | {"crime": "no"}, headers=key),
        await client.post("/v1/incidents", json=ONE.report | {"brief_circumstances": name * 20_000}, headers=key),
        await client.post("/v1/incidents", content=f"{ONE.report}", headers=key | {"Content-Type": "text/plain"}),
        await client.post("/v1/incidents", json=ONE.report | {"reference": [name], name: {name: name}}, headers=key),
        await client.post("/v1/incidents", json=ONE.report | {"children": [{"reference": name, name: name}] * 2}, headers=key),
    ]
    statuses = {answer.status_code for answer in asked}
    for _ in range(90):
        statuses.add((await client.post("/v1/incidents", json=ONE.report, headers={"Authorization": f"Bearer {name}"})).status_code)
    assert statuses == {401, 403, 404, 405, 409, 413, 415, 422, 429}
    for answer in scene.recorders["police"].answers:
        answer.path = answer.path.replace(name, "")  # what the client itself asked for
    await scene.assert_nothing_personal()
