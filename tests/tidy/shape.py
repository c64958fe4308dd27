"""The shape of the code: lengths, names, docstrings, values; and what a test may not do."""

import ast
from collections.abc import Iterator, Mapping

from tests.tidy.source import Rule, Source, belongs, dotted, imports, planted

FILE_LINES = 300
FUNCTION_LINES = 60
LONGER_FILES: Mapping[str, int] = {
    "migrations/versions/0001_spine.py": 640,  # every table of the first release, as it was: frozen, so nobody edits it
}
"""A ratchet: these are longer for now, and may not grow. Nothing is added without a reason beside it."""
LONGER_FUNCTIONS: Mapping[str, int] = {"migrations/versions/0001_spine.py:upgrade": 620}
"""The same for functions, as ``path:function``."""
NAMELESS = {"util", "utils", "helper", "helpers", "common", "manager", "managers"}
WAITING_ROOMS = ("tests/waiting.py", "tests/servers.py", "tests/benchmarks/load.py")
PATCHING = ("freezegun", "time_machine", "unittest.mock", "mock", "pytest_mock")
WRONG_WORDS: Mapping[str, str] = {
    "alert": "notification",
    "alerts": "notifications",
    "student": "child",
    "students": "children",
    "perpetrator": "adult, in the role of suspect",
    "offender": "adult, in the role of suspect",
    "offenders": "adults, in the role of suspect",
    "tenant": "force or authority",
    "ticket": "review",
    "tickets": "reviews",
    "whitelist": "allowed",
    "blacklist": "blocked",
}
"""Parts of names that would be a second word for a thing that has one, and that word."""


