"""The service stops in the morning and a duty desk works from its last list: who is on it, how it is kept, what is entered afterwards."""

import re
import signal
import stat
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from sqlalchemy import update
from typer.testing import CliRunner

from services.__main__ import app
from services.notifier import fallback_of
from services.notifier.channels.duty_lists import KEPT, Folder
from services.notifier.domain.duty_list import DutyList, as_page, from_bytes
from services.notifier.loops_fallback import EVERY, Fallback
from shared.db.tables.directory import directory_setting
from shared.db.tables.notifier import notifier_call, notifier_child
from shared.directory.passphrase import hashed
from shared.errors import Refused
from shared.scope import Scope
from shared.vault import box
from shared.web.sessions import Role
from tests.scenario.night import FRIDAY, Story, at, night, report_of
from tests.web import hidden_token
from tests.whole import NIGHT, Whole

pytestmark = pytest.mark.sqlite_daily

PRIVATE, PUBLIC = box.new_pair()
AT_TWO_SCHOOLS = report_of("900001", "900002")
NOT_ON_ROLL = report_of("900001", seed=7)
SAID, HINT = "Blue heron seven", "the bird at the pond"
OWED = {"waiting", "held", "late", "recalled", "lost"}


def fallback(w: Whole) -> Fallback:
    """The loop, on a second place of this test."""
    place, key = w.folder / "second", w.folder / "desk.pub"
    place.mkdir(exist_ok=True)
    key.write_text(PUBLIC, encoding="ascii")
    settings = w.parts.settings.model_copy(update={"fallback_dir": place, "fallback_key_file": key})
    found = fallback_of(replace(w.parts, settings=settings))
    assert found is not None
    return found


def newest(w: Whole) -> DutyList:
    return from_bytes(box.open_box(PRIVATE, Folder(w.folder / "second").lists()[-1].read_bytes()))


async def owed_by_the_api(w: Whole, *incident_ids: str) -> set[str]:
    """Children, as the force's own system counts them."""
    told = [child for incident_id in incident_ids for child in (await w.incident(incident_id))["children"]]
    return {child["child_id"] for child in told if child["outcome"] in OWED}


async def agreed(w: Whole) -> None:
    """Every setting has given its passphrase."""
    async with w.parts.database.transaction() as tx:
        await tx.execute(update(directory_setting).values(passphrase_hint=HINT, passphrase_hash=hashed(SAID, b"0123456789abcdef")))


async def test_calls_made_from_the_list_while_the_service_is_down_count_by_when_they_were_made(database_url: str, tmp_path: Path) -> None:
    async with night(database_url, tmp_path, reports=[AT_TWO_SCHOOLS]) as story:
        w = story.w
        await agreed(w)
        incident = await story.reported(AT_TWO_SCHOOLS)
        held = await story.reported(NOT_ON_ROLL)
        await story.until(at(FRIDAY, "06:00"))
        assert await fallback(w).run_once() == 1

        made = newest(w)
        assert made.child_ids == await owed_by_the_api(w, incident, held)
        assert {one.register for one in made.owing} == {"900001", "900002"}
        assert [one.police_reference for one in made.undecided] == [NOT_ON_ROLL["reference"]]
        text = read(w)
        by_register = {one.register: one for one in made.owing}
        assert all(f"reference {one.reference}" in text and HINT in text for one in made.owing)

        story.meanwhile(at(FRIDAY, "09:00"))  # down from six to nine; the desk rings at 07:20 and 07:35
        await w.settle()
        w.clock.move_to(at(FRIDAY, "09:30"))
        await w.settle()
        late = {(child["outcome"], child["reason"]) for child in (await w.incident(incident))["children"]}
        assert late == {("late", "service-was-down")}, "late is sent, phoned, and says why"
        desk = await w.signed_in(Role.COORDINATOR, Scope.authority("999"))
        for register, time in (("900001", "07:20"), ("900002", "07.35")):
            await enter(w, desk, by_register[register].reference, by_register[register].contacts[0].name, time)

        children = (await w.incident(incident))["children"]
        assert [child["outcome"] for child in children] == ["acknowledged", "acknowledged"]
        said = {child["destinations"][0]["ref"]: child["destinations"][0]["acknowledged_at"] for child in children}
        assert said == {"900001": "2026-11-20T07:20:00Z", "900002": "2026-11-20T07:35:00Z"}
        assert all(child["destinations"][0]["acknowledged_at"] < child["destinations"][0]["deadline_at"] for child in children)
        rows = await story.rows(notifier_call)
        assert {(row["made_by"], row["entered_at"]) for row in rows} == {("Duty desk, W. Ringer", at(FRIDAY, "09:30"))}
        assert {row["called_at"] for row in rows} == {at(FRIDAY, "07:20"), at(FRIDAY, "07:35")}
        assert "lost" not in await w.outcomes(incident) + await w.outcomes(held)


