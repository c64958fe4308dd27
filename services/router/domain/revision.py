"""What a later version of a report means for each of its children: what changed for matching, and what follows. Pure.

A decision stands until what it was made of has changed; then it is made again, and only a child that comes out elsewhere moves. What a
person decided is never undone by a rule, only asked of a person again, with one exception: a handling flag that is new takes the child
back from everywhere, for it may be that telling endangers her (design rule 7.3).
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum

from services.router.domain.decision import PUPIL_SHARED, Decision, Excluded, Held, Matched, flags
from services.router.domain.evidence import child_names, setting_name
from services.router.domain.release import PREFIX, reasons
from services.router.domain.routes import AT_A_MINDER
from services.router.domain.standing import Known
from shared.errors import Misuse
from shared.report.codes import Accuracy
from shared.report.model import Child, Report
from shared.report.reading import child_upn, is_adult_on, is_unborn

RECALL = "recall"
"""The rule of a decision that a setting's answer brought about."""
WITHDRAWN = "withdrawn"
"""The rule and reason when a child is no longer in the report, or the whole report was taken back."""
CHANGED_AFTER_DECISION = "changed-after-decision"
"""Held: what a person decided, a later version contradicts."""
NOT_DECIDED = "not-decided"
"""Held: the rules failed of a defect of ours."""

_ASIDE = (CHANGED_AFTER_DECISION, NOT_DECIDED)
"""Reviews that are opened beside a decision that stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """All that the rules look at in a report to decide on one child: equal inputs are decided alike on the same roll and directory.

    ``flags`` are those that stop the automatic way, and what a supervisor may have to release. Shows nothing of itself but those.
    """

    flags: tuple[str, ...]
    is_unborn: bool = field(repr=False)
    is_adult: bool = field(repr=False)
    upn: str | None = field(repr=False)
    has_upn: bool = field(repr=False)
    names: frozenset[str] = field(repr=False)
    date_of_birth: date | None = field(repr=False)
    accuracy: Accuracy | None = field(repr=False)
    school: tuple[str | None, str] = field(repr=False)
    twin_in_report: bool = field(repr=False)
    may_be_at_a_minders: bool = field(default=False, repr=False)


class Change(StrEnum):
    """What a version did to one child, compared with the version that her standing decision was made of."""

    NEW = "new"
    SAME = "same"
    CHANGED = "changed"
    FLAGGED = "flagged"
    GONE = "gone"


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenReview:
    """A review of the child that nobody has settled yet."""

    review_id: str
    reason: str
    deadline_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What a person decided of a child who was taken out of the report since: ``incident_version`` is what it was decided of; the settings
    and teams were told of her until she was taken out."""

    outcome: str
    rule: str
    incident_version: int
    evidence: tuple[str, ...]
    decided_by: str
    pupil_id: str | None = None
    setting_ids: tuple[str, ...] = ()
    team_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How one child stands: her last decision, where she is told of (``live``), her open reviews, and the settings that sent her back.

    ``kept``: a person's decision from before she was taken out of the report, while nothing but that, and asking again, has come since.
    """

    outcome: str
    rule: str
    incident_version: int
    evidence: tuple[str, ...] = ()
    is_by_person: bool = False
    live: tuple[Known, ...] = ()
    reviews: tuple[OpenReview, ...] = ()
    recalled_refs: frozenset[str] = frozenset()
    kept: Kept | None = None

    @property
    def is_withdrawn(self) -> bool:
        """Whether she was taken out of the report."""
        return self.rule == WITHDRAWN

    @property
    def live_settings(self) -> frozenset[str]:
        """The settings that are told of her now."""
        return frozenset(one.ref for one in self.live if one.kind == "setting")


@dataclass(frozen=True, slots=True, kw_only=True)
class Follow:
    """What follows for one child. Nothing at all: she stays where she is.

    ``decision`` is noted as the one that stands from now on; ``setting_ids`` are to be told of her anew; she leaves the destinations
    ``leaves``; the reviews ``ends`` are superseded; ``review`` is the reason of a new one. ``is_withdrawn``: she is excluded, because
    the force took her back. ``kept``: she is back, and what a person had decided of her stands again.
    """

    decision: Decision | None = None
    setting_ids: tuple[str, ...] = ()
    leaves: frozenset[str] = frozenset()
    ends: tuple[str, ...] = ()
    review: str | None = None
    is_withdrawn: bool = False
    kept: Kept | None = None


def inputs(report: Report, child: Child, believed_on: date, *, twin_in_report: bool) -> Inputs:
    """What the rules look at for this child, believed to be a victim on the London date ``believed_on``."""
    school = child.school
    return Inputs(
        flags=(*flags(report, child), *(f"{PREFIX}{one}" for one in reasons(report, child, believed_on))),
        may_be_at_a_minders=report.place_kind in AT_A_MINDER,
        is_unborn=is_unborn(child),
        is_adult=child.date_of_birth_accuracy is Accuracy.EXACT and is_adult_on(child, believed_on),
        upn=child_upn(child),
        has_upn=child.upn is not None,
        names=child_names(child),
        date_of_birth=child.date_of_birth,
        accuracy=child.date_of_birth_accuracy,
        school=(None, "") if school is None else (school.urn, "" if school.urn is not None else setting_name(school.name or "")),
        twin_in_report=twin_in_report,
    )


def change(before: Inputs | None, now: Inputs | None) -> Change:
    """What happened to a child between two versions; None where she is not in the version. Raises Misuse for one who is in neither."""
    if now is None:
        if before is None:
            raise Misuse("a child of no version")
        return Change.GONE
    if before is None:
        return Change.NEW
    if before == now:
        return Change.SAME
    return Change.FLAGGED if set(now.flags) - set(before.flags) else Change.CHANGED


def follow(standing: Standing | None, changed: Change, decision: Decision | None) -> Follow:
    """What follows for one child: how she stands (None: never decided), what changed, and the rules' decision today (None: she is gone)."""
    if changed is Change.GONE or decision is None:
        return _gone(standing)
    if changed is Change.FLAGGED and isinstance(decision, Matched):
        changed = Change.CHANGED  # a sign of which this policy makes nothing
    if standing is None:
        return _decided(decision, live=(), reviews=())
    if standing.kept is not None and changed is not Change.FLAGGED:
        return _put_back(standing, standing.kept, changed, decision)
    if standing.is_withdrawn:
        return _after_rule(standing, changed, decision)
    if decision == Held(reason=NOT_DECIDED):
        return _beside(standing, NOT_DECIDED)
    if standing.is_by_person and changed is not Change.FLAGGED:
        return _after_person(standing, changed, decision)
    if changed is Change.SAME and not _is_sharing(standing, decision):
        return _unchanged(standing)
    return _after_rule(standing, changed, decision)


