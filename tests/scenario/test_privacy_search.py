"""The search for personal data can fail: a marker that is planted, in any form and in any kind of place, is found."""

import base64
import contextlib
import hashlib
import json
import shutil
import sqlite3
from pathlib import Path
from urllib.parse import quote, quote_plus

import asyncpg
import pytest

from tests import backends
from tests.backends import PostgresDatabases
from tests.scenario.leaks import Search, codes, days, names, postgres_places, sqlite_places

NAME = "Zoëlinka Varnopeth-D'Quellimar"
MARKERS = [*names(NAME), *days("2015-05-03"), *codes("ZZ97 8JV", "07700 900987", "vq.dsl@markers.example")]
SEARCH = Search(MARKERS)
AROUND = ("the first words {} and the last", '{{"event": "x.done", "place": "{}"}}')

FORMS = {
    "as it is": "Varnopeth",
    "other case": "vARNOPETH",
    "without accents": "zoelinka",
    "decomposed": "Zoe\u0308linka",
    "part of a longer word": "Mc-varnopethson",
    "json": json.dumps(NAME),
    "json, every letter": "".join(f"\\u{ord(letter):04x}" for letter in "Quellimar"),
    "url": quote(NAME),
    "url, a form's": quote_plus("D'Quellimar x"),
    "url, every letter": "".join(f"%{ord(letter):02X}" for letter in "Varnopeth"),
    "html": "D&#39;Quelli&#109;ar",
    "mail": "Zo=C3=ABlin=\r\nka",
    "punctuated": "Varno-peth-D.Quelli mar Zoe linka varnopethdquellimar",
    "repr of bytes": repr(NAME.encode("utf-16-le")[:30]),
    "base64": base64.b64encode(f"x{NAME}".encode()).decode(),
    "base64, in the middle": base64.b64encode(b"\x01\x02" + NAME.encode() + b"\xff").decode().rstrip("="),
    "base64, urls": base64.urlsafe_b64encode(f"???{NAME}".encode()).decode(),
    "base64 of utf-16": base64.b64encode(NAME.encode("utf-16")).decode(),
    "base64, in lines": base64.encodebytes(b"a" * 50 + NAME.encode()).decode(),
    "hexadecimal": NAME.encode().hex(),
    "hexadecimal, shifted": "0" + NAME.encode().hex() + "0",
    "hexadecimal of utf-16": NAME.encode("utf-16-be").hex().upper(),
    "unkeyed hash": hashlib.sha256(b"ZZ97 8JV").hexdigest(),
    "unkeyed hash of a day": hashlib.sha1(b"2015-05-03").hexdigest(),  # noqa: S324  a bad hash is what is looked for
    "postcode without its space": "zz978jv",
    "telephone for machines": "tel:+447700900987",
    "telephone in groups": "07700-900-987",
    "mailbox": "<VQ.DSL@markers.example>",
    "mailbox in a url": "?to=vq.dsl%40markers.example",
}
DAYS = (
    "2015-05-03", "20150503", "2015/05/03", "03/05/2015", "3/5/2015", "03-05-2015", "3.5.15", "05/03/2015", "030515", "03052015",
    "3 May 2015", "03 May 2015", "Sunday 3 May 2015", "3rd of May, 2015", "May 3, 2015", "3-MAY-2015", "3 may 15",
    "datetime.date(2015, 5, 3)", "2015-05-03T00:00:00Z", "1430611200", '{"born":"2015-05-03"}',
)  # fmt: skip


@pytest.mark.parametrize("around", AROUND, ids=["in words", "in a log line"])
@pytest.mark.parametrize("form", FORMS, ids=FORMS.get)
def test_a_name_or_a_number_is_found_in_every_form(form: str, around: str) -> None:
    assert SEARCH.hits({"log": around.format(FORMS[form])})


@pytest.mark.parametrize("written", DAYS)
def test_a_date_of_birth_is_found_in_every_usual_way_of_writing(written: str) -> None:
    assert SEARCH.hits({"page": f"Born {written}."})


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1", "utf-16-le", "utf-16-be", "utf-32-le"])
def test_bytes_are_searched_too(encoding: str) -> None:
    assert SEARCH.hits({"file": b"\x00\xfe\xff" + "Varnopeth".encode(encoding) + b"\x80"})


def test_what_only_looks_similar_is_not_found() -> None:
    innocent = "Varnope Quell 2015-05-04 2015-06-03 12015-05-030 ZZ97 8JW 07700 900986 1430611201 Zoe of messages.example"
    assert not SEARCH.hits({"log": innocent, "file": innocent.encode() * 3})
    assert not SEARCH.hits({"log": " ".join(hashlib.sha256(bytes([number])).hexdigest() for number in range(200))})


def test_an_allowed_text_is_passed_over_alone() -> None:
    assert not SEARCH.hits({"page": "For Varnopeth"}, allowed=[NAME])
    (hit,) = SEARCH.hits({"page": "Varnopeth, ZZ97 8JV"}, allowed=[NAME])
    assert hit.startswith("page: code 'ZZ97 8JV'")


def test_a_row_of_any_table_and_the_bytes_of_its_file_are_searched(sqlite_template: Path, tmp_path: Path) -> None:
    path = Path(shutil.copy(sqlite_template, tmp_path / "leak.db"))
    assert not SEARCH.hits(sqlite_places(path))
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE overlooked (id INTEGER, note BLOB)")
        connection.execute("INSERT INTO overlooked VALUES (1, ?)", [NAME.encode("utf-16")])
        connection.commit()
        found = SEARCH.hits(sqlite_places(path))
        assert any(hit.startswith("table overlooked") for hit in found)
        assert any(hit.startswith("file leak.db") for hit in found), "in the file or in its write-ahead log"


@pytest.mark.postgres
async def test_a_row_of_any_table_of_postgresql_is_searched(postgres_databases: PostgresDatabases) -> None:
    url = await postgres_databases.new()
    owner = backends.with_database(backends.postgres_admin(), url.rpartition("/")[2])
    try:
        assert not SEARCH.hits(await postgres_places(owner))
        connection = await asyncpg.connect(owner)
        await connection.execute("CREATE SCHEMA apart; CREATE TABLE apart.note (sealed bytea, data jsonb)")
        await connection.execute('INSERT INTO apart.note VALUES ($1, \'{"to": "+447700900987"}\')', NAME.encode())
        await connection.close()
        found = SEARCH.hits(await postgres_places(owner))
        assert {hit.partition(":")[0] for hit in found} == {"table apart.note"}
        assert len(found) == 2
    finally:
        await postgres_databases.drop(url)
