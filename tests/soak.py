"""A night under fire: reports posted to four processes while each is killed and the broker goes down, every message answered, and the
children counted from the sender's own list.

Two sides that know nothing of the program behind: ``Sender``, which posts until it has a receipt and asks what became of each child, and
``Schools``, who open what arrives in their mailbox, enter the code from their telephone and say that they are acting on it.
"""

import asyncio
import contextlib
import itertools
import json
import random
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import httpx
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from stdnum.gb.upn import calc_check_digit

from services.demo.client import Browser, Page, PoliceSystem, Unexpected, police_system
from services.demo.messages import Arrived
from services.notifier.channels import SMS, Message
from services.notifier.channels.file import read_line
from tests.directory_samples import write_csv
from tests.samples import sample_report
from tests.waiting import until

ENDED = frozenset({"acknowledged", "held", "excluded", "late"})
AT_ONCE = 8
LOOK_AGAIN_SECONDS = 3.0
"""Between two questions about the same report: the asking must not be the load."""
PAGES_MAX = 8
LINK_ENDED = (404, 410)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What the sender counted. ``lost`` are the children on its own list without an outcome that somebody answers for."""

    children: int
    outcomes: Counter[str]
    lost: tuple[str, ...]


def reports(count: int, seed: int, today: date) -> list[dict[str, Any]]:
    """``count`` reports about children of their own, each with a UPN; some children go to two settings' worth of siblings."""
    dice = random.Random(seed)
    made = []
    for number in range(count):
        report = sample_report(seed=seed * 100_000 + number, reference=f"SOAK-{seed}-{number:05d}", conditions=[])
        for name in ("occurred_from_at", "occurred_to_at", "reported_at", "believed_at"):
            del report[name]
        children = report["children"][: 1 + dice.randrange(3)]
        for place, child in enumerate(children):
            child["upn"] = _upn(seed * 3000 + number * 3 + place)
            child["school"] = {"urn": dice.choice(("900001", "900002", "900004", "900005"))}
            child["date_of_birth"] = (today - timedelta(days=365 * 9 + dice.randrange(900))).isoformat()
            child["full_name"] += f"-{number}"
        for adult in report["adults"]:
            adult["relationships"] = []
        made.append(report | {"children": children})
    return made


def roll(path: Path, made: Sequence[dict[str, Any]]) -> Path:
    """The children of the reports as their authority's register has them."""
    rows = [
        (child["upn"], *child["full_name"].split(" ", 1), child["date_of_birth"], child["postcode"], child["school"]["urn"], "")
        for report in made
        for child in report["children"]
    ]
    return write_csv(path, ("upn", "forename", "surname", "date_of_birth", "postcode", "settings", "restricted"), rows)


def terms_around(path: Path, today: date) -> Path:
    """Terms in which every weekday near ``today`` is a school day, so that the soak means the same on any day of the year."""
    starts = [date(year, month, 1) for year in range(today.year - 1, today.year + 2) for month in (3, 6, 9, 12)]
    rows = [
        ("999", owner, first, following - timedelta(days=1), f"from {first}", "a soak test", today)
        for first, following in itertools.pairwise(starts)
        for owner in ("", "900006")
    ]
    return write_csv(path, ("authority", "setting_id", "first_on", "last_on", "label", "source", "as_at_on"), rows)


def _upn(number: int) -> str:
    body = f"999{4000 + number // 1000}26{number % 1000:03d}"
    return calc_check_digit(body) + body


@dataclass
class Sender:
    """A records system that does not give up until it has a receipt."""

    address: str
    key: str
    receipts: dict[str, str] = field(default_factory=dict)

    async def post(self, made: Sequence[dict[str, Any]]) -> None:
        """Post each report until it is accepted."""
        places = asyncio.Semaphore(AT_ONCE)
        async with police_system(self.address, self.key) as system, asyncio.TaskGroup() as group:
            for report in made:
                group.create_task(self._post(system, report, places))

    async def _post(self, system: PoliceSystem, report: dict[str, Any], places: asyncio.Semaphore) -> None:
        body = json.dumps(report).encode()

        async def accepted() -> bool:
            async with places:
                with contextlib.suppress(Unexpected):
                    self.receipts[report["reference"]] = (await system.post(body))["incident_id"]
            return report["reference"] in self.receipts

        await until(accepted, what="a receipt", within=180)

    async def count(self, made: Sequence[dict[str, Any]], *, within: float) -> Tally:
        """Ask until every child of the sender's own list has ended, or for ``within`` seconds; those that have not are lost."""
        open_reports = {report["reference"]: report for report in made}
        outcomes: Counter[str] = Counter()
        lost: list[str] = []

        async def all_ended() -> bool:
            async with police_system(self.address, self.key) as system:
                for reference, report in list(open_reports.items()):
                    with contextlib.suppress(Unexpected):
                        found = _ended(report, await system.show(self.receipts[reference]))
                        if found is not None:
                            outcomes.update(found)
                            del open_reports[reference]
            return not open_reports

        with contextlib.suppress(TimeoutError):
            await until(all_ended, what="the outcomes", within=within, every=LOOK_AGAIN_SECONDS)
        for reference, report in open_reports.items():
            lost += [f"{reference}/{child['reference']}" for child in report["children"]]
        return Tally(children=sum(len(report["children"]) for report in made), outcomes=outcomes, lost=tuple(lost))


