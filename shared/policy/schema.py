"""The JSON Schema of a policy document, drawn from the reading of one: what is asked of a document is what the schema says of it.

A schema knows shapes. What two keys must agree in, and that no hour is without a team, is said by ``encompass policy check`` alone.
"""

from collections.abc import Sequence
from datetime import date, time
from typing import Any

from shared.policy.document import read
from shared.policy.reading import TEXT_MAX, Table

URI = "https://json-schema.org/draft/2020-12/schema"
TITLE = "A policy of Encompass"
_WALL = r"^([01]\d|2[0-3]):[0-5]\d(:00)?$"
_DATE = r"^\d{4}-\d{2}-\d{2}$"

Schema = dict[str, Any]


def schema() -> Schema:
    """The schema of a document read as TOML, with its dates and times of day as text in ISO form."""
    drawn = _Drawn()
    read(drawn)
    return {"$schema": URI, "title": TITLE, **drawn.schema()}


class _Drawn(Table):
    """A table without values: it notes what is asked for. What is asked for behind ``has`` may be left out."""

    def __init__(self) -> None:
        super().__init__({}, "", [])
        self._keys: dict[str, Schema] = {}
        self._inner: dict[str, _Drawn] = {}
        self._optional: set[str] = set()
        self._required: set[str] = set()

    def schema(self) -> Schema:
        """What has been noted."""
        keys = {key: self._merged(key, said) for key, said in self._keys.items()}
        required = [key for key in self._keys if key in self._required - self._optional]
        return {"type": "object", "properties": keys, "additionalProperties": False} | ({"required": required} if required else {})

    def _merged(self, key: str, said: Schema) -> Schema:
        if key not in self._inner:
            return said
        inner = self._inner[key].schema()
        return said | {"items": inner} if said.get("type") == "array" else inner

    def _note(self, key: str, said: Schema, *, required: bool = False) -> None:
        self._keys[key] = said
        if required:
            self._required.add(key)

    def refuse(self, key: str, wrong: str, remedy: str) -> None:
        """There is nothing to refuse."""

    def close(self) -> None:
        """No key is unknown."""

    def has(self, key: str) -> bool:
        self._optional.add(key)
        return True

    def text(self, key: str, *, pattern: str = "") -> str:
        form = {"pattern": f"^{pattern}$"} if pattern else {"pattern": r"^(?=.*\S)[^\x00-\x1f\x7f]+$"}
        self._note(key, {"type": "string", "minLength": 1, "maxLength": TEXT_MAX, **form}, required=True)
        return "x"

    def choice(self, key: str, options: Sequence[str], *, default: str | None) -> str:
        said: Schema = {"enum": [str(option) for option in options]} | ({} if default is None else {"default": str(default)})
        self._note(key, said, required=default is None)
        return str(default or options[0])

    def codes(self, key: str, *, options: Sequence[str], default: tuple[str, ...]) -> tuple[str, ...]:
        items = {"enum": [str(option) for option in options]}
        self._note(key, {"type": "array", "items": items} | ({"default": [str(code) for code in default]} if default else {}))
        return default

    def yes(self, key: str, *, default: bool) -> bool:
        self._note(key, {"type": "boolean", "default": default})
        return default

    def whole(self, key: str, *, default: int, lowest: int, highest: int) -> int:
        self._note(key, {"type": "integer", "minimum": lowest, "maximum": highest, "default": default})
        return default

    def share(self, key: str) -> float | None:
        self._note(key, {"type": "number", "minimum": 0, "maximum": 1})
        return None

    def wall(self, key: str, *, default: time, earliest: time = time.min, latest: time = time.max) -> time:
        bounds = "" if latest == time.max else f" from {earliest:%H:%M} to {latest:%H:%M}"
        said = {"type": "string", "pattern": _WALL, "default": f"{default:%H:%M}", "description": f"A London time of day{bounds}"}
        self._note(key, said)
        return default

    def day(self, key: str) -> date:
        self._note(key, {"type": "string", "format": "date", "pattern": _DATE}, required=True)
        return date.max

    def table(self, key: str, *, required: bool = False) -> Table:
        self._note(key, {"type": "object"}, required=required)
        return self._inner.setdefault(key, _Drawn())

    def tables(self, key: str, *, most: int) -> list[Table] | None:
        self._note(key, {"type": "array", "maxItems": most})
        return [self._inner.setdefault(key, _Drawn())]
