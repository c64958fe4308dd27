"""Invented services of Testshire, beside the national numbers that every installation has."""

from datetime import date

INVENTED = "invented for the demonstration"


def support(authority: str, today: date) -> list[tuple[object, ...]]:
    """Rows of a support file: one that is open all Christmas, one that closes, one that nobody knows of, and material for staff."""
    christmas = f"{today.year}-12-24..{today.year + 1}-01-01"
    return [
        ("testshire-haven", "specialist", "Testshire Haven", authority, INVENTED, today, "Advice and a place of safety, for anyone.")
        + ("Every day, 8am to 10pm", "01632 960555", "open", "", "public"),
        ("testwood-family-hub", "babies", "Testwood Family Hub", authority, INVENTED, today, "Drop in with a baby or a small child.")
        + ("Monday to Friday, 9am to 4pm", "01632 960556", "dates", christmas, "public"),
        ("mockton-drop-in", "children", "Mockton youth drop-in", authority, INVENTED, today, "For anyone from 11 to 18.")
        + ("Tuesday and Thursday evenings", "01632 960557", "", "", "public"),
        ("staff-room-posters", "campaign", "Posters for the staff room", authority, INVENTED, today)
        + ("Ask the education safeguarding desk for a set.", "", "", "", "", "staff"),
    ]
