"""The fields of a report by the names that a mapping file gives them, and what kind of value each takes."""

from collections.abc import Iterator
from datetime import date, datetime
from enum import Enum
from typing import Any, get_args

from shared.report.model import ADULTS_MAX, LIST_MAX, Adult, Child, Condition, Part, Report

SLOTS: dict[str, tuple[type[Part], int]] = {"adults": (Adult, ADULTS_MAX), "conditions": (Condition, LIST_MAX)}
"""The lists that are filled by number, and how many of each there can be."""
RELATION = ("relation", "relation_text")
"""What an adult is to the child of the row."""
_ELSEWHERE = {"children", "adults", "conditions", "relationships", "unrecognised", "system"}


class Kind(Enum):
    """What a field holds. ``is_list``: several of them."""

    TEXT = "text"
    LIST = "list"
    YES_NO = "yes-no"
    WHOLE = "whole"
    DAY = "day"
    INSTANT = "instant"

    @property
    def is_list(self) -> bool:
        return self is Kind.LIST


def kind_of(target: str) -> Kind | None:
    """The kind of the field with that dotted name; None when a report has none.

    >>> kind_of("adults.1.date_of_birth")
    <Kind.DAY: 'day'>
    """
    head, *rest = target.split(".")
    if head not in SLOTS:
        return dict(_fields()).get(target)
    number, _, name = ".".join(rest).partition(".")
    if not (number.isascii() and number.isdigit() and len(number) <= 2 and 1 <= int(number) <= SLOTS[head][1] and number[0] != "0"):
        return None
    return dict(_fields()).get(f"{head}.1.{name}")


def of_child(target: str) -> bool:
    """Whether the field is told anew for each child: of the child, or of what an adult is to it."""
    parts = target.split(".")
    return parts[0] == "child" or (parts[0] == "adults" and parts[-1] in RELATION)


def field_kinds() -> dict[str, Kind]:
    """Every field that can be filled, with those of the first adult and the first condition."""
    return dict(_fields())


def _fields() -> Iterator[tuple[str, Kind]]:
    yield from _of(Report, "")
    for name, (model, _) in SLOTS.items():
        yield from _of(model, f"{name}.1.")
    yield from ((f"adults.1.{name}", Kind.TEXT) for name in RELATION)
    yield from _of(Child, "child.")


def _of(model: type[Part], before: str) -> Iterator[tuple[str, Kind]]:
    for name, info in model.model_fields.items():
        if name in _ELSEWHERE:
            continue
        types = set(_types(info.annotation))
        inner = next((one for one in types if issubclass(one, Part)), None)
        if inner is not None:
            yield from _of(inner, f"{before}{name}.")
        else:
            yield before + name, _kind(types)


def _kind(types: set[type]) -> Kind:
    kinds = ((tuple, Kind.LIST), (bool, Kind.YES_NO), (int, Kind.WHOLE), (datetime, Kind.INSTANT), (date, Kind.DAY))
    return next((kind for of, kind in kinds if of in types), Kind.TEXT)


def _types(annotation: Any) -> Iterator[type]:
    """The classes that an annotation names, also inside of it."""
    origin = getattr(annotation, "__origin__", None)
    for one in (annotation, origin):
        if isinstance(one, type):
            yield one
    for inner in get_args(annotation):
        yield from _types(inner)
