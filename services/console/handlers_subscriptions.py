"""Calendars where they are published: subscribed to, looked at once a day, taken when nothing in them is in doubt.

What contradicts itself, or the days that are here, is kept out whole and waits for a person, who looks with ``encompass calendar import``.
"""

import hashlib
from collections.abc import Collection
from datetime import timedelta

from services.console import store_subscriptions
from services.console.domain.calendar_events import CODES
from services.console.handlers_calendars import import_published
from services.console.handlers_days_client import fetch
from services.console.store_subscriptions import Subscription
from shared.calendar import london_date
from shared.errors import EncompassError, NotFound, Refused
from shared.service import Parts

EVERY = timedelta(days=1)
AGAIN = timedelta(hours=1)
URL_MAX, SOURCE_MAX = 500, 120


async def subscribe(owner: str, url: str, source: str, accept: Collection[str], parts: Parts) -> None:
    """Look at ``url`` for the days of ``owner`` (an authority or a setting) from now on, in the place of what was looked at before.

    Raises Refused for an address that is not https, an empty source or an unknown code; NotFound for an unknown owner.
    """
    plain = parts.settings.demo and url.startswith("http://")
    if not (plain or url.startswith("https://")) or len(url) > URL_MAX:
        raise Refused("give an address that begins with https://", code="url")
    if not 0 < len(source.strip()) <= SOURCE_MAX:
        raise Refused(f"--source: say in 1 to {SOURCE_MAX} characters where the calendar comes from", code="source")
    if unknown := sorted(set(accept) - CODES):
        raise Refused(f"--accept: {unknown[0]} is the code of no contradiction", code="unknown-code")
    async with parts.database.transaction() as tx:
        known = await parts.directory.settings(tx, [owner])
        if not known and owner not in {one.authority for one in await parts.directory.authorities(tx)}:
            raise NotFound("--for: the directory holds no such authority or setting: import it first, or correct the code")
        await store_subscriptions.put(tx, owner, url, source.strip(), sorted(set(accept)))


async def unsubscribe(owner: str, parts: Parts) -> None:
    """Look there no more; the days that were taken stay. Raises NotFound when nothing was subscribed to."""
    async with parts.database.transaction() as tx:
        if not await store_subscriptions.remove(tx, owner):
            raise NotFound("--for: nothing is subscribed to for this authority or setting")


async def look(one: Subscription, parts: Parts) -> str:
    """Fetch a calendar and take it where nothing is in doubt; the state that it is in from then on."""
    seen_hash, finding = one.seen_hash, ""
    try:
        content = await fetch(one.url, private=parts.settings.demo)
        is_read, seen_hash = True, hashlib.sha256(content).hexdigest()
        if seen_hash == one.seen_hash and one.state in ("taken", "kept-out"):
            state, finding = one.state, one.finding
        else:
            state, finding = await _taken(one, content, parts)
    except EncompassError as error:
        is_read, state, finding = False, "not-read", error.code
    async with parts.database.transaction() as tx:
        await store_subscriptions.looked(tx, one.owner, state=state, finding=finding, seen_hash=seen_hash, is_read=is_read)
    return state


async def _taken(one: Subscription, content: bytes, parts: Parts) -> tuple[str, str]:
    on = london_date(parts.clock.now())
    result = await import_published(content, one.owner, source=one.source, as_at_on=on, accept=one.accept, parts=parts)
    if result.open:
        return "kept-out", " ".join(result.open)
    if not (result.terms or result.days):
        return "kept-out", "empty"
    return "taken", "left-out" if result.left else ""
