"""What the README shows is there: commands, settings, paths, words, decisions, examples, and the facts of its picture."""

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import typer

from services import NAMES
from services.__main__ import app
from services.console.handlers import IMPORTS
from services.ingest.api_answers import ChildAnswer, DestinationAnswer, IncidentAnswer, ReceiptAnswer
from services.ingest.handlers import received
from shared.db.guards import SERVICES
from shared.db.tables import metadata
from shared.directory.values import CONTACT_ROLES
from shared.events import BY_TYPE
from shared.outcome import Outcome
from shared.settings import MAY_BE_FILES, PREFIX, Settings
from tests.tidy.tree import TOP, sources

README = (TOP / "README.md").read_text(encoding="utf-8")
DECISIONS = (TOP / "docs" / "decisions.md").read_text(encoding="utf-8")
PICTURE = TOP / "docs" / "data-path.svg"
CODE = re.findall(r"(?<!`)`([^`\n]+)`(?!`)", README)
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
INDENTED = re.findall(r"^    (encompass .+?)(?:  +#.*)?$", README, re.MULTILINE)
COMMANDS = [words for words in CODE if words.startswith("encompass ")]
FILES = ("json", "csv", "toml", "md", "py", "db", "yaml")


def section(title: str) -> str:
    """The text below a heading, up to the next one of its rank."""
    return re.split(r"^#{2,3} ", README.split(f"# {title}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]


def rows(title: str) -> list[list[str]]:
    """The cells of a section's table, without its head."""
    lines = [line for line in section(title).splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[2:]]


def examples() -> list[Any]:
    return [json.loads(body) for language, body in BLOCKS if language == "json"]


def found_command(words: list[str]) -> tuple[Any, list[str]]:
    """The command that the words name, and what is left of them."""
    command: Any = typer.main.get_command(app)
    while words and words[0] in getattr(command, "commands", {}):
        command, words = command.commands[words[0]], words[1:]
    return command, words


# --- commands -------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shown", INDENTED)
def test_a_command_to_paste_is_one_that_runs(shown: str) -> None:
    command, arguments = found_command(shlex.split(shown)[1:])
    assert not hasattr(command, "commands"), "only a group of commands"
    command.make_context(command.name, arguments)  # raises for an option or an argument that is missing or unknown
    if command.name == "serve":
        assert set(arguments) <= set(NAMES)


@pytest.mark.parametrize("shown", COMMANDS)
def test_a_command_that_is_named_exists(shown: str) -> None:
    command, rest = found_command(shlex.split(shown)[1:])
    assert not hasattr(command, "commands")
    assert rest == []


def test_a_command_that_is_not_there_would_be_found() -> None:
    command, _ = found_command(["directory", "export"])
    assert hasattr(command, "commands")


def test_every_command_is_shown() -> None:
    def all_below(command: Any, path: str) -> Iterator[str]:
        below = getattr(command, "commands", {})
        yield from [path] if not below else [name for key, one in below.items() for name in all_below(one, f"{path} {key}")]

    shown = "\n".join([*INDENTED, *COMMANDS, *("encompass demo" for name in CODE if name == "make demo")])
    assert [path for path in all_below(typer.main.get_command(app), "encompass") if path not in shown] == []


def test_the_directory_is_imported_in_its_order() -> None:
    kinds = [line.split()[3] for line in INDENTED if line.startswith("encompass directory import ")]
    assert kinds == list(IMPORTS)


def test_make_has_every_target_shown() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (TOP / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert {name.split()[1] for name in CODE if name.startswith("make ")} <= targets


# --- settings -------------------------------------------------------------------------------------------------------------------


def test_every_setting_is_shown_and_none_else() -> None:
    shown = {name for name in re.findall(rf"\b{PREFIX}[A-Z_]+\b", README) if not name.startswith(f"{PREFIX}TEST_")}
    known = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields} | {f"{PREFIX}{name.upper()}_FILE" for name in MAY_BE_FILES}
    assert shown == known


def test_every_default_is_the_one_shown() -> None:
    shown = {name.strip("`").removeprefix(PREFIX).lower(): default.strip("`") for name, default, _ in rows("Settings")}
    defaults = {name: field.default for name, field in Settings.model_fields.items()}
    assert shown.keys() == defaults.keys()
    unset = {"none", "the system's"}
    assert {name: shown[name] for name, default in defaults.items() if shown[name] not in (unset if not default else {str(default)})} == {}


# --- paths ----------------------------------------------------------------------------------------------------------------------


def test_every_path_exists() -> None:
    tops = {path.name for path in TOP.iterdir()}
    named = {words for words in CODE if words.split("/")[0] in tops and " " not in words and words != "encompass"}
    linked = {target.partition("#")[0] for target in re.findall(r"\]\(([^)\s]+)\)", README) if "://" not in target}
    pictures = set(re.findall(r'src="([^"]+)"', README))
    assert {"services/ingest", "shared/events", "tests/tidy"} <= named
    assert sorted(path for path in named | (linked - {""}) | pictures if not (TOP / path).exists()) == []


def test_every_part_of_the_tree_is_on_the_map() -> None:
    said = section("The map")
    folders = {path.parent.relative_to(TOP).as_posix() for top in ("services", "shared") for path in TOP.glob(f"{top}/*/*.py")}
    assert sorted(folder for folder in folders if folder not in said) == []


def test_every_link_within_the_page_leads_somewhere() -> None:
    headings = re.findall(r"^#+ (.+)$", README, re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}
    assert set(re.findall(r"\]\(#([^)]+)\)", README)) <= anchors


# --- words ----------------------------------------------------------------------------------------------------------------------


def test_every_word_stands_for_something_in_the_code() -> None:
    classes = {name for source in sources() for name in re.findall(r"^class (\w+)", source.text, re.MULTILINE)}
    known = set(metadata.tables) | set(BY_TYPE) | classes | set(CONTACT_ROLES)
    named = {name for _, _, cell in rows("The words") for name in re.findall(r"`([^`]+)`", cell)}
    assert {"journal", "outbox", "inbox", "Keyring"} <= named
    assert named - known == set()


def test_every_fact_that_is_named_exists() -> None:
    shape = re.compile(r"[a-z]+(?:-[a-z]+)*\.[a-z]+(?:-[a-z]+)*")
    named = {name for name in CODE if shape.fullmatch(name) and name.rpartition(".")[2] not in FILES}
    assert named >= {"incident.received", "notification.acknowledged"}
    assert named - BY_TYPE.keys() == set()


def test_the_outcomes_are_those_of_the_code() -> None:
    assert {name.strip("`") for name, _ in rows("The promise")} == set(Outcome) - {Outcome.LOST}


def test_the_group_roles_are_those_of_the_database() -> None:
    assert set(re.findall(r"`encompass_(\w+)`", section("Full: PostgreSQL and RabbitMQ"))) >= set(SERVICES)


def test_every_table_that_is_named_exists() -> None:
    owners = {name.partition("_")[0] for name in metadata.tables if "_" in name}
    named = {name for name in CODE if re.fullmatch(rf"(?:{'|'.join(owners)})_\w+", name)}
    assert named - metadata.tables.keys() == set()


# --- decisions ------------------------------------------------------------------------------------------------------------------


def decided() -> Mapping[str, str]:
    """Each decision's number and text."""
    parts = re.split(r"^\*\*(D\d+)\*\* · ", DECISIONS, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_every_decision_that_the_code_cites_is_written_down() -> None:
    cited = {
        number
        for source in sources()
        if source.path.endswith((".py", ".html", ".css", ".js")) and source.path != Path(__file__).relative_to(TOP).as_posix()
        for number in re.findall(r"\bD[1-9]\d?\b", source.text)
    }
    assert {"D1", "D10"} <= cited
    assert cited - decided().keys() == set()


def test_a_decision_has_a_context_a_sentence_and_what_enforces_it() -> None:
    assert list(decided()) == [f"D{number}" for number in range(1, len(decided()) + 1)]
    for number, text in decided().items():
        context, sentence, enforced = (part.strip() for part in text.split("\n", 2)[:1] + text.split("\n> ", 1)[1].split("\n\n", 1))
        assert context, number
        assert sentence, number
        assert re.match(r"Enforced by .*`(?:tests|shared)/", enforced, re.DOTALL), number


# --- examples -------------------------------------------------------------------------------------------------------------------


def test_the_report_gets_the_receipt_that_is_shown() -> None:
    report, receipt, _ = examples()
    shown = ReceiptAnswer.model_validate(receipt)
    taken = received(json.dumps(report).encode(), force="testshire", key_id="", received_at=datetime(2026, 11, 19, 23, 12, 4, tzinfo=UTC))
    assert [(one.pointer, one.code, one.text) for one in shown.findings] == [(one.pointer, one.code, one.text) for one in taken.findings]
    assert shown.reference == taken.report.reference
    assert receipt.keys() == ReceiptAnswer.model_fields.keys()


def test_the_outcome_that_is_shown_has_the_names_of_the_answer() -> None:
    _, _, shown = examples()
    (child,) = shown["children"]
    (destination,) = child["destinations"]
    for value, model in ((shown, IncidentAnswer), (child, ChildAnswer), (destination, DestinationAnswer)):
        assert value.keys() <= model.model_fields.keys()


# --- the picture ----------------------------------------------------------------------------------------------------------------


def test_the_picture_names_services_and_facts_that_exist_and_needs_nothing_from_elsewhere() -> None:
    picture = ET.parse(PICTURE)  # noqa: S314  our own file, and that it can be parsed is part of the test
    said = {kind: " ".join(text.text or "" for text in _texts(picture, kind)) for kind in ("name", "fact")}
    facts = set(re.findall(r"[a-z]+\.[a-z-]+", said["fact"]))
    assert facts >= {"incident.received", "incident.routed", "notification.acknowledged"}
    assert facts - BY_TYPE.keys() == set()
    assert {"ingest", "router", "notifier"} <= set(said["name"].split())
    outside = PICTURE.read_text(encoding="utf-8").replace('xmlns="http://www.w3.org/2000/svg"', "")
    assert not re.search(r"https?:|@import|<script|<image|<foreignObject", outside)


def _texts(picture: "ET.ElementTree[Any]", kind: str) -> list[ET.Element]:
    return [text for text in picture.iter("{http://www.w3.org/2000/svg}text") if kind in (text.get("class") or "").split()]
