"""When a contact counts as verified (design rule 7.8): new or changed details receive nothing until someone has confirmed them."""

from dataclasses import dataclass
from datetime import datetime, time

from services.console.domain.rows import ContactRow
from shared.calendar import at, london_date
from shared.directory.values import Contact


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """``state`` is ``verified``, ``unverified`` or ``suspended``; ``verified_at`` is when details of this contact were last vouched for."""

    state: str
    verified_at: datetime | None


def standing(row: ContactRow, before: Contact | None) -> Standing:
    """How the contact of ``row`` stands once it is stored; ``before`` is what is stored of it now.

    - With a ``verified_on`` the authority vouches for the details in the row. It must be later than the last date vouched for: an export
      that carries an old date beside a new address vouches for the old one.
    - Details (name apart) and destination as before: as before. Anything else: unverified.
    - ``suspended`` stays so until a row says ``active``; ``active`` starts afresh, as new.
    """
    verified_at = before.verified_at if before is not None else None
    if row.status == "suspended" or (before is not None and before.state == "suspended" and row.status is None):
        return Standing(state="suspended", verified_at=verified_at)
    if row.verified_on is not None and (verified_at is None or row.verified_on > london_date(verified_at)):
        return Standing(state="verified", verified_at=at(row.verified_on, time()))
    kept = before is not None and before.state == "verified" and same_reach(row, before)
    return Standing(state="verified" if kept else "unverified", verified_at=verified_at)


def same_reach(row: ContactRow, before: Contact) -> bool:
    """Whether a message would reach the same place for the same setting or team."""
    details = row.details
    return (row.setting_id, row.team_id, details.email, details.phone) == (before.setting_id, before.team_id, before.email, before.phone)
