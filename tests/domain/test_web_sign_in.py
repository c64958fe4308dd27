"""A sign-in link opens one session, once, for one role and one scope; looking at it uses nothing up."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from sqlalchemy import select

from shared.clock import ManualClock
from shared.db import Database
from shared.db.tables.console import console_session, console_sign_in
from shared.errors import Misuse
from shared.scope import Scope
from shared.web import sessions
from shared.web.sessions import Role
from tests.web import browser_like, hidden_token, tiny_app, tiny_frame

pytestmark = pytest.mark.sqlite_daily

START = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)
SCOPE = Scope.force("99")


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(START)


@pytest.fixture
async def person(database: Database, clock: ManualClock) -> AsyncIterator[httpx.AsyncClient]:
    async with browser_like(tiny_app(tiny_frame(database, clock))) as client:
        yield client


async def new_link(database: Database, role: Role = Role.REVIEWER, scope: Scope = SCOPE) -> str:
    async with database.transaction() as tx:
        return await sessions.new_sign_in(tx, role, scope, START, timedelta(hours=1))


async def sign_in(person: httpx.AsyncClient, token: str) -> httpx.Response:
    moved = await person.get(f"/sign-in/{token}")
    assert (moved.status_code, moved.headers["location"]) == (303, "/sign-in")
    return await person.post("/sign-in", data={"csrf": hidden_token(await person.get("/sign-in"))})


async def test_link_button_session_and_out_again(person: httpx.AsyncClient, database: Database) -> None:
    opened = await sign_in(person, await new_link(database))
    assert (opened.status_code, opened.headers["location"]) == (303, "/")
    assert "SameSite=strict" in opened.headers["set-cookie"]
    home = await person.get("/")
    assert home.status_code == 200
    assert "Signed in: reviewer, force 99" in home.text
    assert (await person.get("/reviews")).status_code == 200
    left = await person.post("/sign-out", data={"csrf": hidden_token(home)})
    assert left.headers["location"] == "/signed-out"
    assert (await person.get("/signed-out")).status_code == 200
    assert (await person.get("/")).status_code == 401


async def test_a_session_ends_for_whoever_kept_its_cookie(person: httpx.AsyncClient, database: Database) -> None:
    await sign_in(person, await new_link(database))
    kept = dict(person.cookies)
    await person.post("/sign-out", data={"csrf": hidden_token(await person.get("/"))})
    person.cookies.update(kept)
    assert (await person.get("/")).status_code == 401


async def test_a_link_works_once(person: httpx.AsyncClient, database: Database, clock: ManualClock) -> None:
    token = await new_link(database)
    await sign_in(person, token)
    second = browser_like(tiny_app(tiny_frame(database, clock)))
    again = await sign_in(second, token)
    assert again.status_code == 401
    assert "no longer works" in again.text
    assert (await second.get("/")).status_code == 401
    assert (await person.get("/")).status_code == 200


async def test_of_many_at_once_one_is_let_in(database: Database) -> None:
    token = await new_link(database)

    async def redeem() -> bool:
        async with database.transaction() as tx:
            return await sessions.redeem(tx, token, START) is not None

    assert sum(await asyncio.gather(*(redeem() for _ in range(5)))) == 1


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_looking_uses_nothing_up(person: httpx.AsyncClient, database: Database, method: str) -> None:
    token = await new_link(database)
    for path in (f"/sign-in/{token}", "/sign-in", "/", f"/sign-in/{token}"):
        await person.request(method, path)
    async with database.reading() as reading:
        assert (await reading.execute(select(console_sign_in.c.used_at))).scalars().all() == [None]
        assert (await reading.execute(select(console_session))).all() == []
    assert (await sign_in(person, token)).status_code == 303


async def test_a_link_and_a_session_have_their_time(person: httpx.AsyncClient, database: Database, clock: ManualClock) -> None:
    late, used = await new_link(database), await new_link(database)
    assert (await sign_in(person, used)).status_code == 303
    clock.move_to(START + timedelta(hours=1))
    assert (await sign_in(browser_like(tiny_app(tiny_frame(database, clock))), late)).status_code == 401
    clock.move_to(START + sessions.SESSION_LIFETIME - timedelta(seconds=1))
    assert (await person.get("/")).status_code == 200
    clock.move_to(START + sessions.SESSION_LIFETIME)
    assert (await person.get("/")).status_code == 401


async def test_a_second_sign_in_ends_the_first(person: httpx.AsyncClient, database: Database) -> None:
    await sign_in(person, await new_link(database))
    await sign_in(person, await new_link(database, Role.OPERATOR))
    assert "Signed in: operator" in (await person.get("/")).text
    async with database.reading() as reading:
        open_roles = select(console_session.c.role).where(console_session.c.ended_at.is_(None))
        assert (await reading.execute(open_roles)).scalars().all() == ["operator"]


@pytest.mark.parametrize(("role", "status"), [(Role.REVIEWER, 200), (Role.COORDINATOR, 403), (Role.OPERATOR, 403)])
async def test_another_role_is_turned_away(person: httpx.AsyncClient, database: Database, role: Role, status: int) -> None:
    await sign_in(person, await new_link(database, role))
    assert (await person.get("/reviews")).status_code == status


async def test_the_database_holds_no_token(person: httpx.AsyncClient, database: Database) -> None:
    token = await new_link(database)
    await sign_in(person, token)
    async with database.reading() as reading:
        rows = [*(await reading.execute(select(console_sign_in))), *(await reading.execute(select(console_session)))]
    assert len(rows) == 2
    assert not any(secret in str(rows) for secret in (token, *person.cookies.values()))


async def test_no_page_repeats_the_link(person: httpx.AsyncClient, database: Database) -> None:
    token = await new_link(database)
    moved = await person.get(f"/sign-in/{token}")
    assert token not in moved.text + moved.headers["location"]
    assert token not in (await person.get("/sign-in")).text


@pytest.mark.parametrize("token", ["x", "a" * 200, "drop table;--------", "..%2f..%2fsign-in%2fwhatever"])
async def test_what_is_no_link_is_not_found(person: httpx.AsyncClient, token: str) -> None:
    answer = await person.get(f"/sign-in/{token}")
    assert answer.status_code == 404
    assert "set-cookie" not in answer.headers


async def test_without_a_link_the_page_says_what_to_do(person: httpx.AsyncClient) -> None:
    answer = await person.get("/sign-in")
    assert answer.status_code == 401
    assert "Ask whoever gave you access" in answer.text


async def test_no_person_has_the_program_s_own_scope(database: Database) -> None:
    async with database.transaction() as tx:
        with pytest.raises(Misuse):
            await sessions.new_sign_in(tx, Role.OPERATOR, Scope.service("router"), START, timedelta(hours=1))
