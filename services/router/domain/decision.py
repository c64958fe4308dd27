"""What happens with one reported child: matched to a pupil, held for a person, or excluded. Pure (design section 6, first cut).

Two ways to a match, and everything else is held: a valid UPN of exactly one pupil that neither name nor date of birth contradicts; or
exact name and date of birth, unique on the roll, of a pupil at the setting that the report names. A wrong setting is a breach, no
setting is a child without support, so ambiguous means that a person decides (D7). Presence, risk and crime play no part.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from services.router.domain.evidence import (
    Pupil,
    child_names,
    compared_births,
    compared_names,
    reliable_birth,
    setting_name,
)
from shared.directory.values import Setting
from shared.errors import Misuse
from shared.policy import Route
from shared.report.codes import Accuracy
from shared.report.model import Child, Report
from shared.report.reading import child_upn, handling_flags, is_adult_on, is_unborn, needs_release

FLAGS = ("protected-identity", "refuge", "adoption", "death", "sub-judice", "contact-order", "supervisor-release")
"""Handling flags in the order in which they give the reason: the one that endangers most comes first."""
UNKNOWN_FLAG = "unknown-flag"
"""Something was written among the flags that this program does not know."""
SUCCESSOR = "successor"
"""Evidence: a setting of the roll has closed, and what it became is told."""
PUPIL_SHARED = "pupil-shared"
"""Evidence: another child of the report came out as the same pupil."""

REASONS = (
    "unborn",
    *FLAGS,
    UNKNOWN_FLAG,
    "no-name",
    "no-date-of-birth",
    "not-on-roll",
    "several-on-roll",
    "twin",
    "identifiers-disagree",
    "restricted",
    "setting-closed",
    "no-school-named",
    "school-disagrees",
    "school-ambiguous",
)
"""Why ``decide`` holds a child; other reasons are in ``release`` and ``revision``, and the notifier has ``not-ours`` and ``has-left``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Matched:
    """The child is this pupil: each of these open settings is told. ``rule`` is ``upn`` or ``name-dob-school``.

    ``leaving``: settings of an old roll that she has left by the school day that counts; without any other she is between schools.
    ``routes``: the teams that are told of her besides, or in the place of settings where she has none, the first the one that owns it
    (``domain/routes``). ``pupil_id`` and ``authority`` are None of a child who is on no roll and is told of to teams alone.
    ``weekdays``: the days on which she attends a setting that she does not attend on all.
    """

    pupil_id: str | None
    authority: str | None
    setting_ids: tuple[str, ...]
    rule: str
    evidence: tuple[str, ...]
    leaving: tuple[str, ...] = ()
    routes: tuple[Route, ...] = ()
    weekdays: Mapping[str, frozenset[int]] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A person decides; ``reason`` is one of ``REASONS``."""

    reason: str
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Excluded:
    """Nobody is told, because the law does not reach so far; ``reason`` is a code."""

    reason: str
    evidence: tuple[str, ...] = ()


Decision = Matched | Held | Excluded


def flags(report: Report, child: Child) -> tuple[str, ...]:
    """The flags that stop the automatic way for this child, the gravest first."""
    known = handling_flags(report, child)
    found = tuple(code for code in FLAGS if code in known)
    return found or ((UNKNOWN_FLAG,) if needs_release(report, child) else ())


def decide(
    child: Child,
    candidates: Sequence[Pupil],
    settings: Mapping[str, Setting],
    flags: Sequence[str],
    believed_on: date,
    *,
    twin_in_report: bool = False,
) -> Decision:
    """The decision on one child, believed to be a victim on the London date ``believed_on``.

    ``candidates`` are all pupils that share a key with the child (``child_keys``); ``settings`` their settings, and every setting of
    these settings' authorities, by id. ``twin_in_report``: another child of the report has the same date of birth.

    Over 18 excludes only with a date of birth that is said to be exact (DA Act 2021 s.49A: a child is under 18); doubt never does.
    """
    if is_unborn(child):
        return Held(reason="unborn")
    if child.date_of_birth_accuracy is Accuracy.EXACT and is_adult_on(child, believed_on):
        return Excluded(reason="over-18", evidence=("dob-exact",))
    if flags:
        return Held(reason=flags[0], evidence=tuple(f"flag-{flag}" for flag in flags))
    pupils = tuple({pupil.pupil_id: pupil for pupil in candidates}.values())
    upn = child_upn(child)
    holders = [pupil for pupil in pupils if upn is not None and pupil.upn == upn]
    if len(holders) > 1:
        return Held(reason="several-on-roll", evidence=("upn-agrees",))
    if holders:
        return _by_upn(child, holders[0], pupils, settings, twin_in_report)
    return _by_name(child, upn, pupils, settings)


def without_shared_pupils(decisions: Mapping[str, Decision]) -> dict[str, Decision]:
    """The same decisions by child, but children of one report who came out as the same pupil are held: two children are never one."""
    pupils = [decision.pupil_id for decision in decisions.values() if isinstance(decision, Matched) and decision.pupil_id is not None]
    times = Counter(pupils)
    return {
        child_id: Held(reason="twin", evidence=(*decision.evidence, PUPIL_SHARED))
        if isinstance(decision, Matched) and decision.pupil_id is not None and times[decision.pupil_id] > 1
        else decision
        for child_id, decision in decisions.items()
    }


def every_child_once(child_ids: Iterable[str], routed: Iterable[str], held: Iterable[str], excluded: Iterable[str]) -> None:
    """Raise Misuse unless each child has exactly one outcome: it is told of somewhere, held, or excluded (design section 1).

    A child may be routed to several destinations; that is one outcome.
    """
    outcomes = Counter([*set(routed), *held, *excluded])
    if outcomes != Counter(set(child_ids)):
        raise Misuse("a child of an incident has no outcome, or more than one")


def twins(children: Iterable[Child]) -> frozenset[date]:
    """The dates of birth that more than one child of a report has."""
    times = Counter(child.date_of_birth for child in children if child.date_of_birth is not None)
    return frozenset(born for born, count in times.items() if count > 1)


def _by_upn(child: Child, pupil: Pupil, pupils: Sequence[Pupil], settings: Mapping[str, Setting], twin_in_report: bool) -> Matched | Held:
    name, born = compared_names(child, pupil), compared_births(child, pupil)
    evidence = ("upn-agrees", f"name-{name}", f"dob-{born}", _school(child, pupil, settings))
    if "agrees" not in (name, born) and "differs" in (name, born):
        return Held(reason="identifiers-disagree", evidence=evidence)
    others = [other for other in pupils if other is not pupil]
    families = {known.rpartition(" ")[2] for known in child_names(child)}
    alike = [other for other in others if _same_birth_and_family(other, pupil) and other.family in families]
    # The other pupil has the very name and date of birth of the report: then the UPN may be her brother's.
    if rivals := [other for other in others if (compared_names(child, other), compared_births(child, other)) == ("agrees", "agrees")]:
        return Held(reason="twin" if any(rival in alike for rival in rivals) else "identifiers-disagree", evidence=evidence)
    if name == "differs" and (alike or twin_in_report):
        return Held(reason="twin", evidence=evidence)
    return _destined(pupil, "upn", evidence, settings)


def _by_name(child: Child, upn: str | None, pupils: Sequence[Pupil], settings: Mapping[str, Setting]) -> Matched | Held:
    upn_said = "upn-absent" if child.upn is None else "upn-invalid" if upn is None else "upn-not-on-roll"
    if not child_names(child):
        return Held(reason="no-name", evidence=(upn_said,))
    born = reliable_birth(child)
    if born is None:
        return Held(reason="no-date-of-birth", evidence=(upn_said, "dob-absent" if child.date_of_birth is None else "dob-inexact"))
    exact = [pupil for pupil in pupils if pupil.date_of_birth == born and compared_names(child, pupil) == "agrees"]
    if len(exact) != 1:
        return _none_or_several(exact, upn_said)
    pupil = exact[0]
    school = _school(child, pupil, settings)
    evidence = (upn_said, "name-agrees", "dob-agrees", school)
    if upn is not None and pupil.upn is not None:  # both valid, and not the same
        return Held(reason="identifiers-disagree", evidence=evidence)
    held = replace(_SCHOOL_HELD[school], evidence=evidence) if school in _SCHOOL_HELD else None
    destined = _destined(pupil, "name-dob-school", evidence, settings)
    if not pupil.setting_ids and school == "school-absent":  # neither knows a school: they agree
        return destined
    return destined if isinstance(destined, Held) else held or destined


_SCHOOL_HELD = {
    "school-absent": Held(reason="no-school-named"),
    "school-differs": Held(reason="school-disagrees"),
    "school-ambiguous": Held(reason="school-ambiguous"),
    "school-closed": Held(reason="setting-closed"),
}


def _none_or_several(exact: Sequence[Pupil], upn_said: str) -> Held:
    if not exact:
        return Held(reason="not-on-roll", evidence=(upn_said, "name-dob-none"))
    first = exact[0]
    at_home = all(_same_birth_and_family(pupil, first) and pupil.postcode == first.postcode for pupil in exact)
    return Held(reason="twin" if at_home else "several-on-roll", evidence=(upn_said, "name-dob-several"))


def _destined(pupil: Pupil, rule: str, evidence: tuple[str, ...], settings: Mapping[str, Setting]) -> Matched | Held:
    """The pupil's open settings, each of them (s.49A: each school at which the child is a registered pupil), and what closed ones have
    become. A pupil without any is her authority's: the team of the home educated, of those missing education, or of those without."""
    if pupil.restricted:
        return Held(reason="restricted", evidence=evidence)
    now = {setting_id: became(settings, setting_id) for setting_id in set(pupil.setting_ids)}
    told = tuple(sorted({setting.setting_id for setting in now.values() if setting is not None}))
    if pupil.setting_ids and not told:
        return Held(reason="setting-closed", evidence=evidence)
    if None in now.values():
        evidence = (*evidence, "closed-setting-left-out")
    if any(setting is not None and setting.setting_id != setting_id for setting_id, setting in now.items()):
        evidence = (*evidence, SUCCESSOR)
    if not told:
        evidence = (*evidence, pupil.education or "no-setting")
    return Matched(
        pupil_id=pupil.pupil_id,
        authority=pupil.authority,
        setting_ids=told,
        rule=rule,
        evidence=evidence,
        routes=() if told else (Route(pupil.education or Route.NO_SETTING),),
        weekdays={now_at.setting_id: pupil.weekdays[one] for one, now_at in now.items() if now_at is not None and one in pupil.weekdays},
    )


