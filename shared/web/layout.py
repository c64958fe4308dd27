"""Pages: Jinja templates over GOV.UK Frontend's macros, in two dresses.

*Public* pages (``page.html``) are what a school opens from a message, perhaps with others looking on: a neutral header, no product
name, and no word that says what they are about (design rule 7.1). *Staff* pages (``staff.html``) carry the product's name, the
navigation and the way out, and exist only behind sign-in. Both work without scripts and start from a 360-pixel telephone.

Our templates are strict: a name that the handler did not give is an error, not a gap. GOV.UK's macros live on gaps, so they are
compiled in a lenient environment of their own; ``{% from "govuk_frontend_jinja/components/…/macro.html" import … %}`` works as usual.
"""

from collections.abc import Callable, MutableMapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from jinja2 import (
    BaseLoader,
    BytecodeCache,
    ChoiceLoader,
    Environment,
    PackageLoader,
    PrefixLoader,
    StrictUndefined,
    Template,
    TemplateNotFound,
)
from jinja2.bccache import Bucket
from starlette.requests import Request
from starlette.responses import HTMLResponse

from shared.web import forms, words
from shared.web.assets import Assets
from shared.web.cookies import SESSION, Cookies
from shared.web.problems import Problem
from shared.web.sessions import Role, Session

MACROS = "govuk_frontend_jinja"
PRODUCT = "Encompass"

#: Heading and paragraphs of a refusal, by its code where we have a better word than by its status.
ERROR_PAGES: dict[str | int, tuple[str, tuple[str, ...]]] = {
    "form-out-of-date": (
        "This page is out of date",
        (
            "Nothing was saved.",
            "Go back, reload the page and send it again. If that does not help, open the link in your message again.",
            "Your browser must allow cookies for this page.",
        ),
    ),
    400: ("This could not be read", ("Nothing was saved.", "Go back and try again.")),
    401: (
        "You need a sign-in link",
        (
            "You are not signed in, or your sign-in has ended.",
            "Ask whoever gave you access for a new link. Each link works once.",
            "If you are here because of a message, open the link in the message instead.",
        ),
    ),
    403: ("You cannot open this page", ("Your sign-in does not include it.",)),
    404: (
        "Page not found",
        ("If you typed the address, check it. If you followed a link, it may have ended.",),
    ),
    413: ("That is too much at once", ("Nothing was saved.", "Go back and enter less.")),
    429: ("Too many attempts", ("Wait a minute, then try again.",)),
    503: ("Not available for a moment", ("Nothing was lost.", "Try again in a minute.")),
}
OTHERWISE = ("Something went wrong", ("It has been recorded on our side.", "Try again in a few minutes."))
REFUSED = "This cannot be done"


@dataclass(frozen=True, slots=True, kw_only=True)
class Navigation:
    """One entry of the staff navigation, for those roles."""

    text: str
    href: str
    roles: frozenset[Role]


class Layout:
    """Renders every page. ``templates`` are the services' own loaders; they come before the frame's templates."""

    def __init__(
        self,
        *,
        assets: Assets,
        cookies: Cookies,
        demo: bool,
        templates: Sequence[BaseLoader] = (),
        navigation: Sequence[Navigation] = (),
    ) -> None:
        self._cookies = cookies
        self._navigation = tuple(navigation)
        self._environment = _environment(templates)
        self._environment.globals.update(asset=assets.url, demo=demo, product=PRODUCT, summary=forms.summary, message=forms.message)

    def public(self, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
        """A page for someone without a staff sign-in. A page with a form needs ``csrf=forms.token(…)``."""
        return self._page(template, status, values)

    def staff(self, request: Request, session: Session, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
        """A page behind sign-in; ``csrf``, ``signed_in`` and ``navigation`` are given to it."""
        given: dict[str, Any] = {
            "csrf": forms.token(self._cookies.read(request, SESSION) or ""),
            "signed_in": session,
            "navigation": self._entries(session.role, request.url.path),
        }
        return self._page(template, status, given | values)

    def error(self, problem: Problem) -> HTMLResponse:
        """The page for a problem: fixed words, in the neutral dress, because who reads it may not be signed in."""
        code, text = problem.named
        heading, paragraphs = ERROR_PAGES.get(code) or ERROR_PAGES.get(problem.status) or OTHERWISE
        if problem.status in (409, 422):
            heading, paragraphs = REFUSED, (text,)
        page = self._page("error.html", problem.status, {"heading": heading, "paragraphs": paragraphs, "error_id": problem.error_id})
        page.headers.update(problem.headers)
        return page

    def entries(self, role: Role) -> list[Navigation]:
        """What a role may go to, in order."""
        return [entry for entry in self._navigation if role in entry.roles]

    def _entries(self, role: Role, path: str) -> list[dict[str, Any]]:
        return [{"text": entry.text, "href": entry.href, "current": entry.href == path} for entry in self.entries(role)]

    def _page(self, template: str, status: int, values: dict[str, Any]) -> HTMLResponse:
        return HTMLResponse(self._environment.get_template(template).render({"errors": ()} | values), status)


def _environment(templates: Sequence[BaseLoader]) -> Environment:
    environment = Environment(
        loader=ChoiceLoader([*templates, PackageLoader("shared.web"), _Macros()]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        bytecode_cache=_COMPILED,
    )
    environment.filters.update(when=words.when, day=words.day)
    return environment


class _Compiled(BytecodeCache):
    """A template is compiled once for the process, however many layouts there are: Jinja takes a third of a second for a page's macros."""

    def __init__(self) -> None:
        self._by_key: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if (code := self._by_key.get(bucket.key)) is not None:
            bucket.bytecode_from_string(code)  # which leaves out what was compiled from another source

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._by_key[bucket.key] = bucket.bytecode_to_string()


_COMPILED = _Compiled()


@cache
def _lenient() -> Environment:
    return Environment(loader=PrefixLoader({MACROS: PackageLoader(MACROS)}), autoescape=True, cache_size=-1)


class _Macros(BaseLoader):
    """GOV.UK's macros, compiled with Jinja's lenient undefined whoever asks for them."""

    def load(self, environment: Environment, name: str, globals: MutableMapping[str, Any] | None = None) -> Template:  # noqa: A002 — Jinja's word
        return _lenient().get_template(name)

    def get_source(self, environment: Environment, template: str) -> tuple[str, str | None, Callable[[], bool] | None]:
        raise TemplateNotFound(template)
