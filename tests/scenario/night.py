"""A night as a story tells it: reports posted, messages heard, the clock moved from one wall time to the next, and every stop watched.

    async with night(database_url, tmp_path, reports=[report]) as story:
        incident = await story.reported(report)
        await story.until(at(FRIDAY, "07:38"))
        assert story.heard() == ["Thu 23:10 email dsl@900001", "Fri 06:30 sms dsl@900001"]

At every instant at which the clock stops, and at least every hour, the sender asks what became of its children. One that the API calls
lost, or says nothing of, ends the story there.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Table, select

from shared.calendar import at as wall_at
from shared.calendar.wall import LONDON
from shared.db.tables.journal import inbox, outbox
from shared.db.tables.notifier import notifier_phone_task
from shared.events import INGEST
from tests.directory_samples import contact_rows
from tests.samples import sample_report
from tests.whole import NIGHT, Box, Whole, whole

THURSDAY, FRIDAY, MONDAY = date(2026, 11, 19), date(2026, 11, 20), date(2026, 11, 23)
SCHOOLS = {"900001": "Testwood Primary", "900002": "Sampleford High School", "900003": "Little Examples Nursery"}
AN_HOUR = timedelta(hours=1)


def at(on: date, wall: str) -> datetime:
    """The instant at which London's clocks show ``07:40`` on that date."""
    return wall_at(on, time.fromisoformat(wall))


def report_of(*settings: str, seed: int = 0, believed_at: datetime = NIGHT - timedelta(minutes=5), **overrides: Any) -> dict[str, Any]:
    """A report of one family: a child at each of these settings (a setting named twice has two of them), believed shortly before NIGHT."""
    whole_report = sample_report(seed=seed)
    children = [
        child | {"school": {"name": SCHOOLS[setting], "urn": setting}}
        for child, setting in zip(whole_report["children"], settings, strict=False)
    ]
    named, adults = {child["reference"] for child in children}, whole_report["adults"]
    adults = [
        adult | {"relationships": [one for one in adult["relationships"] if one["child"] in named]} for adult in whole_report["adults"]
    ]
    times = {
        "occurred_from_at": _wire(believed_at - timedelta(minutes=90)),
        "occurred_to_at": _wire(believed_at - timedelta(minutes=70)),
        "reported_at": _wire(believed_at - timedelta(minutes=65)),
        "believed_at": _wire(believed_at),
    }
    return whole_report | times | {"children": children, "adults": adults, "referral": {"made": False}} | overrides


@dataclass(kw_only=True)
class Watch:
    """A loop beside the others: it does nothing, and looks. ``seen`` are each child's outcomes as they changed, ``messages`` what came."""

    w: Whole
    every: timedelta
    name: str = "tests.watch"
    every_seconds: float = 1.0
    woken: asyncio.Event = field(default_factory=asyncio.Event)
    reports: dict[str, Sequence[str]] = field(default_factory=dict)
    seen: dict[tuple[str, str], list[tuple[datetime, str]]] = field(default_factory=dict)
    messages: list[str] = field(default_factory=list)
    counted: dict[str, int] = field(default_factory=lambda: {"email": 0, "sms": 0})
    looked_at: datetime | None = None

    async def run_once(self) -> int:
        """Look, unless nothing has been recorded and no time has passed since the last look: that one's own record does not count."""
        self.listen()
        if self.looked_at != self.w.clock.now():
            self.looked_at = self.w.clock.now()
            for incident_id, references in self.reports.items():
                await self._count(incident_id, references)
        return 0

    def told(self, recorded: frozenset[str]) -> None:
        """A service has recorded something."""
        if recorded != {INGEST}:
            self.looked_at = None

    async def next_due(self) -> datetime | None:
        return self.w.clock.now() + self.every

    def listen(self) -> None:
        """Note what has come since the last time."""
        for box in (self.w.mail, self.w.phone):
            arrived = box.messages()[self.counted[box.name] :]
            self.counted[box.name] += len(arrived)
            self.messages += sorted(f"{_wall(self.w.clock.now())} {_told(box, one.to, one.body, one.subject)}" for one in arrived)

    async def _count(self, incident_id: str, references: Sequence[str]) -> None:
        told = {child["reference"]: child["outcome"] for child in (await self.w.incident(incident_id))["children"]}
        assert sorted(told) == sorted(references)
        for reference, outcome in told.items():
            assert outcome != "lost", f"{reference} is lost at {_wall(self.w.clock.now())}; so far {self.seen}"
            changes = self.seen.setdefault((incident_id, reference), [])
            if not changes or changes[-1][1] != outcome:
                changes.append((self.w.clock.now(), outcome))


