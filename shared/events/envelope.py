"""A fact with what identifies it, and the way both go over a wire: CloudEvents 1.0."""

import types
import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any

from shared.events.base import Fact
from shared.events.registry import BY_TYPE, SUBSCRIBERS


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """A fact with what identifies it: ``id`` is unique for ever; ``source`` is the service that states it."""

    id: str
    source: str
    time: datetime
    fact: Fact

    @property
    def type(self) -> str:
        return self.fact.TYPE


def subscribed(service: str) -> tuple[str, ...]:
    """The fact types that ``service`` handles."""
    return tuple(fact_type for fact_type, services in SUBSCRIBERS.items() if service in services)


def to_data(fact: Fact) -> dict[str, Any]:
    """The fact as JSON values: instants as RFC 3339 in UTC, tuples as lists."""
    return {field.name: _plain(getattr(fact, field.name)) for field in fields(fact)}


def from_data(fact_type: str, version: int, data: Mapping[str, Any]) -> Fact:
    """The fact that ``to_data`` made. Raises KeyError for an unknown type, ValueError for an unknown version or a missing field.

    Fields that this program does not know are ignored, so an older program reads a newer minor addition.
    """
    kind = BY_TYPE[fact_type]
    if version != kind.VERSION:
        raise ValueError(f"{fact_type} version {version} is not known here")
    hints = _hints(kind)
    try:
        return kind(**{name: _typed(hint, data[name]) for name, hint in hints.items() if name in data})
    except TypeError as error:
        raise ValueError(f"{fact_type} lacks a field") from error


def dump(envelopes: Sequence[Envelope]) -> list[dict[str, Any]]:
    """The envelopes in CloudEvents' JSON form."""
    return [
        {
            "specversion": "1.0",
            "id": envelope.id,
            "source": f"/encompass/{envelope.source}",
            "type": f"{envelope.type}.v{envelope.fact.VERSION}",
            "subject": envelope.fact.subject,
            "time": _plain(envelope.time),
            "datacontenttype": "application/json",
            "data": to_data(envelope.fact),
        }
        for envelope in envelopes
    ]


def load(event: Mapping[str, Any]) -> Envelope:
    """The envelope of one CloudEvents JSON object. Raises ValueError or KeyError when it is not one of ours."""
    fact_type, _, version = str(event["type"]).rpartition(".v")
    return Envelope(
        id=str(event["id"]),
        source=str(event["source"]).removeprefix("/encompass/"),
        time=datetime.fromisoformat(event["time"]),
        fact=from_data(fact_type, int(version), event["data"]),
    )


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value


_HINTS: dict[type[Fact], dict[str, Any]] = {}


def _hints(kind: type[Fact]) -> dict[str, Any]:
    if kind not in _HINTS:
        every = typing.get_type_hints(kind)
        _HINTS[kind] = {field.name: every[field.name] for field in fields(kind)}
    return _HINTS[kind]


def _typed(hint: Any, value: Any) -> Any:
    if isinstance(hint, types.UnionType):
        if value is None:
            return None
        hint = next(option for option in hint.__args__ if option is not type(None))
    if hint is datetime:
        return datetime.fromisoformat(value)
    if typing.get_origin(hint) is tuple:
        return tuple(value)
    return value
