"""What the directory knows, as values. Only a contact is a person; what is told about one is sealed at rest and shown in no repr."""

import json
from dataclasses import dataclass, field
from datetime import datetime

from shared.policy import Policy

NATIONS = ("england", "wales", "scotland", "northern-ireland")
"""The law of s.49A is that of the first two alone; the others have schools at which a child of a force's area may be a pupil."""

PROVISIONS = ("mainstream", "independent", "alternative", "residential", "hospital")
"""What a setting provides, where that makes it a destination of its own kind; ``alternative`` is beside a mainstream school, as a rule."""

CONTACT_ROLES = ("dsl", "deputy", "head", "trust", "authority", "duty", "lead")
"""In the order in which the ladder asks them; ``duty`` and ``lead`` are of teams."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """A local authority: its code, its nation (one of ``NATIONS``) and the code of the force that polices it."""

    authority: str
    name: str
    nation: str
    force: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """A school, college or early years provider.

    ``setting_id`` is its URN, or its early years register number; ``kind`` is ``school``, ``college`` or ``early-years``; ``status``
    is ``open``, ``closing`` or ``closed``. A childminder's (its ``phase`` is ``childminder``) name and place are a person's, so no repr
    shows where it is. ``provision`` is one of ``PROVISIONS``, ``nation`` that of its authority. ``successor``: the id of what it has
    become when it closed, merged or converted.
    """

    setting_id: str
    name: str
    kind: str
    phase: str
    authority: str
    town: str | None
    postcode: str | None = field(repr=False)
    telephone: str | None = field(repr=False)
    status: str
    low_age: int | None
    high_age: int | None
    provision: str = "mainstream"
    successor: str | None = None
    nation: str = "england"

    @property
    def is_open(self) -> bool:
        """Whether it can be told anything; one that is to close still can."""
        return self.status != "closed"

    @property
    def is_childminder(self) -> bool:
        """Whether it is one person's home."""
        return self.phase == "childminder"


@dataclass(frozen=True, slots=True, kw_only=True)
class Team:
    """A desk of an authority, of a health trust or of the police. ``owner`` is the post that answers for it, never a person's name."""

    team_id: str
    name: str
    kind: str
    authority: str | None
    force: str | None
    telephone: str | None
    owner: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactDetails:
    """What is sealed of a contact. ``phone`` is in E.164."""

    name: str = field(repr=False)
    email: str | None = field(repr=False)
    phone: str | None = field(repr=False)

    def to_json(self) -> bytes:
        """The sealed form."""
        return json.dumps({"name": self.name, "email": self.email, "phone": self.phone}, ensure_ascii=False).encode()

    @staticmethod
    def from_json(content: bytes) -> "ContactDetails":
        """What ``to_json`` wrote."""
        return ContactDetails(**json.loads(content))


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """A person at one destination: of ``setting_id`` and ``team_id`` exactly one is there.

    ``reference`` is the authority's own number for the person. ``role`` is one of ``CONTACT_ROLES``, ``ordinal`` the order within it.
    Only a ``verified`` one may be sent anything (design rule 7.8). ``holiday``: told while her setting is closed for long, where the
    holiday plan says so.
    """

    contact_id: str
    reference: str
    setting_id: str | None
    team_id: str | None
    role: str
    ordinal: int
    state: str
    verified_at: datetime | None
    name: str = field(repr=False)
    email: str | None = field(repr=False)
    phone: str | None = field(repr=False)
    holiday: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """A policy with the version that it was stored under, which is what a decision names."""

    version: str
    policy: Policy
    published_at: datetime
