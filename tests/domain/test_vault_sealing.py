"""Sealed bytes open with the right key for the right row, unchanged, and in no other case."""

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import Misuse, VaultSealed
from shared.vault.sealing import framed, new_data_key, open_sealed, row_identity, seal, unwrap, wrap

KEY = bytes(range(32))
OTHER_KEY = bytes(range(1, 33))
KEK_ID = "kek-2027-05"

keys = st.binary(min_size=32, max_size=32)
identities = st.text(max_size=60)

# Written by an independent construction on the bytes below; format 1 must read it for ever.
KNOWN_SEALED = bytes.fromhex("01000102030405060708090a0b1070b375e5b1a768f936f8e4d5c2a9ff97fe2ffaf158d51c21692a818e")
KNOWN_WRAPPED = bytes.fromhex(
    "01000102030405060708090a0b4600d51fc0e3c513844b9c87bce7777d92c49420e56d4864217dfe9900771f920f0899e14a7296824be3a62a1d63b380"
)


@given(key=keys, plaintext=st.binary(max_size=2000), identity=identities)
def test_what_was_sealed_opens_unchanged(key: bytes, plaintext: bytes, identity: str) -> None:
    assert open_sealed(key, seal(key, plaintext, identity), identity) == plaintext


@given(plaintext=st.binary(max_size=60), data=st.data())
def test_a_change_of_any_bit_is_noticed(plaintext: bytes, data: st.DataObject) -> None:
    sealed = bytearray(seal(KEY, plaintext, "row"))
    position = data.draw(st.integers(0, len(sealed) - 1))
    sealed[position] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(VaultSealed):
        open_sealed(KEY, bytes(sealed), "row")


def test_a_change_of_any_byte_is_noticed() -> None:
    sealed = seal(KEY, b"Wren Testwood", "row")
    for position in range(len(sealed)):
        changed = sealed[:position] + bytes([sealed[position] ^ 0xFF]) + sealed[position + 1 :]
        with pytest.raises(VaultSealed):
            open_sealed(KEY, changed, "row")


@pytest.mark.parametrize("length", range(29 + 13))
def test_sealed_bytes_cut_short_do_not_open(length: int) -> None:
    with pytest.raises(VaultSealed):
        open_sealed(KEY, seal(KEY, b"Wren Testwood", "row")[:length], "row")


@given(identity=identities, other=identities)
def test_sealed_bytes_do_not_open_for_another_row(identity: str, other: str) -> None:
    sealed = seal(KEY, b"text", identity)
    if identity == other:
        assert open_sealed(KEY, sealed, other) == b"text"
    else:
        with pytest.raises(VaultSealed):
            open_sealed(KEY, sealed, other)


def test_another_key_does_not_open() -> None:
    with pytest.raises(VaultSealed):
        open_sealed(OTHER_KEY, seal(KEY, b"text", "row"), "row")


def test_the_same_text_is_sealed_differently_each_time() -> None:
    assert len({seal(KEY, b"text", "row") for _ in range(50)}) == 50
    assert len({new_data_key() for _ in range(50)}) == 50


@pytest.mark.parametrize("length", [0, 16, 24, 31, 33])
def test_only_256_bit_keys_seal(length: int) -> None:
    with pytest.raises(Misuse):
        seal(bytes(length), b"text", "row")
    with pytest.raises(VaultSealed):
        open_sealed(bytes(length), seal(KEY, b"text", "row"), "row")


def test_a_wrapped_key_opens_for_its_scope_and_wrapping_key_only() -> None:
    data_key = new_data_key()
    wrapped = wrap(KEK_ID, KEY, data_key, "scope-1")
    assert len(wrapped) == 61
    assert unwrap(KEK_ID, KEY, wrapped, "scope-1") == data_key
    for kek_id, kek, scope_id in [(KEK_ID, KEY, "scope-2"), ("kek-2027-06", KEY, "scope-1"), (KEK_ID, OTHER_KEY, "scope-1")]:
        with pytest.raises(VaultSealed):
            unwrap(kek_id, kek, wrapped, scope_id)


def test_a_wrapped_key_never_opens_as_content() -> None:
    wrapped = wrap(KEK_ID, KEY, OTHER_KEY, "scope-1")
    for identity in ("scope-1", KEK_ID, "scope-1|kek-2027-05", ""):
        with pytest.raises(VaultSealed):
            open_sealed(KEY, wrapped, identity)


def test_the_format_of_content_does_not_drift() -> None:
    assert open_sealed(KEY, KNOWN_SEALED, "12:router_pupil2:p1") == b"Wren Testwood"
    sealed = seal(KEY, b"Wren Testwood", "12:router_pupil2:p1")
    bound_to = b"\x01\x00\x00\x00\x11encompass content\x00\x00\x00\x1312:router_pupil2:p1"
    assert sealed[:1] == b"\x01"
    assert AESGCM(KEY).decrypt(sealed[1:13], sealed[13:], bound_to) == b"Wren Testwood"


def test_the_format_of_wrapped_keys_does_not_drift() -> None:
    assert unwrap(KEK_ID, KEY, KNOWN_WRAPPED, "scope-1") == OTHER_KEY
    wrapped = wrap(KEK_ID, KEY, OTHER_KEY, "scope-1")
    bound_to = b"\x01\x00\x00\x00\x12encompass data key\x00\x00\x00\x07scope-1\x00\x00\x00\x0bkek-2027-05"
    assert wrapped[:1] == b"\x01"
    assert AESGCM(KEY).decrypt(wrapped[1:13], wrapped[13:], bound_to) == OTHER_KEY


def test_the_error_says_nothing_of_the_content() -> None:
    with pytest.raises(VaultSealed) as raised:
        open_sealed(OTHER_KEY, seal(KEY, b"Wren Testwood", "row-7"), "row-7")
    assert raised.value.text == "the content cannot be opened"
    assert raised.value.__suppress_context__


def test_row_identities_do_not_run_together() -> None:
    assert row_identity("router_pupil", "p1") == "12:router_pupil2:p1"
    assert row_identity("t", "ab", "c") != row_identity("t", "a", "bc")


@given(st.lists(st.text(max_size=6), max_size=5), st.lists(st.text(max_size=6), max_size=5))
def test_framing_keeps_different_sequences_apart(one: list[str], other: list[str]) -> None:
    assert (framed(*one) == framed(*other)) == (one == other)
    if one and other:
        assert (row_identity(*one) == row_identity(*other)) == (one == other)
