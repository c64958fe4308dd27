"""Router's main handler: an incident has a new version; every one of its children gets an outcome, in one transaction.

A fact is a hint (D9), whatever it says: the incident's row is held, and the decisions are brought up to the version that is the newest by
then. A repeat, or an older version that comes late, finds it done. The number of statements depends on how many authorities are named, not
on how many incidents or children a batch has.

Without any policy in force there is no team to hold a child for: the fact stays owed, is never parked, and is tried again until one is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from services.router import store, store_destinations, store_standing
from services.router.domain.decision import Matched, decide
from services.router.domain.evidence import Pupil
from services.router.domain.revision import Kept
from services.router.handlers_days import Days, Policies, policies
from services.router.handlers_defects import attempted
from services.router.handlers_find import candidates
from services.router.handlers_live import homes, matched_pupils
from services.router.handlers_outcomes import Outcomes
from services.router.handlers_reports import Incident, Rules, children_of, decisions, earlier, opened
from services.router.handlers_revising import Around, Bringing
from services.router.handlers_routes import Routed, Routes
from services.router.handlers_transfer import Placing
from services.router.store_standing import Stood
from shared.db import Transaction
from shared.directory import Directory, Setting, Team
from shared.errors import Misuse, NotFound
from shared.events import ROUTER, Envelope, IncidentCorrected, IncidentDecided, IncidentReceived, IncidentWithdrawn, ReviewSettled
from shared.log import logger
from shared.report import store as reports
from shared.report.store import Version
from shared.vault import Vault

log = logger(__name__)

Found = Mapping[str, Sequence[Pupil]]


class Routing:
    """Handles ``incident.received``, ``incident.corrected`` and ``incident.withdrawn``."""

    def __init__(self, vault: Vault, directory: Directory, *, rules: Rules = decide) -> None:
        self._vault = vault
        self._directory = directory
        self._rules = rules

    async def told(self, tx: Transaction, envelopes: Sequence[Envelope]) -> None:
        """Bring every incident up to its newest version. Raises NotFound while a report is not there, Unavailable without a policy."""
        owed, done = await self._owed(tx, envelopes)
        if not owed:
            return
        told, erased = await opened(self._vault, tx, list(owed.values()))
        standing = await store_standing.stood(tx, [one for one in owed if done[one]]) if any(done[one] for one in owed) else {}
        kept = {one: stood for one, stood in standing.items() if one not in erased and not owed[one].is_withdrawal}
        before = await earlier(self._vault, tx, kept)
        incidents = [
            Incident(told=told[one, version.incident_version], stood=standing.get(one, Stood()), earlier=before.get(one, {}))
            for one, version in owed.items()
            if one not in erased
        ]
        outcomes = await self._outlived(tx, incidents[0]) if len(incidents) == 1 else await self._outcomes(tx, incidents)
        for incident_id in sorted(erased):
            outcomes.facts.append(_nothing_anew(owed[incident_id], tx))
        await _write(tx, outcomes)
        await store.decided(tx, {one: version.incident_version for one, version in owed.items()})
        for one, version in owed.items():
            log.info("incident.decided", incident_id=one, incident_version=version.incident_version, children=len(version.child_ids))

    async def _owed(self, tx: Transaction, envelopes: Sequence[Envelope]) -> tuple[dict[str, Version], dict[str, int]]:
        """The newest version of each incident that has one beyond what was decided, and what was decided of each; their rows are held."""
        wanted = {_told(envelope) for envelope in envelopes}
        done = await store.hold(tx, wanted)
        newest = await reports.newest(tx, wanted)
        if newest.keys() != wanted:
            raise NotFound("there is no such report")
        return {one: newest[one] for one in sorted(wanted) if done[one] < newest[one].incident_version}, done

    async def _outlived(self, tx: Transaction, incident: Incident) -> Outcomes:
        """What follows for one incident; its children are held where the program fails. Among several, a failure parts the batch first."""
        followed = await attempted(incident.version.incident_id, lambda: self._outcomes(tx, [incident]), None)
        if followed is not None:
            return followed
        around = Around(tx=tx, settings={}, policies=await policies(self._directory, tx), days=Days(tx, self._directory))
        return await Bringing(incident=incident, around=around).undecided()

    async def _outcomes(self, tx: Transaction, incidents: Sequence[Incident]) -> Outcomes:
        found = await candidates(tx, self._vault, children_of(one.told for one in incidents))
        settings = await self._settings(tx, incidents, found)
        decided = [replace(one, decisions=decisions(one.told, found, settings, self._rules)) for one in incidents]
        known, days = await policies(self._directory, tx), Days(tx, self._directory)
        matched = {ref for one in decided for made in one.decisions.values() if isinstance(made, Matched) for ref in made.setting_ids}
        again = {ref for kept in _kept(decided) for ref in kept.setting_ids}
        await days.load(settings[ref] for ref in sorted(matched | _live_refs(decided) | again) if ref in settings)
        decided = await self._placed(tx, decided, found, dict(settings), known, days) if matched else decided
        teams, at_home = await self._teams(tx, incidents), await self._homes(tx, decided, found)
        offered = await self._directory.settings(tx, _offered(decided, settings)) if _offered(decided, settings) else {}
        around = Around(
            tx=tx, settings={**settings, **offered}, policies=known, days=days, teams=teams, homes=at_home, directory=self._directory
        )
        routed = await self._routed(around, decided)
        around, outcomes = replace(around, desks=routed.desks), Outcomes()
        for one in decided:
            incident = replace(one, decisions={child_id: routed.decisions[child_id] for child_id in one.decisions})
            outcomes.add(await Bringing(incident=incident, around=around).run())
        return outcomes

    async def _routed(self, around: Around, decided: Sequence[Incident]) -> Routed:
        """What becomes of the decisions by the routes that the children's policies permit."""
        routes = Routes(
            reading=around.tx, directory=self._directory, policies=around.policies, settings=around.settings, homes=around.homes
        )
        told = {child_id: one.told for one in decided for child_id in one.decisions}
        return await routes.route(told, {child_id: made for one in decided for child_id, made in one.decisions.items()})

    async def _settings(self, tx: Transaction, incidents: Sequence[Incident], found: Found) -> Mapping[str, Setting]:
        """The settings of all candidates, those that are told already, those that reports name by URN, and, where one is named by name
        alone, all of its area."""
        schools = [child.school for child in children_of(one.told for one in incidents).values() if child.school is not None]
        pupils = [pupil for some in found.values() for pupil in some]
        urns = {school.urn for school in schools if school.urn is not None}
        told = _live_refs(incidents) | {ref for kept in _kept(incidents) for ref in kept.setting_ids}
        settings = await self._directory.settings(tx, urns | told | {one for pupil in pupils for one in pupil.setting_ids})
        if any(school.urn is None and school.name is not None for school in schools):
            areas = {pupil.authority for pupil in pupils} | {
                settings[one].authority for pupil in pupils for one in pupil.setting_ids if one in settings
            }
            settings |= await self._directory.settings_in(tx, areas)
        return settings

    async def _placed(
        self, tx: Transaction, decided: list[Incident], found: Found, settings: dict[str, Setting], known: Policies, days: Days
    ) -> list[Incident]:
        """The same incidents, their matched children where they are in the new school year."""
        placing = Placing(reading=tx, vault=self._vault, directory=self._directory, policies=known, days=days, settings=settings)
        versions = {child_id: one.version for one in decided for child_id in one.decisions}
        decisions_made = {child_id: made for one in decided for child_id, made in one.decisions.items()}
        pupils = matched_pupils(decisions_made, found)
        made = await placing.place(versions, decisions_made, pupils)
        return [replace(one, decisions={child_id: made[child_id] for child_id in one.decisions}) for one in decided]

    async def _homes(self, tx: Transaction, decided: Sequence[Incident], found: Found) -> Mapping[str, str]:
        """Where the children live of whom somebody may be told."""
        pupils = {child_id: one for incident in decided for child_id, one in matched_pupils(incident.decisions, found).items()}
        return await homes(tx, self._directory, children_of(one.told for one in decided), pupils)

    async def _teams(self, tx: Transaction, incidents: Sequence[Incident]) -> Mapping[str, Team]:
        """The teams that a person had chosen for children who were taken out since."""
        wanted = {ref for kept in _kept(incidents) for ref in kept.team_ids}
        return await self._directory.teams(tx, wanted) if wanted else {}


