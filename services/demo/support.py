"""Invented services of Testshire, beside the national numbers that every installation has."""

from datetime import date

HAVEN, HUB, DROP_IN = "testshire-haven", "testwood-family-hub", "mockton-drop-in"
SERVICES = (
    (HAVEN, "specialist", "Testshire Haven", "Advice and a place of safety, for anyone."),
    (HUB, "babies", "Testwood Family Hub", "Drop in with a baby or a small child."),
    (DROP_IN, "children", "Mockton youth drop-in", "For anyone from 11 to 18."),
    ("staff-room-posters", "campaign", "Posters for the staff room", "Ask the education safeguarding desk for a set."),
)
INVENTED = "invented for the demonstration"


def support(authority: str, today: date) -> list[tuple[object, ...]]:
    """Rows of a support file: one that is open all Christmas, one that closes, one that nobody knows of, and material for staff."""
    christmas = f"{today.year}-12-24..{today.year + 1}-01-01"
    hours = {HAVEN: "Every day, 8am to 10pm", HUB: "Monday to Friday, 9am to 4pm", DROP_IN: "Tuesday and Thursday evenings"}
    phones = {HAVEN: "01632 960555", HUB: "01632 960556", DROP_IN: "01632 960557"}
    holidays = {HAVEN: ("open", ""), HUB: ("dates", christmas)}
    return [
        (
            *(support_id, kind, name, authority, INVENTED, today, how, hours.get(support_id, ""), phones.get(support_id, "")),
            *holidays.get(support_id, ("", "")),
            "staff" if kind == "campaign" else "public",
        )
        for support_id, kind, name, how in SERVICES
    ]
