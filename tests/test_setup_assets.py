"""What the set-up puts into ``shared/web/static/govuk``: the pinned version, without what only gov.uk may use."""

import base64
import hashlib
import io
import re
import tarfile
from importlib import metadata
from pathlib import Path

import pytest

from deploy.govuk_frontend import (
    SCRIPT,
    STYLE,
    TARGET,
    SetupRefused,
    followed_version,
    installed_version,
    pinned,
    stamp,
    unpack,
    verify,
    without_crest_and_font,
)

STYLE_BEFORE = (
    '@charset "UTF-8";/*! Copyright. The font is not for you. */@font-face{font-family:GDS Transport;src:url(/assets/fonts/a.woff2)}'
    "body{font-family:GDS Transport,arial,sans-serif}.a:before{color:red}.govuk-footer__copyright-logo:before{background-image:"
    "url(/assets/images/govuk-crest.svg)}@supports (mask-position:initial){.govuk-footer__copyright-logo:before{mask-image:"
    "url(/assets/images/govuk-crest.svg)}}.b{color:blue}\n/*# sourceMappingURL=x.css.map */"
)
STYLE_AFTER = '@charset "UTF-8";body{font-family:arial,sans-serif}.a:before{color:red}.b{color:blue}\n'


def package(style: str, script: str) -> bytes:
    """An npm package with a style sheet, a script, and a crest that nobody asked for."""
    files = {STYLE: style, SCRIPT: script, "assets/images/govuk-crest.svg": "<svg/>"}
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, text in files.items():
            entry = tarfile.TarInfo(f"package/dist/govuk/{name}")
            entry.size = len(text.encode())
            archive.addfile(entry, io.BytesIO(text.encode()))
    return buffer.getvalue()


def test_the_pin_is_the_version_that_the_macros_follow() -> None:
    assert installed_version() == pinned().version


def test_the_macros_version_is_looked_up_in_their_own_table() -> None:
    description = "| [4.1.0](x) | [6.3.0](y) |\n| [4.0.0](x) | [6.0.0](y) |"
    assert followed_version(description, "4.0.0") == "6.0.0"
    with pytest.raises(SetupRefused, match="does not say"):
        followed_version(description, "4.2.0")


def test_the_assets_are_what_this_script_makes_of_the_pinned_version() -> None:
    assert (TARGET / "stamp.json").read_text(encoding="utf-8") == stamp(pinned())


def test_no_crown_crest_or_font_is_unpacked() -> None:
    names = {file.relative_to(TARGET).as_posix() for file in TARGET.rglob("*") if file.is_file()}
    assert names == {STYLE, SCRIPT, "stamp.json"}
    style = (TARGET / STYLE).read_text(encoding="utf-8")
    assert not re.search(r"GDS Transport|@font-face|crest|crown", style, re.IGNORECASE)


def test_the_style_sheet_names_no_file_that_is_not_there() -> None:
    style = (TARGET / STYLE).read_text(encoding="utf-8")
    named = [name.strip("\"'") for name in re.findall(r"url\(([^)]*)\)", style)]
    assert [name for name in named if not name.startswith("data:") and not (TARGET / name).is_file()] == []
    assert "sourceMappingURL" not in style + (TARGET / SCRIPT).read_text(encoding="utf-8")


def test_the_style_sheet_is_whole() -> None:
    style = (TARGET / STYLE).read_text(encoding="utf-8")
    assert style.count("{") == style.count("}")
    assert f'--govuk-frontend-version:"{pinned().version}"' in style
    assert ".govuk-button{" in style


def test_only_the_rules_of_the_crest_and_the_font_are_taken_out() -> None:
    assert without_crest_and_font(STYLE_BEFORE) == STYLE_AFTER


def test_unpacking_replaces_what_was_there(tmp_path: Path) -> None:
    target = tmp_path / "govuk"
    target.mkdir()
    (target / "govuk-crest.svg").write_text("<svg/>", encoding="utf-8")
    unpack(package(STYLE_BEFORE, "run();//# sourceMappingURL=x.js.map\n"), target)
    assert {file.name: file.read_text(encoding="utf-8") for file in target.iterdir()} == {STYLE: STYLE_AFTER, SCRIPT: "run();\n"}


def test_another_package_than_the_pinned_one_is_refused() -> None:
    digest = base64.b64encode(hashlib.sha512(b"package").digest()).decode("ascii")
    verify(b"package", f"sha512-{digest}")
    with pytest.raises(SetupRefused, match="not the pinned one"):
        verify(b"package, changed", f"sha512-{digest}")


def test_the_installed_program_is_this_project() -> None:
    scripts = metadata.entry_points(group="console_scripts", name="encompass")
    assert [script.value for script in scripts] == ["services.__main__:main"]