async def test_a_call_cannot_have_been_made_before_its_message_or_after_now(database_url: str, tmp_path: Path) -> None:
    async with night(database_url, tmp_path, reports=[AT_TWO_SCHOOLS]) as story:
        w = story.w
        await agreed(w)
        incident = await story.reported(AT_TWO_SCHOOLS)
        await story.until(at(FRIDAY, "08:10"))
        desk = await w.signed_in(Role.COORDINATOR, Scope.authority("999"))
        for form in (
            {"made_time": "08:11", "made_by": "W. Ringer"},
            {"made_time": "23:09", "made_on": "19 11 2026", "made_by": "W. Ringer"},
            {"made_time": "07:70", "made_by": "W. Ringer"},
            {"made_time": "07:20"},
            {"made_by": "W. Ringer"},
            {"made_time": "07:20", "made_on": "31/31/2026", "made_by": "W. Ringer"},
        ):
            page = await told(w, desk, (await paths(desk))[0], form)
            assert (page.status_code, "There is a problem" in page.text) == (200, True), form
        assert set(await w.outcomes(incident)) == {"late"}
        assert await story.rows(notifier_call) == []


async def test_the_list_is_written_every_quarter_of_an_hour_and_the_newest_are_kept(database_url: str, tmp_path: Path) -> None:
    async with night(database_url, tmp_path, reports=[AT_TWO_SCHOOLS]) as story:
        w = story.w
        loop = fallback(w)
        incident = await story.reported(AT_TWO_SCHOOLS)
        for _ in range(KEPT + 3):
            assert [await loop.run_once(), await loop.run_once()] == [1, 0]
            w.clock.move_to(w.clock.now() + EVERY)
        lists = Folder(w.folder / "second").lists()
        assert len(lists) == KEPT
        assert newest(w).made_at == w.clock.now() - EVERY
        files = list((w.folder / "second").iterdir())
        assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
        words = [child["full_name"].encode() for child in AT_TWO_SCHOOLS["children"]]
        assert not [word for path in files for word in words if word in path.read_bytes()], "nothing in the clear"
        await acknowledge_all(story, incident)
        assert newest_after(w, await loop.write()).child_ids == await owed_by_the_api(w, incident) == set()


async def acknowledge_all(story: Story, incident: str) -> None:
    await agreed(story.w)
    await story.until(at(FRIDAY, "08:10"))
    desk = await story.w.signed_in(Role.COORDINATOR, Scope.authority("999"))
    for path in await paths(desk):
        contact = re.findall(r'name="contact" type="radio" value="([^"]+)"', (await claimed(desk, path)).text)[0]
        page = await told(story.w, desk, path, {"contact": contact, "heard": SAID})
        assert page.status_code == 303, page.text


def newest_after(w: Whole, written: DutyList) -> DutyList:
    assert newest(w) == written
    return written


async def test_of_two_children_the_one_whom_somebody_acts_on_is_off_the_list(database_url: str, tmp_path: Path) -> None:
    siblings = report_of("900001", "900001")
    async with night(database_url, tmp_path, reports=[siblings]) as story:
        incident = await story.reported(siblings)
        both = sorted(await owed_by_the_api(story.w, incident))
        assert sorted((await fallback(story.w).write()).child_ids) == both
        values = {"answer": "on-our-roll", "acknowledged_by": "somebody", "acknowledged_at": NIGHT, "answered_at": NIGHT}
        async with story.w.parts.database.transaction() as tx:
            await tx.execute(update(notifier_child).where(notifier_child.c.child_id == both[0]).values(values))
        (entry,) = (await fallback(story.w).write()).owing
        assert (entry.child_ids, len(entry.children)) == ((both[1],), 1)


async def test_a_protected_child_is_on_the_list_without_a_name(database_url: str, tmp_path: Path) -> None:
    protected = report_of("900001", seed=7, handling_flags=["protected-identity"])
    async with night(database_url, tmp_path, reports=[protected]) as story:
        incident = await story.reported(protected)
        made = await fallback(story.w).write()
        assert made.child_ids == await owed_by_the_api(story.w, incident) != set()
        named = [child for one in made.owing for child in one.children] + [one.child for one in made.undecided]
        assert {(child.name, child.born) for child in named} == {(None, None)}
        assert protected["children"][0]["full_name"] not in as_page(made)


