"""`encompass key issue`: a key is made only for a force whose reports somebody would own."""

from pathlib import Path

from typer.testing import CliRunner, Result

from services.__main__ import app
from tests.directory_samples import FORCE, KINDS, small_directory


def test_a_key_needs_a_force_with_a_policy(tmp_path: Path) -> None:
    """Without one router can decide nothing of what the key posts: accepted, parked, and lost."""
    encompass = _Installation(tmp_path)
    encompass.does("keyring", "init", str(tmp_path / "keyring"))
    encompass.does("migrate")
    assert "has no policy in force" in encompass.refuses("key", "issue", "--force", FORCE, "--label", "records system")
    paths = small_directory(tmp_path / "directory")
    for kind in KINDS:
        encompass.does("directory", "import", kind, str(paths[kind]))
    encompass.does("directory", "import", "policies", str(paths["policy-force"]))
    assert "It is not shown again" in encompass.does("key", "issue", "--force", FORCE, "--label", "records system")
    assert "has no policy in force" in encompass.refuses("key", "issue", "--force", FORCE + "x", "--label", "records system")
    assert encompass.does("key", "issue", "--force", FORCE, "--label", "trying out", "--sandbox").startswith("Sandbox key")


class _Installation:
    """Someone at a terminal, with a database of her own."""

    def __init__(self, folder: Path) -> None:
        self._environ = {
            "ENCOMPASS_DATABASE_URL": f"sqlite+aiosqlite:///{folder / 'encompass.db'}",
            "ENCOMPASS_KEYRING_FILE": str(folder / "keyring"),
            "ENCOMPASS_LOG_LEVEL": "ERROR",
        }

    def does(self, *words: str) -> str:
        done = self._run(words)
        assert done.exit_code == 0, done.output
        return done.output

    def refuses(self, *words: str) -> str:
        done = self._run(words)
        assert done.exit_code == 2, done.output
        return " ".join(done.output.split())

    def _run(self, words: tuple[str, ...]) -> Result:
        return CliRunner().invoke(app, list(words), env=self._environ, catch_exceptions=False)
