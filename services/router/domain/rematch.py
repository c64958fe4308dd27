"""What follows for a child on the morning of the first staff day, when she is looked for on the roll as it is by then. Pure.

Weeks may lie between the night and that morning, and children change schools in the holidays. Whoever has moved is told of at the new
setting and the old one learns nothing; whoever has left every roll is the authority's team's; and where the roll does not say, a person
decides (D7). In no case is nobody told and nobody asked.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from services.router.domain.decision import SUCCESSOR, Decision, Excluded, Held, Matched
from services.router.domain.revision import Standing

LEFT_ROLLS = "left-rolls"
"""The rule of a decision: she is on no roll any more, or on one without a setting."""
ROLL_CHANGED = "roll-changed"
"""Held: what a person decided, the roll contradicts by now."""
REMATCHED = "rematched"
"""Evidence of every decision that is made here, and the reason of what follows at destinations."""

_NOWHERE = ("not-on-roll", "no-setting")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rematch:
    """What follows. ``leaves`` are the settings that are told nothing of her; she is told of anew at ``setting_ids``, or to the team of
    those without a setting (``to_team``), or a person decides (``review``, its reason). ``decision`` is noted; None: all stays."""

    decision: Decision | None = None
    leaves: frozenset[str] = frozenset()
    setting_ids: tuple[str, ...] = ()
    to_team: bool = False
    review: str | None = None


def rematch(
    standing: Standing,
    waiting: Collection[str],
    decision: Decision,
    *,
    pupil_settings: Collection[str] | None = None,
    known: Collection[str] = (),
) -> Rematch:
    """What follows for a child who waits at the settings ``waiting``, by the rules' ``decision`` on the roll of today.

    ``pupil_settings``: where the pupil is registered today whom a person had chosen; None when no such pupil can be found. ``known``:
    those of ``waiting`` whose authority gives a live roll. Of another setting no roll can say that a child has left it.
    """
    here = frozenset(waiting)
    if standing.reviews or isinstance(decision, Excluded) or not here:
        return Rematch()
    if standing.is_by_person:
        return _after_person(standing, here, decision, pupil_settings)
    if isinstance(decision, Matched):
        return _moved(standing, here, decision)
    if decision.reason in _NOWHERE:
        gone = here & frozenset(known)
        if gone != here:
            return Rematch()
        return Rematch(decision=_marked(decision), leaves=here, to_team=True)
    return Rematch(decision=_marked(decision), leaves=here, review=decision.reason)


def closed(standing: Standing, closed_refs: Collection[str], became: Mapping[str, str], pupil_id: str | None, authority: str) -> Rematch:
    """What follows for a child whom nobody has acted on yet at settings that have closed since: she is told of at what each ``became``, by
    whoever it was decided; where one is no more, a person decides."""
    here = frozenset(closed_refs)
    if standing.reviews or not here:
        return Rematch()
    there = tuple(sorted({became[ref] for ref in here if ref in became} - standing.live_settings))
    if not here <= became.keys():
        held = Held(reason="setting-closed", evidence=(REMATCHED,))
        return Rematch(decision=held, leaves=here, setting_ids=there, review=held.reason)
    made = Matched(pupil_id=pupil_id, authority=authority, setting_ids=there, rule=SUCCESSOR, evidence=(SUCCESSOR, REMATCHED))
    return Rematch(decision=made, leaves=here, setting_ids=there)


def found_since(standing: Standing, decision: Decision) -> Rematch:
    """What follows for a child whom a team has for want of a setting, when a roll knows of one: the setting is told too, and the team that
    has had her so far learns nothing less."""
    if standing.reviews or standing.is_by_person or not isinstance(decision, Matched):
        return Rematch()  # a person chose that team: her decision outlives every roll
    new = tuple(one for one in decision.setting_ids if one not in standing.live_settings and one not in standing.recalled_refs)
    return Rematch(decision=_marked(decision), setting_ids=new) if new else Rematch()


def _moved(standing: Standing, here: frozenset[str], decision: Matched) -> Rematch:
    there = frozenset(decision.setting_ids)
    if here == there:
        return Rematch()
    if not there:
        return Rematch(decision=_marked(decision), leaves=here, to_team=True)
    if standing.recalled_refs & there:
        held = Held(reason="not-ours", evidence=(*decision.evidence, "setting-recalled", REMATCHED))
        return Rematch(decision=held, leaves=here - (there - standing.recalled_refs), review=held.reason)
    new = tuple(one for one in decision.setting_ids if one not in standing.live_settings)
    if not new and not here - there:
        return Rematch()
    return Rematch(decision=_marked(decision), leaves=here - there, setting_ids=new)


def _after_person(standing: Standing, here: frozenset[str], decision: Matched | Held, pupil_settings: Collection[str] | None) -> Rematch:
    """What a person decided holds while the roll does not contradict it; else a person is asked again, and the setting is told nothing."""
    if isinstance(decision, Matched):
        agrees = here <= frozenset(decision.setting_ids)
    else:
        agrees = "chose-pupil" not in standing.evidence or (pupil_settings is not None and here <= frozenset(pupil_settings))
    if agrees:
        return Rematch()
    held = Held(reason=ROLL_CHANGED, evidence=(*decision.evidence, REMATCHED))
    return Rematch(decision=held, leaves=here, review=ROLL_CHANGED)


def _marked(decision: Matched | Held) -> Decision:
    return replace(decision, evidence=(*decision.evidence, REMATCHED))
