"""Whose data a reader may see (design rule 7.6).

Every query that reads personal data takes a ``Scope``; there is no default and no "everything".
"""

from dataclasses import dataclass
from enum import StrEnum


class ScopeKind(StrEnum):
    FORCE = "force"
    AUTHORITY = "authority"
    NOTIFICATION = "notification"
    """One contact's open visit to one notification."""
    SERVICE = "service"
    """The program itself, acting on a fact; never a person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """``kind`` and the identifier within it: a force's code, an authority's code, a notification's id, a service's name."""

    kind: ScopeKind
    id: str

    @staticmethod
    def force(code: str) -> "Scope":
        return Scope(kind=ScopeKind.FORCE, id=code)

    @staticmethod
    def authority(code: str) -> "Scope":
        return Scope(kind=ScopeKind.AUTHORITY, id=code)

    @staticmethod
    def notification(notification_id: str) -> "Scope":
        return Scope(kind=ScopeKind.NOTIFICATION, id=notification_id)

    @staticmethod
    def service(name: str) -> "Scope":
        return Scope(kind=ScopeKind.SERVICE, id=name)