def became(settings: Mapping[str, Setting], setting_id: str) -> Setting | None:
    """The open setting that this one is by now: itself, or what it became when it closed, merged or converted; None where it is no more."""
    seen = set[str]()
    one = settings.get(setting_id)
    while one is not None and not one.is_open and one.successor is not None and one.setting_id not in seen:
        seen.add(one.setting_id)
        one = settings.get(one.successor)
    return one if one is not None and one.is_open else None


def _school(child: Child, pupil: Pupil, settings: Mapping[str, Setting]) -> str:
    """How the setting that the report names stands to the pupil's. A URN decides alone; a name only where no other setting has it.

    Three schools called St Mary's are never guessed between: unique means among the open settings of the pupil's authority and the
    setting's own.
    """
    urn, written = (child.school.urn, setting_name(child.school.name or "")) if child.school is not None else (None, "")
    if urn is not None:
        if urn not in _own(pupil, settings):
            return "school-differs"
        return "urn-agrees" if became(settings, urn) is not None else "school-closed"
    if not written:
        return "school-absent"
    named = [settings[one] for one in sorted(_own(pupil, settings)) if one in settings and setting_name(settings[one].name) == written]
    if not named:
        return "school-differs"
    if not any(became(settings, setting.setting_id) for setting in named):
        return "school-closed"
    areas = {pupil.authority, *(setting.authority for setting in named)}
    alike = {one.setting_id for one in settings.values() if one.is_open and one.authority in areas and setting_name(one.name) == written}
    known = {there.setting_id for one in named if (there := became(settings, one.setting_id)) is not None}
    return "school-name-agrees" if len(alike | known) == 1 else "school-ambiguous"


def _own(pupil: Pupil, settings: Mapping[str, Setting]) -> set[str]:
    """The pupil's settings and what they have become: a report may name either."""
    now = (became(settings, one) for one in pupil.setting_ids)
    return set(pupil.setting_ids) | {one.setting_id for one in now if one is not None}


def _same_birth_and_family(one: Pupil, other: Pupil) -> bool:
    return (one.date_of_birth, one.family) == (other.date_of_birth, other.family)
