"""API keys: one police system's way in, scoped to its force (design rule 7.11).

A token is ``<key_id>.<secret>``. The secret is 256 random bits, so a plain SHA-256 is all that need be kept of it. A key is rotated without
a gap: issue another, change the sender, revoke the first. Every instant here is a real one (``Clock.real``): a demo that moves its
clock to the next morning must not expire a key.
"""

import hashlib
import hmac
import re
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.ingest import store_keys as store
from services.ingest.store_keys import ApiKey
from shared.clock import Clock
from shared.db import Database, Reading, Transaction
from shared.errors import Refused
from shared.ids import new_id, new_token

CACHE_SECONDS = 30
"""How long a revoked key may still be taken by a process that has just read it."""
MOST_CACHED = 1_000
LABEL_CHARS_MAX = 80
LIFETIME_DAYS_MAX = 3_660

_BEARER = re.compile(r"[Bb][Ee][Aa][Rr][Ee][Rr] +([0-9a-f]{16})\.([A-Za-z0-9_-]{43})", re.ASCII)
_FORCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,31}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who sent a request: a key, and the force that it is scoped to. ``sandbox``: it is for trying out, and sees and sends nothing else."""

    key_id: str
    force: str
    sandbox: bool = False


async def issue(
    tx: Transaction, force: str, label: str, now: datetime, lifetime_days: int | None = None, *, sandbox: bool = False
) -> tuple[str, str]:
    """Make a key for ``force``; returns its id and the whole token, which is never to be seen again.

    ``now`` is a real instant; without ``lifetime_days`` the key does not expire. Nobody is ever told of what comes with a ``sandbox`` key.
    Raises Refused for a force, a label or a lifetime that
    cannot be.
    """
    if not _FORCE.fullmatch(force):
        raise Refused("a force's code is 1 to 32 letters, digits and hyphens")
    if not label.strip() or len(label) > LABEL_CHARS_MAX:
        raise Refused(f"a key's label has 1 to {LABEL_CHARS_MAX} characters")
    if lifetime_days is not None and not 1 <= lifetime_days <= LIFETIME_DAYS_MAX:
        raise Refused(f"a key's lifetime is 1 to {LIFETIME_DAYS_MAX} days")
    key_id, secret = new_id().replace("-", "")[:16], new_token()
    key = ApiKey(
        key_id=key_id,
        force=force,
        label=label,
        secret_hash=_hash(secret),
        created_at=now,
        expires_at=None if lifetime_days is None else now + timedelta(days=lifetime_days),
        revoked_at=None,
        sandbox=sandbox,
    )
    await store.add_key(tx, key)
    return key_id, f"{key_id}.{secret}"


async def revoke(tx: Transaction, key_id: str, now: datetime) -> bool:
    """End a key at the real instant ``now``; False when there is none with that id, or it was revoked before.

    Other processes refuse it after 30 seconds at the latest.
    """
    return await store.revoke_key(tx, key_id, now)


async def listed(reading: Reading, force: str | None = None) -> tuple[ApiKey, ...]:
    """The keys of one force, or of all, oldest first, revoked and expired ones too."""
    return await store.keys(reading, force)


class Keys:
    """Checks the keys of requests. Remembers, for 30 seconds and for the latest 1,000 ids, what the database said, unknown ids too."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._cached: OrderedDict[str, tuple[ApiKey | None, float]] = OrderedDict()

    async def caller(self, authorization: str) -> Caller | None:
        """Whose key the header ``Bearer <key_id>.<secret>`` carries; None for any other header, and for a key that is not valid."""
        said = _BEARER.fullmatch(authorization)
        if said is None:
            return None
        key = await self._key(said[1])
        # Compared even when there is no such key, so that the time taken does not tell which ids exist.
        same = hmac.compare_digest(_hash(said[2]), key.secret_hash if key else "0" * 64)
        if key is None or not same or not key.is_valid(self._clock.real()):
            return None
        return Caller(key_id=key.key_id, force=key.force, sandbox=key.sandbox)

    async def _key(self, key_id: str) -> ApiKey | None:
        cached = self._cached.get(key_id)
        if cached is not None and self._clock.monotonic() - cached[1] < CACHE_SECONDS:
            self._cached.move_to_end(key_id)
            return cached[0]
        at = self._clock.monotonic()
        async with self._database.reading() as reading:
            key = await store.key(reading, key_id)
        self._cached[key_id] = (key, at)
        self._cached.move_to_end(key_id)
        if len(self._cached) > MOST_CACHED:
            self._cached.popitem(last=False)
        return key


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