def decided_of(standing: Standing) -> int | None:
    """The version that what stands of a child was decided of; None where nothing stands any more."""
    if standing.kept is not None:
        return standing.kept.incident_version
    return None if standing.is_withdrawn else standing.incident_version


def every_child_somewhere(child_ids: Iterable[str], told: Iterable[str], held: Iterable[str], excluded: Iterable[str]) -> None:
    """Raise Misuse unless each child of a version is told of somewhere, or a person must decide, or it is excluded (design section 1)."""
    if set(child_ids) - {*told, *held, *excluded}:
        raise Misuse("a child of an incident has no outcome")


def recalled_refs(known: Iterable[Known], recalled_ids: Iterable[str]) -> frozenset[str]:
    """The settings behind the destinations that sent a child back."""
    gone = set(recalled_ids)
    return frozenset(one.ref for one in known if one.destination_id in gone and one.kind == "setting")


def live_in(known: Iterable[Known], child_id: str) -> tuple[Known, ...]:
    """Those of an incident's destinations that are told of this child now."""
    return tuple(one for one in known if one.is_live and child_id in one.child_ids)


def _gone(standing: Standing | None) -> Follow:
    if standing is None or standing.is_withdrawn:
        return Follow()
    return Follow(
        leaves=frozenset(one.destination_id for one in standing.live),
        ends=tuple(one.review_id for one in standing.reviews),
        is_withdrawn=True,
    )