async def test_who_would_be_told_on_paper_is_never_an_adult_of_the_report(database_url: str, tmp_path: Path) -> None:
    report = report_of("900001")
    report["adults"][0]["full_name"] = "Dorin BELLWARD"  # as the school's DSL is called
    async with night(database_url, tmp_path, reports=[report]) as story:
        await story.reported(report)
        (entry,) = (await fallback(story.w).write()).owing
        assert entry.contacts
        assert not [one for one in entry.contacts if "Bellward" in one.name]


KILLED = """
import os, sys
from datetime import UTC, datetime
from pathlib import Path
from services.notifier.channels.duty_lists import Folder

class Killed(type(Path())):
    def replace(self, target):
        os.kill(os.getpid(), 9)

Folder(Killed(sys.argv[1])).put(b"the new one", datetime(2026, 11, 20, 6, 15, tzinfo=UTC))
"""


def test_who_is_killed_between_writing_and_naming_leaves_the_old_list(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    folder.put(b"the old one", datetime(2026, 11, 20, 6, 0, tzinfo=UTC))
    ended = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], check=False, timeout=60)
    assert ended.returncode == -signal.SIGKILL
    assert [path.read_bytes() for path in folder.lists()] == [b"the old one"]
    assert len(list(tmp_path.iterdir())) == 2, "what it was writing lies beside, unnamed"
    folder.put(b"the next one", datetime(2026, 11, 20, 6, 30, tzinfo=UTC))
    assert [path.read_bytes() for path in folder.lists()] == [b"the old one", b"the next one"]
    assert len(list(tmp_path.iterdir())) == 2


def test_the_command_makes_keys_and_refuses_what_is_no_list(tmp_path: Path) -> None:
    run, private, public = CliRunner(), tmp_path / "desk.key", tmp_path / "desk.pub"
    assert run.invoke(app, ["fallback", "keys", str(private), str(public)]).exit_code == 0
    assert stat.S_IMODE(private.stat().st_mode) == 0o600
    assert run.invoke(app, ["fallback", "keys", str(private), str(public)]).exit_code == 2, "a key is not overwritten"
    made = DutyList(made_at=datetime(2026, 11, 20, 6, tzinfo=UTC), owing=(), undecided=())
    sealed = tmp_path / "list"
    for content in (b"", b"nonsense", box.close(box.public_key(public.read_text()), b"{}")):
        sealed.write_bytes(content)
        assert run.invoke(app, ["fallback", "read", str(sealed), "--key", str(private)]).exit_code == 2
    assert run.invoke(app, ["fallback", "read", str(tmp_path / "none"), "--key", str(private)]).exit_code == 2
    with pytest.raises(Refused):
        from_bytes(b'{"form": "another"}')
    assert as_page(made).count("<script") == 0


# --- a desk ---------------------------------------------------------------------------------------------------------------------------


def read(w: Whole) -> str:
    """The newest list, as the command prints it; the page for printing has the same in it."""
    key, page = w.folder / "desk.key", w.folder / "page.html"
    key.write_text(PRIVATE, encoding="ascii")
    key.chmod(0o600)
    arguments = ["fallback", "read", str(w.folder / "second"), "--key", str(key)]
    printed = CliRunner().invoke(app, arguments)
    assert printed.exit_code == 0, printed.output
    assert CliRunner().invoke(app, [*arguments, "--html", str(page)]).exit_code == 0
    assert stat.S_IMODE(page.stat().st_mode) == 0o600
    assert all(one.reference in page.read_text(encoding="utf-8") for one in newest(w).owing)
    return printed.output


async def paths(desk: httpx.AsyncClient) -> list[str]:
    return list(dict.fromkeys(re.findall(r"/calls/[0-9a-f-]{36}", (await desk.get("/calls")).text)))


async def claimed(desk: httpx.AsyncClient, path: str) -> httpx.Response:
    await desk.post(f"{path}/claim", data={"csrf": hidden_token(await desk.get("/calls"))})
    return await desk.get(path)


async def told(w: Whole, desk: httpx.AsyncClient, path: str, form: dict[str, str]) -> httpx.Response:
    """Tell of a call in which somebody acknowledged."""
    page = await claimed(desk, path)
    contact = re.findall(r'name="contact" type="radio" value="([^"]+)"', page.text)[0]
    values = {"outcome": "acknowledged", "contact": contact, "heard": SAID, "csrf": hidden_token(page)} | form
    return await desk.post(path, data=values)


async def enter(w: Whole, desk: httpx.AsyncClient, reference: str, name: str, time: str) -> None:
    """Find the call by the reference of the list, and enter whom the desk spoke to and when."""
    for path in await paths(desk):
        page = await claimed(desk, path)
        if reference in page.text:
            assert name in page.text
            entered = await told(w, desk, path, {"made_time": time, "made_by": "Duty desk, W. Ringer"})
            assert entered.status_code == 303, entered.text
            return
    raise AssertionError("no call with that reference is owed")
