"""Facts are hints (D9): in any order, twice, too early and at the same time, they come to the same end.

Every order is tried on an incident of its own. Facts are handed to each service's delivery by hand; what the outbox still owes is delivered
once more afterwards, as a broker's late copy would be.
"""

import asyncio
import itertools
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from shared.db import journal
from shared.db.tables.journal import journal as journal_table
from shared.db.tables.notifier import notifier_notification
from shared.db.tables.router import router_decision, router_destination, router_incident, router_review
from shared.events import NOTIFIER, SUBSCRIBERS, ChildRecalled, Envelope, IncidentReceived, IncidentRouted
from shared.ids import new_id
from tests.scenario.night import Story, report_of, watched
from tests.whole import whole

REPORT = report_of("900001", "900002")
RETRIES = timedelta(minutes=10)


@dataclass(frozen=True, kw_only=True)
class Post:
    """Carries facts by hand: ``story`` is everything, of which no relay has run yet."""

    story: Story

    async def report(self, number: int) -> str:
        """The same report under another reference, posted and not moved on."""
        answer = await self.story.w.post_report({**REPORT, "reference": f"ORDER-{number}"})
        return str(answer.json()["incident_id"])

    async def stated(self, incident_id: str) -> list[Envelope]:
        """Every fact so far that somebody subscribes to."""
        async with self.story.w.parts.database.reading() as reading:
            return [one for one in await journal.of_incident(reading, incident_id) if one.type in SUBSCRIBERS]

    async def deliver(self, envelopes: Sequence[Envelope]) -> None:
        """Hand the facts to whoever subscribes to them, as one batch for each service."""
        for delivery in self.story.w.process.deliveries:
            await delivery.deliver([one for one in envelopes if delivery.service in SUBSCRIBERS[one.type]])

    async def recall(self, incident_id: str, child_id: str, destination_id: str) -> Envelope:
        """What notifier states when a setting says that a child is not theirs."""
        fact = ChildRecalled(
            incident_id=incident_id,
            notification_id=new_id(),
            child_id=child_id,
            destination_id=destination_id,
            destination_kind="setting",
            destination_ref="900001",
            reason="not-ours",
            recalled_at=self.story.w.clock.now(),
        )
        async with self.story.w.parts.database.transaction() as tx:
            [envelope] = await tx.record(NOTIFIER, [fact])
        return envelope

    async def ended(self) -> None:
        """Late copies, retries and everything else that is owed."""
        await self.story.w.advance_by(RETRIES)
        assert await self.story.owed() == 0


@pytest.fixture
async def post(database_url: str, tmp_path: Path) -> AsyncIterator[Post]:
    async with whole(database_url, tmp_path, reports=[REPORT]) as made:
        yield Post(story=watched(made))


async def test_received_and_routed_in_every_order_and_twice(post: Post) -> None:
    incidents = []
    for number, order in enumerate(sorted(set(itertools.permutations("raabb")))):
        incident_id = await post.report(number)
        incidents.append(incident_id)
        await post.deliver(await post.stated(incident_id))
        received, routed_a, routed_b = await post.stated(incident_id)
        for letter in order:
            await post.deliver([{"r": received, "a": routed_a, "b": routed_b}[letter]])
    await post.ended()
    await everything_once(post, incidents)


async def test_a_recall_in_every_order_with_what_came_before_it(post: Post) -> None:
    incidents = []
    for number, order in enumerate(sorted(set(itertools.permutations("racc")))):
        incident_id = await post.report(number)
        incidents.append(incident_id)
        await post.deliver(await post.stated(incident_id))
        received, routed, _ = await post.stated(incident_id)
        assert isinstance(routed.fact, IncidentRouted)
        recalled = await post.recall(incident_id, routed.fact.child_ids[0], routed.fact.destination_id)
        for letter in order:
            await post.deliver([{"r": received, "a": routed, "c": recalled}[letter]])
    await post.ended()
    await everything_once(post, incidents, recalled=True)


async def test_a_recall_that_overtakes_the_report(post: Post) -> None:
    """The aggregate is not there yet: the fact is tried again, and nothing comes of it twice."""
    incidents = []
    for number, order in enumerate(sorted(set(itertools.permutations("rrcc")))):
        incident_id = await post.report(number)
        incidents.append(incident_id)
        [received] = await post.stated(incident_id)
        assert isinstance(received.fact, IncidentReceived)
        recalled = await post.recall(incident_id, received.fact.child_ids[0], new_id())
        for letter in order:
            await post.deliver([{"r": received, "c": recalled}[letter]])
    await post.ended()
    await everything_once(post, incidents, recalled=True)


async def test_the_same_facts_at_the_same_time(post: Post) -> None:
    """Batches that hold the same facts in other orders, all at once: no deadlock, and one effect."""
    incidents = [await post.report(number) for number in range(4)]
    received = [one for incident_id in incidents for one in await post.stated(incident_id)]
    await asyncio.gather(*(post.deliver(batch) for batch in (received, received[::-1], received[:2], received[2:])))
    routed = [one for incident_id in incidents for one in await post.stated(incident_id) if one.type == IncidentRouted.TYPE]
    await asyncio.gather(*(post.deliver(batch) for batch in (routed, routed[::-1], [*received, *routed], routed[3:5])))
    await post.ended()
    await everything_once(post, incidents)


async def everything_once(post: Post, incidents: Sequence[str], *, recalled: bool = False) -> None:
    """One decision a child (and one more where it was recalled), one notification a setting, one message for each of the two."""
    story, number = post.story, len(incidents)
    assert len(await story.rows(router_incident)) == number
    assert len(await story.rows(router_destination)) == 2 * number
    assert len(await story.rows(router_decision)) == (3 if recalled else 2) * number
    assert len(await story.rows(router_review)) == (number if recalled else 0)
    opened = Counter(row["destination_id"] for row in await story.rows(notifier_notification))
    assert sorted(opened.values()) == [1] * (2 * number)
    assert Counter(line[4:] for line in story.heard()) == {f"23:10 email dsl@{setting}": number for setting in ("900001", "900002")}
    facts = Counter(row["type"] for row in await story.rows(journal_table))
    assert (facts["incident.routed"], facts["notification.opened"]) == (2 * number, 2 * number)
    ends = {tuple(await story.w.outcomes(incident_id)) for incident_id in incidents}
    assert ends == {("held", "waiting") if recalled else ("waiting", "waiting")}
