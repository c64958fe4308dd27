"""What a later version of an incident means for one notification: whom it tells of, what must be read again, who is told.

Only a change to what a recipient was shown counts: a child's page, its children, or a handling flag. Before anyone has been shown anything
there is nothing to tell again. What was acknowledged of a child whose page has changed counts no more, for it was said of another page.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from services.notifier.domain.confirm import Confirmation, confirmation
from services.notifier.domain.content import Sheet, Told, sheet
from services.notifier.domain.states import ChildState, Stage, State
from shared.events import ChildRecalled, ContentViewed, Fact, IncidentRouted, NotificationFact, NotificationOpened, NotificationRevised
from shared.policy import Policy
from shared.report import reading
from shared.report.codes import HandlingFlag
from shared.report.model import Report


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """Everything that one version shows of one child, and the flags that say how it is to be handled."""

    confirmation: Confirmation = field(repr=False)
    sheet: Sheet = field(repr=False)
    flags: frozenset[HandlingFlag] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """What is to be done. ``children`` are all children afterwards, those taken away included; the others are ids in a fixed order.

    ``reopens``: it had ended and someone must acknowledge anew. ``tell_changed`` and ``tell_withdrawn`` are contacts, each told once.
    """

    children: tuple[ChildState, ...]
    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...]
    stage: Stage
    reopens: bool
    tell_changed: frozenset[str]
    tell_withdrawn: frozenset[str]

    @property
    def is_material(self) -> bool:
        """Whether anything that a recipient is shown has changed."""
        return bool(self.added or self.removed or self.changed)

    @property
    def own(self) -> tuple[str, ...]:
        """The children that the destination is told of from here on."""
        return tuple(child.child_id for child in self.children if child.is_own)


def shown(report: Report, child_ref: str, policy: Policy, today_on: date, to: Told) -> Shown:
    """What that version of the report shows of the child. Raises NotFound when it has none."""
    child = reading.child(report, child_ref)
    page = sheet(report, child_ref, policy, today_on, to)
    flags = reading.handling_flags(report, child) if child is not None else frozenset()
    return Shown(confirmation=confirmation(report, child_ref), sheet=page, flags=flags)


def revise(
    children: Sequence[ChildState],
    child_ids: Collection[str],
    changed: Collection[str],
    *,
    stage: Stage,
    messaged: Collection[str],
    shown_to: Collection[str],
    at: datetime,
) -> Revision:
    """Bring the children of a notification to a version that tells of ``child_ids``; ``changed`` are those whose page differs.

    ``messaged`` are the contacts who have had a message about it, ``shown_to`` those who have been shown a name. A child that the setting
    itself has called not theirs stays recalled, whatever the version says; one that was taken out and is put back is new.
    """
    known = {child.child_id: child for child in children}
    own = {child.child_id for child in children if child.is_own}
    wanted = [child_id for child_id in child_ids if child_id not in known or known[child_id].recalled_at is None]
    added = tuple(child_id for child_id in wanted if child_id not in own)
    removed = tuple(child_id for child_id in known if child_id in own and child_id not in wanted)
    differs = tuple(child_id for child_id in known if child_id in own and child_id in wanted and child_id in changed)
    after = [_after(child, added, removed, differs, at) for child in children]
    after += [ChildState(child_id=child_id) for child_id in added if child_id not in known]
    state = State(children=tuple(after))
    is_left = bool(wanted)
    ended = stage is not Stage.OPEN
    material = bool(added or removed or differs)
    still_hers = {child.acknowledged_by for child in children if child.is_own}
    read_on = shown_to if state.stage is Stage.OPEN else [contact_id for contact_id in shown_to if contact_id in still_hers]
    return Revision(
        children=state.children,
        added=added,
        removed=removed,
        changed=differs,
        stage=state.stage,
        reopens=ended and state.stage is Stage.OPEN,
        tell_changed=frozenset(read_on) if material and is_left else frozenset(),
        tell_withdrawn=frozenset(messaged) if removed and not is_left else frozenset(),
    )


def _after(child: ChildState, added: Collection[str], removed: Collection[str], differs: Collection[str], at: datetime) -> ChildState:
    if child.child_id in added:
        return ChildState(child_id=child.child_id)
    if child.child_id in removed:
        return replace(child, acknowledged_by=None, acknowledged_at=None, withdrawn_at=at)
    if child.child_id in differs:
        return replace(child, acknowledged_by=None, acknowledged_at=None)
    return child


# --- the page after a change ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """What a contact had been shown before the last change: a version, the destination's children in it, and those she read about."""

    incident_version: int
    child_ids: frozenset[str]
    read: frozenset[str]


