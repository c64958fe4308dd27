"""Speaking to a running Encompass over HTTP, as strangers do: a police system with its key, a recipient with a browser.

It knows addresses, forms and buttons, and nothing of the program behind them.
"""

import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx

TIMEOUT_SECONDS = 15.0


class Unexpected(Exception):
    """The other side answered something else than it promises; the text says what, without the answer's content.

    ``status`` is that of the answer, if there was one.
    """

    def __init__(self, text: str, status: int | None = None) -> None:
        super().__init__(text)
        self.status = status


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """One field or button of a form; ``text`` is what stands on a button."""

    name: str
    kind: str
    value: str
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PostedForm:
    """A form that is sent by POST to ``action``, a path."""

    action: str
    inputs: tuple[Input, ...]

    def filled(self, *, typed: Mapping[str, str], chosen: Sequence[str], pressed: str) -> dict[str, list[str]]:
        """What a browser would send: hidden fields, ``typed`` texts, the options in ``chosen``, the button that says ``pressed``."""
        sent: dict[str, list[str]] = {}
        for one in self.inputs:
            if one.kind == "hidden" or (one.kind in ("radio", "checkbox") and one.value in chosen):
                sent.setdefault(one.name, []).append(one.value)
            elif one.kind in ("text", "tel", "number") and one.name in typed:
                sent[one.name] = [typed[one.name]]
            elif one.kind == "submit" and one.name and pressed and pressed in one.text:
                sent[one.name] = [one.value]
        return sent


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page as far as a visitor needs it: where it stands, its heading, its forms by action, where its links lead."""

    path: str
    heading: str
    forms: Mapping[str, PostedForm]
    links: tuple[str, ...]
    several: Mapping[str, tuple[PostedForm, ...]]
    """Every form by action, in order, where a page has more than one of an action; ``forms`` has the last of them."""


class Browser:
    """One visitor's browser, with cookies of its own. Follows redirects; raises Unexpected for an answer that is not a page."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def open(self, url: str) -> Page:
        """The page behind a link."""
        return _page(await _answer(self._client.get(url)))

    async def send(
        self, page: Page, action: str, *, typed: Mapping[str, str] | None = None, chosen: Sequence[str] = (), pressed: str = ""
    ) -> Page:
        """The page that follows the form with that action."""
        form = page.forms.get(action)
        if form is None:
            raise Unexpected(f"the page {page.path} has no form for {action}")
        return await self.submit(form, typed=typed, chosen=chosen, pressed=pressed)

    async def submit(
        self, form: PostedForm, *, typed: Mapping[str, str] | None = None, chosen: Sequence[str] = (), pressed: str = ""
    ) -> Page:
        """The page that follows that form."""
        fields = form.filled(typed=typed or {}, chosen=chosen, pressed=pressed)
        return _page(await _answer(self._client.post(urljoin(str(self._client.base_url), form.action), data=fields)))


