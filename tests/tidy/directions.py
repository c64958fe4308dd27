"""Who may import whom (design: the dependency rule), and which rooms are pure."""

import ast
from collections.abc import Iterator

from tests.tidy.source import Rule, Source, belongs, imports, planted

RANKS = {
    "domain": 0,
    "store": 1,
    "handlers": 2,
    "keys": 2,
    "roll": 2,
    "visits": 2,
    "calls": 2,
    "loops": 2,
    "api": 3,
    "pages": 3,
    "channels": 3,
    "__init__": 4,
}
"""A service's rooms from the inside out. A new kind of room is a decision: give it a rank here."""
ABOVE = ("commands", "demo", "rehearsal")
PURE = ("services/*/domain.py", "services/*/domain/*", "shared/calendar/*", "shared/outcome/*")
IMPURE = """
    asyncio random secrets uuid time os io sys pathlib tempfile shutil subprocess socket threading logging importlib sqlite3 urllib.request
    http sqlalchemy aio_pika httpx fastapi starlette structlog cryptography aiosmtplib typer rich jinja2 services.__main__
    shared.clock shared.settings shared.log shared.ids shared.run shared.db shared.bus shared.web
"""


def room(path: str) -> tuple[str, str] | None:
    """The service and the room of a file: ``services/router/pages_review.py`` is router's ``pages``. None outside the services.

    ``services/commands``, ``services/demo`` and ``services/rehearsal`` are no services: they stand above all of them.
    """
    parts = path.removesuffix(".py").split("/")
    if parts[0] != "services" or len(parts) < 3 or parts[1] in ABOVE:
        return None
    name = parts[2]
    return parts[1], name if name.startswith("__") else name.split("_")[0]


def known_rooms(source: Source) -> Iterator[tuple[int, str]]:
    """Every file of a service stands in a room that has a rank."""
    if source.is_python and (place := room(source.path)) and place[1] not in RANKS:
        yield 1, f"services/{place[0]} has no room called {place[1]!r}; the rooms are {', '.join(RANKS)}"


def inward(source: Source) -> Iterator[tuple[int, str]]:
    """Within a service, imports point inwards."""
    place = room(source.path) if source.is_python else None
    if place is None or place[1] not in RANKS:
        return
    service, own = place
    for line, module in imports(source.tree):
        parts = module.split(".")
        if parts[:2] != ["services", service] or len(parts) < 3:
            continue
        other = parts[2] if parts[2].startswith("__") else parts[2].split("_")[0]
        if RANKS.get(other, -1) > RANKS[own]:
            yield line, f"{own} imports {other}"


def apart(source: Source) -> Iterator[tuple[int, str]]:
    """Services do not know each other, shared knows no service, and nothing in service knows a test."""
    if not source.is_product:
        return
    place = room(source.path)
    for line, module in imports(source.tree):
        parts = module.split(".")
        if parts[0] in ("tests", "deploy"):
            yield line, f"the product imports {parts[0]}"
        if parts[0] != "services":
            continue
        if not source.path.startswith("services/"):
            yield line, f"{source.path.split('/')[0]} imports {module}"
        elif place is not None and len(parts) > 1 and parts[1] != place[0]:
            yield line, f"{place[0]} imports {module}"


def pure(source: Source) -> Iterator[tuple[int, str]]:
    """A pure room computes: it does not wait, look at the clock, roll dice, read its surroundings or touch anything."""
    if not source.is_python or not source.within(PURE):
        return
    for line, module in imports(source.tree):
        if any(belongs(module, library) for library in IMPURE.split()):
            yield line, f"a pure room imports {module}"
    for node in ast.walk(source.tree):
        if isinstance(node, ast.AsyncFunctionDef | ast.Await | ast.AsyncFor | ast.AsyncWith):
            yield node.lineno, "a pure room waits (async)"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("open", "print", "input"):
            yield node.lineno, f"a pure room calls {node.func.id}()"


RULES = (
    Rule(
        name="rooms",
        why="who knows one service finds any line in the others; a room without a rank escapes the dependency rule",
        check=known_rooms,
        planted=(planted("services/router/wiring.py", ""),),
        allowed=(
            planted("services/router/pages_review.py", ""),
            planted("services/router/domain/evidence.py", ""),
            planted("services/demo.py", ""),
        ),
    ),
    Rule(
        name="inward",
        why="domain <- store <- handlers, loops <- api, pages, channels <- __init__: what is read without a database is proven without one",
        check=inward,
        planted=(
            planted("services/router/domain/deadline.py", "from services.router.store import x"),
            planted("services/router/domain/deadline.py", "from services.router import store"),
            planted("services/notifier/loops.py", "import services.notifier.channels.smtp"),
            planted("services/ingest/store.py", "from services.ingest.handlers import x"),
            planted("services/ingest/api.py", "from services.ingest import __init__"),
        ),
        allowed=(
            planted("services/ingest/api.py", "from services.ingest.handlers import x\nfrom services.ingest.domain import y"),
            planted("services/ingest/__init__.py", "from services.ingest import api"),
        ),
    ),
    Rule(
        name="apart",
        why="services meet in shared/events only, so that each can be started, stopped, replaced and understood alone",
        check=apart,
        planted=(
            planted("services/router/handlers.py", "from services.ingest.store import x"),
            planted("services/router/handlers.py", "from services import ingest"),
            planted("shared/bus/relay.py", "import services.router"),
            planted("shared/bus/relay.py", "from tests.parts import found"),
        ),
        allowed=(
            planted("services/__main__.py", "from services import ingest"),
            planted("services/commands/directory.py", "from services.console.handlers import x"),
            planted("services/router/handlers.py", "from services.router.store import x\nfrom shared.events import y"),
        ),
    ),
    Rule(
        name="pure",
        why="deadlines, ladders and matches are the same on every replay, and testable for every minute of five years: now is an argument",
        check=pure,
        planted=(
            planted("services/router/domain/deadline.py", "async def f(): ..."),
            planted("services/router/domain.py", "import random"),
            planted("shared/calendar/days.py", "from shared.clock import SystemClock"),
            planted("shared/calendar/days.py", "from shared import settings"),
            planted("shared/calendar/days.py", "def f(): return open('x')"),
        ),
        allowed=(
            planted("services/router/domain/deadline.py", "from datetime import date\nfrom shared.calendar import school_day\nimport math"),
            planted("services/router/store.py", "async def f(): ..."),
        ),
    ),
)
