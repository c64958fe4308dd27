"""A records system sends every record many times a night: whoever was told is told of what changed, and of nothing else."""

import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.scenario.journey import picked_up, reached_at
from tests.scenario.night import Story, night, report_of
from tests.whole import Whole

pytestmark = pytest.mark.sqlite_daily

DSL = "dsl@900001"
TIMES = 10
SHOWN = ({"behaviours": ["coercive-control"]}, {"referral": {"made": True}})
"""Two changes of what the sheet shows; between them comes one of what it does not."""
NOT_SHOWN = {"crime": "no"}


def versions(number: int) -> list[dict[str, Any]]:
    """A report and its three later versions, each with the count of its source."""
    first = report_of("900001", seed=number, reference=f"STORM-{number}", behaviours=["physical-abuse"], crime="yes", conditions=[])
    bodies = [first]
    for change in (SHOWN[0], NOT_SHOWN, SHOWN[1]):
        bodies.append(bodies[-1] | change)
    return [body | {"source_version": version} for version, body in enumerate(bodies, 1)]


def storm(seed: int) -> list[int]:
    """Which version is sent each time: every one at least once, the first time in order, the rest as a resending system would."""
    dice = random.Random(seed)
    sent = [0, 0, 1, 2, 3]
    for _ in range(TIMES - len(sent)):
        place = dice.randrange(1, len(sent) + 1)
        sent.insert(place, dice.randrange(max(sent[:place]) + 1))
    return sent


async def send(w: Whole, incident: Mapping[str, str], body: dict[str, Any]) -> str:
    """As a client does: POST, and PUT where that says that it is a correction."""
    answer = await w.post_report(body)
    if answer.status_code == 409:
        answer = await w.client.put(f"/v1/incidents/{incident['id']}", json=body, headers=await w.headers())
    assert answer.status_code in (200, 202), answer.text
    return str(answer.json()["incident_id"])


async def sent_ten_times(story: Story, number: int, *, read: bool) -> None:
    """One report's storm; ``read``: she acts on each message as soon as it comes."""
    incident: dict[str, str] = {"id": ""}
    bodies, heard = versions(number), len(mails(story.w))
    for version in storm(number):
        incident["id"] = await send(story.w, incident, bodies[version])
        await story.w.settle()
        if read and len(mails(story.w)) > heard:
            heard = len(mails(story.w))
            await picked_up(story.w, DSL)
    assert (await story.w.incident(incident["id"]))["version"] == len(bodies)


def mails(w: Whole) -> list[str]:
    """The subjects of what she has had."""
    return [mail.subject for mail in w.mails(reached_at(DSL)["email"])]


async def test_a_storm_of_resends_says_once_what_changed_and_only_to_whom_it_was_shown(database_url: str, tmp_path: Path) -> None:
    made = [versions(number)[0] for number in range(4)]
    async with night(database_url, tmp_path, reports=made) as story:
        for number in (0, 1):
            await sent_ten_times(story, number, read=False)
        assert len(mails(story.w)) == 2, mails(story.w)  # nobody had read anything: the links lead to what is true now
        for number in (2, 3):
            await sent_ten_times(story, number, read=True)
        warranted = 2 + 2 * (1 + len(SHOWN))
        assert warranted <= len(mails(story.w)) <= warranted + 1, mails(story.w)
