"""Notifier's rows of whoever opens a link: links, codes, visits, and disclosures to the wrong setting.

Of a token only its SHA-256 is kept (it has 256 random bits); of a code, which has few digits, a keyed hash. Lives of codes and visits are
real instants (``Clock.real``): a demonstration that moves its clock to the morning must not end somebody's visit.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, insert, select, update

from services.notifier.domain.codes import Code
from shared.db import Reading, Transaction
from shared.db.tables.journal import journal
from shared.db.tables.notifier import notifier_breach, notifier_code, notifier_link, notifier_visit
from shared.events import ContentViewed
from shared.ids import new_id
from shared.web.sessions import token_hash


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A link in one message to one contact. ``created_at`` and ``expires_at`` are business instants."""

    link_id: str
    notification_id: str
    attempt_id: str
    contact_id: str
    channel: str
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredCode:
    """A code that was sent: what is judged, and what the entered digits are compared with."""

    code_id: str
    code_hash: str = field(repr=False)
    hash_key_id: str
    code: Code


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One contact's open visit. ``expires_at`` is a real instant."""

    visit_id: str
    link_id: str
    notification_id: str
    contact_id: str
    expires_at: datetime


# --- links ----------------------------------------------------------------------------------------------------------------------------


async def add_links(tx: Transaction, links: Sequence[tuple[str, Link]]) -> None:
    """New links with their tokens."""
    rows = [{name: getattr(link, name) for name in Link.__slots__} | {"token_hash": token_hash(token)} for token, link in links]
    if rows:
        await tx.execute(insert(notifier_link), rows)


async def link(reading: Reading, token: str) -> Link | None:
    """The link with this token, revoked or expired or not."""
    return await _link(reading, notifier_link.c.token_hash == token_hash(token))


async def visited(reading: Reading, token: str, now: datetime) -> Link | None:
    """The link that the open visit behind a cookie's token came through; None when the visit is unknown, expired or ended."""
    values = {"wanted_hash": token_hash(token), "wanted_now": now}
    row = (await reading.execute(_VISITED, values)).mappings().first()
    return None if row is None else Link(**row)


async def attempt_of(reading: Reading, notification_id: str, contact_id: str) -> str | None:
    """The attempt that brought this contact her newest link to the notification; None when she has none."""
    mine = (notifier_link.c.notification_id == notification_id, notifier_link.c.contact_id == contact_id)
    statement = select(notifier_link.c.attempt_id).where(*mine).order_by(notifier_link.c.created_at.desc()).limit(1)
    return (await reading.execute(statement)).scalar()


async def revoke_links(tx: Transaction, notification_id: str, now: datetime) -> None:
    """No link of the notification opens any more (design rule 7.9)."""
    statement = update(notifier_link).where(notifier_link.c.notification_id == notification_id, notifier_link.c.revoked_at.is_(None))
    await tx.execute(statement.values(revoked_at=now))


# --- codes ----------------------------------------------------------------------------------------------------------------------------


async def add_code(tx: Transaction, link_id: str, code_id: str, code_hash: str, hash_key_id: str, code: Code) -> None:
    """A code that is about to be sent."""
    await tx.execute(
        insert(notifier_code).values(
            code_id=code_id,
            link_id=link_id,
            code_hash=code_hash,
            hash_key_id=hash_key_id,
            created_at=code.created_at,
            expires_at=code.expires_at,
        )
    )


async def codes(reading: Reading, link_id: str) -> tuple[StoredCode, ...]:
    """The link's codes, newest first; the newest ten."""
    statement = select(notifier_code).where(notifier_code.c.link_id == link_id).order_by(notifier_code.c.created_at.desc()).limit(10)
    return tuple(
        StoredCode(
            code_id=row.code_id,
            code_hash=row.code_hash,
            hash_key_id=row.hash_key_id,
            code=Code(created_at=row.created_at, tries=row.tries, used_at=row.used_at),
        )
        for row in await reading.execute(statement)
    )


