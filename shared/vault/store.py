"""The vault's database side: data keys and sealed content (design rule 7.2).

A *scope* (``scope_id``) is what is erased together, such as one incident or one roll: it has one data key, wrapped under a wrapping
key of the keyring. Whose eyes may see a content is another thing, the ``Scope`` that readers must give: the caller has checked it,
and the caller records the view.

Data keys are read with what they open and forgotten at once. Kept in memory they would outlive their destruction by another process,
or a rolled-back transaction whose key nobody else has; and unwrapping costs microseconds.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import bindparam, insert, select, update

from shared.clock import Clock
from shared.db import Reading, Transaction
from shared.db.guards import RETIRED_KEY
from shared.db.tables.vault import vault_content, vault_key
from shared.errors import DatabaseRefused, Misuse, NotFound, SettingsRefused, Unavailable, VaultSealed
from shared.log import logger
from shared.scope import Scope
from shared.vault.custody import Source
from shared.vault.keyring import Keyring
from shared.vault.ledger import Ledger
from shared.vault.sealing import new_data_key, open_sealed, row_identity, seal, unwrap, wrap

Content = tuple[str, str, bytes]
"""``content_id``, ``kind`` and plaintext."""

GET_MANY_LIMIT = 1000
ASK_AGAIN_SECONDS = 60.0
"""A wrapping key that the keyring lacks may be one that it is just being given; a destroyed one is not looked for on every read."""

log = logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealer:
    """Seals under one scope's data key, for one transaction: ``sealer(row_identity("router_pupil", pupil_id), plaintext)``."""

    scope_id: str
    data_key: bytes = field(repr=False)

    def __call__(self, identity: str, plaintext: bytes) -> bytes:
        return seal(self.data_key, plaintext, identity)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opener:
    """Opens what a ``Sealer`` of the same scope has sealed. Raises VaultSealed when identity or bytes are others."""

    scope_id: str
    data_key: bytes = field(repr=False)

    def __call__(self, identity: str, sealed: bytes) -> bytes:
        return open_sealed(self.data_key, sealed, identity)


