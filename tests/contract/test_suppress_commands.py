"""`encompass suppress` and `encompass fallback write`, as an operator types them."""

import re
from pathlib import Path

from typer.testing import CliRunner

from services.__main__ import app
from tests.directory_samples import KINDS, small_directory


def test_an_operator_suppresses_lists_and_ends_and_writes_a_list_for_the_duty_desk(tmp_path: Path) -> None:
    environ = {
        "ENCOMPASS_DATABASE_URL": f"sqlite+aiosqlite:///{tmp_path / 'encompass.db'}",
        "ENCOMPASS_KEYRING_FILE": str(tmp_path / "keyring"),
        "ENCOMPASS_LOG_LEVEL": "ERROR",
        "COLUMNS": "200",
    }

    def run(*words: str, ends: int = 0) -> str:
        done = CliRunner().invoke(app, list(words), env=environ, catch_exceptions=False)
        assert done.exit_code == ends, done.output
        return " ".join(done.output.split())

    run("keyring", "init", str(tmp_path / "keyring"))
    run("migrate")
    paths = small_directory(tmp_path / "directory")
    for kind in KINDS:
        run("directory", "import", kind, str(paths[kind]))

    assert run("suppress", "list") == "Nothing is suppressed."
    start = ("suppress", "start", "setting", "900001", "--reason", "place-unsafe", "--decider", "duty operator")
    assert "ends between a minute and 24 hours" in run(*start, "--hours", "25", ends=2)
    assert "no such setting" in run(*("nowhere" if word == "900001" else word for word in start), "--hours", "1", ends=2)
    run(*(word for word in start if word not in ("--decider", "duty operator")), "--hours", "1", ends=2)
    found = re.search(r"[0-9a-f-]{36}", run(*start, "--hours", "0.5"))
    assert found is not None
    listed = run("suppress", "list")
    assert all(word in listed for word in (found[0], "900001", "place-unsafe", "duty operator"))
    run("suppress", "end", found[0], "--decider", "duty operator")
    assert "no such suppression" in run("suppress", "end", found[0], "--decider", "duty operator", ends=2)
    assert run("suppress", "list") == "Nothing is suppressed."

    assert "are not set" in run("fallback", "write", ends=2)
    run("fallback", "keys", str(tmp_path / "desk.key"), str(tmp_path / "desk.pub"))
    (tmp_path / "second").mkdir()
    environ |= {"ENCOMPASS_FALLBACK_DIR": str(tmp_path / "second"), "ENCOMPASS_FALLBACK_KEY_FILE": str(tmp_path / "desk.pub")}
    assert run("fallback", "write") == "0 to ring, 0 undecided."
    assert "0 to ring" in run("fallback", "read", str(tmp_path / "second"), "--key", str(tmp_path / "desk.key"))
    environ["ENCOMPASS_FALLBACK_KEY_FILE"] = str(tmp_path / "desk.key")
    assert "the public key cannot be read" in run("fallback", "write", ends=2)