def _ended(report: dict[str, Any], status: dict[str, Any]) -> list[str] | None:
    """The outcomes of a report's children, by the sender's list; None while one of them has none that stays."""
    by_reference = {child["reference"]: child["outcome"] for child in status["children"]}
    found = [by_reference.get(child["reference"], "missing") for child in report["children"]]
    return found if set(found) <= ENDED else None


class Mailbox:
    """A mail server that takes everything."""

    def __init__(self) -> None:
        self.mails: list[Arrived] = []

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802  aiosmtpd's name
        head, _, body = (envelope.content or b"").decode().partition("\r\n\r\n")  # type: ignore[union-attr]
        subject = next(line for line in head.split("\r\n") if line.startswith("Subject: ")).removeprefix("Subject: ")
        message = Message(attempt_id="", to=envelope.rcpt_tos[0], subject=subject, body=body)
        self.mails.append(Arrived(channel="email", message=message))
        return "250 taken"


@contextlib.contextmanager
def mail_server(mailbox: Mailbox, port: int) -> Any:
    """The mailbox behind an SMTP server in a thread of its own."""
    controller = Controller(mailbox, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield f"smtp://127.0.0.1:{port}"
    finally:
        controller.stop()


class TelephoneLine:
    """The text messages to everybody, read on from where the last look ended."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._read = 0
        self._codes: dict[str, list[str]] = {}

    def codes(self, number: str) -> list[str]:
        """The one-time codes that this telephone has had, oldest first."""
        if self._file.exists():
            with self._file.open("rb") as handle:
                handle.seek(self._read)
                for line in handle.readlines():
                    self._read += len(line)
                    message, _ = read_line(line.decode())
                    if code := Arrived(channel=SMS, message=message).code:
                        self._codes.setdefault(message.to, []).append(code)
        return self._codes.get(number, [])


class Schools:
    """Designated safeguarding leads: one at a time for each mailbox, since each has one telephone."""

    def __init__(self, address: str, mailbox: Mailbox, folder: Path, telephones: dict[str, str]) -> None:
        self._address = address
        self._mailbox = mailbox
        self._telephone_line = TelephoneLine(folder / f"{SMS}.jsonl")
        self._telephones = telephones
        self._taken = 0
        self.acknowledged = 0
        self.failures: Counter[str] = Counter()

    @contextlib.asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        """They answer whatever arrives for as long as the block lasts."""
        desks = {mailbox: asyncio.Queue[str]() for mailbox in self._telephones}
        tasks = [asyncio.create_task(self._sort(desks))] + [asyncio.create_task(self._answer(to, desk)) for to, desk in desks.items()]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _sort(self, desks: dict[str, asyncio.Queue[str]]) -> None:
        async def more() -> bool:
            return len(self._mailbox.mails) > self._taken

        while True:
            await until(more, what="mail", within=3600)
            mail = self._mailbox.mails[self._taken]
            self._taken += 1
            if mail.link:
                desks[mail.message.to].put_nowait(mail.link)

    async def _answer(self, to: str, desk: asyncio.Queue[str]) -> None:
        async with httpx.AsyncClient(base_url=self._address, follow_redirects=True, timeout=15.0, trust_env=False) as client:
            while True:
                await self._answer_one(to, await desk.get(), client)

    async def _answer_one(self, to: str, link: str, client: httpx.AsyncClient) -> None:
        """One link, again and again until it is answered: a process may be down just now."""

        async def answered() -> bool:
            client.cookies.clear()
            try:
                return await self._journey(to, link, Browser(client))
            except (Unexpected, TimeoutError) as error:
                self.failures[str(error)] += 1
                return any(f"answered {status}" in str(error) for status in LINK_ENDED)

        with contextlib.suppress(TimeoutError):
            await until(answered, what="an answer", within=120)

    async def _journey(self, to: str, link: str, visitor: Browser) -> bool:
        """Link, code, children, content, answer. True when it is done; raises Unexpected when it does not end."""
        page = await visitor.open(link)
        for _ in range(PAGES_MAX):
            following = await self._forward(to, visitor, page)
            if following is None:
                return True
            page = following
        raise Unexpected(f"still at {page.path}")

    async def _forward(self, to: str, visitor: Browser, page: Page) -> Page | None:
        if "/message/answer" in page.forms:
            self.acknowledged += 1
            return await visitor.send(page, "/message/answer", chosen=("acting",), pressed="I am acting on this today")
        if "/message/children" in page.forms:
            return await visitor.send(page, "/message/children", chosen=("on-our-roll",))
        if "/message/code" in page.forms and "/message/open" not in page.forms:
            before = len(self._codes(to))
            page = await visitor.send(page, "/message/code")

            async def came() -> bool:
                return len(self._codes(to)) > before

            await until(came, what="a code", within=10)
            return await visitor.send(page, "/message/open", typed={"code": self._codes(to)[-1]})
        return None

    def _codes(self, to: str) -> list[str]:
        return self._telephone_line.codes(self._telephones[to].replace(" ", "").replace("0", "+44", 1))
