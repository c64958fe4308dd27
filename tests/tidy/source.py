"""What a rule sees and says: a source file, a violation, a rule; and what the rules share in reading Python."""

import ast
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cached_property


@dataclass(frozen=True, kw_only=True)
class Source:
    """One file of the repository: its path from the top, with slashes, and its text."""

    path: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        """The parsed text; only for Python."""
        return ast.parse(self.text)

    @property
    def is_python(self) -> bool:
        return self.path.endswith(".py")

    @property
    def is_product(self) -> bool:
        """Python that runs in service, as against tests and set-up."""
        return self.is_python and self.path.startswith(("services/", "shared/", "migrations/"))

    def within(self, rooms: Iterable[str]) -> bool:
        """Whether the path matches one of these patterns; ``*`` matches slashes too."""
        return any(fnmatchcase(self.path, room) for room in rooms)


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """A rule broken at a line."""

    path: str
    line: int
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """``check`` yields (line, what) for one file; ``why`` is told with every violation. The planted files prove that it can fail."""

    name: str
    why: str
    check: Callable[[Source], Iterator[tuple[int, str]]]
    planted: tuple[Source, ...] = field(default=())
    """Each must be reported."""
    allowed: tuple[Source, ...] = field(default=())
    """None may be reported."""

    def violations(self, sources: Iterable[Source]) -> list[Violation]:
        """Everything in these files that breaks the rule."""
        return [Violation(path=source.path, line=line, what=what) for source in sources for line, what in self.check(source)]


def planted(path: str, text: str) -> Source:
    """A made-up file for a rule's own test."""
    return Source(path=path, text=text)


def imports(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Every imported module, with its line; ``from a import b`` counts as ``a`` and as ``a.b``, which may be a module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            yield node.lineno, node.module
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def belongs(module: str, package: str) -> bool:
    """Whether ``module`` is ``package`` or inside it."""
    return module == package or module.startswith(package + ".")


def dotted(node: ast.AST) -> str:
    """``a.b.c`` of an attribute chain, or nothing."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and (before := dotted(node.value)):
        return f"{before}.{node.attr}"
    return ""