@dataclass(frozen=True, kw_only=True)
class Story:
    """One telling. ``w`` is the whole application; everything here is in the story's words."""

    w: Whole
    watch: Watch

    async def reported(self, report: Mapping[str, Any], *, settled: bool = True) -> str:
        """The police system posts a report; its incident's id. ``settled``: everything due at once has then been done."""
        answer = await self.w.post_report(report)
        assert answer.status_code == 202, answer.text
        incident_id = str(answer.json()["incident_id"])
        self.watch.looked_at = None
        self.watch.reports[incident_id] = [child["reference"] for child in report["children"]]
        await self.watch.run_once()
        if settled:
            await self.w.settle()
        return incident_id

    async def until(self, instant: datetime, *, every: timedelta | None = None) -> None:
        """Everything that falls due until then, each at its own instant; looked at this often from now on."""
        self.watch.every = every or self.watch.every
        await self.w.advance(instant)

    def meanwhile(self, instant: datetime) -> None:
        """Time passes on the wall before the loops get to work again: what a person does now, she does before them."""
        self.watch.listen()
        self.w.clock.move_to(instant)

    def heard(self, *, since: int = 0) -> list[str]:
        """Every message of the ladder: when, over which channel, to whom; codes and chasers say so."""
        self.watch.listen()
        return [message for message in self.watch.messages if not message.endswith(tuple(NOTICES))][since:]

    def noticed(self) -> list[str]:
        """Every message beside the ladder, in the same words: that a colleague has it, that something changed, that work waits."""
        self.watch.listen()
        return [message for message in self.watch.messages if message.endswith(tuple(NOTICES))]

    def outcomes(self, incident_id: str, reference: str = "C1") -> list[str]:
        """The child's outcomes as they changed, each with its wall time."""
        return [f"{_wall(instant)} {outcome}" for instant, outcome in self.watch.seen[incident_id, reference]]

    async def child(self, incident_id: str, reference: str = "C1") -> dict[str, Any]:
        """What the API tells of the child now."""
        told = await self.w.incident(incident_id)
        return dict(next(child for child in told["children"] if child["reference"] == reference))

    async def rows(self, table: Table) -> list[dict[str, Any]]:
        """A table as it stands."""
        async with self.w.parts.database.reading() as reading:
            return [dict(row) for row in (await reading.execute(select(table))).mappings()]

    async def owed(self) -> int:
        """How many facts somebody still owes something: pointers not confirmed, inbox rows not done."""
        unfinished = [row for row in await self.rows(inbox) if row["state"] != "done"]
        return len(unfinished) + len(await self.rows(outbox))

    async def calls(self) -> list[tuple[str, str, str]]:
        """Every telephone task: team, reason, state."""
        return sorted((row["team_id"], row["reason"], row["state"]) for row in await self.rows(notifier_phone_task))


@contextlib.asynccontextmanager
async def night(
    database_url: str,
    folder: Path,
    *,
    reports: Sequence[Mapping[str, Any]],
    start: datetime = NIGHT,
    every: timedelta = AN_HOUR,
) -> AsyncIterator[Story]:
    """Everything set up, and watched. At the end the sender counts once more."""
    async with whole(database_url, folder, start=start, reports=reports) as made:
        story = watched(made, every=every)
        yield story
        await story.w.settle()
        assert await story.owed() == 0


def watched(made: Whole, *, every: timedelta = AN_HOUR) -> Story:
    """The application with a watch beside its loops."""
    watch = Watch(w=made, every=every)
    made.parts.database.on_recorded.append(watch.told)
    process = replace(made.process, loops=(*made.process.loops, watch))
    return Story(w=replace(made, process=process), watch=watch)


def people() -> Mapping[str, str]:
    """Who is behind an address or a number: ``dsl@900001``."""
    known = {}
    for _, setting_id, team_id, role, _, _, email, phone, _ in contact_rows():
        name = f"{role}@{setting_id or team_id}"
        known[str(email)] = name
        known["+44" + str(phone).replace(" ", "")[1:]] = name
    return known


NOTICES = {" picked-up": "has been picked up", " taken-back": "has been taken back", " changed": "has changed", " desk": "at the desk"}
"""What is said beside the ladder, and the words that it is known by."""


def _told(box: Box, to: str, body: str, subject: str) -> str:
    notice = next((kind for kind, words in NOTICES.items() if words in body), None)
    if notice is not None:
        return f"{box.name} {people().get(to, to)}{notice}"
    kind = "" if "https://" in body else " code" if subject == "Your code" or "Your code" in body else " chaser"
    again = " again" if "Sent again" in body or "Sent again" in subject else ""
    return f"{box.name} {people().get(to, to)}{kind}{again}"


def _wall(instant: datetime) -> str:
    return instant.astimezone(LONDON).strftime("%a %H:%M")


def _wire(instant: datetime) -> str:
    return instant.isoformat().replace("+00:00", "Z")