async def codes_since(reading: Reading, notification_id: str, contact_id: str, since: datetime) -> list[datetime]:
    """When codes were made for this contact's links to this notification, after ``since``."""
    statement = (
        select(notifier_code.c.created_at)
        .join(notifier_link, notifier_link.c.link_id == notifier_code.c.link_id)
        .where(
            notifier_link.c.notification_id == notification_id,
            notifier_link.c.contact_id == contact_id,
            notifier_code.c.created_at > since,
        )
    )
    return list((await reading.execute(statement)).scalars())


async def count_tries(tx: Transaction, code_ids: Sequence[str]) -> None:
    """One more wrong try of each."""
    await tx.execute(update(notifier_code).where(notifier_code.c.code_id.in_(code_ids)).values(tries=notifier_code.c.tries + 1))


async def needs_index_key(reading: Reading, key_id: str, now: datetime) -> bool:
    """Whether a code that may still be entered at the real instant ``now`` was hashed under this key."""
    usable = (notifier_code.c.hash_key_id == key_id, notifier_code.c.used_at.is_(None), notifier_code.c.expires_at > now)
    return (await reading.execute(select(notifier_code.c.code_id).where(*usable).limit(1))).first() is not None


async def use_code(tx: Transaction, code_id: str, now: datetime) -> bool:
    """Use a code up; False when it was used before."""
    statement = update(notifier_code).where(notifier_code.c.code_id == code_id, notifier_code.c.used_at.is_(None))
    return (await tx.execute(statement.values(used_at=now))).rowcount == 1


# --- visits ---------------------------------------------------------------------------------------------------------------------------


async def add_visit(tx: Transaction, token: str, visit: Visit, now: datetime) -> None:
    """A visit begins."""
    values = {name: getattr(visit, name) for name in Visit.__slots__}
    await tx.execute(insert(notifier_visit).values(**values, token_hash=token_hash(token), created_at=now))


async def visit(reading: Reading, token: str, now: datetime) -> Visit | None:
    """The open visit behind a cookie's token; None when unknown, expired or ended."""
    table = notifier_visit
    statement = select(*(table.c[name] for name in Visit.__slots__)).where(
        table.c.token_hash == token_hash(token), table.c.ended_at.is_(None), table.c.expires_at > now
    )
    row = (await reading.execute(statement)).mappings().first()
    return None if row is None else Visit(**row)


async def end_visit(tx: Transaction, visit_id: str, now: datetime) -> None:
    """The visitor has left."""
    statement = update(notifier_visit).where(notifier_visit.c.visit_id == visit_id, notifier_visit.c.ended_at.is_(None))
    await tx.execute(statement.values(ended_at=now))


# --- disclosures ----------------------------------------------------------------------------------------------------------------------


async def content_was_shown(reading: Reading, incident_id: str, notification_id: str, child_id: str) -> bool:
    """Whether the journal says that anyone at this destination has seen content about the child."""
    viewed = (journal.c.incident_id == incident_id, journal.c.subject == notification_id, journal.c.type == ContentViewed.TYPE)
    statement = select(journal.c.data).where(*viewed)
    return any(child_id in row.data["child_ids"] for row in await reading.execute(statement))


async def open_breach(
    tx: Transaction, notification_id: str, child_id: str, contact_id: str, *, content_was_shown: bool, now: datetime
) -> bool:
    """Record a disclosure to the wrong setting; False when it was recorded before."""
    row = tx.insert(notifier_breach).values(
        breach_id=new_id(),
        notification_id=notification_id,
        child_id=child_id,
        contact_id=contact_id,
        content_was_shown=content_was_shown,
        opened_at=now,
    )
    statement = row.on_conflict_do_nothing(index_elements=["notification_id", "child_id"])
    return (await tx.execute(statement.returning(notifier_breach.c.breach_id))).first() is not None


async def _link(reading: Reading, condition: Any) -> Link | None:
    row = (await reading.execute(_LINK.where(condition))).mappings().first()
    return None if row is None else Link(**row)


_LINK = select(*(notifier_link.c[name] for name in Link.__slots__))
_VISITED = _LINK.join(notifier_visit, notifier_visit.c.link_id == notifier_link.c.link_id).where(
    notifier_visit.c.token_hash == bindparam("wanted_hash"),
    notifier_visit.c.ended_at.is_(None),
    notifier_visit.c.expires_at > bindparam("wanted_now", type_=notifier_visit.c.expires_at.type),
)
