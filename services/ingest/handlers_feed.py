"""Reading the feed: what a force is told of every change, a page at a time, with its own references.

Reading it records no view: an entry is what the sender itself knows, with identifiers, codes and instants, and nothing personal.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from services.ingest import store_feed
from services.ingest.domain.feed import FeedEntry
from services.ingest.domain.hiding import hides
from services.ingest.handlers_stored import Told, opened, told
from services.ingest.store_feed import Stored
from shared.db import Database, Reading
from shared.errors import Refused, VaultSealed
from shared.outcome import Outcome
from shared.report.store import load_many
from shared.scope import Scope
from shared.vault import Vault

_TOLD_WHO = frozenset({Outcome.HELD.value, Outcome.EXCLUDED.value})
"""The owner of a review, and who excluded, are told in any case; the owner at a destination would tell where the child is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedPage:
    """``cursor`` is what to ask behind next time, also when there is no entry. ``more``: there is another page already."""

    entries: tuple[FeedEntry, ...]
    cursor: str
    more: bool


class Feed:
    """The feed as forces read it."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database = database
        self._vault = vault

    async def page(self, scope: Scope, *, sandbox: bool, after: int, limit: int) -> FeedPage:
        """The entries of the force behind the cursor ``after``, at most ``limit``.

        Raises Refused for a cursor that this feed never gave: then the database is an older one, and the reader must begin anew.
        """
        async with self._database.reading() as reading:
            end = await store_feed.end(reading)
            if after > end:
                raise Refused("The cursor lies behind the end of the feed: begin again without one.", code="cursor-unknown")
            stored = await store_feed.page(reading, scope, sandbox=sandbox, after=after, limit=limit + 1)
            entries = await self.entries(reading, stored[:limit], scope)
        more = len(stored) > limit
        return FeedPage(entries=entries, cursor=entries[-1].cursor if more else str(end), more=more)

    async def entries(self, reading: Reading, stored: Sequence[Stored], scope: Scope) -> tuple[FeedEntry, ...]:
        """The rows as the force sees them."""
        known = await self._known(reading, {one.change.incident_id for one in stored}, scope)
        return tuple(_entry(one, known.get(one.change.incident_id)) for one in stored)

    async def _known(self, reading: Reading, incident_ids: set[str], scope: Scope) -> dict[str, Told]:
        """The reports that name each incident's children; without those that have been erased."""
        try:
            newest = await load_many(self._vault, reading, incident_ids, scope)
        except VaultSealed:
            each = {incident_id: await opened(self._vault, reading, incident_id, scope) for incident_id in incident_ids}
            newest = {incident_id: report for incident_id, report in each.items() if report is not None}
        children = await store_feed.children(reading, newest)
        found = {}
        for incident_id, report in newest.items():
            named = children.get(incident_id, set()) <= set(report.child_ids.values())
            found[incident_id] = await told(self._vault, reading, incident_id, scope, newest=report, named=named)
        return found


def _entry(one: Stored, known: Told | None) -> FeedEntry:
    said = one.change.told
    hidden = known is None or any(hides(report) for report in known.reports)
    return FeedEntry(
        cursor=str(one.position),
        incident_id=one.change.incident_id,
        system=one.system,
        reference=one.reference if known is not None else None,
        child_id=one.change.child_id,
        child_reference=known.references.get(one.change.child_id) if known is not None else None,
        outcome=said.outcome,
        since=one.change.since_at,
        reason=said.reason,
        owner=None if hidden and said.outcome not in _TOLD_WHO else said.owner,
        deadline_at=said.deadline_at,
        acknowledged_at=said.acknowledged_at,
        late_at=said.late_at,
    )
