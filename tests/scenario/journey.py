"""A recipient's journey, from the link in a message to an answer, in a browser of her own.

    dsl = await arrives(w, "dsl@900001")          # opens the newest link in her mailbox
    await dsl.enters(await dsl.asks_for_code())   # the code is in her telephone
    await dsl.confirms()
    await dsl.acts()

Pages are found by what is on them: forms and their buttons (``services.demo.client``). An answer that is no page ends the journey.
"""

import re
from collections.abc import Mapping

import httpx

from services.demo.client import Browser, Page, Unexpected
from services.notifier.channels import EMAIL, SMS
from tests.directory_samples import contact_rows
from tests.whole import Whole

ON_OUR_ROLL, NOT_OURS, HAS_LEFT = "on-our-roll", "not-ours", "has-left"
ACTING, PASSING_ON = "I am acting on this today", "Seen, cannot act"


def reached_at(person: str) -> Mapping[str, str]:
    """The e-mail address and the telephone number of ``dsl@900001`` or ``duty@testshire-out-of-hours``, by channel."""
    for _, setting_id, team_id, role, _, _, email, phone, _ in contact_rows():
        if person == f"{role}@{setting_id or team_id}":
            return {EMAIL: str(email), SMS: "+44" + str(phone).replace(" ", "")[1:]}
    raise AssertionError(f"nobody in Testshire is {person}")


def newest_link(w: Whole, person: str, channel: str = EMAIL) -> str:
    """The link in the last message that this person received over that channel."""
    return w.links(reached_at(person)[channel])[-1]


async def arrives(w: Whole, person: str, channel: str = EMAIL) -> "Visitor":
    """That person opens the newest link that came to her over ``channel``."""
    return await visits(w, person, newest_link(w, person, channel), channel)


async def visits(w: Whole, person: str, link: str, channel: str = EMAIL) -> "Visitor":
    """That person opens this link of hers."""
    visitor = Visitor(w, await w.browser(), person, SMS if channel == EMAIL else EMAIL)
    await visitor.opens(link)
    return visitor


async def picked_up(w: Whole, person: str, *, channel: str = EMAIL) -> "Visitor":
    """The whole journey: she opens, confirms every child, and acts."""
    visitor = await arrives(w, person, channel)
    await visitor.enters(await visitor.asks_for_code())
    await visitor.confirms()
    await visitor.acts()
    return visitor


class Visitor:
    """One person at one browser. ``page`` is where she is; ``text`` all that the browser was sent for it."""

    page: Page

    def __init__(self, w: Whole, client: httpx.AsyncClient, person: str, code_channel: str) -> None:
        self._w = w
        self._client = client
        self._code_address = reached_at(person)[code_channel]
        self._browser = Browser(client)
        self.text = ""
        client.follow_redirects = True
        client.event_hooks = {"response": [self._received]}

    async def opens(self, address: str) -> None:
        """A link, or a page of the visit."""
        self.page = await self._browser.open(address)

    async def asks_for_code(self) -> str:
        """Presses the button; the digits that come over the channel that the link did not come over."""
        before = len(self._w.codes(self._code_address))
        self.page = await self._browser.send(self.page, "/message/code")
        [code] = self._w.codes(self._code_address)[before:]
        return code

    async def enters(self, code: str) -> None:
        """Types the code: names and dates of birth follow."""
        self.page = await self._browser.send(self.page, "/message/open", typed={"code": code})

    async def confirms(self, answer: str = ON_OUR_ROLL) -> None:
        """The same answer for every child: they are on the roll, and what happened follows."""
        self.page = await self._browser.send(self.page, "/message/children", chosen=(answer,))

    async def says(self, answers: Mapping[str, str]) -> None:
        """An answer for each child that is asked about, by child_id."""
        if self.asked() != answers.keys():
            raise Unexpected(f"the page asks about {len(self.asked())} children")
        form = self.page.forms["/message/children"]
        fields = {one.name: one.value for one in form.inputs if one.kind == "hidden"}
        posted = await self._client.post(form.action, data=fields | {f"answer-{one}": said for one, said in answers.items()})
        self.page = await self._browser.open(str(posted.url))

    def asked(self) -> frozenset[str]:
        """The children that the page asks about, by child_id."""
        inputs = self.page.forms["/message/children"].inputs
        return frozenset(one.name.removeprefix("answer-") for one in inputs if one.kind == "radio")

    async def goes_on(self, place: int) -> None:
        """To the message at that place of the list, counted from 1."""
        which = re.findall(r'name="which" value="([^"]+)"', self.text)[place - 1]
        form = self.page.forms["/message/next"]
        fields = {one.name: one.value for one in form.inputs if one.kind == "hidden"}
        posted = await self._client.post(form.action, data=fields | {"which": which})
        self.page = await self._browser.open(str(posted.url))

    async def acts(self) -> None:
        """*I am acting on this today.*"""
        self.page = await self._browser.send(self.page, "/message/answer", pressed=ACTING)

    async def passes_on(self) -> None:
        """*Seen, cannot act: pass it on.*"""
        self.page = await self._browser.send(self.page, "/message/answer", pressed=PASSING_ON)

    async def _received(self, answer: httpx.Response) -> None:
        await answer.aread()
        self.text = answer.text
