"""The facts as an AsyncAPI 3.0 document, built from the registry: what a neighbour reads who wants to listen on the broker.

Every fact that crosses the bus has a channel, whose address is its routing key on the topic exchange, an operation of the service that
states it and one of each that subscribes. Facts of the journal alone are listed among the messages, because the journal is read too.
"""

import inspect
import types
import typing
from dataclasses import MISSING, fields
from datetime import datetime
from typing import Any

from shared.events.base import Fact
from shared.events.registry import FACTS, SUBSCRIBERS

EXCHANGE = "encompass.events"
TITLE = "Encompass facts"
_SENTENCE = (
    "What the services of Encompass tell one another, in the JSON form of CloudEvents 1.0. A fact is something that happened; it carries "
    "identifiers, codes and instants (UTC), never a name, an address, a date of birth or free text. Facts come at least once, in any order."
)
_INSTANT: dict[str, Any] = {"type": "string", "format": "date-time"}
_OF: dict[Any, dict[str, Any]] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    bool: {"type": "boolean"},
    datetime: _INSTANT,
    tuple[str, ...]: {"type": "array", "items": {"type": "string"}},
}


def document(version: str) -> dict[str, Any]:
    """The document for this release, as JSON values in a fixed order."""
    crossing = [fact for fact in FACTS if fact.TYPE in SUBSCRIBERS]
    return {
        "asyncapi": "3.0.0",
        "info": {"title": TITLE, "version": version, "description": _SENTENCE, "license": {"name": "MIT"}},
        "defaultContentType": "application/cloudevents+json",
        "channels": {fact.TYPE: _channel(fact) for fact in crossing},
        "operations": {name: operation for fact in crossing for name, operation in _operations(fact).items()},
        "components": {"messages": {fact.TYPE: _message(fact) for fact in FACTS}},
    }


def key(fact: type[Fact]) -> str:
    """The fact's routing key and CloudEvents type: its name and version."""
    return f"{fact.TYPE}.v{fact.VERSION}"


def sender(fact: type[Fact]) -> str:
    """The service that states the fact: the one whose module it stands in."""
    return fact.__module__.rpartition(".")[2]


def _channel(fact: type[Fact]) -> dict[str, Any]:
    return {
        "address": key(fact),
        "messages": {fact.TYPE: {"$ref": f"#/components/messages/{_pointer(fact.TYPE)}"}},
        "bindings": {
            "amqp": {
                "is": "routingKey",
                "exchange": {"name": EXCHANGE, "type": "topic", "durable": True, "autoDelete": False},
                "bindingVersion": "0.3.0",
            }
        },
    }


def _operations(fact: type[Fact]) -> dict[str, Any]:
    to = {"channel": {"$ref": f"#/channels/{_pointer(fact.TYPE)}"}}
    sent = {f"{sender(fact)}.sends.{fact.TYPE}": {"action": "send", **to}}
    return sent | {f"{service}.receives.{fact.TYPE}": {"action": "receive", **to} for service in SUBSCRIBERS[fact.TYPE]}


def _message(fact: type[Fact]) -> dict[str, Any]:
    said = inspect.cleandoc(fact.__doc__ or "")
    envelope = {
        "specversion": {"const": "1.0"},
        "id": {"type": "string", "description": "Unique for ever: whoever has seen it before does nothing"},
        "source": {"const": f"/encompass/{sender(fact)}"},
        "type": {"const": key(fact)},
        "subject": {"type": "string", "description": "The incident, or the notification, that it is about"},
        "time": _INSTANT,
        "datacontenttype": {"const": "application/json"},
        "data": _data(fact),
    }
    return {
        "name": fact.TYPE,
        "summary": said.partition("\n")[0],
        "description": said,
        "payload": {"type": "object", "required": list(envelope), "properties": envelope},
    }


def _data(fact: type[Fact]) -> dict[str, Any]:
    hints = typing.get_type_hints(fact)
    own = fields(fact)
    return {
        "type": "object",
        "required": sorted(field.name for field in own if field.default is MISSING),
        "properties": {field.name: _schema(hints[field.name]) for field in own},
    }


def _schema(hint: Any) -> dict[str, Any]:
    if isinstance(hint, types.UnionType):
        (known,) = (option for option in hint.__args__ if option is not type(None))
        return {"oneOf": [_OF[known], {"type": "null"}]}
    return _OF[hint]


def _pointer(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")
