"""What a person does in a report's life, without the pages, and where an incident stands: over router's world (``tests.routing``)."""

from typing import Any

from sqlalchemy import insert, update

from services.router import store
from services.router.handlers_days import Days, Policies
from services.router.handlers_opening import Opening
from services.router.store_standing import stood
from shared.db import Transaction
from shared.db.tables.router import router_decision, router_review
from shared.events import Fact, IncidentRouted, ReviewSettled
from shared.ids import new_id
from shared.report.store import newest
from tests.routing import NIGHT, World, on_roll, report_at

PERSON = "a-session"
Body = dict[str, Any]
Standing = tuple[set[tuple[str, frozenset[str]]], set[tuple[str, str]]]


async def standing(world: World, incident_id: str) -> Standing:
    """Who is told of whom, and who is held why; children by their references."""
    name = {child_id: reference for reference, child_id in world.child_ids[incident_id].items()}
    async with world.database.reading() as reading:
        of_incident = (await stood(reading, [incident_id]))[incident_id]
    assert all(one.is_live == bool(one.child_ids) for one in of_incident.known)
    live = {(one.ref, frozenset(name[child_id] for child_id in one.child_ids)) for one in of_incident.known if one.is_live}
    held = {(name[child_id], review.reason) for child_id, child in of_incident.children.items() for review in child.reviews}
    return live, held


def where(**children: str) -> set[tuple[str, frozenset[str]]]:
    """``to_900001="C1 C3"``: the destinations as ``standing`` says them."""
    return {(ref.removeprefix("to_"), frozenset(names.split())) for ref, names in children.items()}


async def settled(world: World, incident_id: str, reference: str, setting_id: str) -> tuple[IncidentRouted, ...]:
    """A reviewer settles the child's open review, if there is one: this setting is told. Nothing otherwise."""
    child_id = world.child_ids[incident_id].get(reference, "")
    async with world.database.transaction() as tx:
        done = await store.held(tx, [incident_id])
        child = (await stood(tx, [incident_id]))[incident_id].children.get(child_id)
        if child is None or not child.reviews:
            return ()
        version = (await newest(tx, [incident_id]))[incident_id]
        policies, days = Policies(await world.directory.published(tx)), Days(tx, world.directory)
        opening = Opening(tx=tx, version=version, incident_version=done[incident_id], policies=policies, days=days)
        await opening.to_settings(child_id, [await world.directory.setting(tx, setting_id)])
        routed = await opening.routed()
        facts: list[Fact] = [await ended(tx, incident_id, child_id, one.review_id) for one in child.reviews]
        await decided_by_person(tx, incident_id, child_id)
        await tx.record("router", [*facts, *routed])
    return routed


async def ended(tx: Transaction, incident_id: str, child_id: str, review_id: str) -> ReviewSettled:
    """A reviewer's end of a review."""
    now = tx.clock.now()
    values = {"state": "settled", "settlement": "setting", "settled_at": now, "settled_by": PERSON, "next_action_at": None}
    await tx.execute(update(router_review).where(router_review.c.review_id == review_id).values(values))
    return ReviewSettled(
        incident_id=incident_id, child_id=child_id, review_id=review_id, settlement="setting", decider=PERSON, settled_at=now
    )


async def decided_by_person(tx: Transaction, incident_id: str, child_id: str) -> None:
    """The child's standing decision is a person's from here on; who is told stays as it is."""
    of_incident = (await stood(tx, [incident_id]))[incident_id]
    row = {
        "decision_id": new_id(),
        "incident_id": incident_id,
        "incident_version": (await store.held(tx, [incident_id]))[incident_id],
        "child_id": child_id,
        "round": of_incident.last_rounds[child_id] + 1,
        "outcome": "matched",
        "rule": "setting",
        "evidence": [],
        "decided_by": PERSON,
        "decided_at": tx.clock.now(),
    }
    await tx.execute(insert(router_decision), row)


# --- reports ------------------------------------------------------------------------------------------------------------


def family() -> Body:
    """Three children: at the primary, at the high school, and at the primary again."""
    report = report_at(NIGHT)
    one, other, third = report["children"]
    school = one["school"]
    report["children"] = [one, other, third | {"school": school, "date_of_birth": "2019-05-06", "date_of_birth_accuracy": "exact"}]
    return report


def only(report: Body, *references: str, **of_first: Any) -> Body:
    """The same report with these children alone, the first of them with other values."""
    by_reference = {child["reference"]: child for child in report["children"]}
    children = [by_reference[one] for one in references]
    return report | {"children": [children[0] | of_first, *children[1:]]}


async def loaded(world: World, report: Body, **first: str) -> None:
    """All children of that report are on the roll, the first with other values."""
    one, *others = report["children"]
    await world.load_roll([on_roll(one, **first), *(on_roll(child) for child in others)])


async def told(world: World, report: Body, **options: Any) -> str:
    """A first version, decided."""
    envelope = await world.accept(report, **options)
    await world.delivery.deliver([envelope])
    return envelope.fact.incident_id


async def corrected(world: World, incident_id: str, report: Body) -> None:
    """A later version, decided."""
    await world.delivery.deliver([await world.correct(incident_id, report)])
