"""Policies that differ from the sample's in a value or two."""

from dataclasses import replace
from datetime import date
from typing import Any

from sqlalchemy import insert

from shared.db.tables import metadata
from shared.policy import to_json, version
from tests.contract.notifier_world import World


async def policy_with(world: World, **changes: Any) -> str:
    """The version of a published policy that differs in these values alone."""
    async with world.database.transaction() as tx:
        policy = replace((await world.directory.deciding(tx, "testshire", "999", date(2026, 11, 22))).policy, **changes)
        row: dict[str, Any] = {"version": version(policy), "document": to_json(policy), "published_at": world.clock.now()}
        row |= {name: getattr(policy, name) for name in ("owner_kind", "owner", "effective_from_on")}
        await tx.execute(insert(metadata.tables["directory_policy"]).values(**row))
    return str(row["version"])
