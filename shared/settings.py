"""Settings: the only room that reads the environment. A doubtful setting refuses to start (SettingsRefused), with a line for each.

Every setting is ``ENCOMPASS_<NAME>``; a secret may also be given as ``ENCOMPASS_<NAME>_FILE``, the path of a file that holds it.
Keys are never among them: they live in the keyring, a 0600 file or a command's output (design rule 7.2).
"""

import os
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from shared.errors import SettingsRefused

PREFIX = "ENCOMPASS_"
MAY_BE_FILES = ("database_url", "bus_url", "email_url", "sms_url")


class Settings(BaseModel):
    """One process's settings. ``live`` is the default mode; ``demo`` allows what must never carry real messages."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    mode: Literal["live", "demo"] = "live"
    database_url: str = Field("sqlite+aiosqlite:///encompass.db", repr=False)
    bus_url: str = Field("memory:", repr=False)
    bus_prefix: str = Field("encompass", pattern=r"^[a-z][a-z0-9-]{0,40}$")
    public_url: str = ""
    """Where recipients reach the pages; links are built from it and from nothing else."""
    host: str = "127.0.0.1"
    port: int = Field(8000, ge=0, le=65535)
    keyring_file: Path | None = None
    keyring_command: str = Field("", repr=False)
    erasures_file: Path | None = None
    """The erasure ledger; beside the keyring's file unless given."""
    email_url: str = Field("", repr=False)
    email_from: str = ""
    email_ca_file: Path | None = None
    sms_url: str = Field("", repr=False)
    returns_dir: Path | None = None
    """A Maildir of what comes back to the sender's mailbox: bounces, and answers that somebody is out of the office."""
    fallback_dir: Path | None = None
    """Where sealed lists of what is owed go, for a duty desk that works without the service."""
    fallback_key_file: Path | None = None
    """The public key that they are sealed for."""
    bank_holidays_url: str = ""
    """Where the published list of bank holidays is looked at once a day; without it the list is the program's own."""
    webhook_private: bool = False
    """Whether webhooks may go to addresses that are not public: to a receiver in the same network."""
    folders_file: Path | None = None
    """Which folders of exports are watched, by a TOML file."""
    retention_months: int = Field(6, ge=1, le=60)
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    @field_validator("public_url")
    @classmethod
    def _public_url(cls, value: str) -> str:
        parts = urlsplit(value)
        if value and (parts.scheme not in ("http", "https") or not parts.netloc or parts.query or parts.fragment):
            raise ValueError("must be an http(s) address without query")
        return value.rstrip("/")

    @property
    def demo(self) -> bool:
        """Whether messages stay on this machine and every page says so."""
        return self.mode == "demo"

    @property
    def keyring_argv(self) -> list[str]:
        """The keyring command as a list of words; empty when a file is used."""
        return shlex.split(self.keyring_command)


def from_environment(environ: Mapping[str, str] | None = None) -> Settings:
    """The settings of this process. Raises SettingsRefused naming each setting that is unknown or wrong, never its value."""
    environ = os.environ if environ is None else environ
    values: dict[str, str] = {}
    for name, value in environ.items():
        if name.startswith(PREFIX) and not name.startswith(PREFIX + "TEST_") and name != PREFIX + "REAL_DATA":
            values[name.removeprefix(PREFIX).lower()] = value
    for name in MAY_BE_FILES:
        if path := values.pop(f"{name}_file", ""):
            values[name] = _content(name, path)
    return checked(values)


def checked(values: Mapping[str, object]) -> Settings:
    """Settings from plain values; raises SettingsRefused as above."""
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        faults = "; ".join(
            f"{PREFIX}{'_'.join(map(str, item['loc'])).upper()}: {item['msg']}" for item in error.errors(include_input=False)
        )
        raise SettingsRefused(faults) from None


def refuse_doubtful(settings: Settings) -> None:
    """Raise SettingsRefused for a combination that ``serve`` must not run with; one line for each fault."""
    faults = []
    if not settings.public_url:
        faults.append("ENCOMPASS_PUBLIC_URL is missing: links to recipients are built from it")
    if bool(settings.keyring_file) == bool(settings.keyring_command):
        faults.append("give either ENCOMPASS_KEYRING_FILE or ENCOMPASS_KEYRING_COMMAND")
    if settings.keyring_command and settings.erasures_file is None:
        faults.append("ENCOMPASS_ERASURES_FILE is missing: with a keyring command say where the erasure ledger lies")
    if settings.database_url.startswith("sqlite") and not settings.bus_url.startswith("memory:"):
        faults.append("SQLite is for one process: with a broker use PostgreSQL")
    if not settings.email_url:
        faults.append("ENCOMPASS_EMAIL_URL is missing")
    if not settings.email_from:
        faults.append("ENCOMPASS_EMAIL_FROM is missing")
    if not settings.sms_url:
        faults.append("ENCOMPASS_SMS_URL is missing (none: says that there is no SMS, and every code becomes a phone task)")
    faults += _half_said(settings)
    if not settings.demo:
        faults += _not_live(settings)
    if faults:
        raise SettingsRefused("; ".join(faults))


def _half_said(settings: Settings) -> list[str]:
    if (settings.fallback_dir is None) == (settings.fallback_key_file is None):
        return []
    return ["give both ENCOMPASS_FALLBACK_DIR and ENCOMPASS_FALLBACK_KEY_FILE, or neither"]


def _not_live(settings: Settings) -> list[str]:
    faults = []
    if not settings.public_url.startswith("https://"):
        faults.append("ENCOMPASS_PUBLIC_URL must be https outside demo")
    if _scheme(settings.email_url) not in ("smtps", "smtp+starttls"):
        faults.append("ENCOMPASS_EMAIL_URL must be smtps:// or smtp+starttls:// outside demo")
    if _scheme(settings.sms_url) in ("file", "console"):
        faults.append("ENCOMPASS_SMS_URL must not be a file or the console outside demo")
    if settings.bank_holidays_url and not settings.bank_holidays_url.startswith("https://"):
        faults.append("ENCOMPASS_BANK_HOLIDAYS_URL must begin with https://: whoever changes it on the way moves a deadline")
    return faults


def _scheme(url: str) -> str:
    """As the channels read it, which are built from the same URL; empty for one that cannot be read."""
    try:
        return urlsplit(url).scheme
    except ValueError:
        return ""


def _content(name: str, path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise SettingsRefused(f"{PREFIX}{name.upper()}_FILE cannot be read") from None
