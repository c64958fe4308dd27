"""A keyring covers months, never makes a destroyed one again, and never shows a key."""

import base64
import json
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import EncompassError, Misuse, SettingsRefused, VaultSealed
from shared.vault.custody import check
from shared.vault.keyring import Keyring, retention_month

ON = date(2026, 11, 22)
dates = st.dates(min_value=date(2000, 1, 1), max_value=date(2150, 12, 31))


def keyring_of(**changed: Any) -> dict[str, Any]:
    """A sound keyring's JSON form, with parts changed."""
    return {
        "format": 1,
        "wrapping_keys": {"kek-2027-05": text(1)},
        "index_keys": {"index-1": text(2)},
        "current_index_key": "index-1",
        **changed,
    }


def text(number: int) -> str:
    return base64.b64encode(bytes([number]) * 32).decode()


def codes(keyring: Keyring, on: date, months_needed: int = 12) -> list[str]:
    return [finding.code for finding in check(keyring, on, months_needed)]


# --- months -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("on", "months", "kek_id"),
    [
        (date(2026, 11, 22), 6, "kek-2027-05"),
        (date(2026, 11, 30), 1, "kek-2026-12"),
        (date(2026, 12, 1), 0, "kek-2026-12"),
        (date(2026, 12, 31), 1, "kek-2027-01"),
        (date(2024, 2, 29), 12, "kek-2025-02"),
    ],
)
def test_the_retention_month_is_counted_in_whole_months(on: date, months: int, kek_id: str) -> None:
    assert retention_month(on, months) == kek_id


@given(on=dates, months=st.integers(0, 600))
def test_a_month_ends_no_earlier_than_the_retention(on: date, months: int) -> None:
    """The last day of the month lies at least ``months`` months after ``on``, and its first day no more than that."""
    year, month = (int(part) for part in retention_month(on, months).split("-")[1:])
    assert (year - on.year) * 12 + (month - on.month) == months


@pytest.mark.parametrize("months", [-1, 601])
def test_a_retention_has_limits(months: int) -> None:
    with pytest.raises(Misuse):
        retention_month(ON, months)


@given(on=dates, months=st.integers(0, 72))
def test_a_new_keyring_covers_every_retention_up_to_its_own(on: date, months: int) -> None:
    keyring = Keyring.created(on, months)
    assert keyring.months_ahead(on) == months
    for kept in range(months + 1):
        assert len(keyring.wrapping_key(retention_month(on, kept))) == 32
    with pytest.raises(VaultSealed):
        keyring.wrapping_key(retention_month(on, months + 1))


def test_every_key_is_another() -> None:
    one, other = Keyring.created(ON, 60), Keyring.created(ON, 60)
    keys = [*one.wrapping_keys.values(), *one.index_keys.values(), *other.wrapping_keys.values(), *other.index_keys.values()]
    assert len(set(keys)) == len(keys) == 2 * 62


def test_extending_adds_months_and_keeps_the_keys_that_are_there() -> None:
    before = Keyring.created(ON, 12)
    after = before.extended(date(2027, 5, 1), 12)
    assert after.months_ahead(date(2027, 5, 1)) == 12
    assert before.wrapping_keys.items() <= after.wrapping_keys.items()
    assert after.extended(date(2027, 5, 1), 3) == after


def test_a_destroyed_month_is_not_made_again() -> None:
    keyring = Keyring.created(ON, 12).without("kek-2027-02")
    again = keyring.extended(ON, 24)
    with pytest.raises(VaultSealed):
        again.wrapping_key("kek-2027-02")
    assert again.months_ahead(ON) == 2


def test_extending_after_a_long_pause_makes_no_past_months() -> None:
    keyring = Keyring.created(date(2020, 1, 1), 1).extended(ON, 2)
    assert keyring.generations("kek-2023-01") == ()
    assert keyring.months_ahead(ON) == 2


# --- rotation -----------------------------------------------------------------------------------------------------------


