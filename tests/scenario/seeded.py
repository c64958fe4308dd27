"""Reports of which every personal word occurs nowhere else, and a recorder of every answer: what the search for personal data works on.

The words are made up letter by letter, so that finding one is finding the report. What each reader may see is said here.
"""

import contextlib
import csv
import random
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.clock import Clock
from shared.db import Database, Transaction
from tests import backends
from tests.directory_samples import contact_rows
from tests.samples import sample_upn
from tests.scenario.leaks import Marker, Search, codes, days, names
from tests.scenario.night import report_of

_OPENINGS = ("Br", "Cl", "Dr", "Fl", "Gl", "Gr", "Kn", "Kl", "Pl", "Pr", "Qu", "Sk", "Sw", "Tr", "Vr", "Zw")
_MIDDLES = ("abbo", "elvi", "izzu", "ommi", "undra", "ynde", "okku", "affle", "imbre", "urgle")
_ENDINGS = ("nthax", "pqueth", "mbrook", "zzvik", "ddmoor", "ffwyn", "llgart", "ckstow")


_WORDS_EACH = 150


class Words:
    """Invented words, each given out once, and no two numbers share one."""

    def __init__(self, number: int) -> None:
        every = [opening + middle + ending for opening in _OPENINGS for middle in _MIDDLES for ending in _ENDINGS]
        random.Random(0).shuffle(every)
        self._left = every[number * _WORDS_EACH : (number + 1) * _WORDS_EACH]

    def one(self) -> str:
        return self._left.pop()

    def phrase(self) -> str:
        """Prose of which two words are like no other."""
        return f"the {self.one()} was heard near a {self.one()} and it stopped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seeded:
    """A report and everything personal in it."""

    report: dict[str, Any]

    @property
    def markers(self) -> list[Marker]:
        """What must be found nowhere else."""
        return _markers(self.report)

    def child(self, place: int) -> dict[str, Any]:
        """The child at that place in the report."""
        child: dict[str, Any] = self.report["children"][place]
        return child

    def shown_before_content(self, *places: int) -> set[str]:
        """What a setting sees of its own children after the code: whose name and date of birth it is."""
        return _words(*(self.child(place)[part] for place in places for part in ("full_name", "known_as", "date_of_birth")))

    def shown_with_content(self, *places: int) -> set[str]:
        """And after it has said that they are its own: who must not collect, the source of that, the desk for queries."""
        desk, source = self.report["desk"], self.report["conditions"][0]["source"]
        return self.shown_before_content(*places) | _words(self.report["adults"][1]["full_name"], source, desk["name"], desk["email"])

    def references(self) -> set[str]:
        """What the force is told of its own report: its own references for the children."""
        return _words(*(child["reference"] for child in self.report["children"]))


def seeded(number: int, *settings: str, **overrides: Any) -> Seeded:
    """A family with a child at each of the settings (``tests.directory_samples``); each ``number`` is another one."""
    words = Words(number)
    children: list[dict[str, Any]] = []
    report = report_of(*settings, seed=number)
    phrases = {name: words.phrase() for name in ("brief_circumstances", "police_action", "referral", "source", "unknown", "place")}
    adults = [_adult(adult, number, place, words) for place, adult in enumerate(report["adults"])]
    for place, child in enumerate(report["children"]):
        children.append(_child(child, number, place, words))
    for adult in adults:
        for tie, child in zip(adult["relationships"], children, strict=False):
            tie |= {"child": child["reference"], "text": words.phrase()}
    for child in children:
        child["lives_with"] = [adult["reference"] for adult in adults]
    report |= {
        "reference": f"CASE-{number}",
        "children": children,
        "adults": adults,
        "brief_circumstances": phrases["brief_circumstances"],
        "police_action": {"codes": ["arrest"], "text": phrases["police_action"]},
        "referral": {"made": True, "to": phrases["referral"]},
        "desk": {"name": f"{words.one()} desk", "email": f"{words.one().lower()}@desk.example", "telephone": "01632 960111"},
        "conditions": [
            {"who": adults[1]["reference"], "kind": "must-not-collect", "until_on": "2027-01-31", "source": phrases["source"]},
        ],
        "place_kind": f"at {phrases['place']}",
        words.one(): {words.one(): phrases["unknown"]},
    }
    report |= overrides
    return Seeded(report=report)


def _child(child: Mapping[str, Any], number: int, place: int, words: Words) -> dict[str, Any]:
    age = {"900001": 8, "900002": 14}.get(child["school"]["urn"], 3)
    voice = {"spoken_to": True, "alone": True, "words": words.phrase(), "words_safe_to_share": False, "observed": words.phrase()}
    return dict(child) | {
        "reference": f"C{place}-{words.one()}",
        "person_id": f"{words.one()}-{number}{place}",
        "full_name": f"{words.one()} {words.one()}",
        "known_as": words.one(),
        "date_of_birth": _born(age, number * 7 + place),
        "postcode": f"ZZ9{number % 10} {place + 5}{'ABDEFGHJLN'[number % 10]}Q",
        "address": f"{number + 11} {words.one()} Row, {words.one()}",
        "upn": sample_upn(600 + number * 10 + place),
        "disability_text": words.phrase(),
        "language": words.one(),
        "communication_need": words.phrase(),
        "lives_elsewhere": words.phrase(),
        "voice": voice,
    }


