"""What may stand in a tracked file of any kind: no way to one person's machine, and no real person's address or number."""

import re
from collections.abc import Iterator

from tests.tidy.source import Rule, Source, planted

# Written in pieces, so that this file is not its own violation.
_SCHEME = "https" + "?://"
PLACES = (
    re.compile(r"(?<![\w.$}])/(?:work|tmp|home|root|Users|opt)" + r"/\w"),
    re.compile(_SCHEME + r"[^\s\"'<>)]*(?:pypi|pythonhosted|npmjs|/simple\b)"),
    re.compile(r"--(?:extra-)?index" + r"-url[ =]|--find" + r"-links[ =]"),
)
_EMAIL = re.compile(r"(?<![/\\\w.+-])[\w.+-]+@((?:[\w-]+\.)+[A-Za-z]{2,})\b")
FICTIONAL_DOMAINS = re.compile(r"(?:^|\.)(?:example\.(?:com|org|net)|example|invalid|test|localhost)$", re.IGNORECASE)
_MOBILE = re.compile(r"(?<![\w.-])(?:\+44|0)[ ]?7(?:[ ]?\d){9}(?![\d.-])")
FICTIONAL_MOBILE = re.compile(r"7700900\d{3}$")


def places(source: Source) -> Iterator[tuple[int, str]]:
    """No file names a package index or a folder of somebody's machine."""
    for number, line in enumerate(source.text.splitlines(), start=1):
        for pattern in PLACES:
            if found := pattern.search(line):
                yield number, f"{found[0]!r} is a place of one machine or one index"


def people(source: Source) -> Iterator[tuple[int, str]]:
    """Addresses and mobile numbers are of the ranges that belong to nobody."""
    for number, line in enumerate(source.text.splitlines(), start=1):
        for address in _EMAIL.finditer(line):
            if not FICTIONAL_DOMAINS.search(address[1]):
                yield number, f"an e-mail address at {address[1]}"
        for phone in _MOBILE.finditer(line):
            if not FICTIONAL_MOBILE.search(re.sub(r"\D", "", phone[0])):
                yield number, "a mobile number outside 07700 900000 to 900999"


RULES = (
    Rule(
        name="places",
        why="a checkout must set itself up anywhere; where packages come from is the machine's business, and a lock is kept by its hashes",
        check=places,
        planted=(
            planted("deploy/x.txt", "--index" + "-url something"),
            planted("deploy/x.txt", "x @ " + "https:" + "//files.pythonhosted" + ".org/x.whl"),
            planted("README.md", "see `/" + "home/someone/x`"),
        ),
        allowed=(planted("README.md", "see https://www.gov.uk/bank-holidays and tests/work/x, /etc/encompass"),),
    ),
    Rule(
        name="people",
        why="a fixture with a real address or number will one day be written to; example.com and Ofcom's drama numbers never answer",
        check=people,
        planted=(
            planted("x.csv", "dsl@school." + "sch.uk"),
            planted("x.csv", "07911 " + "123456"),
            planted("x.csv", "+44 7911" + " 123456"),
        ),
        allowed=(planted("x.csv", "dsl@testwood.example,07700 900123,+447700900123,postgresql://user@db.internal.org/x"),),
    ),
)