def _unchanged(standing: Standing) -> Follow:
    """The decision stands, and what was asked beside it because of a version in between is asked no more."""
    aside = tuple(one.review_id for one in standing.reviews if one.reason in _ASIDE and one.reason != standing.rule)
    return Follow(ends=aside)


def _after_person(standing: Standing, changed: Change, decision: Decision) -> Follow:
    """A person's decision that the rules now agree with, or that nothing touched, stands; otherwise she is asked again."""
    if changed is Change.SAME or _agrees(standing, decision):
        return _unchanged(standing)
    return _beside(standing, CHANGED_AFTER_DECISION)


def _put_back(standing: Standing, kept: Kept, changed: Change, decision: Decision) -> Follow:
    """A child whom a person had decided on is in the report again: told alike, that decision stands again; otherwise a person is asked,
    and nobody is told before she has answered."""
    is_agreed = isinstance(decision, Excluded) and kept.outcome == "excluded"
    if isinstance(decision, Matched):
        is_agreed = kept.outcome == "matched" and not kept.team_ids and set(decision.setting_ids) == set(kept.setting_ids)
    if changed is Change.SAME or is_agreed:
        return Follow(kept=kept, ends=tuple(one.review_id for one in standing.reviews))
    if not standing.is_withdrawn and standing.reviews:
        return Follow()
    reason = NOT_DECIDED if decision == Held(reason=NOT_DECIDED) else CHANGED_AFTER_DECISION
    return _decided(Held(reason=reason), live=(), reviews=standing.reviews)


def _agrees(standing: Standing, decision: Decision) -> bool:
    if isinstance(decision, Matched):
        return standing.outcome == "matched" and frozenset(decision.setting_ids) == standing.live_settings
    return isinstance(decision, Excluded) and standing.outcome == "excluded"


def _beside(standing: Standing, reason: str) -> Follow:
    """Ask a person, unless somebody is being asked already; everything stays until she has answered."""
    return Follow() if standing.reviews else Follow(review=reason)


def _is_sharing(standing: Standing, decision: Decision) -> bool:
    """Whether another child of the report came out as the same pupil, at the last decision or today: that hangs on the other's part."""
    return PUPIL_SHARED in standing.evidence or (isinstance(decision, Held) and PUPIL_SHARED in decision.evidence)


def _after_rule(standing: Standing, changed: Change, decision: Decision) -> Follow:
    if isinstance(decision, Matched) and standing.recalled_refs & set(decision.setting_ids):
        # The setting has said that she is not theirs: no rule sends her there again.
        decision = Held(reason="not-ours", evidence=(*decision.evidence, "setting-recalled"))
    is_certain = isinstance(decision, Excluded) or (isinstance(decision, Matched) and bool(decision.setting_ids))
    if standing.rule == RECALL and not is_certain and changed is not Change.FLAGGED:
        return Follow()
    return _decided(decision, live=standing.live, reviews=standing.reviews)


def _decided(decision: Decision, *, live: tuple[Known, ...], reviews: tuple[OpenReview, ...]) -> Follow:
    """A decision takes effect: destinations that it does not ask for are left, new ones asked for, and reviews end that it answers."""
    all_reviews = tuple(one.review_id for one in reviews)
    if isinstance(decision, Matched):
        kept = {one.ref for one in live if one.kind == "setting"} & set(decision.setting_ids)
        # A team that is told while a setting is closed stays with any setting that stays.
        leaves = [one for one in live if (one.kind == "setting" and one.ref not in kept) or (one.kind == "team" and not kept)]
        return Follow(
            decision=decision,
            setting_ids=tuple(one for one in decision.setting_ids if one not in kept),
            leaves=frozenset(one.destination_id for one in leaves),
            ends=all_reviews,
        )
    everywhere = Follow(decision=decision, leaves=frozenset(one.destination_id for one in live))
    if isinstance(decision, Excluded):
        return replace(everywhere, ends=all_reviews)
    if any(one.reason == decision.reason for one in reviews):
        return replace(everywhere, ends=tuple(one.review_id for one in reviews if one.reason != decision.reason))
    return replace(everywhere, ends=all_reviews, review=decision.reason)