def _adult(adult: Mapping[str, Any], number: int, place: int, words: Words) -> dict[str, Any]:
    return dict(adult) | {
        "reference": f"A{place}-{words.one()}",
        "full_name": f"{words.one()} {words.one()}-{words.one()}",
        "date_of_birth": _born(35 + place, number * 3),
        "disability_text": words.phrase(),
        "language": words.one(),
        "relationships": [dict(tie) for tie in adult["relationships"]],
    }


def _born(age: int, offset: int) -> str:
    return (date(2026 - age, 2, 3) + timedelta(days=offset)).isoformat()


_UNUSUAL = re.compile("|".join(f"{opening}[a-z]{{8,}}" for opening in _OPENINGS), re.IGNORECASE)


def _words(*texts: str) -> set[str]:
    """The markers in these texts."""
    return {word for text in texts for word in (text, *_UNUSUAL.findall(text))}


def _markers(value: Any, name: str = "") -> list[Marker]:
    """Every invented word of the report, its members' names too, and whatever is personal without a word."""
    if isinstance(value, Mapping):
        return names(*_UNUSUAL.findall(" ".join(map(str, value)))) + [one for key, inner in value.items() for one in _markers(inner, key)]
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [one for inner in value for one in _markers(inner, name)]
    if name == "date_of_birth":
        return days(value)
    if name in ("postcode", "upn", "person_id", "address", "email"):
        return codes(value) + names(*_UNUSUAL.findall(value))
    return names(*_UNUSUAL.findall(value)) if isinstance(value, str) else []


def contact_markers() -> list[Marker]:
    """Everybody who is told: surname, mailbox, telephone."""
    rows = contact_rows()
    addresses = codes(*(str(text) for *_, email, phone, _ in rows for text in (email, phone) if text))
    return addresses + names(*{word for *_, name, _, _, _ in rows for word in re.findall(r"[A-Za-z]{6,}", str(name))})


def contact_words(person: str) -> set[str]:
    """What ``dsl@900001`` is called: her own pages greet her."""
    named = next(str(row[5]) for row in contact_rows() if person == f"{row[3]}@{row[1] or row[2]}")
    return set(re.findall(r"[A-Za-z]{6,}", named))


def roll_markers(path: Path) -> list[Marker]:
    """Every pupil of a roll's file."""
    with path.open(newline="", encoding="utf-8") as handle:
        rows = list(csv.DictReader(handle))
    people = names(*{word for row in rows for word in re.findall(r"[A-Za-z]{7,}", row["surname"])})
    return people + codes(*{row["upn"] for row in rows if row["upn"]}) + days(*{row["date_of_birth"] for row in rows})


@contextlib.asynccontextmanager
async def as_owner(url: str, clock: Clock) -> AsyncIterator[Transaction]:
    """A transaction of whoever owns the database of ``url``: a thief, or somebody who restores a backup. Services may do less."""
    if url.startswith("postgresql"):
        url = backends.sqlalchemy_url(backends.with_database(backends.postgres_admin(), url.rpartition("/")[2]))
    database = Database.at(url, clock)
    try:
        async with database.transaction() as tx:
            yield tx
    finally:
        await database.close()


# --- every answer -------------------------------------------------------------------------------------------------------------------------


@dataclass(slots=True, kw_only=True)
class Answer:
    """One answer with the address that was asked."""

    method: str
    path: str
    status: int = 0
    head: str = ""
    body: bytes = b""

    @property
    def name(self) -> str:
        """What a hit calls it: tokens in paths are cut."""
        return f"{self.method} {re.sub(r'/[A-Za-z0-9_-]{30,}', '/…', self.path)} {self.status}"

    @property
    def title(self) -> str:
        """The page's title; empty for what is no page."""
        found = re.search(r"<title>(.*?)</title>", self.body.decode("utf-8", "replace"), re.DOTALL)
        return found[1] if found else ""


@dataclass(slots=True)
class Recorder:
    """An application around another one: keeps what was asked and what was answered."""

    app: ASGIApp
    answers: list[Answer] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer = Answer(method=scope["method"], path=scope["path"])
        self.answers.append(answer)

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer.status = message["status"]
                answer.head = "\n".join(f"{name.decode('latin-1')}: {value.decode('latin-1')}" for name, value in message["headers"])
            else:
                answer.body += message.get("body", b"")
            await send(message)

        await self.app(scope, receive, sending)

    def hits(self, search: Search, allowed: Mapping[tuple[str, str], set[str]]) -> list[str]:
        """What any answer shows that it may not. ``allowed``: by method and path's beginning, what the body of a 2xx may hold; heads,
        addresses, titles and every other body hold nothing.
        """
        found = []
        for answer in self.answers:
            granted = [texts for (method, start), texts in allowed.items() if answer.method == method and answer.path.startswith(start)]
            texts = set().union(*granted) if 200 <= answer.status < 300 else set()
            found += search.hits({f"{answer.name}, its head": answer.head, f"{answer.name}, its address": answer.path})
            found += search.hits({f"{answer.name}, its title": answer.title})
            found += search.hits({answer.name: answer.body.decode("utf-8", "surrogateescape")}, allowed=texts)
        return found
