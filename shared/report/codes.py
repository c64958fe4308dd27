"""The code lists of a report: each code with its plain-English label, versioned as one set.

A code says what was recorded and is never guessed: an unknown one is kept as it was written beside a finding (``read``).
Presence, risk and crime are fields, never filters.
"""

from enum import StrEnum
from types import MappingProxyType
from typing import Self

CODES_VERSION = "2026-11b"


class Code(StrEnum):
    """A code that is its own string; ``label`` is what a person reads."""

    label: str

    def __new__(cls, code: str, label: str) -> Self:
        member = str.__new__(cls, code)
        member._value_ = code
        member.label = label
        return member


class IncidentType(Code):
    DOMESTIC_ABUSE = "domestic-abuse", "Domestic abuse"
    OTHER = "other", "Another kind of incident"
    """Also what an unrecognised type becomes: it is never taken for domestic abuse."""


class PlaceKind(Code):
    """Where it happened, as a category: an address is never recorded here (design rule 7.3)."""

    HOME = "home", "At home"
    OTHER_HOME = "other-home", "At another person's home"
    PUBLIC_PLACE = "public-place", "In a public place"
    SETTING = "setting", "At or near a school, college or early years setting"
    WORKPLACE = "workplace", "At a workplace"
    VEHICLE = "vehicle", "In a vehicle"
    ONLINE = "online", "Online or by telephone"
    OTHER = "other", "Somewhere else"
    NOT_KNOWN = "not-known", "Not known"


class Behaviour(Code):
    """What was done: Domestic Abuse Act 2021 s.1(3), and the offences that police record beside it."""

    COERCIVE_CONTROL = "coercive-control", "Coercive or controlling behaviour"
    PHYSICAL = "physical", "Physical abuse"
    SEXUAL = "sexual", "Sexual abuse"
    ECONOMIC = "economic", "Economic abuse"
    EMOTIONAL = "emotional", "Emotional or psychological abuse"
    THREATS = "threats", "Threats or violent behaviour"
    STRANGULATION = "strangulation", "Strangulation or suffocation"
    STALKING = "stalking", "Stalking"
    HARASSMENT = "harassment", "Harassment"
    ONLINE = "online", "Abuse by telephone, online or with a device"
    PROPERTY = "property-damage", "Damage to property"
    ANIMAL = "animal-harm", "Harm to an animal"
    WEAPON = "weapon", "Use or threat of a weapon"
    HONOUR_BASED = "honour-based", "So-called honour-based abuse"
    FORCED_MARRIAGE = "forced-marriage", "Forced marriage"
    CHILD_TO_PARENT = "child-to-parent", "Abuse by a child of a parent or carer"
    BREACH = "breach-of-order", "Breach of an order or condition"
    OTHER = "other", "Other abusive behaviour"


class PoliceAction(Code):
    ARREST = "arrest", "A person was arrested"
    CHARGED = "charged", "A person was charged"
    INTERVIEW = "voluntary-interview", "A person is to be interviewed by arrangement"
    BAIL_CONDITIONS = "bail-conditions", "A person was released on conditions"
    PROTECTION_NOTICE = "protection-notice", "A protection notice or order was made or sought"
    REMOVED = "removed-from-home", "A person was removed from the home"
    LEFT_SCENE = "left-before-police", "A person left before the police came"
    INVESTIGATION = "investigation", "The investigation continues"
    SAFETY_PLAN = "safety-plan", "Safety planning with the person harmed"
    ADVICE = "advice", "Advice was given"
    NONE = "none", "No further police action"
    OTHER = "other", "Other action"


class ConditionKind(Code):
    """What an adult must not do, in the order of how much a school must know it."""

    MUST_NOT_COLLECT = "must-not-collect", "Must not collect the child"
    MUST_NOT_CONTACT = "must-not-contact", "Must not contact the child or the person harmed"
    MUST_NOT_COME_NEAR = "must-not-come-near", "Must not come near the setting or the home"


class RiskTool(Code):
    """The tools' grades are different scales and are never compared across tools."""

    DASH = "dash", "DASH"
    DARA = "dara", "DARA"
    PPN_RAG = "ppn-rag", "Public protection notice, red, amber or green"
    OTHER = "other", "Another tool"


