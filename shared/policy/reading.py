"""Reading one table of a policy document: every problem is collected with its path, and a placeholder stands in for what was wrong."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any

from shared.errors import Refused
from shared.policy.positions import Position

TEXT_MAX = 120
_TEXT = r"[^\x00-\x1f\x7f]+"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing wrong with a document: where (``teams.phone``, ``ladder[2].role``), what, and what to do. Values are not repeated.

    ``position`` is where it stands in a TOML document; a key that is missing is told of at its table.
    """

    path: str
    wrong: str
    remedy: str
    position: Position = field(default_factory=Position)

    def __str__(self) -> str:
        return f"{self.position}: {self.path or 'document'}: {self.wrong}; {self.remedy}"


class PolicyRefused(Refused):
    """The document is not a policy. ``problems`` names everything wrong with it."""

    code = "policy-refused"

    def __init__(self, source: str, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join([f"policy {source} is refused", *(f"{source}:{problem}" for problem in problems)]))
        self.source = source
        self.problems = problems


class Table:
    """One table and its path. ``close`` refuses the keys that nobody asked for."""

    def __init__(self, values: Mapping[str, Any], path: str, problems: list[Problem]) -> None:
        self._values = values
        self._path = path
        self._problems = problems
        self._asked: list[str] = []

    def refuse(self, key: str, wrong: str, remedy: str) -> None:
        """Note a problem at ``key`` of this table, or of the table itself when it is empty."""
        self._problems.append(Problem(path=self._at(key) if key else self._path, wrong=wrong, remedy=remedy))

    def close(self) -> None:
        for key in sorted(set(self._values) - set(self._asked)):
            self.refuse(key[:TEXT_MAX], "not a key of a policy", f"remove or correct it; here are {', '.join(self._asked)}")

    def has(self, key: str) -> bool:
        self._asked.append(key)
        return key in self._values

    def text(self, key: str, *, pattern: str = _TEXT) -> str:
        """A required line of text; an owner has no default."""
        if not self.has(key):
            self.refuse(key, "is missing", "it has no default: give it")
            return ""
        value = self._values[key]
        if not isinstance(value, str) or not value.strip() or len(value) > TEXT_MAX or not re.fullmatch(pattern, value):
            what = f"at most {TEXT_MAX} characters on one line" if pattern == _TEXT else f"text of the form {pattern}"
            self.refuse(key, "is not such a text", f"give {what}")
            return ""
        return value

    def choice(self, key: str, options: Sequence[str], *, default: str | None) -> str:
        """One of ``options``; required when ``default`` is None."""
        if not self.has(key):
            if default is None:
                self.refuse(key, "is missing", f"give one of {', '.join(options)}")
            return default or options[0]
        value = self._values[key]
        if not isinstance(value, str) or value not in options:
            self.refuse(key, "is not a known code", f"give one of {', '.join(options)}")
            return options[0]
        return value

    def codes(self, key: str, *, options: Sequence[str], default: tuple[str, ...]) -> tuple[str, ...]:
        """Some of ``options``, in their order."""
        if not self.has(key):
            return default
        value = self._values[key]
        if not isinstance(value, list) or any(item not in options for item in value):
            self.refuse(key, "is not a list of known codes", f"choose from {', '.join(options)}")
            return default
        return tuple(code for code in options if code in value)

    def yes(self, key: str, *, default: bool) -> bool:
        if not self.has(key):
            return default
        value = self._values[key]
        if not isinstance(value, bool):
            self.refuse(key, "is not true or false", "give true or false, without quotation marks")
            return default
        return value

    def whole(self, key: str, *, default: int, lowest: int, highest: int) -> int:
        value = self._values.get(key, default)
        self._asked.append(key)
        if not isinstance(value, int) or isinstance(value, bool) or not lowest <= value <= highest:
            self.refuse(key, "is not such a number", f"give a whole number from {lowest} to {highest}")
            return default
        return value

    def share(self, key: str) -> float | None:
        """A part from 0 to 1, or None when it is not given."""
        if not self.has(key):
            return None
        value = self._values[key]
        if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= 1:
            self.refuse(key, "is not a share", "give a number from 0.0 to 1.0")
            return 0.0
        return float(value)

    def wall(self, key: str, *, default: time, earliest: time = time.min, latest: time = time.max) -> time:
        """A London wall time in whole minutes: a TOML local time, or text such as 08:30."""
        if not self.has(key):
            return default
        value = self._values[key]
        if isinstance(value, str) and re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", value):
            value = time.fromisoformat(value)
        if not isinstance(value, time) or value.second or value.microsecond or not earliest <= value <= latest:
            between = "" if latest == time.max else f" from {earliest:%H:%M} to {latest:%H:%M}"
            self.refuse(key, "is not such a time of day", f"give hours and minutes such as 08:30:00{between}")
            return default
        return value

    def day(self, key: str) -> date:
        """A required date: a TOML local date, or text such as 2026-09-01."""
        value = self._values.get(key)
        self._asked.append(key)
        if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value):
            try:
                value = date.fromisoformat(value)
            except ValueError:
                value = None
        if not isinstance(value, date) or isinstance(value, datetime):
            self.refuse(key, "is not a date" if key in self._values else "is missing", "give a date such as 2026-09-01")
            return date.max
        return value

    def table(self, key: str, *, required: bool = False) -> "Table":
        if not self.has(key) and required:
            self.refuse(key, "is missing", "it has no default: add the table")
        value = self._values.get(key, {})
        if not isinstance(value, dict):
            self.refuse(key, "is not a table", f"write [{self._at(key)}]")
            value = {}
        return Table(value, self._at(key), self._problems)

    def tables(self, key: str, *, most: int) -> "list[Table] | None":
        """An array of tables, or None when it is not given."""
        if not self.has(key):
            return None
        value = self._values[key]
        if not isinstance(value, list) or len(value) > most or not all(isinstance(item, dict) for item in value):
            self.refuse(key, "is not a list of tables", f"write [[{self._at(key)}]], at most {most} times")
            return None
        return [Table(item, f"{self._at(key)}[{number}]", self._problems) for number, item in enumerate(value)]

    def _at(self, key: str) -> str:
        return f"{self._path}.{key}" if self._path else key