def earlier(facts: Sequence[Fact], notification_id: str, destination_id: str, contact_id: str) -> Earlier | None:
    """What this contact read before the last change that mattered, from the incident's facts in the journal's order.

    None when nothing has changed since the opening, or when she had read nothing before it did.
    """
    version = _routed_version(facts, destination_id)
    seen: Earlier | None = None
    before: Earlier | None = None
    for fact, child_ids, matters in _told(facts, notification_id):
        before = seen if matters else before
        if isinstance(fact, NotificationRevised):
            version = fact.incident_version
        elif isinstance(fact, ContentViewed) and fact.contact_id == contact_id:
            seen = Earlier(incident_version=version, child_ids=child_ids, read=frozenset(fact.child_ids))
    return before


def is_stale(facts: Sequence[Fact], notification_id: str, incident_version: int) -> bool:
    """Whether anything that mattered has changed since a page showed that version."""
    return any(
        matters and isinstance(fact, NotificationRevised) and fact.incident_version > incident_version
        for fact, _, matters in _told(facts, notification_id)
    )


def is_on_record(facts: Sequence[Fact], notification_id: str, contact_id: str, child_ids: Collection[str], since: datetime) -> bool:
    """Whether the journal says that this contact was shown these children after ``since``, as they are shown now."""
    seen = False
    for fact, _, _ in _told(facts, notification_id):
        if isinstance(fact, NotificationRevised):
            seen = False
        elif isinstance(fact, ContentViewed) and fact.contact_id == contact_id:
            seen = seen or (fact.viewed_at > since and set(child_ids) <= set(fact.child_ids))
    return seen


def _told(facts: Sequence[Fact], notification_id: str) -> Iterator[tuple[NotificationFact, frozenset[str], bool]]:
    """Each fact of the notification, its children from there on, and whether that fact has changed what someone is shown."""
    child_ids = frozenset[str]()
    for fact in facts:
        if not isinstance(fact, NotificationFact) or fact.notification_id != notification_id:
            continue
        matters = False
        match fact:
            case NotificationOpened():
                child_ids = frozenset(fact.child_ids)
            case ChildRecalled():
                child_ids -= {fact.child_id}
            case NotificationRevised():
                matters = bool(fact.changed_child_ids) or frozenset(fact.child_ids) != child_ids
                child_ids = frozenset(fact.child_ids)
        yield fact, child_ids, matters


def differences(before: Shown, after: Shown) -> tuple[str, ...]:
    """The labels of what differs between two pages of one child, in the page's order; none when nothing does."""
    return tuple(dict.fromkeys(_differences(before, after)))


NAME, BORN = "Name", "Date of birth"
CONDITIONS = "Who must not collect, contact or come near the child"
ABOUT, HANDLING, QUERIES = "What this is about", "What to do and what not to do", "Whom to ring with questions"


def _differences(before: Shown, after: Shown) -> Iterator[str]:
    was, now = before.confirmation, after.confirmation
    if (was.full_name, was.known_as) != (now.full_name, now.known_as):
        yield NAME
    if was.born != now.born:
        yield BORN
    earlier_sheet, sheet_now = before.sheet, after.sheet
    if (earlier_sheet.warnings, earlier_sheet.collecting) != (sheet_now.warnings, sheet_now.collecting):
        yield CONDITIONS
    if earlier_sheet.about != sheet_now.about:
        yield ABOUT
    if earlier_sheet.handling != sheet_now.handling or before.flags != after.flags:
        yield HANDLING
    lines, lines_now = ({line.code: line for line in one.lines} for one in (earlier_sheet, sheet_now))
    for code in dict.fromkeys([*lines, *lines_now]):
        old, new = lines.get(code), lines_now.get(code)
        if old != new:
            yield from {line.label for line in (old, new) if line is not None}
    if earlier_sheet.queries != sheet_now.queries:
        yield QUERIES


def _routed_version(facts: Sequence[Fact], destination_id: str) -> int:
    return next((fact.incident_version for fact in facts if isinstance(fact, IncidentRouted) and fact.destination_id == destination_id), 1)
