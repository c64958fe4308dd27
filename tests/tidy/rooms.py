"""One room for each library and for each word (design: the dependency rule)."""

import ast
from collections.abc import Iterator, Mapping

from tests.tidy.source import Rule, Source, belongs, dotted, imports, planted

STORES = ("services/*/store.py", "services/*/store_*.py", "services/*/store/*")
WEB = (
    "services/*/api.py",
    "services/*/api_*.py",
    "services/*/pages.py",
    "services/*/pages_*.py",
    "services/*/pages/*",
    "shared/web/*",
    "shared/run.py",
    "services/composition.py",
    "shared/service.py",  # says what a service is: among other things, its routers
)
LIBRARIES: Mapping[str, tuple[str, ...]] = {
    "sqlalchemy": (
        *STORES,
        "shared/db/*",
        "shared/bus/*",
        "shared/vault/store*.py",
        "shared/report/store.py",
        "shared/directory/*",
        "shared/directory.py",
        "shared/web/sessions.py",
        "migrations/*",
    ),
    "alembic": ("shared/db/*", "migrations/*"),
    "asyncpg": ("shared/db/*",),
    "aiosqlite": ("shared/db/*",),
    "sqlite3": ("shared/db/*",),
    "aio_pika": ("shared/bus/rabbit*.py",),
    "aiormq": ("shared/bus/rabbit*.py",),
    "httpx": ("services/*/channels/*", "*client*.py"),
    "aiosmtplib": ("services/notifier/channels/*",),
    "fastapi": WEB,
    "starlette": WEB,
    "uvicorn": ("shared/run.py", "shared/web/*", "services/commands/serve.py"),
    "cryptography": ("shared/vault/*",),
    "structlog": ("shared/log.py",),
    "logging": ("shared/log.py",),
    "random": (),
    "secrets": ("shared/ids.py", "shared/vault/*"),
    "uuid": ("shared/ids.py", "shared/vault/*"),
    "sqlalchemy.orm": (),
    "sqlalchemy.dialects": ("shared/db/*",),
}
"""Each library and the only rooms that may import it; without a room, nobody may."""

WORDS: Mapping[str, tuple[str, ...]] = {
    "datetime.now": ("shared/clock.py",),
    "datetime.utcnow": ("shared/clock.py",),
    "datetime.today": ("shared/clock.py",),
    "date.today": ("shared/clock.py",),
    "time.time": ("shared/clock.py",),
    "time.monotonic": ("shared/clock.py",),
    "time.perf_counter": ("shared/clock.py",),
    "time.sleep": (),
    "os.environ": ("shared/settings.py",),
    "os.getenv": ("shared/settings.py",),
    "os.urandom": ("shared/ids.py", "shared/vault/*"),
}
"""Each dotted word (the ends of it count: ``datetime.datetime.now`` too) and the only rooms that may say it."""

OUTLIVING = ("shared/bus/delivery.py", "shared/run.py", "shared/web/problems.py", "services/router/handlers_defects.py")
"""A poisoned fact, a loop's turn, a request gone wrong and a child whom the rules fail end here: recorded as a code, without anything of
the input."""
DIALECTS = ("sqlite", "postgresql")
MODULE_LEVEL = ("create_async_engine", "create_engine", "AsyncClient", "Settings", "FastAPI", "APIRouter", "Database", "SystemClock")
ROUTE_WORDS = (
    "get",
    "post",
    "put",
    "patch",
    "delete",
    "head",
    "route",
    "middleware",
    "exception_handler",
    "on_event",
    "subscriber",
    "listens_for",
)


def libraries(source: Source) -> Iterator[tuple[int, str]]:
    """Each library in its room."""
    if not source.is_product:
        return
    for line, module in imports(source.tree):
        for library, rooms in LIBRARIES.items():
            if belongs(module, library) and not source.within(rooms):
                yield line, f"{module} belongs in {', '.join(rooms) or 'no room'}"
                break


def words(source: Source) -> Iterator[tuple[int, str]]:
    """Each word in its room."""
    if not source.is_product:
        return
    for node in ast.walk(source.tree):
        said = dotted(node) if isinstance(node, ast.Attribute) else ""
        for word, rooms in WORDS.items():
            if belongs_at_end(said, word) and not source.within(rooms):
                yield node.lineno if isinstance(node, ast.expr) else 1, f"{word} belongs in {', '.join(rooms) or 'no room'}"


def belongs_at_end(said: str, word: str) -> bool:
    """Whether a dotted name is the word or ends in it."""
    return said == word or said.endswith("." + word)


def database_words(source: Source) -> Iterator[tuple[int, str]]:
    """Committing and knowing which database it is are shared/db's. Alembic hands a migration its dialect; a URL's scheme is a setting."""
    if not source.is_product or source.within(("shared/db/*", "migrations/*", "shared/settings.py")):
        return
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Attribute) and node.attr in ("commit", "rollback", "dialect"):
            yield node.lineno, f".{node.attr} belongs in shared/db"
        if isinstance(node, ast.Constant) and node.value in DIALECTS:
            yield node.lineno, f"the dialect's name {node.value!r} belongs in shared/db"


