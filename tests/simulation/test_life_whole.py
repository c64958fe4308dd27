"""A report's whole life in every order: received, corrected, corrected again, withdrawn, each fact delivered late, early, twice, and by a
process that died just before its commit. Whatever the order, each child comes to the same end (D9).

Every order is tried on an incident of its own, and compared with the one in which nothing went wrong.
"""

import contextlib
import random
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from shared.db import journal
from shared.events import INGEST, ROUTER, SUBSCRIBERS, Envelope
from tests.scenario.night import Story, report_of, watched
from tests.whole import whole

pytestmark = pytest.mark.sqlite_daily

ORDERS = 12
RETRIES = timedelta(minutes=10)
VERSIONS = 4
FIRST = report_of("900001", "900002", seed=3, conditions=[], behaviours=["physical-abuse"])


class Died(Exception):
    """The process ended just before it would have committed."""


def bodies(number: int, *, ends_withdrawn: bool) -> list[dict[str, Any] | None]:
    """The four versions: something shown changes; a child is taken out; and put back, or the report is withdrawn (None)."""
    first = FIRST | {"reference": f"LIFE-{number}", "source_version": 1}
    second = first | {"behaviours": ["coercive-control"], "source_version": 2}
    third = second | {"children": first["children"][:1], "adults": [], "source_version": 3}
    fourth = None if ends_withdrawn else second | {"crime": "no", "source_version": 4}
    return [first, second, third, fourth]


def orders(seed: int) -> list[tuple[str, ...]]:
    """Ways in which four versions may come in and be delivered: each is sent after the one before it, and delivered some time later."""
    dice = random.Random(seed)
    plain = tuple(step for number in range(VERSIONS) for step in (f"send {number}", f"deliver {number}"))
    found = {plain, tuple(sorted(plain, key=lambda step: step.startswith("deliver")))}
    while len(found) < ORDERS:
        steps = [f"send {number}" for number in range(VERSIONS)]
        for number in range(VERSIONS):
            steps.insert(dice.randrange(steps.index(f"send {number}") + 1, len(steps) + 1), f"deliver {number}")
        found.add(tuple(steps))
    return [plain, *sorted(found - {plain})]


@pytest.fixture
async def story(database_url: str, tmp_path: Path) -> AsyncIterator[Story]:
    async with whole(database_url, tmp_path, reports=[FIRST]) as made:
        yield watched(made)


@pytest.mark.parametrize("ends_withdrawn", [False, True], ids=["put back", "withdrawn"])
async def test_every_order_comes_to_the_same_end(story: Story, ends_withdrawn: bool) -> None:
    incidents = []
    for number, order in enumerate(orders(seed=7)):
        incidents.append(await lived(story, bodies(number, ends_withdrawn=ends_withdrawn), order))
    await story.w.advance_by(RETRIES)
    assert await story.owed() == 0
    ends = [await end(story, incident_id) for incident_id in incidents]
    for order, found in zip(orders(seed=7), ends, strict=True):
        assert found == ends[0], order
    assert {outcome for _, outcome, _, _ in ends[0]} == ({"excluded"} if ends_withdrawn else {"waiting"})


async def lived(story: Story, versions: Sequence[dict[str, Any] | None], order: Sequence[str]) -> str:
    """One incident's life in that order; its id. Nothing but these deliveries is moved on."""
    incident_id = ""
    for step in order:
        verb, _, place = step.partition(" ")
        if verb == "send":
            incident_id = await sent(story, incident_id, versions[int(place)])
        else:
            [fact] = [one for one in await stated(story, incident_id) if getattr(one.fact, "incident_version", 0) == int(place) + 1]
            await died(story, fact)
            for _ in range(2):
                await delivered(story, fact)
    return incident_id


async def sent(story: Story, incident_id: str, body: dict[str, Any] | None) -> str:
    headers = await story.w.headers()
    address = f"/v1/incidents/{incident_id}"
    if body is None:
        answer = await story.w.client.post(f"{address}/withdrawal", json={"reason": "recorded-in-error"}, headers=headers)
    elif incident_id:
        answer = await story.w.client.put(address, json=body, headers=headers)
    else:
        answer = await story.w.post_report(body)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["incident_id"])


async def stated(story: Story, incident_id: str) -> list[Envelope]:
    """Ingest's facts of the incident, in order."""
    async with story.w.parts.database.reading() as reading:
        return [one for one in await journal.of_incident(reading, incident_id) if one.source == INGEST and one.type in SUBSCRIBERS]


async def died(story: Story, fact: Envelope) -> None:
    """The handler does its work, and the process ends before the commit: nothing of it may be left."""
    [router] = [service for service in story.w.process.services if service.name == ROUTER]
    with contextlib.suppress(Died):
        async with story.w.parts.database.transaction() as tx:
            await router.handlers[fact.type](tx, [fact])
            raise Died


async def delivered(story: Story, fact: Envelope) -> None:
    for delivery in story.w.process.deliveries:
        if delivery.service == ROUTER:
            await delivery.deliver([fact])


async def end(story: Story, incident_id: str) -> list[tuple[str, str, str | None, tuple[str, ...]]]:
    """What became of each child, by the sender's own reference: outcome, reason, and who is told of it."""
    seen = await story.w.incident(incident_id)
    return sorted(
        (
            child["reference"],
            child["outcome"],
            child["reason"],
            tuple(sorted(one["ref"] for one in child["destinations"] if one["outcome"] not in ("excluded", "recalled"))),
        )
        for child in seen["children"]
    )
