"""Walking one report from a police system to an acknowledgement, from outside, and counting the children from the sender's own list."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from services.demo.client import Browser, Page, PoliceSystem, Unexpected, browser
from services.demo.messages import Arrived, Messages

WALK_SECONDS = 50.0
ON_OUR_ROLL = "on-our-roll"
ACTING = "I am acting on this today"
STEPS_MAX = 8
"""Pages between a link and its acknowledgement, with room to spare."""
LATER = timedelta(hours=1)
"""What is to be sent so long after receipt waits for a first staff day: nobody can acknowledge it now."""

Tell = Callable[[str], None]


class WalkFailed(Exception):
    """A step did not end as it should; the text says which step and how."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """Children of the sender's list by outcome; ``lost`` are those of whom the API says so, or says nothing.

    ``later`` of those that wait are told on a first staff day, which nobody can bring forward.
    """

    by_outcome: Mapping[str, int]
    later: int

    @property
    def lost(self) -> int:
        return self.by_outcome.get("lost", 0)

    @property
    def is_well(self) -> bool:
        """Whether every child is acknowledged, or will be told at its time."""
        return self.by_outcome.get("acknowledged", 0) + self.later == sum(self.by_outcome.values())


class Walk:
    """One walk. ``tell`` is called with each step that was done."""

    def __init__(self, address: str, police: PoliceSystem, messages: Messages, tell: Tell) -> None:
        self._address = address
        self._police = police
        self._messages = messages
        self._tell = tell
        self._step = "starting"

    async def carry_out(self, report: bytes, references: Sequence[str]) -> Counted:
        """Post ``report`` and acknowledge every message that it leads to; ``references`` is the sender's list of children.

        Raises WalkFailed with the step at which it stopped.
        """
        try:
            async with asyncio.timeout(WALK_SECONDS):
                return await self._carried_out(report, references)
        except Unexpected as found:
            raise WalkFailed(f"{self._step}: {found}") from None
        except TimeoutError:
            raise WalkFailed(f"{self._step}: not within {WALK_SECONDS:g} seconds") from None

    async def _carried_out(self, report: bytes, references: Sequence[str]) -> Counted:
        async with self._at("The police system posts the report") as done:
            receipt = await self._police.post(report)
            done(f"The report is accepted (202) as incident {receipt['incident_id']}")
        visited: set[str] = set()
        while (status := await self._settled(receipt)) is None:
            async with self._at("Waiting for a message") as done:
                mail = await self._messages.wait(lambda arrived: _unvisited(arrived, visited))
                done(f"An e-mail arrives: “{mail.message.subject}”")
            visited.add(mail.message.subject)
            await self._visit(mail)
        return _counted(status, references, _instant(receipt["received_at"]))

    async def _settled(self, receipt: Mapping[str, Any]) -> dict[str, Any] | None:
        """The incident's status once nobody is left to be told now."""
        async with self._at("The police system asks what became of the children"):
            status = await self._police.show(receipt["incident_id"])
        received_at = _instant(receipt["received_at"])
        return status if all(_is_done(child, received_at) for child in status["children"]) else None

    async def _visit(self, mail: Arrived) -> None:
        """Open the link, enter the code, answer, acknowledge."""
        async with browser(self._address) as visitor:
            async with self._at("Opening the link") as done:
                page = await visitor.open(mail.link or "")
                done(f"The link opens a page that says “{page.heading}”")
            for _ in range(STEPS_MAX):
                if (following := await self._forward(visitor, page)) is None:
                    return
                page = following
        raise Unexpected(f"still at {page.path} after {STEPS_MAX} pages")

    async def _forward(self, visitor: Browser, page: Page) -> Page | None:
        """The next page; None after the last. The furthest form on the page decides."""
        if "/message/answer" in page.forms:
            async with self._at("Acknowledging") as done:
                following = await visitor.send(page, "/message/answer", chosen=("acting",), pressed=ACTING)
                done(f"The content is read, and answered with “{ACTING}”")
            return following
        if "/message/children" in page.forms:
            async with self._at("Answering whose child it is") as done:
                following = await visitor.send(page, "/message/children", chosen=(ON_OUR_ROLL,))
                done("Each child is confirmed to be on the setting's roll")
            return following
        if "/message/code" in page.forms:
            return await self._enter_code(visitor, page)
        return None

    async def _enter_code(self, visitor: Browser, page: Page) -> Page:
        async with self._at("Asking for a code") as done:
            before = len(_codes(self._messages.all()))
            page = await visitor.send(page, "/message/code")
            code = await self._messages.wait(lambda arrived: next(iter(_codes(arrived)[before:]), None))
            done("The code comes over the other channel")
        async with self._at("Entering the code") as done:
            following = await visitor.send(page, "/message/open", typed={"code": code})
            done("The code is taken")
        return following

    @asynccontextmanager
    async def _at(self, step: str) -> AsyncIterator[Tell]:
        self._step = step
        yield self._tell


def _unvisited(arrived: Sequence[Arrived], visited: set[str]) -> Arrived | None:
    """The first message of a setting or team that nobody has read yet."""
    return next((one for one in arrived if one.link and one.message.subject and one.message.subject not in visited), None)


def _codes(arrived: Sequence[Arrived]) -> list[str]:
    return [one.code for one in arrived if one.code]


def _is_done(child: Mapping[str, Any], received_at: datetime) -> bool:
    """Whether nothing about the child can be acknowledged now."""
    if child["outcome"] == "acknowledged":
        return True
    return bool(child["destinations"]) and all(_is_told(one, received_at) for one in child["destinations"])


def _is_told(destination: Mapping[str, Any], received_at: datetime) -> bool:
    return destination["acknowledged_at"] is not None or _instant(destination["send_at"]) > received_at + LATER


def _counted(status: Mapping[str, Any], references: Sequence[str], received_at: datetime) -> Counted:
    """Counted from the sender's list: a child that the API does not know is lost."""
    known = {child["reference"]: child for child in status["children"]}
    found = [known[reference]["outcome"] if reference in known else "lost" for reference in references]
    later = [one for one in references if one in known and known[one]["outcome"] == "waiting" and _is_done(known[one], received_at)]
    return Counted(by_outcome={outcome: found.count(outcome) for outcome in dict.fromkeys(found)}, later=len(later))


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)
