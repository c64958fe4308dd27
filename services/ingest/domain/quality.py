"""Advice on what a report says, given back to the force with the receipt. It never refuses, changes or delays anything.

The rules come from the reviews and audits that found these gaps: people called only "partner", children not asked, ethnicity left
out, abuse written small (domain rule 32). ``CHILD_RULES``, ``ADULT_RULES`` and ``PHRASE_RULES`` are the whole list.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from shared.report.codes import Role
from shared.report.findings import Finding, Token, pointer
from shared.report.model import Adult, Child, Report
from shared.report.reading import ethnicity_recorded, is_unborn

Subject = TypeVar("Subject")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule(Generic[Subject]):
    """Advises ``text`` at ``field`` of each subject for which ``lacks`` holds."""

    code: str
    field: str
    text: str
    lacks: Callable[[Subject], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class PhraseRule:
    """Advises ``text`` wherever an officer's own prose holds ``phrases``. A child's words are never judged."""

    code: str
    text: str
    phrases: re.Pattern[str]


def findings(report: Report) -> tuple[Finding, ...]:
    """Every piece of advice on this report, in the report's order."""
    return (
        *_phrases(report),
        *(_advice(rule, "adults", index) for index, person in enumerate(report.adults) for rule in ADULT_RULES if rule.lacks(person)),
        *_called_only_by_relation(report),
        *(_advice(rule, "children", index) for index, child in enumerate(report.children) for rule in CHILD_RULES if rule.lacks(child)),
    )


def _no_voice(child: Child) -> bool:
    voice = child.voice
    return not is_unborn(child) and (voice is None or (voice.spoken_to is None and voice.observed is None))


def _no_school_or_postcode(child: Child) -> bool:
    school = child.school is not None and (child.school.name is not None or child.school.urn is not None)
    return not is_unborn(child) and not school and child.upn is None and child.postcode is None


def _no_welfare_check(child: Child) -> bool:
    return not is_unborn(child) and (child.welfare_check is None or child.welfare_check.made is None)


def _suspect_without_full_name(person: Adult) -> bool:
    return person.role is Role.SUSPECT and (person.full_name is None or len(person.full_name.split()) < 2)


CHILD_RULES: tuple[Rule[Child], ...] = (
    Rule(
        code="child-without-name",
        field="full_name",
        text="Give the child's full name, spelt as on a document where one was seen.",
        lacks=lambda child: child.full_name is None and not is_unborn(child),
    ),
    Rule(
        code="child-without-date-of-birth",
        field="date_of_birth",
        text="Give the child's date of birth and how sure it is: without it the child's setting may not be found in time.",
        lacks=lambda child: child.date_of_birth is None and not is_unborn(child),
    ),
    Rule(
        code="child-without-ethnicity",
        field="ethnicity",
        text="Ask and record the child's ethnicity, or record NS if it was asked and not stated.",
        lacks=lambda child: not ethnicity_recorded(child) and not is_unborn(child),
    ),
    Rule(
        code="child-without-voice",
        field="voice",
        text="Say whether the child was spoken to, alone or not, and what was said; of a child who does not speak, what was observed.",
        lacks=_no_voice,
    ),
    Rule(
        code="child-without-presence",
        field="presence",
        text="Say whether the child was present, heard it, or was elsewhere.",
        lacks=lambda child: child.presence is None and not is_unborn(child),
    ),
    Rule(
        code="child-without-welfare-check",
        field="welfare_check",
        text="Say whether the child was seen and found well, and when.",
        lacks=_no_welfare_check,
    ),
    Rule(
        code="child-without-school-or-postcode",
        field="school",
        text="Give the school as it was named, or the postcode where the child lives: without both a person must search.",
        lacks=_no_school_or_postcode,
    ),
)

ADULT_RULES: tuple[Rule[Adult], ...] = (
    Rule(
        code="suspect-without-full-name",
        field="full_name",
        text="Give the suspect's full name: a setting must know who must not collect the child, and nobody close may be told.",
        lacks=_suspect_without_full_name,
    ),
    Rule(
        code="adult-without-role",
        field="role",
        text="Say whether this adult is the person harmed, the suspect, or another adult.",
        lacks=lambda person: person.role is None,
    ),
    Rule(
        code="adult-without-ethnicity",
        field="ethnicity",
        text="Ask and record this adult's ethnicity, or record NS if it was asked and not stated.",
        lacks=lambda person: not ethnicity_recorded(person),
    ),
)

