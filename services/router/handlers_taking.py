"""A settlement taking effect: the review ends, destinations open and end, the decision stays. One transaction, the incident held."""

from collections.abc import Sequence

from services.router import store_reviews, store_settlements, store_standing
from services.router.domain.revision import live_in
from services.router.domain.settling import Choice, Moves, moves
from services.router.domain.standing import Known
from services.router.handlers_days import Days, Policies
from services.router.handlers_live import home_of
from services.router.handlers_opening import Opening, revised_fact
from services.router.handlers_reports import opened
from services.router.store_destinations import Member, leave
from services.router.store_reviews import Review
from services.router.store_settlements import Settlement
from shared.db import Transaction
from shared.directory import Directory
from shared.events import ROUTER, ChildExcluded, Fact, ReviewSettled
from shared.log import logger
from shared.report import store as reports
from shared.vault import Vault

log = logger(__name__)


class Taking:
    """Makes what a reviewer decided true."""

    def __init__(self, vault: Vault, directory: Directory) -> None:
        self._vault = vault
        self._directory = directory

    async def is_outdated(self, tx: Transaction, settlement: Settlement) -> bool:
        """Whether the report now says something else of this child than its reviewer was shown."""
        decided = await store_reviews.hold(tx, settlement.incident_id)
        if decided == settlement.incident_version:
            return False
        keys = {(settlement.incident_id, number) for number in (decided, settlement.incident_version)}
        told, _ = await opened(self._vault, tx, list((await reports.versions(tx, keys)).values()))
        said = [one.inputs(settlement.child_id) for one in told.values()]
        return len(said) < len(keys) or any(one is None or one != said[0] for one in said)

    async def effect(self, tx: Transaction, settlement: Settlement, review: Review) -> bool:
        """Write all that follows; False when the review was settled meanwhile, and then nothing does."""
        choice, child_id = settlement.choice, settlement.child_id
        incident_version = await store_reviews.hold(tx, settlement.incident_id)
        stood = (await store_standing.stood(tx, [settlement.incident_id]))[settlement.incident_id]
        version = await reports.version(tx, settlement.incident_id, incident_version)
        moved = moves(choice, review.reason, live_in(stood.known, child_id))
        policies, days = Policies(await self._directory.published(tx)), Days(tx, self._directory)
        told, _ = await opened(self._vault, tx, [version])
        child = next((one.children.get(child_id) for one in told.values()), None)
        homes = await home_of(tx, self._vault, self._directory, child_id, child, choice.pupil_id)
        opening = Opening(tx=tx, version=version, incident_version=incident_version, policies=policies, days=days, homes=homes)
        await open_for(opening, self._directory, child_id, choice, moved)
        # A place that has closed while the settlement waited can be told nothing: the review stays a person's.
        nowhere = choice.kind != "excluded" and not opening.owed and not moved.kept
        if nowhere or not await store_reviews.settle(tx, review.review_id, choice.kind, settlement.decided_by):
            await store_settlements.end(tx, settlement.settlement_id, "void")
            return False
        await store_settlements.end(tx, settlement.settlement_id, "done")
        gone = await self._left(opening, child_id, moved.left)
        routed = await opening.routed()
        await store_settlements.add_decision(tx, settlement, incident_version, stood.last_rounds[child_id] + 1, review.reason)
        facts: list[Fact] = [_settled(settlement, tx), *gone, *routed]
        if choice.kind == "excluded":
            facts.append(_excluded(settlement, incident_version, tx))
        await tx.record(ROUTER, facts)
        log.info("review.settled", incident_id=settlement.incident_id, review_id=review.review_id)
        return True

    async def _left(self, opening: Opening, child_id: str, left: Sequence[Known]) -> list[Fact]:
        """Take the child out of these destinations; the facts, not recorded yet."""
        tx, version = opening.tx, opening.version
        settings = await self._directory.settings(tx, {one.ref for one in left if one.kind == "setting"})
        await opening.days.load(settings.values())
        facts: list[Fact] = []
        for one in left:
            due = await opening.days.again(one, version.force, opening.policies.frozen(one.policy_version), tx.clock.now())
            told = one.child_ids - {child_id}
            facts.append(revised_fact(one, version, opening.incident_version, told, due, "settled", tx))
        await leave(tx, [Member(destination_id=one.destination_id, child_id=child_id) for one in left])
        return facts


async def open_for(opening: Opening, directory: Directory, child_id: str, choice: Choice, moved: Moves) -> None:
    """Gather what a choice tells anew; a setting that has closed is told nothing."""
    if choice.kind == "team":
        teams = await directory.teams(opening.tx, moved.told)
        for ref in moved.told:
            await opening.to_team(child_id, teams[ref])
        return
    settings = await directory.settings(opening.tx, moved.told)
    await opening.to_settings(child_id, [settings[ref] for ref in moved.told if ref in settings and settings[ref].is_open])


def _settled(settlement: Settlement, tx: Transaction) -> ReviewSettled:
    return ReviewSettled(
        incident_id=settlement.incident_id,
        child_id=settlement.child_id,
        review_id=settlement.review_id,
        settlement=settlement.choice.kind,
        decider=settlement.decided_by,
        settled_at=tx.clock.now(),
    )


def _excluded(settlement: Settlement, incident_version: int, tx: Transaction) -> ChildExcluded:
    return ChildExcluded(
        incident_id=settlement.incident_id,
        incident_version=incident_version,
        child_id=settlement.child_id,
        reason=settlement.choice.code or "",
        decider=settlement.decided_by,
        excluded_at=tx.clock.now(),
    )