class PoliceSystem:
    """A records system with its API key."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def post(self, report: bytes) -> dict[str, Any]:
        """Send a report; the receipt. Raises Unexpected unless it was accepted (202)."""
        headers = {"Content-Type": "application/json"}
        answer = await _answer(self._client.post("/v1/incidents", content=report, headers=headers), wanted=202)
        return dict(answer.json())

    async def put(self, incident_id: str, report: bytes) -> int:
        """Send a later version of a report; the status of the answer."""
        headers = {"Content-Type": "application/json"}
        answer = _answer(self._client.put(f"/v1/incidents/{incident_id}", content=report, headers=headers), wanted=(200, 202))
        return (await answer).status_code

    async def withdraw(self, incident_id: str, reason: bytes) -> int:
        """Take a report back; the status of the answer."""
        headers = {"Content-Type": "application/json"}
        answer = _answer(self._client.post(f"/v1/incidents/{incident_id}/withdrawal", content=reason, headers=headers), wanted=(200, 202))
        return (await answer).status_code

    async def ask(self, method: str, path: str, body: bytes = b"") -> tuple[int, str]:
        """Any call; the status and the text of whatever the answer is."""
        headers = {"Content-Type": "application/json"} if body else {}
        try:
            answer = await self._client.request(method, path, content=body or None, headers=headers)
        except httpx.HTTPError as error:
            raise Unexpected(f"no answer ({type(error).__name__})") from None
        return answer.status_code, answer.text

    async def show(self, incident_id: str) -> dict[str, Any]:
        """What became of the incident."""
        return dict((await _answer(self._client.get(f"/v1/incidents/{incident_id}"))).json())


@contextlib.asynccontextmanager
async def browser(address: str) -> AsyncIterator[Browser]:
    """A fresh browser at ``address``."""
    async with httpx.AsyncClient(base_url=address, follow_redirects=True, timeout=TIMEOUT_SECONDS, trust_env=False) as client:
        yield Browser(client)


@contextlib.asynccontextmanager
async def police_system(address: str, key: str) -> AsyncIterator[PoliceSystem]:
    """A sender with the API key ``key``."""
    headers = {"Authorization": f"Bearer {key}"}
    async with httpx.AsyncClient(base_url=address, headers=headers, timeout=TIMEOUT_SECONDS, trust_env=False) as client:
        yield PoliceSystem(client)


class Visitors:
    """Browsers and records systems that reach the application in this process, without a network between."""

    def __init__(self, application: Any, address: str) -> None:
        self._transport = httpx.ASGITransport(app=application)
        self._address = address

    @contextlib.asynccontextmanager
    async def browser(self) -> AsyncIterator[Browser]:
        """A fresh browser."""
        async with httpx.AsyncClient(transport=self._transport, base_url=self._address, follow_redirects=True) as client:
            yield Browser(client)

    @contextlib.asynccontextmanager
    async def police_system(self, key: str) -> AsyncIterator[PoliceSystem]:
        """A sender with the API key ``key``."""
        headers = {"Authorization": f"Bearer {key}"}
        async with httpx.AsyncClient(transport=self._transport, base_url=self._address, headers=headers) as client:
            yield PoliceSystem(client)


async def _answer(call: Any, *, wanted: int | tuple[int, ...] = 200) -> httpx.Response:
    try:
        answer: httpx.Response = await call
    except httpx.HTTPError as error:
        raise Unexpected(f"no answer ({type(error).__name__})") from None
    if answer.status_code not in ((wanted,) if isinstance(wanted, int) else wanted):
        request = answer.request
        raise Unexpected(f"{request.method} {request.url.path} was answered {answer.status_code} instead of {wanted}", answer.status_code)
    return answer


def _page(answer: httpx.Response) -> Page:
    reader = _Reader()
    reader.feed(answer.text)
    path = urlsplit(str(answer.url)).path
    every = [PostedForm(action=action or path, inputs=tuple(inputs)) for action, inputs in reader.forms]
    several = {form.action: tuple(one for one in every if one.action == form.action) for form in every}
    forms = {action: some[-1] for action, some in several.items()}
    return Page(path=path, heading=" ".join("".join(reader.heading).split()), forms=forms, links=tuple(reader.links), several=several)


class _Reader(HTMLParser):
    """Collects heading, links and posted forms."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[tuple[str, list[Input]]] = []
        self.heading: list[str] = []
        self.links: list[str] = []
        self._inside: set[str] = set()
        self._button: Input | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self._inside.add(tag)
        if tag == "form" and given.get("method", "").lower() == "post":
            self.forms.append((given.get("action", ""), []))
        elif tag == "a" and "href" in given:
            self.links.append(given["href"])
        elif tag == "input" and "form" in self._inside and self.forms:
            self.forms[-1][1].append(Input(name=given.get("name", ""), kind=given.get("type", "text"), value=given.get("value", "on")))
        elif tag == "button":
            self._button = Input(name=given.get("name", ""), kind="submit", value=given.get("value", ""))

    def handle_endtag(self, tag: str) -> None:
        self._inside.discard(tag)
        if tag == "button" and self._button is not None:
            if "form" in self._inside and self.forms:
                self.forms[-1][1].append(self._button)
            self._button = None

    def handle_data(self, data: str) -> None:
        if "h1" in self._inside:
            self.heading.append(data)
        if self._button is not None:
            one = self._button
            self._button = Input(name=one.name, kind=one.kind, value=one.value, text=one.text + data)