def _told(envelope: Envelope) -> str:
    """The incident that a fact is a hint of."""
    if not isinstance(envelope.fact, IncidentReceived | IncidentCorrected | IncidentWithdrawn):
        raise Misuse("not a fact of an incident's version")
    return envelope.fact.incident_id


def _offered(incidents: Sequence[Incident], settings: Mapping[str, Setting]) -> set[str]:
    """The settings that children were offered, beyond those known so far."""
    made = (one for incident in incidents for one in incident.decisions.values() if isinstance(one, Matched))
    return {ref for one in made for ref in one.setting_ids} - settings.keys()


def _live_refs(incidents: Sequence[Incident]) -> set[str]:
    """The settings that are told of these incidents now."""
    return {known.ref for one in incidents for known in one.stood.known if known.is_live and known.kind == "setting"}


def _kept(incidents: Sequence[Incident]) -> tuple[Kept, ...]:
    """What people had decided of children who were taken out since."""
    return tuple(child.kept for one in incidents for child in one.stood.children.values() if child.kept is not None)


def _nothing_anew(version: Version, tx: Transaction) -> IncidentDecided:
    """An erased report can be opened by nobody: what was decided of it stays as it is."""
    log.warning("incident.erased-undecided", incident_id=version.incident_id, incident_version=version.incident_version)
    return IncidentDecided(incident_id=version.incident_id, incident_version=version.incident_version, decided_at=tx.clock.now())


async def _write(tx: Transaction, outcomes: Outcomes) -> None:
    ended = await store_standing.supersede(tx, outcomes.ended) if outcomes.ended else frozenset()
    await store.add_decisions(tx, outcomes.decisions)
    await store_destinations.add(tx, outcomes.destinations)
    await store_destinations.join(tx, outcomes.joined)
    await store_destinations.leave(tx, outcomes.left)
    await store_destinations.revised(tx, outcomes.reached)
    await store.add_reviews(tx, outcomes.reviews)
    await tx.record(ROUTER, [fact for fact in outcomes.facts if not isinstance(fact, ReviewSettled) or fact.review_id in ended])