PHRASE_RULES: tuple[PhraseRule, ...] = (
    PhraseRule(
        code="minimising-words",
        text="Name the behaviour and who did it to whom: words for a quarrel between equals, or 'domestic' alone, hide who was harmed.",
        phrases=re.compile(
            r"""\b(?:
                parental\ (?:conflict|disputes?|arguments?) | domestic(?!\ (?:abuse|violence|homicide)) | marital\ (?:discord|dispute)
                | lovers['’]?\ (?:tiff|quarrel) | verbal\ (?:altercation|argument|only) | (?:volatile|toxic|fiery|stormy)\ relationship
                | six\ of\ one | tit\ for\ tat | just\ an?\ (?:row|argument)
            )\b""",
            re.IGNORECASE | re.VERBOSE,
        ),
    ),
    PhraseRule(
        code="blaming-words",
        text="Describe what the person who abused did: these words put it on the person harmed.",
        phrases=re.compile(
            r"""\b(?:
                fail(?:ed|s|ing)?\ to\ protect | provok(?:ed|es|ing) | brought\ (?:it|this)\ on | lifestyle\ choices? | not?n?[ -]engaging
                | refus(?:ed|es|ing)\ to\ (?:leave|engage|co-?operate) | cho(?:se|oses|osing)\ to\ (?:stay|return|go\ back)
                | keeps\ going\ back | ma(?:de|kes|king)\ (?:him|her|them)\ angry | allow(?:ed|s|ing)\ (?:him|her|them)\ (?:back|in)
            )\b""",
            re.IGNORECASE | re.VERBOSE,
        ),
    ),
)

CALLED_ONLY: Rule[Adult] = Rule(
    code="adult-called-only-by-relation",
    field="full_name",
    text="Give this adult's full name: 'partner' or 'ex' says who someone is to another person, not who it is.",
    lacks=lambda person: person.full_name is not None and _is_relation_word(person.full_name),
)

_RELATION = re.compile(
    r"""(?:the\ |her\ |his\ |their\ |a\ )?(?:
        (?:ex\ ?|former\ )?(?:partner|boyfriend|girlfriend|husband|wife|spouse|fianc[eé]e?) | ex | new\ partner
        | (?:step\ ?)?(?:father|dad|mother|mum|mam) | (?:unknown\ )?(?:male|female|man|woman|person) | unknown
        | suspect | victim | perpetrator | offender | aggrieved
    )""",
    re.VERBOSE,
)


def _is_relation_word(name: str) -> bool:
    return _RELATION.fullmatch(" ".join(re.sub(r"[\W_]+", " ", name.casefold()).split())) is not None


def _called_only_by_relation(report: Report) -> Iterator[Finding]:
    """By the name, or, without a name, by a role that is no role and was set aside."""
    for index, person in enumerate(report.adults):
        role = report.unrecognised.get(f"/adults/{index}/role")
        by_role = person.full_name is None and isinstance(role, str) and _is_relation_word(role)
        if by_role or CALLED_ONLY.lacks(person):
            yield _advice(CALLED_ONLY, "adults", index)


def _phrases(report: Report) -> Iterator[Finding]:
    for place, prose in _officers_prose(report):
        for rule in PHRASE_RULES:
            if rule.phrases.search(prose):
                yield Finding(pointer=pointer(place), code=rule.code, text=rule.text)


def _officers_prose(report: Report) -> Iterator[tuple[tuple[Token, ...], str]]:
    if report.brief_circumstances is not None:
        yield ("brief_circumstances",), report.brief_circumstances
    if report.police_action is not None and report.police_action.text is not None:
        yield ("police_action", "text"), report.police_action.text
    for index, child in enumerate(report.children):
        if child.voice is not None and child.voice.observed is not None:
            yield ("children", index, "voice", "observed"), child.voice.observed
        if child.unborn is not None and child.unborn.observed is not None:
            yield ("children", index, "unborn", "observed"), child.unborn.observed


def _advice(rule: Rule[Subject], people: str, index: int) -> Finding:
    return Finding(pointer=pointer((people, index, rule.field)), code=rule.code, text=rule.text)
