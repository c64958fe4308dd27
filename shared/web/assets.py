"""The files that pages refer to: read once, served from memory, under an address that changes with their content.

Nothing is loaded from elsewhere. GOV.UK Frontend is put into ``static/govuk`` at set-up and is not in the repository.
"""

import gzip
import hashlib
from dataclasses import dataclass
from pathlib import Path

from fastapi import APIRouter, Request
from starlette.responses import Response

from shared.errors import Misuse, NotFound, SettingsRefused

STATIC = Path(__file__).resolve().parent / "static"
NEEDED = ("govuk/govuk-frontend.min.css", "govuk/govuk-frontend.min.js", "site.css", "site.js", "icon.svg")
MEDIA_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
FOR_A_YEAR = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    media_type: str
    plain: bytes
    packed: bytes


class Assets:
    """Every servable file below ``root``. Raises SettingsRefused when the set-up has not put the needed ones there."""

    def __init__(self, root: Path = STATIC) -> None:
        self._files = {path.relative_to(root).as_posix(): _read(path) for path in sorted(root.rglob("*")) if path.suffix in MEDIA_TYPES}
        if missing := [name for name in NEEDED if name not in self._files]:
            raise SettingsRefused(f"the pages' files are missing ({', '.join(missing)}): run `make setup`")
        # One digest for all: a script's relative import then finds its neighbour under the same address.
        self._digest = hashlib.sha256(b"".join(name.encode() + asset.plain for name, asset in self._files.items())).hexdigest()[:16]

    def url(self, name: str) -> str:
        """The address of a file, for a page. Raises Misuse for a file that does not exist."""
        if name not in self._files:
            raise Misuse(f"there is no static file {name}")
        return f"/static/{self._digest}/{name}"

    def get(self, name: str) -> Asset:
        """The file. Raises NotFound."""
        if name not in self._files:
            raise NotFound("There is no such file.")
        return self._files[name]

    def cache_control(self, digest: str) -> str:
        """For a year under the present address; never under an older one, which a page from before an update may still ask for."""
        return FOR_A_YEAR if digest == self._digest else "no-store"


def build(assets: Assets) -> APIRouter:
    """The route of the files."""
    router = APIRouter()

    @router.api_route("/static/{digest}/{name:path}", methods=["GET", "HEAD"])
    async def static(request: Request, digest: str, name: str) -> Response:
        asset = assets.get(name)
        headers = {"Cache-Control": assets.cache_control(digest), "Vary": "Accept-Encoding"}
        if "gzip" not in request.headers.get("accept-encoding", ""):
            return Response(asset.plain, headers=headers, media_type=asset.media_type)
        return Response(asset.packed, headers=headers | {"Content-Encoding": "gzip"}, media_type=asset.media_type)

    return router


def _read(path: Path) -> Asset:
    plain = path.read_bytes()
    return Asset(media_type=MEDIA_TYPES[path.suffix], plain=plain, packed=gzip.compress(plain, mtime=0))
