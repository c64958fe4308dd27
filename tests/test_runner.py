"""The runner tells what it could not try, and does not take silence for success."""

import asyncio
from contextlib import ExitStack

import pytest

from tests.not_run import REMEDIES, Gap, Tally, gaps, table
from tests.parts import MARKERS, NOT_RUN, VARIABLES, Parts, found, postgres_answers, rabbit_answers
from tests.run import FAST, Supply
from tests.servers import PrivateRabbit, free_port


def nothing_there() -> dict[str, str]:
    """An environment that names servers at ports where nobody listens, and programs that do not exist."""
    return {
        "ENCOMPASS_TEST_DETECT": "none",
        "ENCOMPASS_TEST_POSTGRES": f"postgresql://postgres@127.0.0.1:{free_port()}/postgres",
        "ENCOMPASS_TEST_AMQP": f"amqp://guest:guest@127.0.0.1:{free_port()}/",
        "ENCOMPASS_TEST_CHROMIUM": "/nowhere/chromium",
        "ENCOMPASS_TEST_RABBITMQ_SERVER": "/nowhere/rabbitmq-server",
    }


def test_what_is_named_but_does_not_answer_is_not_there() -> None:
    assert found(nothing_there()) == Parts()


def test_without_looking_only_what_is_named_is_there() -> None:
    assert found({"ENCOMPASS_TEST_DETECT": "none"}) == Parts()
    assert found({"ENCOMPASS_TEST_DETECT": "none", "ENCOMPASS_TEST_CHROMIUM": "/bin/sh"}) == Parts(chromium="/bin/sh")


def test_another_process_gets_the_same_parts() -> None:
    parts = Parts(postgres_url="postgresql://a@127.0.0.1:1/b", rabbitmq_server="/nowhere/rabbitmq-server")
    assert found(parts.environment()) == parts


def test_nothing_is_started_where_nothing_may_be_looked_for() -> None:
    with ExitStack() as opened:
        supply = Supply(found({"ENCOMPASS_TEST_DETECT": "none"}), {"ENCOMPASS_TEST_DETECT": "none"}, opened)
        supply.complete()
    assert supply.parts == Parts()
    assert set(supply.missing) == set(MARKERS)


def test_what_is_named_and_silent_is_missing_for_that_reason() -> None:
    environ = nothing_there()
    with ExitStack() as opened:
        supply = Supply(found(environ), environ, opened)
        supply.complete()
    assert supply.missing == {marker: f"{VARIABLES[marker]} names one that does not answer" for marker in MARKERS}


def test_every_missing_part_is_a_gap_with_a_remedy_and_a_count() -> None:
    both = NOT_RUN + f"{MARKERS['postgres']}, {MARKERS['rabbit']}"
    reasons = {NOT_RUN + MARKERS["postgres"]: 3, both: 2, "not today": 1}
    told = gaps(reasons, {"postgres": "not there", "browser": "not installed"})
    assert told == [
        Gap(what="PostgreSQL", tests=5, why="not there", remedy=REMEDIES["postgres"]),
        Gap(what="Chromium", tests=0, why="not installed", remedy=REMEDIES["browser"]),
        Gap(what="a test that skips itself", tests=1, why="not today", remedy="make the test able to run, or remove it"),
    ]
    assert set(REMEDIES) == set(MARKERS) == set(VARIABLES)


def test_nothing_missing_and_nothing_skipped_is_no_gap() -> None:
    assert gaps({}, {}) == []


def test_the_table_names_each_gap() -> None:
    text = table([Gap(what="Chromium", tests=4, why="not installed", remedy=REMEDIES["browser"])], 4)
    assert text.startswith("NOT RUN: 4 tests")
    assert "not installed" in text
    assert REMEDIES["browser"] in text


def test_the_tally_counts_skips_and_nothing_else() -> None:
    tally = Tally()
    for when, outcome, longrepr in [("setup", "skipped", ("x.py", 1, "Skipped: not here")), ("call", "passed", None)]:
        tally.pytest_runtest_logreport(
            pytest.TestReport("x.py::x", ("x.py", 1, "x"), {}, outcome=outcome, longrepr=longrepr, when=when)  # type: ignore[arg-type]
        )
    assert tally.reasons == {"not here": 1}


def test_the_fast_run_leaves_out_every_outside_part() -> None:
    assert {f"not {marker}" for marker in [*MARKERS, "soak", "long"]} == set(FAST.split(" and "))


@pytest.mark.postgres
def test_the_named_postgres_answers(parts: Parts) -> None:
    assert parts.postgres_url is not None
    assert asyncio.run(postgres_answers(parts.postgres_url))


@pytest.mark.rabbit
def test_the_named_rabbit_answers(parts: Parts) -> None:
    assert parts.amqp_url is not None
    assert asyncio.run(rabbit_answers(parts.amqp_url))


@pytest.mark.rabbit_node
def test_a_node_of_our_own_goes_and_comes_back(parts: Parts, tmp_path_factory: pytest.TempPathFactory) -> None:
    assert parts.rabbitmq_server is not None
    with PrivateRabbit(parts.rabbitmq_server, tmp_path_factory.mktemp("rabbit")) as node:
        assert asyncio.run(rabbit_answers(node.url))
        node.kill()
        assert not asyncio.run(rabbit_answers(node.url))
        node.start()
        assert asyncio.run(rabbit_answers(node.url))
