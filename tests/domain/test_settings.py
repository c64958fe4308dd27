"""What ``serve`` refuses to start with, and that a refusal never quotes a value."""

import re

import pytest

from shared.errors import SettingsRefused
from shared.settings import checked, from_environment, refuse_doubtful

LIVE = {
    "database_url": "postgresql+asyncpg://encompass:hidden-word@db.example.com/encompass",
    "bus_url": "amqp://encompass:hidden-word@broker.example.com",
    "public_url": "https://messages.example.com",
    "keyring_file": "keyring.json",
    "email_url": "smtps://encompass:hidden-word@mail.example.com",
    "email_from": "messages@notify.example.com",
    "sms_url": "none:",
}
EMBEDDED = LIVE | {"database_url": "sqlite+aiosqlite:///encompass.db", "bus_url": "memory:"}
DEMO = EMBEDDED | {"mode": "demo", "public_url": "http://127.0.0.1:8000", "email_url": "file:///messages", "sms_url": "console:"}


@pytest.mark.parametrize("values", [LIVE, EMBEDDED, DEMO, LIVE | {"email_url": "smtp+starttls://mail.example.com"}])
def test_what_is_whole_starts(values: dict[str, object]) -> None:
    refuse_doubtful(checked(values))


@pytest.mark.parametrize(
    ("doubtful", "named"),
    [
        ({"public_url": ""}, "PUBLIC_URL"),
        ({"public_url": "http://messages.example.com"}, "PUBLIC_URL"),
        ({"keyring_file": None}, "KEYRING_FILE"),
        ({"keyring_command": "print-keyring", "erasures_file": "erasures"}, "KEYRING_COMMAND"),
        ({"keyring_file": None, "keyring_command": "print-keyring"}, "ERASURES_FILE"),
        ({"database_url": EMBEDDED["database_url"]}, "SQLite"),
        ({"email_url": ""}, "EMAIL_URL"),
        ({"email_url": "smtp://mail.example.com"}, "EMAIL_URL"),
        ({"email_url": "file:///messages"}, "EMAIL_URL"),
        ({"email_url": "console:"}, "EMAIL_URL"),
        ({"email_url": "none:"}, "EMAIL_URL"),
        ({"email_url": "smtps://["}, "EMAIL_URL"),
        ({"email_from": ""}, "EMAIL_FROM"),
        ({"sms_url": ""}, "SMS_URL"),
        ({"sms_url": "file:///messages"}, "SMS_URL"),
        ({"sms_url": "FILE:///messages"}, "SMS_URL"),
        ({"sms_url": " file:///messages"}, "SMS_URL"),
        ({"sms_url": "console:"}, "SMS_URL"),
    ],
)
def test_a_doubtful_setting_is_named_and_nothing_starts(doubtful: dict[str, object], named: str) -> None:
    with pytest.raises(SettingsRefused, match=re.escape(named)) as refused:
        refuse_doubtful(checked(LIVE | doubtful))
    assert "hidden-word" not in refused.value.text
    assert str(next(iter(doubtful.values())) or "nothing given") not in refused.value.text


def test_every_fault_is_told_at_once() -> None:
    with pytest.raises(SettingsRefused) as refused:
        refuse_doubtful(checked({}))
    assert len(refused.value.text.split("; ")) >= 5


@pytest.mark.parametrize(
    ("name", "value"),
    [("CLOCK", "movable-word"), ("PORT", "hidden-word"), ("MODE", "hidden-word"), ("BUS_PREFIX", "Hidden Word"), ("PUBLIC_URL", "ftp://x")],
)
def test_an_unknown_or_wrong_setting_is_named_without_its_value(name: str, value: str) -> None:
    with pytest.raises(SettingsRefused, match=f"ENCOMPASS_{name}") as refused:
        from_environment({f"ENCOMPASS_{name}": value})
    assert value not in refused.value.text