class Vault:
    """Seals and opens. Every method works inside the caller's transaction or reading and commits nothing.

    ``keyring`` is open to all, for its index keys. With a ``source`` it is read again when it has changed there; with a ``ledger`` every
    destruction is remembered outside the database.
    """

    def __init__(self, keyring: Keyring, clock: Clock, *, ledger: Ledger | None = None, source: Source | None = None) -> None:
        self.keyring = keyring
        self.ledger = ledger
        self._clock = clock
        self._source = source
        self._stamp: object = None
        self._asked: dict[str, float] = {}

    async def new_scope(self, tx: Transaction, scope_id: str, kek_id: str) -> Sealer:
        """Make the scope's data key, wrapped for the retention month ``kek_id`` (see ``retention_month``).

        Raises VaultSealed when the keyring does not cover the month, DatabaseRefused when the scope exists or ever existed, Unavailable
        when the month's key has just been exchanged and this process has not got the new one yet.
        """
        return (await self.new_scopes(tx, {scope_id: kek_id}))[scope_id]

    async def new_scopes(self, tx: Transaction, kek_ids: Mapping[str, str]) -> dict[str, Sealer]:
        """The same for several scopes (``scope_id`` → month) in one statement: all of them or none."""
        await self._renew_if_changed()
        sealers = {scope_id: Sealer(scope_id=scope_id, data_key=new_data_key()) for scope_id in kek_ids}
        now = self._clock.now()
        rows = []
        for scope_id, kek_id in kek_ids.items():
            newest = self.keyring.newest(kek_id)
            wrapped = wrap(newest, self.keyring.wrapping_key(newest), sealers[scope_id].data_key, scope_id)
            rows.append({"scope_id": scope_id, "kek_id": newest, "wrapped": wrapped, "created_at": now})
        try:
            await tx.execute(insert(vault_key), rows)
        except DatabaseRefused as refused:
            if refused.constraint != RETIRED_KEY:
                raise
            raise Unavailable("the wrapping key has been retired", code="keyring-behind") from None
        return sealers

    async def seal_for(self, tx: Transaction, scope_id: str) -> Sealer:
        """A sealer for rows that keep their own sealed column. Raises NotFound for an unknown scope, VaultSealed for a destroyed one.

        Holds the scope's key row until the end of the transaction, so that nothing is sealed under a key being destroyed.
        """
        keys = await self._data_keys(tx, [scope_id], hold=True)
        return Sealer(scope_id=scope_id, data_key=keys[scope_id])

    async def opener(self, reading: Reading, scope_id: str) -> Opener:
        """An opener for rows that keep their own sealed column. Raises as ``seal_for`` does."""
        return (await self.openers(reading, [scope_id]))[scope_id]

    async def openers(self, reading: Reading, scope_ids: Iterable[str]) -> dict[str, Opener]:
        """An opener for each scope, with one query. Raises NotFound or VaultSealed when any of them is unknown or destroyed."""
        keys = await self._data_keys(reading, scope_ids, hold=False)
        return {scope_id: Opener(scope_id=scope_id, data_key=key) for scope_id, key in keys.items()}

    async def openers_beside(self, rows: Iterable[Any]) -> dict[str, Opener]:
        """The same for rows of a table that was joined with ``vault_key``: ``scope_id``, ``kek_id`` and ``wrapped`` stand in each."""
        keys = {row.scope_id: row for row in rows}
        if any(row.kek_id is None for row in keys.values()):
            raise NotFound("there is no such scope")
        await self._learn(row.kek_id for row in keys.values())
        return {scope_id: Opener(scope_id=scope_id, data_key=self._unwrapped(row)) for scope_id, row in keys.items()}

    async def put(self, tx: Transaction, scope_id: str, contents: Sequence[Content], *, sealer: Sealer | None = None) -> None:
        """Seal and keep ``(content_id, kind, plaintext)`` rows, in one statement. Contents never change: a new version is a new id.

        ``sealer`` saves reading the key when ``new_scope`` or ``seal_for`` of this transaction has just given it.
        """
        if not contents:
            return
        sealer = sealer or await self.seal_for(tx, scope_id)
        if sealer.scope_id != scope_id:
            raise Misuse("the sealer of another scope")
        await self.put_sealed_by(tx, [(sealer, content) for content in contents])

    async def put_sealed_by(self, tx: Transaction, contents: Sequence[tuple[Sealer, Content]]) -> None:
        """The same for contents of several scopes, each with the sealer of its own."""
        now = self._clock.now()
        rows = [
            {
                "content_id": content_id,
                "scope_id": sealer.scope_id,
                "kind": kind,
                "sealed": sealer(_identity(content_id, kind), plaintext),
                "created_at": now,
            }
            for sealer, (content_id, kind, plaintext) in contents
        ]
        await tx.execute(insert(vault_content), rows)

    async def get(self, reading: Reading, content_id: str, scope: Scope) -> bytes:
        """One content. Raises NotFound when there is none, VaultSealed when its key is destroyed or it has been tampered with.

        ``scope`` says for whom; the caller has made sure that the content is theirs to see.
        """
        return (await self.get_many(reading, [content_id], scope))[content_id]

    async def get_many(self, reading: Reading, content_ids: Iterable[str], scope: Scope) -> dict[str, bytes]:
        """Contents by id, all of them or none, with one query; at most 1,000. Raises as ``get`` does."""
        del scope  # demanded so that no caller reads without having thought of whom for
        wanted = set(content_ids)
        if len(wanted) > GET_MANY_LIMIT:
            raise Misuse("too many contents at once")
        statement = (
            select(
                vault_content.c.content_id,
                vault_content.c.kind,
                vault_content.c.sealed,
                vault_key.c.scope_id,
                vault_key.c.kek_id,
                vault_key.c.wrapped,
            )
            .join(vault_key)
            .where(vault_content.c.content_id.in_(wanted))
        )
        rows = (await reading.execute(statement)).all() if wanted else []
        if len(rows) != len(wanted):
            raise NotFound("there is no such content")
        await self._learn(row.kek_id for row in rows)
        return {row.content_id: open_sealed(self._unwrapped(row), row.sealed, _identity(row.content_id, row.kind)) for row in rows}

    async def is_erased(self, reading: Reading, scope_id: str) -> bool:
        """Whether the scope's key has been destroyed."""
        destroyed = select(vault_key.c.scope_id).where(vault_key.c.scope_id == scope_id, vault_key.c.wrapped.is_(None))
        return (await reading.execute(destroyed)).first() is not None

    async def destroy(self, tx: Transaction, scope_id: str) -> bool:
        """Erase the scope's data key for ever. Returns False when that was done before; raises NotFound for an unknown scope.

        The ledger has it before the database does: give this a transaction of its own, or what is rolled back comes true at the next
        start.
        """
        if await self.destroy_many(tx, [scope_id]):
            return True
        known = await tx.execute(select(vault_key.c.scope_id).where(vault_key.c.scope_id == scope_id))
        if known.first() is None:
            raise NotFound("there is no such scope")
        return False

    async def destroy_many(self, tx: Transaction, scope_ids: Iterable[str]) -> tuple[str, ...]:
        """The same for several at once; returns those that were alive. Raises Unavailable or SettingsRefused for a ledger that fails."""
        alive = (vault_key.c.scope_id.in_(set(scope_ids)), vault_key.c.wrapped.is_not(None))
        held = select(vault_key.c.scope_id).where(*alive).order_by(vault_key.c.scope_id).with_for_update()
        found = tuple((await tx.execute(held)).scalars())
        if not found:
            return ()
        now = self._clock.now()
        if self.ledger is not None:
            self.ledger.add(found, now)
        await tx.execute(update(vault_key).where(*alive).values(wrapped=None, destroyed_at=now))
        return found

    async def rewrap(self, tx: Transaction, from_kek: str, to_kek: str, limit: int) -> int:
        """Wrap up to ``limit`` data keys anew, under ``to_kek``; content is untouched. Call again until it returns 0.

        Several may run at once: rows that another holds are passed over, so 0 counts only when nobody else is at it.
        """
        if from_kek == to_kek:
            raise Misuse("re-wrapping under the same key")
        new_kek = self.keyring.wrapping_key(to_kek)
        live = (vault_key.c.kek_id == from_kek, vault_key.c.wrapped.is_not(None))
        held = select(vault_key).where(*live).order_by(vault_key.c.scope_id).limit(limit).with_for_update(skip_locked=True)
        rows = (await tx.execute(held)).all()
        if not rows:
            return 0
        await self._learn([from_kek])
        changes = [
            {"held_scope_id": row.scope_id, "new_wrapped": wrap(to_kek, new_kek, self._unwrapped(row), row.scope_id)} for row in rows
        ]
        statement = (
            update(vault_key)
            .where(vault_key.c.scope_id == bindparam("held_scope_id"), *live)
            .values(kek_id=to_kek, wrapped=bindparam("new_wrapped"))
        )
        await tx.execute(statement, changes)
        return len(rows)

    async def _data_keys(self, reading: Reading, scope_ids: Iterable[str], *, hold: bool) -> dict[str, bytes]:
        wanted = set(scope_ids)
        statement = select(vault_key).where(vault_key.c.scope_id.in_(wanted))
        if hold:
            statement = statement.with_for_update(read=True)
        rows = (await reading.execute(statement)).all() if wanted else []
        if len(rows) != len(wanted):
            raise NotFound("there is no such scope")
        await self._learn(row.kek_id for row in rows)
        return {row.scope_id: self._unwrapped(row) for row in rows}

    async def renew(self) -> None:
        """Read the keyring again where it lies; one that cannot be read just now leaves the old one in use."""
        if self._source is None:
            return
        stamp = self._source.stamp()
        try:
            self.keyring = await asyncio.to_thread(self._source.read)
        except SettingsRefused:
            log.error("keyring.unread")
            return
        self._stamp = stamp

    async def _renew_if_changed(self) -> None:
        """Another process may have exchanged a key: what is sealed under the old one would soon not open any more."""
        if self._source is not None and self._source.stamp() != self._stamp:
            await self.renew()

    async def _learn(self, kek_ids: Iterable[str]) -> None:
        """Read the keyring again when it lacks one of these, but not again and again for one that has been destroyed."""
        now = self._clock.monotonic()
        unknown = set(kek_ids) - self.keyring.wrapping_keys.keys()
        asking = {kek_id for kek_id in unknown if now - self._asked.get(kek_id, -ASK_AGAIN_SECONDS) >= ASK_AGAIN_SECONDS}
        if asking:
            self._asked |= dict.fromkeys(asking, now)
            await self.renew()

    def _unwrapped(self, row: Any) -> bytes:
        """The data key of a row with ``scope_id``, ``kek_id`` and ``wrapped``."""
        if row.wrapped is None:
            raise VaultSealed("the key has been destroyed")
        return unwrap(row.kek_id, self.keyring.wrapping_key(row.kek_id), row.wrapped, row.scope_id)


def _identity(content_id: str, kind: str) -> str:
    return row_identity(vault_content.name, content_id, kind)
