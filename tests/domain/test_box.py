"""A sealed box opens with its own private key alone, and only as it was closed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import Refused
from shared.vault.box import MAGIC, close, new_pair, open_box, public_key

PRIVATE, PUBLIC = new_pair()
BOX = close(public_key(PUBLIC), b"what is owed")


@given(st.binary(max_size=2000))
def test_what_goes_in_comes_out(content: bytes) -> None:
    assert open_box(PRIVATE, close(public_key(PUBLIC), content)) == content


def test_what_is_in_a_box_does_not_stand_on_it() -> None:
    assert b"what is owed" not in BOX


def test_the_same_content_is_closed_differently_each_time() -> None:
    assert close(public_key(PUBLIC), b"what is owed") != BOX


def test_another_key_opens_nothing() -> None:
    with pytest.raises(Refused, match="another key"):
        open_box(new_pair()[0], BOX)


@pytest.mark.parametrize("place", range(len(MAGIC), len(BOX), 7))
def test_a_changed_box_stays_closed(place: int) -> None:
    changed = bytearray(BOX)
    changed[place] ^= 1
    with pytest.raises(Refused):
        open_box(PRIVATE, bytes(changed))


WRONG = {"nothing": "", "nonsense": "nonsense", "private": PRIVATE, "short": PUBLIC[:-9], "another kind": PUBLIC.replace("public", "else")}
NO_BOX = {"nothing": b"", "a beginning": MAGIC, "half": BOX[:40], "another file": b"x" * 200}


@pytest.mark.parametrize("text", WRONG.values(), ids=WRONG)
def test_a_public_key_is_nothing_else_and_is_not_repeated(text: str) -> None:
    with pytest.raises(Refused) as refused:
        public_key(text)
    assert text[-20:].strip() == "" or text[-20:].strip() not in str(refused.value)


@pytest.mark.parametrize("box", NO_BOX.values(), ids=NO_BOX)
def test_what_is_no_box_is_refused(box: bytes) -> None:
    with pytest.raises(Refused):
        open_box(PRIVATE, box)