def lengths(source: Source) -> Iterator[tuple[int, str]]:
    """Files and functions that fit into a head; an inner function counts for itself, not for the one around it."""
    if not source.is_python:
        return
    lines = len(source.text.splitlines())
    if lines > LONGER_FILES.get(source.path, FILE_LINES):
        yield FILE_LINES + 1, f"{lines} lines; at most {LONGER_FILES.get(source.path, FILE_LINES)}"
    for node in ast.walk(source.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            limit = LONGER_FUNCTIONS.get(f"{source.path}:{node.name}", FUNCTION_LINES)
            if (own := _own_lines(node)) > limit:
                yield node.lineno, f"{node.name} has {own} lines; at most {limit}"


def _own_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    inner = [node for node in ast.walk(function) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node is not function]
    outermost = [node for node in inner if not any(other is not node and _contains(other, node) for other in inner)]
    return _span(function) - sum(_span(node) for node in outermost)


def _span(node: ast.stmt) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def _contains(outer: ast.stmt, inner: ast.stmt) -> bool:
    return outer.lineno <= inner.lineno and (inner.end_lineno or 0) <= (outer.end_lineno or 0)


def names(source: Source) -> Iterator[tuple[int, str]]:
    """A file is named for what is in it."""
    for part in source.path.split("/"):
        if NAMELESS & set(part.split(".")[0].lower().split("_")):
            yield 1, f"{part!r} does not say what is in it"


def docstrings(source: Source) -> Iterator[tuple[int, str]]:
    """Every module says what its room is for."""
    if source.is_python and ast.get_docstring(source.tree) is None:
        yield 1, "no docstring"


def values(source: Source) -> Iterator[tuple[int, str]]:
    """Dataclasses are values: frozen, slotted, and made by keywords (but for a single field); a room's private ones are its own."""
    if not source.is_product:
        return
    for node in ast.walk(source.tree):
        if not isinstance(node, ast.ClassDef) or node.name.startswith("_"):
            continue
        for decorator in node.decorator_list:
            called = decorator.func if isinstance(decorator, ast.Call) else decorator
            if dotted(called).rsplit(".", 1)[-1] == "dataclass" and (lacking := _wanted(node) - _switched_on(decorator)):
                yield node.lineno, f"{node.name} lacks {', '.join(sorted(lacking))}"


def _wanted(value: ast.ClassDef) -> set[str]:
    fields = [node for node in value.body if isinstance(node, ast.AnnAssign)]
    return {"frozen", "slots", "kw_only"} if len(fields) > 1 else {"frozen", "slots"}


def _switched_on(decorator: ast.expr) -> set[str]:
    keywords = decorator.keywords if isinstance(decorator, ast.Call) else []
    return {word.arg for word in keywords if word.arg and isinstance(word.value, ast.Constant) and word.value.value is True}


def one_word(source: Source) -> Iterator[tuple[int, str]]:
    """Names that we give use the house's words; names that a library gave us are its own."""
    if not source.is_product:
        return
    for node in ast.walk(source.tree):
        for name in _given(node):
            for part in _parts(name):
                if part in WRONG_WORDS:
                    yield getattr(node, "lineno", 1), f"{name}: say {WRONG_WORDS[part]}"


def _given(node: ast.AST) -> list[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [node.name]
    if isinstance(node, ast.arg):
        return [node.arg]
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        return [node.id]
    return []


def _parts(name: str) -> list[str]:
    spaced = "".join(f"_{letter.lower()}" if letter.isupper() and not name.isupper() else letter.lower() for letter in name)
    return spaced.split("_")


def honest_tests(source: Source) -> Iterator[tuple[int, str]]:
    """A test neither sleeps nor patches: it moves a clock, and it gives what the code asks for."""
    if not source.is_python or not source.path.startswith("tests/") or source.within(WAITING_ROOMS):
        return
    for line, module in imports(source.tree):
        if any(belongs(module, library) for library in PATCHING):
            yield line, f"patches with {module}"
    for node in ast.walk(source.tree):
        if isinstance(node, ast.arg) and node.arg in ("monkeypatch", "mocker"):
            yield node.lineno, f"patches with {node.arg}"
        if isinstance(node, ast.Call) and _sleeps(node):
            yield node.lineno, "sleeps; waiting for another process is tests/waiting.py's, business time is a clock's"


def _sleeps(call: ast.Call) -> bool:
    """``asyncio.sleep(0)`` only lets others run, and is not a sleep."""
    said = dotted(call.func)
    gives_way = bool(call.args) and isinstance(call.args[0], ast.Constant) and call.args[0].value == 0
    return said == "time.sleep" or (said in ("asyncio.sleep", "anyio.sleep") and not gives_way)


_LONG = "\n".join(["def f():", *["    x = 1"] * FUNCTION_LINES])
_NESTED = "\n".join(["def build():", *["    def a():", *["        x = 1"] * 40] * 2])
RULES = (
    Rule(
        name="lengths",
        why="what does not fit into a head is not reviewed; split it, or lower its line in the ratchet, never raise it",
        check=lengths,
        planted=(planted("shared/x.py", "x = 1\n" * (FILE_LINES + 1)), planted("shared/x.py", _LONG)),
        allowed=(planted("shared/x.py", "x = 1\n" * FILE_LINES), planted("shared/x.py", _NESTED)),
    ),
    Rule(
        name="names",
        why="a file with a name that fits everything gets everything",
        check=names,
        planted=(planted("shared/utils.py", ""), planted("shared/common/days.py", ""), planted("tests/test_helpers.py", "")),
        allowed=(planted("shared/calendar/days.py", ""),),
    ),
    Rule(
        name="docstrings",
        why="the reader came for what the room is for",
        check=docstrings,
        planted=(planted("shared/x.py", "x = 1"),),
        allowed=(planted("shared/x.py", '"""Something."""'),),
    ),
    Rule(
        name="values",
        why="a value that can change under a reader's hands, or be built by position, is a wrong child waiting to happen",
        check=values,
        planted=(
            planted("shared/x.py", "@dataclass\nclass A: ..."),
            planted("shared/x.py", "@dataclasses.dataclass(frozen=True, slots=True)\nclass A:\n    x: int\n    y: int"),
        ),
        allowed=(
            planted("shared/x.py", "@dataclass(frozen=True, slots=True, kw_only=True)\nclass A:\n    x: int\n    y: int"),
            planted("shared/x.py", "@dataclass(frozen=True, slots=True)\nclass A:\n    x: int"),
            planted("shared/x.py", "@dataclass\nclass _Line: ..."),
        ),
    ),
    Rule(
        name="one-word",
        why="two words for one thing are two things to the next reader (the glossary is the code's)",
        check=one_word,
        planted=(planted("shared/x.py", "def send_alert(): ..."), planted("shared/x.py", "class StudentRecord: ...")),
        allowed=(planted("shared/x.py", "def alertness(): ..."), planted("shared/x.py", "role = 'alert'\nbus.alert()")),
    ),
    Rule(
        name="honest-tests",
        why="a sleeping test is slow and still wrong on a busy machine; a patched one proves the patch",
        check=honest_tests,
        planted=(
            planted("tests/test_x.py", "import time\ntime.sleep(1)"),
            planted("tests/test_x.py", "async def test_x(): await asyncio.sleep(0.1)"),
            planted("tests/test_x.py", "def test_x(monkeypatch): ..."),
            planted("tests/test_x.py", "from unittest.mock import patch"),
        ),
        allowed=(planted("tests/test_x.py", "async def test_x(): await asyncio.sleep(0)"), planted("tests/waiting.py", "time.sleep(1)")),
    ),
)