def broad_catches(source: Source) -> Iterator[tuple[int, str]]:
    """Only the places that must outlive anything keep what they caught; who ends with a bare ``raise`` keeps nothing."""
    if not source.is_product or source.within(OUTLIVING):
        return
    for node in ast.walk(source.tree):
        if isinstance(node, ast.ExceptHandler) and not _raises_again(node):
            caught = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
            if any(kind is None or dotted(kind) in ("Exception", "BaseException") for kind in caught):
                yield node.lineno, "catches everything; name the error"


def _raises_again(handler: ast.ExceptHandler) -> bool:
    last = handler.body[-1]
    return isinstance(last, ast.Raise) and last.exc is None


def module_state(source: Source) -> Iterator[tuple[int, str]]:
    """Importing a module makes nothing and registers nothing."""
    if not source.is_product:
        return
    for node in source.tree.body:
        if isinstance(node, ast.Assign | ast.AnnAssign | ast.Expr) and isinstance(node.value, ast.Call):
            made = dotted(node.value.func).rsplit(".", 1)[-1]
            if made in MODULE_LEVEL:
                yield node.lineno, f"{made}() at module level"
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            for decorator in node.decorator_list:
                called = decorator.func if isinstance(decorator, ast.Call) else decorator
                if isinstance(called, ast.Attribute) and called.attr in ROUTE_WORDS:
                    yield node.lineno, f"{node.name} is registered by a decorator at module level"


RULES = (
    Rule(
        name="libraries",
        why="a library with one room can be replaced, faked and audited in one place",
        check=libraries,
        planted=(
            planted("services/router/handlers.py", "import sqlalchemy as sa"),
            planted("services/router/store.py", "from sqlalchemy.orm import Session"),
            planted("services/router/store.py", "from sqlalchemy import orm"),
            planted("shared/bus/relay.py", "import aio_pika"),
            planted("services/router/handlers.py", "from fastapi import Request"),
            planted("services/ingest/handlers.py", "import uuid"),
        ),
        allowed=(
            planted("services/router/store.py", "import sqlalchemy as sa"),
            planted("shared/bus/rabbit.py", "import aio_pika"),
            planted("services/router/pages_review.py", "from fastapi import Request"),
            planted("shared/ids.py", "import uuid"),
            planted("tests/parts.py", "import aio_pika"),
        ),
    ),
    Rule(
        name="words",
        why="time, the environment and randomness come in through one door each, so that a test can stand in it",
        check=words,
        planted=(
            planted("services/router/handlers.py", "from datetime import datetime\nx = datetime.now(None)"),
            planted("services/router/handlers.py", "import datetime\nx = datetime.datetime.now(None)"),
            planted("shared/run.py", "import os\nx = os.environ['X']"),
            planted("shared/run.py", "import os\nx = os.getenv('X')"),
            planted("shared/clock.py", "import time\ntime.sleep(1)"),
        ),
        allowed=(
            planted("shared/clock.py", "from datetime import datetime\nx = datetime.now(None)"),
            planted("services/router/handlers.py", "x = clock.now()"),
        ),
    ),
    Rule(
        name="database-words",
        why="one commit is one place where a fact becomes true; one room that knows the dialect keeps embedded and full the same (D1, D8)",
        check=database_words,
        planted=(
            planted("services/router/store.py", "async def f(c): await c.commit()"),
            planted("services/router/store.py", "def f(c): return c.dialect.name"),
            planted("shared/bus/relay.py", "if kind == 'sqlite': pass"),
        ),
        allowed=(
            planted("shared/db/transaction.py", "async def f(c): await c.commit()"),
            planted("services/router/store.py", "'sqlite is a word'"),
        ),
    ),
    Rule(
        name="broad-catches",
        why="a caught-away error is a child that nobody hears of; only delivery, the runner and the last wall of HTTP outlive anything",
        check=broad_catches,
        planted=(
            planted("shared/bus/relay.py", "try: pass\nexcept Exception: pass"),
            planted("shared/bus/relay.py", "try: pass\nexcept (OSError, Exception): pass"),
            planted("shared/bus/relay.py", "try: pass\nexcept: pass"),
        ),
        allowed=(
            planted("shared/bus/delivery.py", "try: pass\nexcept Exception: pass"),
            planted("shared/bus/relay.py", "try: pass\nexcept (OSError, ValueError): pass"),
            planted("shared/db/database.py", "try: pass\nexcept BaseException:\n    undo()\n    raise"),
        ),
    ),
    Rule(
        name="module-state",
        why="what is made at import cannot be given: a second one for a test, a tenant or another event loop becomes impossible",
        check=module_state,
        planted=(
            planted("shared/db/engine.py", "engine = create_async_engine('x')"),
            planted("services/ingest/api.py", "@app.get('/')\ndef index(): ..."),
            planted("services/ingest/api.py", "router: APIRouter = fastapi.APIRouter()"),
        ),
        allowed=(
            planted("services/ingest/api.py", "def build(app):\n    @app.get('/')\n    def index(): ..."),
            planted("services/__main__.py", "cli = typer.Typer()\n@cli.command()\ndef serve(): ..."),
        ),
    ),
)
