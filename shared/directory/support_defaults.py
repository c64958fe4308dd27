"""What every installation has of support before anybody adds to it: national numbers, each with where it is published.

They are facts of other people's services and change: an installation replaces or withdraws any of them by its id, and ``AS_AT`` says when
they were last looked at. Local services are the authority's to give.
"""

from datetime import date

from shared.directory.support import EVERYWHERE, PUBLIC, STAFF, Support

AS_AT = date(2026, 11, 1)
DAY_AND_NIGHT = "24 hours a day, every day"


def _of(support_id: str, kind: str, name: str, how: str, **values: str | None) -> Support:
    said: dict[str, str | None] = {"area": EVERYWHERE, "audience": PUBLIC, "hours": None, "phone": None, "link": None} | values
    hours = said["hours"]
    return Support(
        support_id=support_id,
        kind=kind,
        name=name,
        how=how,
        area=said["area"] or EVERYWHERE,
        audience=said["audience"] or PUBLIC,
        hours=hours,
        phone=said["phone"],
        link=said["link"],
        holiday="open" if hours == DAY_AND_NIGHT else None,
        closed=(),
        source=said["link"] or "published practice",
        as_at_on=AS_AT,
    )


DEFAULTS: tuple[Support, ...] = (
    _of(
        "national-domestic-abuse-helpline",
        "helpline",
        "National Domestic Abuse Helpline",
        "Free, for women and for anyone worried about a woman. You need not give your name.",
        area="england",
        hours=DAY_AND_NIGHT,
        phone="0808 2000 247",
        link="https://www.nationaldahelpline.org.uk",
    ),
    _of(
        "live-fear-free",
        "helpline",
        "Live Fear Free",
        "Free, in Welsh and English, for anyone.",
        area="wales",
        hours=DAY_AND_NIGHT,
        phone="0808 80 10 800",
        link="https://www.gov.wales/live-fear-free",
    ),
    _of(
        "childline",
        "children",
        "Childline",
        "Free, for anyone under 19. Calls do not show on a phone bill.",
        hours=DAY_AND_NIGHT,
        phone="0800 1111",
        link="https://www.childline.org.uk",
    ),
    _of(
        "nspcc",
        "children",
        "NSPCC Helpline",
        "For adults who are worried about a child.",
        phone="0808 800 5000",
        link="https://www.nspcc.org.uk",
    ),
    _of(
        "mens-advice-line",
        "men",
        "Men's Advice Line",
        "For men harmed by a partner.",
        phone="0808 801 0327",
        link="https://mensadviceline.org.uk",
    ),
    _of("galop", "lgbt", "Galop", "For LGBT+ people harmed by a partner or relative.", phone="0800 999 5428", link="https://galop.org.uk"),
    _of(
        "respect-phoneline",
        "harm",
        "Respect Phoneline",
        "For people who harm a partner and want to stop.",
        phone="0808 802 4040",
        link="https://respectphoneline.org.uk",
    ),
    _of("icon", "babies", "ICON", "How to cope when a baby will not stop crying.", link="https://iconcope.org"),
    _of(
        "clares-law",
        "right-to-ask",
        "Clare's Law",
        "You can ask the police whether a partner has been violent before: online, at a station, or on 101. You can ask for somebody else.",
        link="https://www.police.uk",
    ),
    _of(
        "marac",
        "conference",
        "MARAC",
        "The conference of agencies about people at high risk. Refer by your authority's own form; a school takes part through its lead.",
        audience=STAFF,
    ),
    _of(
        "matac",
        "conference",
        "MATAC",
        "The meeting of agencies, led by the police, about those who harm most often. Tell your force's public protection desk.",
        audience=STAFF,
    ),
)
