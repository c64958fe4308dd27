"""Taking a control list: which references have an outcome, and whose the others are from now on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from services.ingest import store_control, store_feed
from services.ingest.domain.control import GAP_OWED_WITHIN, ControlList, GapKind, checked
from services.ingest.store_control import Gap, Listed
from shared.calendar import london_date
from shared.clock import Clock
from shared.db import Database, Reading
from shared.directory import Directory
from shared.errors import NotFound, Refused
from shared.ids import new_id
from shared.log import logger
from shared.outcome.standing import HAND_OVER
from shared.policy import Policy
from shared.scope import Scope

log = logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListAnswer:
    """``known``: reference → incident. ``gaps``: the references without an outcome, and why. ``list_id`` is None when it was tried out."""

    list_id: str | None
    system: str
    on: date
    received_at: datetime
    known: Mapping[str, str] = field(repr=False)
    gaps: Mapping[str, GapKind] = field(repr=False)


class ControlLists:
    """Takes control lists."""

    def __init__(self, *, database: Database, directory: Directory, clock: Clock) -> None:
        self._database = database
        self._directory = directory
        self._clock = clock

    async def take(self, body: ControlList, *, force: str, key_id: str, sandbox: bool) -> ListAnswer:
        """Check the list and keep what is missing, durably when this returns. One that is tried out is checked and forgotten.

        Raises Refused for a force without a policy: nobody would own what is missing.
        """
        now, scope = self._clock.now(), Scope.force(force)
        references = tuple(dict.fromkeys(body.references))
        async with self._database.reading() as reading:
            here = await store_control.standings(reading, scope, body.system, references, sandbox=sandbox)
            policy = await policy_of(self._directory, reading, force, now)
        found = checked(references, here, now, HAND_OVER)
        if policy is None:
            raise Refused("The force has no policy in force: nobody would own what is missing.", code="no-policy")
        list_id = None if sandbox else await self._keep(body, len(references), found.gaps, policy, force=force, key_id=key_id, now=now)
        return ListAnswer(list_id=list_id, system=body.system, on=body.on, received_at=now, known=found.known, gaps=found.gaps)

    async def _keep(
        self, body: ControlList, count: int, gaps: Mapping[str, GapKind], policy: Policy, *, force: str, key_id: str, now: datetime
    ) -> str:
        listed = Listed(
            list_id=new_id(),
            force=force,
            system=body.system,
            covers_on=body.on,
            references_count=count,
            gaps_count=len(gaps),
            key_id=key_id,
            received_at=now,
        )
        like = Gap(
            gap_id="",
            force=force,
            system=body.system,
            reference="",
            kind="",
            covers_on=body.on,
            owner=policy.teams.review,
            second_owner=policy.teams.authority_lead,
            opened_at=now,
            deadline_at=now + GAP_OWED_WITHIN,
        )
        async with self._database.transaction() as tx:
            await store_control.add_list(tx, listed)
            opened = await store_control.open_gaps(tx, like, gaps)
            await store_feed.heard(tx, store_feed.LIST, {(force, body.system): now})
        if opened:
            log.warning("control-gap.opened", force=force, count=opened)
        return listed.list_id


async def policy_of(directory: Directory, reading: Reading, force: str, now: datetime) -> Policy | None:
    """The policy that decides for the force as a whole at ``now``; None without one."""
    try:
        return (await directory.deciding(reading, force, None, london_date(now))).policy
    except NotFound:
        return None