def test_a_rotated_month_wraps_with_the_newest_key_and_still_opens_with_the_older() -> None:
    keyring = Keyring.created(ON, 12)
    for _ in range(11):
        keyring = keyring.with_new_wrapping_key("kek-2027-05")
    assert keyring.newest("kek-2027-05") == keyring.newest("kek-2027-05-3") == "kek-2027-05-12"
    assert keyring.generations("kek-2027-05")[:3] == ("kek-2027-05", "kek-2027-05-2", "kek-2027-05-3")
    assert len({keyring.wrapping_key(kek_id) for kek_id in keyring.generations("kek-2027-05")}) == 12
    assert Keyring.parsed(keyring.serialised()) == keyring


def test_after_a_rotation_the_older_keys_go_and_the_newest_stays() -> None:
    rotated = Keyring.created(ON, 12).with_new_wrapping_key("kek-2027-05")
    assert "rotation" in codes(rotated, ON)
    ended = rotated.without_older("kek-2027-05")
    assert ended.generations("kek-2027-05") == ("kek-2027-05-2",)
    assert codes(ended, ON) == []


def test_destroying_a_month_takes_every_generation_and_nothing_else() -> None:
    keyring = Keyring.created(ON, 12).with_new_wrapping_key("kek-2027-05")
    destroyed = keyring.without("kek-2027-05")
    assert keyring.wrapping_keys.keys() - destroyed.wrapping_keys.keys() == {"kek-2027-05", "kek-2027-05-2"}
    with pytest.raises(VaultSealed):
        destroyed.newest("kek-2027-05")


def test_a_new_index_key_is_current_and_the_old_one_still_reads() -> None:
    before = Keyring.created(ON, 1)
    after = before.with_new_index_key()
    assert after.index_key_ids == ("index-2", "index-1")
    assert after.index_key("index-1") == before.current_index_key != after.current_index_key
    assert after.without_index_key("index-1").index_key_ids == ("index-2",)
    with pytest.raises(SettingsRefused):
        after.without_index_key("index-2")
    with pytest.raises(VaultSealed):
        before.index_key("index-2")


# --- what is to be done -------------------------------------------------------------------------------------------------


def test_a_sound_keyring_has_no_findings() -> None:
    assert codes(Keyring.created(ON), ON, months_needed=60) == []


def test_cover_that_is_too_short_is_a_finding() -> None:
    keyring = Keyring.created(ON, 12)
    assert codes(keyring, ON, months_needed=12) == []
    assert codes(keyring, ON, months_needed=13) == ["cover-short"]
    assert "cover-short" in codes(keyring, date(2026, 12, 1))
    assert keyring.months_ahead(date(2028, 1, 1)) == -1


def test_a_key_whose_month_has_ended_is_a_finding_that_names_it() -> None:
    keyring = Keyring.created(ON, 24)
    found = check(keyring, date(2027, 1, 1))
    assert [(finding.code, finding.key_ids) for finding in found] == [("month-ended", ("kek-2026-11", "kek-2026-12"))]
    assert codes(keyring, date(2026, 11, 30)) == []


def test_an_old_index_key_is_a_finding() -> None:
    assert codes(Keyring.created(ON).with_new_index_key(), ON) == ["index-keys"]


# --- the form it is kept in ---------------------------------------------------------------------------------------------


def test_a_keyring_is_read_as_it_was_written() -> None:
    keyring = Keyring.created(ON).with_new_index_key().with_new_wrapping_key("kek-2027-05")
    assert Keyring.parsed(keyring.serialised()) == keyring


def test_the_form_does_not_drift() -> None:
    keyring = Keyring.parsed(json.dumps(keyring_of()).encode())
    assert keyring.wrapping_key("kek-2027-05") == b"\x01" * 32
    assert keyring.current_index_key == b"\x02" * 32
    assert json.loads(keyring.serialised()) == keyring_of()


