"""Sign-in links and sessions as rows: a link opens one session with one role and one scope, once.

Tokens are 256 random bits; only their SHA-256 is stored, so a stolen database opens no session. Every ``now`` here is a real instant
(``Clock.real``): a demo that moves its clock to the next morning must not sign anybody out.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import insert, select, update

from shared.db import Reading, Transaction
from shared.db.tables.console import console_session, console_sign_in
from shared.errors import Misuse
from shared.ids import new_id, new_token
from shared.scope import Scope, ScopeKind

SIGN_IN_LIFETIME = timedelta(hours=1)
SESSION_LIFETIME = timedelta(hours=10)
LABEL_CHARS_MAX = 80
STAFF_SCOPES = (ScopeKind.FORCE, ScopeKind.AUTHORITY)


class Role(StrEnum):
    REVIEWER = "reviewer"
    """Settles doubtful matches."""
    LEAD = "lead"
    """Settles those as well that only a named lead may see to, such as a child whose record on the roll is restricted."""
    COORDINATOR = "coordinator"
    """Watches delivery and owns phone tasks."""
    OPERATOR = "operator"
    """Runs the program; sees no content."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """Who is signed in: a role within a scope, until ``expires_at`` (UTC). ``label`` is how the desk calls her, empty when it does not."""

    session_id: str
    role: Role
    scope: Scope
    expires_at: datetime
    label: str = ""


async def new_sign_in(
    tx: Transaction, role: Role, scope: Scope, now: datetime, lifetime: timedelta = SIGN_IN_LIFETIME, *, label: str = ""
) -> str:
    """Store a one-time sign-in and return its token, for the address ``PUBLIC_URL/sign-in/TOKEN``.

    Raises Misuse for a scope that no person can have.
    """
    if scope.kind not in STAFF_SCOPES:
        raise Misuse("a session's scope is a force or an authority")
    token = new_token()
    await tx.execute(
        insert(console_sign_in).values(
            token_hash=token_hash(token),
            role=role.value,
            scope_kind=scope.kind.value,
            scope_id=scope.id,
            label=label,
            created_at=now,
            expires_at=now + lifetime,
        )
    )
    return token


async def redeem(tx: Transaction, token: str, now: datetime) -> tuple[str, Session] | None:
    """Use up the sign-in and open its session: ``(session token, session)``, or None when it is unknown, used or expired."""
    used = await tx.execute(
        update(console_sign_in)
        .where(
            console_sign_in.c.token_hash == token_hash(token),
            console_sign_in.c.used_at.is_(None),
            console_sign_in.c.expires_at > now,
        )
        .values(used_at=now)
        .returning(console_sign_in.c.role, console_sign_in.c.scope_kind, console_sign_in.c.scope_id, console_sign_in.c.label)
    )
    row = used.one_or_none()  # the UPDATE is the lock: of two redeeming at once, one finds no row
    if row is None:
        return None
    session_token = new_token()
    opened = Session(
        session_id=new_id(),
        role=Role(row.role),
        scope=Scope(kind=ScopeKind(row.scope_kind), id=row.scope_id),
        expires_at=now + SESSION_LIFETIME,
        label=row.label,
    )
    await tx.execute(
        insert(console_session).values(
            token_hash=token_hash(session_token),
            session_id=opened.session_id,
            role=row.role,
            scope_kind=row.scope_kind,
            scope_id=row.scope_id,
            label=row.label,
            created_at=now,
            expires_at=opened.expires_at,
        )
    )
    return session_token, opened


async def session(reading: Reading, token: str, now: datetime) -> Session | None:
    """The open session behind a cookie's token; None when unknown, expired or ended."""
    found = await reading.execute(
        select(console_session).where(
            console_session.c.token_hash == token_hash(token),
            console_session.c.ended_at.is_(None),
            console_session.c.expires_at > now,
        )
    )
    row = found.one_or_none()
    if row is None:
        return None
    return Session(
        session_id=row.session_id,
        role=Role(row.role),
        scope=Scope(kind=ScopeKind(row.scope_kind), id=row.scope_id),
        expires_at=row.expires_at,
        label=row.label,
    )


async def end(tx: Transaction, token: str, now: datetime) -> bool:
    """End the session; False when there was none to end."""
    ended = await tx.execute(
        update(console_session)
        .where(console_session.c.token_hash == token_hash(token), console_session.c.ended_at.is_(None))
        .values(ended_at=now)
    )
    return ended.rowcount == 1


def token_hash(token: str) -> str:
    """What is stored of a token. It has 256 random bits, so a plain hash cannot be searched."""
    return hashlib.sha256(token.encode()).hexdigest()
