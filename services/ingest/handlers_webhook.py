"""A force's webhook: where to its outcomes are pushed, and the secrets that sign them.

A secret is sealed in a scope of the vault of its own (design rule 7.2): it must be used, so a hash would not do. It is written anew long
before its retention month ends, and destroyed when nobody may sign with it any more.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from services.ingest import store_feed, store_webhook
from services.ingest.domain.feed import instant
from services.ingest.domain.webhook import OVERLAP, headers, secret_of, url_fault
from services.ingest.handlers_webhook_client import Posted, Poster
from services.ingest.store_webhook import StoredSecret, Webhook
from shared.calendar import london_date
from shared.clock import Clock
from shared.db import Database, Reading, Transaction
from shared.errors import Conflict, NotFound, Refused, VaultSealed
from shared.ids import new_id, new_token
from shared.vault import Vault, retention_month
from shared.vault.sealing import row_identity

SECRET_MONTHS = 12
SECRET_RENEWED_AFTER = timedelta(days=180)


class Webhooks:
    """What an operator does with webhooks. ``plain`` allows http addresses, for a demonstration."""

    def __init__(self, *, database: Database, vault: Vault, clock: Clock, plain: bool) -> None:
        self._database = database
        self._vault = vault
        self._clock = clock
        self._plain = plain

    async def set(self, force: str, url: str, *, sandbox: bool) -> str:
        """Push the force's outcomes to ``url`` from now on; returns the secret, which is never to be seen again.

        Raises Refused for an address that cannot be one, Conflict when the force has a webhook.
        """
        if (fault := url_fault(url, plain=self._plain)) is not None:
            raise Refused(fault)
        now = self._clock.real()
        async with self._database.transaction() as tx:
            if await store_webhook.of_force(tx, force, sandbox=sandbox) is not None:
                raise Conflict("the force has a webhook: remove it first")
            webhook = Webhook(
                webhook_id=new_id(),
                force=force,
                sandbox=sandbox,
                url=url,
                state=store_webhook.ACTIVE,
                reason=None,
                position=await store_feed.end(tx),
                sending_to=None,
                attempts=0,
                due_at=now,
                failing_since_at=None,
                created_at=now,
            )
            await store_webhook.add(tx, webhook)
            return await self._new_secret(tx, webhook.webhook_id)

    async def rotate(self, force: str, *, sandbox: bool) -> str:
        """Give the webhook another secret, and return it; the one before signs beside it for a day. Raises NotFound."""
        async with self._database.transaction() as tx:
            webhook = await self._of(tx, force, sandbox=sandbox)
            stored = await store_webhook.secrets(tx, [webhook.webhook_id])
            ended = [one.secret_id for one in stored if one.ends_at is not None and one.ends_at <= self._clock.real()]
            await store_webhook.end_secrets(tx, [one.secret_id for one in stored], self._clock.real() + OVERLAP)
            await store_webhook.remove_secrets(tx, ended)
            secret = await self._new_secret(tx, webhook.webhook_id)
        await self._destroy(ended)
        return secret

    async def remove(self, force: str, *, sandbox: bool) -> None:
        """Push nothing there any more. Raises NotFound."""
        async with self._database.transaction() as tx:
            webhook = await self._of(tx, force, sandbox=sandbox)
            ended = [one.secret_id for one in await store_webhook.secrets(tx, [webhook.webhook_id])]
            await store_webhook.remove_secrets(tx, ended)
            await store_webhook.change(tx, webhook.webhook_id, removed_at=self._clock.real())
        await self._destroy(ended)

    async def resume(self, force: str, *, sandbox: bool) -> None:
        """Try again at once, from where it stopped. Raises NotFound."""
        async with self._database.transaction() as tx:
            webhook = await self._of(tx, force, sandbox=sandbox)
            active: dict[str, Any] = {"state": store_webhook.ACTIVE, "reason": None, "attempts": 0, "failing_since_at": None}
            await store_webhook.change(tx, webhook.webhook_id, due_at=self._clock.real(), **active)

    async def listed(self, force: str | None) -> tuple[Webhook, ...]:
        """The webhooks of a force, or of all."""
        async with self._database.reading() as reading:
            return await store_webhook.every(reading, force)

    async def test(self, force: str, poster: Poster, *, sandbox: bool) -> Posted:
        """Send a message that says nothing, once. Raises NotFound, VaultSealed."""
        async with self._database.reading() as reading:
            webhook = await self._of(reading, force, sandbox=sandbox)
            known = await self.secrets(reading, webhook.webhook_id)
        return await send(poster, self._clock, webhook.url, known, new_id(), "webhook.test", {})

    async def secrets(self, reading: Reading, webhook_id: str) -> tuple[str, ...]:
        """What signs now, the newest first. Raises VaultSealed when a secret has been destroyed with its month."""
        now = self._clock.real()
        stored = [one for one in await store_webhook.secrets(reading, [webhook_id]) if one.ends_at is None or one.ends_at > now]
        openers = await self._vault.openers(reading, [one.secret_id for one in stored])
        return tuple(openers[one.secret_id](_identity(one.secret_id), one.sealed).decode() for one in stored)

    async def renew(self, webhook_id: str) -> int:
        """Seal secrets anew that are half a year old, for a later retention month; how many there were."""
        now = self._clock.real()
        async with self._database.transaction() as tx:
            stored = await store_webhook.secrets(tx, [webhook_id])
            old = [one for one in stored if one.created_at < now - SECRET_RENEWED_AFTER]
            openers = await self._vault.openers(tx, [one.secret_id for one in old]) if old else {}
            for one in old:
                secret = openers[one.secret_id](_identity(one.secret_id), one.sealed).decode()
                await self._seal(tx, webhook_id, secret, one)
            await store_webhook.remove_secrets(tx, [one.secret_id for one in old])
        await self._destroy([one.secret_id for one in old])
        return len(old)

    async def _of(self, reading: Reading, force: str, *, sandbox: bool) -> Webhook:
        webhook = await store_webhook.of_force(reading, force, sandbox=sandbox)
        if webhook is None:
            raise NotFound("the force has no webhook")
        return webhook

    async def _new_secret(self, tx: Transaction, webhook_id: str) -> str:
        secret = secret_of(new_token())
        await self._seal(tx, webhook_id, secret, None)
        return secret

    async def _seal(self, tx: Transaction, webhook_id: str, secret: str, before: StoredSecret | None) -> None:
        secret_id, now = new_id(), self._clock.real()
        try:
            sealer = await self._vault.new_scope(tx, secret_id, retention_month(london_date(now), SECRET_MONTHS))
        except VaultSealed:
            raise Refused(f"the keyring does not reach {SECRET_MONTHS} months ahead: extend it first") from None
        ends_at = None if before is None else before.ends_at
        sealed = sealer(_identity(secret_id), secret.encode())
        stored = StoredSecret(secret_id=secret_id, webhook_id=webhook_id, sealed=sealed, created_at=now, ends_at=ends_at)
        await store_webhook.add_secret(tx, stored)

    async def _destroy(self, secret_ids: Sequence[str]) -> None:
        """In a transaction of its own: the ledger has it before the database does."""
        if secret_ids:
            async with self._database.transaction() as tx:
                await self._vault.destroy_many(tx, secret_ids)


async def send(
    poster: Poster, clock: Clock, url: str, secrets: Sequence[str], message_id: str, kind: str, data: Mapping[str, Any]
) -> Posted:
    """One signed message: an object with ``type``, ``timestamp`` (business time; that of the headers is real) and ``data``."""
    body = json.dumps({"type": kind, "timestamp": instant(clock.now()), "data": data}, ensure_ascii=True, separators=(",", ":")).encode()
    return await poster.post(url, body, headers(secrets, message_id, int(clock.real().timestamp()), body))


def _identity(secret_id: str) -> str:
    return row_identity("ingest_webhook_secret", secret_id)