GRADES = MappingProxyType(
    {
        RiskTool.DASH: frozenset({"standard", "medium", "high"}),
        RiskTool.DARA: frozenset({"standard", "medium", "high"}),
        RiskTool.PPN_RAG: frozenset({"green", "amber", "red"}),
    }
)
"""The grades of each tool that has a fixed scale."""


class HandlingFlag(Code):
    """Each one stops the automatic way until a named person has released the report (domain rules 27 and 34)."""

    SUPERVISOR_RELEASE = "supervisor-release", "A supervisor must release this"
    PROTECTED_IDENTITY = "protected-identity", "Protected identity"
    REFUGE = "refuge", "In a refuge or relocated"
    ADOPTION = "adoption", "Adoption"
    SUB_JUDICE = "sub-judice", "Before a court"
    DEATH = "death", "A death or a life-threatening injury"
    CONTACT_ORDER = "contact-order", "A court order about contact with the child"


class Sex(Code):
    FEMALE = "F", "Female"
    MALE = "M", "Male"
    UNKNOWN = "U", "Not known"


class Ethnicity(Code):
    """Self-defined ethnicity, police 18+1, with the older O1. *Not stated* (asked, not answered) is not *not recorded* (not asked)."""

    W1 = "W1", "White: British"
    W2 = "W2", "White: Irish"
    W3 = "W3", "White: Gypsy or Irish Traveller"
    W9 = "W9", "White: any other White background"
    M1 = "M1", "Mixed: White and Black Caribbean"
    M2 = "M2", "Mixed: White and Black African"
    M3 = "M3", "Mixed: White and Asian"
    M9 = "M9", "Mixed: any other Mixed background"
    A1 = "A1", "Asian: Indian"
    A2 = "A2", "Asian: Pakistani"
    A3 = "A3", "Asian: Bangladeshi"
    A4 = "A4", "Asian: Chinese"
    A9 = "A9", "Asian: any other Asian background"
    B1 = "B1", "Black: Caribbean"
    B2 = "B2", "Black: African"
    B9 = "B9", "Black: any other Black background"
    O1 = "O1", "Chinese (older code)"
    O2 = "O2", "Arab"
    O9 = "O9", "Any other ethnic group"
    NS = "NS", "Not stated"
    NR = "NR", "Not recorded"


class Answer(Code):
    YES = "yes", "Yes"
    NO = "no", "No"
    NOT_STATED = "not-stated", "Not stated"
    NOT_KNOWN = "not-known", "Not known"


class Role(Code):
    VICTIM = "victim", "Person harmed"
    SUSPECT = "suspect", "Suspect"
    OTHER = "other", "Other adult"


class Relation(Code):
    """What the adult is to the child."""

    MOTHER = "mother", "Mother"
    FATHER = "father", "Father"
    PARENT = "parent", "Parent"
    STEP_PARENT = "step-parent", "Step-parent"
    PARENTS_PARTNER = "parents-partner", "Partner of a parent"
    PARENTS_FORMER_PARTNER = "parents-former-partner", "Former partner of a parent"
    GRANDPARENT = "grandparent", "Grandparent"
    SIBLING = "sibling", "Brother or sister"
    OTHER_RELATIVE = "other-relative", "Other relative"
    CARER = "carer", "Carer, guardian or foster carer"
    NOT_RELATED = "not-related", "Not related"
    NOT_KNOWN = "not-known", "Not known"


class Accuracy(Code):
    """How far a date of birth can be relied on. For ``year-only`` the month and day mean nothing."""

    EXACT = "exact", "Exact"
    ESTIMATED = "estimated", "Estimated"
    YEAR_ONLY = "year-only", "Year only"
    UNKNOWN = "unknown", "Unknown"


class Presence(Code):
    """Where the child was. A child elsewhere is a victim too (Domestic Abuse Act 2021 s.3)."""

    PRESENT = "present", "Present"
    HEARD = "heard", "Heard it"
    ELSEWHERE = "elsewhere", "Elsewhere"
    NOT_KNOWN = "not-known", "Not known"
