"""The settings and teams of Testshire: authority 999, policed by the force ``testshire``. Nothing in it exists.

Thirty settings in twelve towns. What some of them are there for:

==========  ==========================  ======================================================================================
setting     name                        what it is there for
==========  ==========================  ======================================================================================
900001      Testwood Primary            the ordinary case: two sisters of the sample report
900002      Sampleford High School      their brother; twins of one class
900003      Little Examples Nursery     early years: children without a UPN
900004      St Example's Primary        Northtown; shares its name with the next, and a pupil's name and date of birth too
900005      St Example's Primary        Southtown
900006      Testshire College           sixteen and over
900007      Oldtest Junior School       closed for good
EY900008    Tiny Trials Pre-school      one contact only, without a second channel for the code
900009      Mockton Academy             the other secondary school of old
900010      Fictonbury Infant School    hands its children on to the next
900011      Fictonbury Junior School
900014      Rehearsby Village School    no deputy of its own
900019      Mockridge Primary           its DSL's details are not verified: she receives nothing until they are
900022      Supposby Primary            the same for its deputy
900023      Imaginell School            a special school for all ages; no deputy of its own
==========  ==========================  ======================================================================================
"""

FORCE, AUTHORITY = "testshire", "999"
EDUCATION, OUT_OF_HOURS, PHONE, LEAD, HUB = (
    *("testshire-education-safeguarding", "testshire-out-of-hours", "testshire-phone-desk"),
    *("testshire-safeguarding-lead", "testshire-police-hub"),
)
TEAMS = (
    (EDUCATION, "Testshire education safeguarding desk", "education", AUTHORITY, ""),
    (OUT_OF_HOURS, "Testshire out-of-hours desk", "social-care", AUTHORITY, ""),
    (PHONE, "Testshire phone desk", "education", AUTHORITY, ""),
    (LEAD, "Testshire safeguarding lead", "education", AUTHORITY, ""),
    (HUB, "Testshire police hub", "police", "", FORCE),
)
SETTINGS = (
    ("900001", "Testwood Primary", "school", "primary", "Testwood", "open", 4, 11),
    ("900002", "Sampleford High School", "school", "secondary", "Sampleford", "open", 11, 18),
    ("900003", "Little Examples Nursery", "early-years", "nursery", "Sampleford", "open", 2, 5),
    ("900004", "St Example's Primary", "school", "primary", "Northtown", "open", 4, 11),
    ("900005", "St Example's Primary", "school", "primary", "Southtown", "open", 4, 11),
    ("900006", "Testshire College", "college", "16-plus", "Testwood", "open", 16, 19),
    ("900007", "Oldtest Junior School", "school", "primary", "Oldtest", "closed", 7, 11),
    ("EY900008", "Tiny Trials Pre-school", "early-years", "nursery", "Northtown", "open", 2, 5),
    ("900009", "Mockton Academy", "school", "secondary", "Mockton", "open", 11, 18),
    ("900010", "Fictonbury Infant School", "school", "primary", "Fictonbury", "open", 4, 7),
    ("900011", "Fictonbury Junior School", "school", "primary", "Fictonbury", "open", 7, 11),
    ("900012", "Draftwell Primary", "school", "primary", "Draftwell", "open", 4, 11),
    ("900013", "Draftwell High School", "school", "secondary", "Draftwell", "open", 11, 18),
    ("900014", "Rehearsby Village School", "school", "primary", "Rehearsby", "open", 4, 11),
    ("900015", "Pretendale Infant School", "school", "primary", "Pretendale", "open", 4, 7),
    ("900016", "Pretendale Junior School", "school", "primary", "Pretendale", "open", 7, 11),
    ("900017", "Trialcott Primary", "school", "primary", "Trialcott", "open", 4, 11),
    ("900018", "Trialcott Academy", "school", "secondary", "Trialcott", "open", 11, 18),
    ("900019", "Mockridge Primary", "school", "primary", "Mockton", "open", 4, 11),
    ("900020", "Specimen Street Primary", "school", "primary", "Sampleford", "open", 4, 11),
    ("900021", "Exampleforth Primary", "school", "primary", "Exampleforth", "open", 4, 11),
    ("900022", "Supposby Primary", "school", "primary", "Supposby", "open", 4, 11),
    ("900023", "Imaginell School", "school", "special", "Trialcott", "open", 4, 19),
    ("900024", "Figmentley Primary", "school", "primary", "Figmentley", "open", 4, 11),
    ("900025", "Inventon High School", "school", "secondary", "Figmentley", "open", 11, 18),
    ("900026", "All Samples' Primary", "school", "primary", "Sampleford", "open", 4, 11),
    ("EY900027", "Draftwell Day Nursery", "early-years", "nursery", "Draftwell", "open", 2, 5),
    ("EY900028", "Pretend Playgroup", "early-years", "nursery", "Pretendale", "open", 2, 5),
    ("900029", "Mockton Sixth Form College", "college", "16-plus", "Mockton", "open", 16, 19),
    ("900030", "Placeholder Park Academy", "school", "secondary", "Exampleforth", "open", 11, 18),
)
"""Id, name, kind, phase, town, status, lowest and highest age."""
PASSPHRASE = "Fictional otter"  # noqa: S105  invented, as everything here
"""What everybody in Testshire says over the telephone; a real directory has one for each setting."""
PASSPHRASE_HINT = "An animal that does not exist"  # noqa: S105
ONE_CHANNEL = "EY900008"
WITHOUT_DEPUTY = (ONE_CHANNEL, "900014", "900023", "EY900028")
UNVERIFIED = {("900019", "dsl"), ("900022", "deputy")}
"""Contacts whose details nobody has confirmed: they are told nothing, and readiness lists them."""
INSET_AT = ("900001", "900009")

TOWNS = {
    "Testwood": ("900003", "900001", "900001", "900002", "900006"),
    "Northtown": ("EY900008", "900004", "900004", "900002", "900006"),
    "Southtown": ("900003", "900005", "900005", "900009", "900029"),
    "Fictonbury": ("EY900008", "900010", "900011", "900009", "900029"),
    "Draftwell": ("EY900027", "900012", "900012", "900013", "900006"),
    "Rehearsby": ("EY900027", "900014", "900014", "900013", "900006"),
    "Pretendale": ("EY900028", "900015", "900016", "900018", "900029"),
    "Trialcott": ("EY900028", "900017", "900017", "900018", "900029"),
    "Mockton": ("900003", "900019", "900019", "900009", "900029"),
    "Sampleford": ("900003", "900020", "900020", "900002", "900006"),
    "Exampleforth": ("EY900027", "900021", "900021", "900030", "900006"),
    "Supposby": ("EY900028", "900022", "900022", "900030", "900029"),
    "Figmentley": ("EY900027", "900024", "900024", "900025", "900006"),
    "Old Sampleford": ("900003", "900026", "900026", "900025", "900029"),
}
"""Where the children of each town go: below 4, below 7, below 11, below 16, and later."""
SPECIAL = "900023"


def setting_for(town: str, age: int) -> str:
    """The setting of a child of ``town`` who was ``age`` when the school year began."""
    return TOWNS[town][sum(age >= limit for limit in (4, 7, 11, 16))]


def name_of(place_id: str) -> str:
    """The name of a setting, with its town where two share a name, or of a team."""
    team = next((row[1] for row in TEAMS if row[0] == place_id), None)
    if team is not None:
        return team
    name, town = next(((row[1], row[4]) for row in SETTINGS if row[0] == place_id), (place_id, ""))
    return f"{name}, {town}" if [row[1] for row in SETTINGS].count(name) > 1 else name