@pytest.mark.parametrize(
    "changed",
    [
        {"format": 2},
        {"format": True},
        {"format": "1"},
        {"format": 1.0},
        {"more": 1},
        {"wrapping_keys": []},
        {"wrapping_keys": {"kek-2027-13": text(1)}},
        {"wrapping_keys": {"kek-2027-5": text(1)}},
        {"wrapping_keys": {"kek-2027-05-1": text(1)}},
        {"wrapping_keys": {"kek-2027-05\n": text(1)}},
        {"wrapping_keys": {"kek-\uff12\uff10\uff12\uff17-05": text(1)}},
        {"wrapping_keys": {"kek-2027-05": text(1)[:-4]}},
        {"wrapping_keys": {"kek-2027-05": base64.b64encode(bytes(31)).decode()}},
        {"wrapping_keys": {"kek-2027-05": base64.b64encode(bytes(33)).decode()}},
        {"wrapping_keys": {"kek-2027-05": text(1) + "\n"}},
        {"wrapping_keys": {"kek-2027-05": "é" * 44}},
        {"wrapping_keys": {"kek-2027-05": None}},
        {"wrapping_keys": {"kek-2027-05": text(1), "kek-2027-06": text(1)}},
        {"wrapping_keys": {"kek-2027-05": text(2)}},
        {"index_keys": {}},
        {"index_keys": {"index-0": text(2)}},
        {"index_keys": {"other": text(2)}, "current_index_key": "other"},
        {"current_index_key": "index-2"},
        {"current_index_key": None},
        {"current_index_key": ["index-1"]},
    ],
)
def test_a_doubtful_keyring_is_refused(changed: dict[str, Any]) -> None:
    with pytest.raises(SettingsRefused):
        Keyring.parsed(json.dumps(keyring_of(**changed)).encode())


@pytest.mark.parametrize("lacking", ["format", "wrapping_keys", "index_keys", "current_index_key"])
def test_a_keyring_that_lacks_a_part_is_refused(lacking: str) -> None:
    document = keyring_of()
    del document[lacking]
    with pytest.raises(SettingsRefused):
        Keyring.parsed(json.dumps(document).encode())


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"\xff\xfe", b"[" * 100_000, b'"kek"'])
def test_what_is_no_keyring_is_refused(content: bytes) -> None:
    with pytest.raises(SettingsRefused):
        Keyring.parsed(content)


def test_an_id_that_stands_twice_is_refused() -> None:
    once = f'"kek-2027-05": "{text(1)}"'
    sound = json.dumps(keyring_of())
    assert once in sound
    with pytest.raises(SettingsRefused):
        Keyring.parsed(sound.replace(once, f'{once}, "kek-2027-05": "{text(3)}"').encode())
    with pytest.raises(SettingsRefused):
        Keyring.parsed(sound.replace('"format": 1', '"format": 1, "format": 1').encode())


@given(content=st.binary(max_size=200))
def test_no_input_breaks_the_reader(content: bytes) -> None:
    with pytest.raises(SettingsRefused):
        Keyring.parsed(content)


# --- silence ------------------------------------------------------------------------------------------------------------


def test_a_keyring_never_shows_a_key() -> None:
    keyring = Keyring.parsed(json.dumps(keyring_of()).encode())
    shown = f"{keyring!r} {keyring} {keyring.months_ahead(ON)!r} {check(keyring, ON)!r}"
    for key in (b"\x01" * 32, b"\x02" * 32):
        assert base64.b64encode(key).decode() not in shown
        assert repr(key)[2:-1] not in shown
        assert key.hex() not in shown


def test_a_refusal_quotes_nothing_of_the_keyring() -> None:
    spoiled = json.dumps(keyring_of(wrapping_keys={"kek-2027-05": text(1)[:-3] + "!!!"})).encode()
    for content in (spoiled, spoiled[:-1]):
        with pytest.raises(EncompassError) as raised:
            Keyring.parsed(content)
        chain: BaseException | None = raised.value
        while chain is not None:
            assert "AQEB" not in f"{chain!r} {getattr(chain, 'doc', '')}"
            chain = chain.__cause__ or chain.__context__
