"""Which of two versions of a record is the later one, by what the records system itself says of each.

A source may count its versions, tell when it last changed a record, or both; then the count decides.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """``version`` as the source counts; ``changed_at`` a UTC instant."""

    version: int | None = None
    changed_at: datetime | None = None

    @property
    def is_missing(self) -> bool:
        """Whether the source says nothing."""
        return self.version is None and self.changed_at is None


class Order(Enum):
    """How a version that comes in stands to the one that is here."""

    NEWER = auto()
    SAME = auto()
    OLDER = auto()
    UNSAID = auto()
    """Nothing came with it to compare."""
    OTHERWISE = auto()
    """One tells a count, the other an instant: nobody can say which is the later."""


def order(here: Stamp, sent: Stamp) -> Order:
    """How ``sent`` stands to ``here``. What comes with a stamp is newer than what has none."""
    if sent.is_missing:
        return Order.UNSAID
    if here.is_missing:
        return Order.NEWER
    if here.version is not None and sent.version is not None:
        return _order(newer=sent.version > here.version, same=sent.version == here.version)
    if here.changed_at is not None and sent.changed_at is not None:
        return _order(newer=sent.changed_at > here.changed_at, same=sent.changed_at == here.changed_at)
    return Order.OTHERWISE


def later(here: Stamp, sent: Stamp) -> Stamp:
    """What is known after ``sent`` was taken in: its own, and what it does not say from before."""
    return Stamp(
        version=here.version if sent.version is None else sent.version,
        changed_at=here.changed_at if sent.changed_at is None else sent.changed_at,
    )


def _order(*, newer: bool, same: bool) -> Order:
    if same:
        return Order.SAME
    return Order.NEWER if newer else Order.OLDER
