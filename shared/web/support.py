"""Support as a page lists it: by kind, with what is said of the period in words. ``support.html`` draws it."""

from typing import Any

from shared.directory.support import KINDS, Shown
from shared.directory.values import NATIONS
from shared.web.words import day

OPENING = {
    "open": "Open",
    "part": "Closed on some of these days",
    "closed": "Closed",
    "unknown": "Not known whether it is open: ring or look before you go",
}


def _where(one: Shown) -> str:
    """Of which nation it is, where somebody has not said where she is."""
    return one.support.area.replace("-", " ").title() if one.support.area in NATIONS else ""


def grouped(found: tuple[Shown, ...], *, is_today: bool) -> list[dict[str, Any]]:
    """By kind, in order. On an ordinary day its hours say when a service is open; what is said of the holidays is for them."""
    rows = [{"support": one.support, "where": _where(one), "opening": _opening(one, is_today), "closed": _closed(one)} for one in found]
    return [
        {"heading": heading, "kind": kind, "rows": here}
        for kind, heading in KINDS.items()
        if (here := [row for row, one in zip(rows, found, strict=True) if one.support.kind == kind])
    ]


def _closed(one: Shown) -> list[str]:
    return [day(first) if first == last else f"{day(first)} to {day(last)}" for first, last in one.closed]


def _opening(one: Shown, is_today: bool) -> str:
    """Nothing where its hours say it, nor of what is no place to ring."""
    if one.opening == "unknown" and one.support.phone is None:
        return ""
    return "" if is_today and not one.closed else OPENING[one.opening]
