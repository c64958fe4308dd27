"""Where in a TOML document each of its keys stands, so that a fault is told with its line. ``tomllib`` reads values and forgets places.

    positions('[teams]\\nreview = "hub"\\n')   → {"teams": 1:2, "teams.review": 2:1}

The document has been read by ``tomllib`` before: what follows relies on its being TOML, and finds its way by the first characters.
"""

import re
from dataclasses import dataclass

_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_STRING = re.compile(
    r'"""(?:[^\\]|\\.)*?"""(?:"{0,2})|' + r"'''.*?'''(?:'{0,2})|" + r'"(?:[^"\\\n]|\\.)*"|' + r"'[^'\n]*'",
    re.DOTALL,
)
_SCALAR = re.compile(r"[^,\]}#\n]*")
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))")
_ESCAPED = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r", '"': '"', "\\": "\\"}

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """Both from 1; the column counts characters."""

    line: int = 1
    column: int = 1

    def __str__(self) -> str:
        return f"{self.line}:{self.column}"


def positions(document: str) -> dict[str, Position]:
    """Each key's position by its path as ``Problem.path`` writes it: ``teams.phone``, ``ladder[2].role``. A key that is named several times
    (the header of a table, and a dotted key in it) stands where it is named first; an item of a list where it begins.
    """
    scan = _Scan(document.removeprefix("\ufeff"))
    scan.document()
    return {_text(path): scan.position(at) for path, at in scan.found.items()}


def place(found: dict[str, Position], path: str) -> Position:
    """Where ``path`` stands, or the nearest table around it that is there: a missing key's fault is told at its table."""
    while path and path not in found:
        cut = max(path.rfind("."), path.rfind("["))
        path = path[:cut] if cut > 0 else ""
    return found.get(path, Position())


class _Scan:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.found: dict[Path, int] = {}
        self._lists: dict[Path, int] = {}

    def position(self, at: int) -> Position:
        before = self.text.rfind("\n", 0, at) + 1
        return Position(line=self.text.count("\n", 0, at) + 1, column=at - before + 1)

    def document(self) -> None:
        table: Path = ()
        self._skip(_BLANK)
        while self.at < len(self.text):
            if self.text.startswith("[", self.at):
                table = self._header()
            else:
                self._pair(table)
            self._skip(_BLANK)

    def _header(self) -> Path:
        is_list = self.text.startswith("[[", self.at)
        self.at += 2 if is_list else 1
        *way, last = self._keys()
        table: Path = ()
        for key, at in way:
            table = self._within(self._note((*table, key), at))
        key, at = last
        table = self._note((*table, key), at)
        if is_list:
            self._lists[table] = self._lists.get(table, -1) + 1
            table = self._note((*table, self._lists[table]), at)
        self.at = self.text.index("]", self.at) + (2 if is_list else 1)
        return table

    def _within(self, path: Path) -> Path:
        """The last item of a list of tables, when that is what the path names."""
        return (*path, self._lists[path]) if path in self._lists else path

    def _pair(self, table: Path) -> None:
        for key, at in self._keys():
            table = self._note((*table, key), at)
        self.at = self.text.index("=", self.at) + 1
        self._value(table)

    def _keys(self) -> list[tuple[str, int]]:
        found: list[tuple[str, int]] = []
        while True:
            self._skip(_SPACE)
            at = self.at
            quoted = _STRING.match(self.text, at)
            matched = quoted or _BARE.match(self.text, at)
            assert matched is not None, "the document is not TOML"
            self.at = matched.end()
            found.append((_unquoted(matched[0]) if quoted else matched[0], at))
            self._skip(_SPACE)
            if not self.text.startswith(".", self.at):
                return found
            self.at += 1

    def _value(self, path: Path) -> None:
        self._skip(_SPACE)
        if self.text.startswith("[", self.at):
            self._items(path)
        elif self.text.startswith("{", self.at):
            self._inline(path)
        else:
            self._skip(_STRING if self.text[self.at] in "\"'" else _SCALAR)

    def _items(self, path: Path) -> None:
        self.at += 1
        number = 0
        while self._more("]"):
            self._value(self._note((*path, number), self.at))
            number += 1

    def _inline(self, path: Path) -> None:
        self.at += 1
        while self._more("}"):
            self._pair(path)

    def _more(self, end: str) -> bool:
        """Go to the next item of a list or an inline table; False, behind its end, when there is none."""
        self._skip(_BLANK)
        if self.text.startswith(",", self.at):
            self.at += 1
            self._skip(_BLANK)
        if self.text.startswith(end, self.at):
            self.at += 1
            return False
        return True

    def _note(self, path: Path, at: int) -> Path:
        self.found.setdefault(path, at)
        return path

    def _skip(self, pattern: re.Pattern[str]) -> None:
        matched = pattern.match(self.text, self.at)
        if matched is not None:
            self.at = matched.end()


def _unquoted(text: str) -> str:
    if text[0] == "'":
        return text[1:-1]
    return _ESCAPE.sub(lambda one: chr(int(one[1] or one[2], 16)) if one[1] or one[2] else _ESCAPED.get(one[3], one[3]), text[1:-1])


def _text(path: Path) -> str:
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text
