"""What every test may ask for. Kept thin: a part of the world has its own module beside this one."""

import gc

import pytest

from tests.parts import MARKERS, NOT_RUN, Parts, detected

pytest_plugins = ["tests.backends"]

LONG = {"scenario", "simulation"}
LONG_FILES = (
    *("test_routes", "test_deadline_oracle", "test_router_roll", "test_erasure", "test_keyring_commands", "test_log", "test_api_schema"),
    *("test_desk", "test_notices", "test_notifier_revising", "test_calls", "test_feed", "test_webhook", "test_control", "test_entry"),
    *("test_folder", "test_router_revising", "test_router_standing"),
)
"""Left out of the fast run, which must stay under a minute."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what cannot run here, saying so, and put the long ones first, so that two workers end together.

    What is exhaustive runs only where it is asked for by its marker (``make exhaustive``).
    """
    for item in items:
        if item.get_closest_marker("sqlite_daily") and _is_on_postgresql(item):
            item.add_marker(pytest.mark.exhaustive)
    if "exhaustive" not in config.getoption("markexpr"):
        items[:] = [item for item in items if item.get_closest_marker("exhaustive") is None]
    for item in items:
        if LONG.intersection(item.path.parts) or item.path.stem.startswith(LONG_FILES):
            item.add_marker(pytest.mark.long)
        wanted = [marker for marker in MARKERS if item.get_closest_marker(marker)]
        lacking = [MARKERS[marker] for marker in wanted if not detected().has(marker)]
        if lacking:
            item.add_marker(pytest.mark.skip(reason=NOT_RUN + ", ".join(lacking)))
    items.sort(key=lambda item: item.get_closest_marker("soak") is None)


def pytest_collection_finish() -> None:
    """What the collection made lives until the end: the garbage collector need not look at it in each test (a sixth of the time)."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def _is_on_postgresql(item: pytest.Item) -> bool:
    return isinstance(item, pytest.Function) and hasattr(item, "callspec") and "postgresql" in item.callspec.params.values()


@pytest.fixture(scope="session")
def parts() -> Parts:
    """The servers and programs that are here; a test that needs one also carries its marker (tests/parts.py)."""
    return detected()
