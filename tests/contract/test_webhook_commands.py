"""`encompass force`: a webhook's secret is printed once, and nothing is pushed to an address of ours."""

import re
from pathlib import Path

from typer.testing import CliRunner, Result

from services.__main__ import app
from tests.directory_samples import FORCE, small_directory

SECRET = re.compile(r"whsec_[A-Za-z0-9+/]{43}=")


def test_a_webhook_from_its_beginning_to_its_end(tmp_path: Path) -> None:
    def run(*words: str) -> Result:
        environ = {
            "ENCOMPASS_DATABASE_URL": f"sqlite+aiosqlite:///{tmp_path / 'encompass.db'}",
            "ENCOMPASS_KEYRING_FILE": str(tmp_path / "keyring"),
            "ENCOMPASS_LOG_LEVEL": "ERROR",
        }
        return CliRunner().invoke(app, list(words), env=environ, catch_exceptions=False)

    def does(*words: str) -> str:
        done = run(*words)
        assert done.exit_code == 0, done.output
        return done.output

    def refuses(*words: str) -> str:
        done = run(*words)
        assert done.exit_code == 2, done.output
        return " ".join(done.output.split())

    def webhook(word: str) -> tuple[str, ...]:
        return "force", "webhook", word, "--force", FORCE

    does("keyring", "init", str(tmp_path / "keyring"))
    does("migrate")
    paths = small_directory(tmp_path / "directory")
    address = ("--url", "https://localhost:1/outcomes")
    assert "has no policy" in refuses(*webhook("set"), *address)
    for kind in ("authorities", "settings", "teams"):
        does("directory", "import", kind, str(paths[kind]))
    does("directory", "import", "policies", str(paths["policy-force"]))

    assert "https" in refuses(*webhook("set"), "--url", "http://receiver.example/")
    (secret,) = SECRET.findall(does(*webhook("set"), *address))
    (another,) = SECRET.findall(does(*webhook("rotate")))
    assert secret != another
    listed = does(*webhook("list"))
    assert "active" in listed
    assert not SECRET.search(listed)
    assert "address-refused" in refuses(*webhook("test"))
    does(*webhook("resume"))
    does(*webhook("remove"))
    assert "no webhook" in refuses(*webhook("rotate"))
    assert "12 hours" in does("force", "watch", "--force", FORCE, "--hours", "12")
    assert "not watched" in does("force", "watch", "--force", FORCE, "--hours", "0")
