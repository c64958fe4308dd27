"""Tokens tell fields apart, tell nothing without their key, and are never of names alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import Misuse
from shared.vault.tokens import identifier_token, keyed_hash, keyed_hash_matches, token

KEY = bytes(range(32))
OTHER_KEY = bytes(range(1, 33))

fields = st.lists(st.text(min_size=1, max_size=8), min_size=1, max_size=4).map(lambda texts: (*texts, "2018-03-04"))


def test_the_format_does_not_drift() -> None:
    """The expected values were computed apart from this code: tokens in a database must stay findable."""
    assert token(KEY, "name-dob", "wren", "testwood", "2018-03-04").hex() == "be5bbdc6dfc364ee98ed1caac6c4184d"
    assert identifier_token(KEY, "upn", "A123456789012").hex() == "806cbee1a85501ae059d27f5b2df9b7b"
    assert keyed_hash(KEY, "body", b"{}") == "bddfd2b5e5dec1b89892231baf4defa43374598c95c9e7f0b10a3a366a89769f"


@given(one=fields, other=fields)
def test_tokens_are_equal_exactly_when_the_fields_are(one: tuple[str, ...], other: tuple[str, ...]) -> None:
    assert token(KEY, "rule", *one) == token(KEY, "rule", *one)
    assert (token(KEY, "rule", *one) == token(KEY, "rule", *other)) == (one == other)


def test_where_one_field_ends_and_the_next_begins_matters() -> None:
    assert token(KEY, "rule", "ab", "c", "1") != token(KEY, "rule", "a", "bc", "1")
    assert token(KEY, "rule", "ab", "1") != token(KEY, "rule", "a", "b1")
    assert token(KEY, "rule1", "a", "b2") != token(KEY, "rule", "1a", "b2")
    assert token(KEY, "rule", "é1", "x") != token(KEY, "rule", "e1", "x")


def test_order_rule_and_key_matter() -> None:
    usual = token(KEY, "name-dob", "wren", "2018-03-04")
    assert len(usual) == 16
    assert usual != token(KEY, "name-dob", "2018-03-04", "wren")
    assert usual != token(KEY, "name-dob2", "wren", "2018-03-04")
    assert usual != token(OTHER_KEY, "name-dob", "wren", "2018-03-04")


@pytest.mark.parametrize(
    "refused",
    [
        (),
        ("testwood",),
        ("2018-03-04",),
        ("wren", "testwood"),
        ("wren", "rose", "testwood"),
        ("", "2018-03-04"),
        ("wren", "2018-03-04", ""),
    ],
)
def test_a_token_of_one_field_of_names_alone_or_with_a_gap_is_refused(refused: tuple[str, ...]) -> None:
    with pytest.raises(Misuse):
        token(KEY, "rule", *refused)


@pytest.mark.parametrize("refused", ["", "testwood", "2018-03-04", "04032018", "ZZ99 9ZZ", "123456789", "٠١٢٣٤٥٦٧٨٩"])
def test_a_name_a_date_or_a_postcode_is_no_identifier(refused: str) -> None:
    with pytest.raises(Misuse):
        identifier_token(KEY, "upn", refused)


def test_an_identifier_gives_a_token_of_its_own_kind() -> None:
    upn = "A123456789012"
    assert identifier_token(KEY, "upn", upn) == identifier_token(KEY, "upn", upn)
    assert identifier_token(KEY, "upn", upn) not in (identifier_token(KEY, "upn", "A123456789013"), identifier_token(KEY, "nhs", upn))
    assert identifier_token(KEY, "upn", upn) != identifier_token(OTHER_KEY, "upn", upn)


def test_a_hash_depends_on_key_purpose_and_data() -> None:
    usual = keyed_hash(KEY, "code", b"123456")
    others = [keyed_hash(OTHER_KEY, "code", b"123456"), keyed_hash(KEY, "body", b"123456"), keyed_hash(KEY, "code", b"123457")]
    assert usual not in others
    assert keyed_hash(KEY, "co", b"de1") != keyed_hash(KEY, "cod", b"e1")


def test_a_hash_matches_its_own_data_only() -> None:
    stored = keyed_hash(KEY, "code", b"123456")
    assert keyed_hash_matches(KEY, "code", b"123456", stored)
    assert not keyed_hash_matches(KEY, "code", b"123457", stored)
    assert not keyed_hash_matches(KEY, "code", b"123456", stored[:-1])
    assert not keyed_hash_matches(KEY, "code", b"123456", "")


@pytest.mark.parametrize("length", [0, 16, 31, 33, 64])
def test_an_index_key_has_32_bytes(length: int) -> None:
    with pytest.raises(Misuse):
        token(bytes(length), "rule", "wren", "2018-03-04")
    with pytest.raises(Misuse):
        keyed_hash(bytes(length), "code", b"123456")
