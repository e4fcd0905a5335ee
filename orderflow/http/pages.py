"""The pages and their assets: files, the same for all who read one language; what a page shows it asks of the API."""

import html
import json
import re
from collections.abc import Awaitable, Callable
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from orderflow.errors import NotFound
from orderflow.http import bundles, languages, modules
from orderflow.http.build import build
from orderflow.http.files import File
from orderflow.http.headers import CONTENT_SECURITY_POLICY, POLICY
from orderflow.http.languages import Language

_PACKAGE: Final = Path(__file__).resolve().parents[1]

PAGES: Final[dict[str, str]] = {
    "/": "home.html",
    "/account": "my-account.html",
    "/orders": "orders.html",
    "/orders/{order}": "order.html",
    "/shops/{shop}": "menu.html",
    "/shops/{shop}/board": "board.html",
    "/shops/{shop}/pickup": "pickup.html",
    "/shops/{shop}/manage": "manage.html",
    "/shops/{shop}/poster": "poster.html",
}
_MEDIA_TYPES: Final = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".webmanifest": "application/manifest+json",
}
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,60}(\.[a-z]+)", re.ASCII | re.IGNORECASE)
_PLACE: Final = re.compile(r"\{\{([\w.]+)\}\}")
# Both begin a line, where neither a string nor a template can be; tests/test_pages.py holds it.
_COMMENT: Final = re.compile(r"^[ \t]*(?:/\*(?:(?!\*/).)*\*/[ \t]*|//[^\n]*$)", re.DOTALL | re.MULTILINE)
_INDENT: Final = re.compile(r"^[ \t]+", re.MULTILINE)
_HINT: Final = '<link rel="modulepreload" href="/static/board/{}">'
_VARY: Final = "Accept-Encoding, Accept-Language, Cookie"
_USUAL_RECALL: Final = "60_000 * 30"
_USUAL_BUILD: Final = 'BUILD = ""'

# Those that show photos of items, which are wherever a shop keeps them. No other page fetches anything from elsewhere.
_WITH_PHOTOS: Final = frozenset({"menu.html", "manage.html"})
_POLICY_WITH_PHOTOS: Final = f"{CONTENT_SECURITY_POLICY}; img-src 'self' https:"


def directory() -> Path:
    """Where the files are: inside the installed package, else in the checkout around it."""
    installed = _PACKAGE / "_static"
    return (installed if installed.is_dir() else _PACKAGE.parent / "static") / "board"


async def asset(request: Request) -> Response:
    """Answer one file. No folders below: the path parameter holds no slash.

    Raises:
        NotFound: there is no such file.
    """
    name: str = request.path_params["name"]
    matched = _NAME.fullmatch(name)
    if matched is None or matched[1] not in _MEDIA_TYPES:
        raise NotFound
    if matched[1] == ".js" and (joined := _joined(name, bundles.stamp(directory()))):
        file = joined
    elif (path := directory() / name).is_file():
        file = _asset(path, path.stat().st_mtime_ns)
    else:
        raise NotFound
    return file.answer(request)


async def settings(request: Request) -> Response:
    """Answer what the pages have to know of the settings: the module of that name, with the values that count here."""
    text = (directory() / "settings.js").read_text("utf-8")
    text = text.replace(_USUAL_RECALL, f"60_000 * {request.state.settings.recall_minutes}")
    text = text.replace(_USUAL_BUILD, f'BUILD = "{build(directory())}"')
    return Response(text, headers={"content-type": _MEDIA_TYPES[".js"], "cache-control": "no-store"})


@lru_cache(maxsize=256)
def _asset(file: Path, _mtime_ns: int) -> File:
    content = file.read_bytes()
    if file.suffix in {".js", ".css"}:
        content = _bare(content.decode())
    return File.of(content, _MEDIA_TYPES[file.suffix])


@lru_cache(maxsize=256)
def _joined(name: str, _files: int) -> File | None:
    """A file of modules, or a module that imports from one; None for a file that is answered as it is."""
    text = bundles.text(directory(), name)
    return None if text is None else File.of(_bare(text), _MEDIA_TYPES[".js"])


def _bare(text: str) -> bytes:
    """Comments are for whoever reads the source, and a third of it; the lines keep their numbers."""
    return _INDENT.sub("", _COMMENT.sub(lambda found: "\n" * found[0].count("\n"), text)).encode()


def _page(name: str) -> Callable[[Request], Awaitable[Response]]:
    async def page(request: Request) -> Response:
        offered = languages.catalogues(directory())
        accepted = request.headers.get("accept-language", "")
        code = languages.chosen(offered, request.cookies.get(languages.COOKIE), accepted)
        answer = _written(name, code, bundles.stamp(directory())).answer(request)
        if name in _WITH_PHOTOS:
            answer.headers[POLICY[0].decode()] = _POLICY_WITH_PHOTOS
        return answer

    return page


@lru_cache(maxsize=256)
def _written(name: str, code: str, _files: int) -> File:
    """A page in one language: its file, with the texts of the catalogue in their places."""
    source = (directory() / name).read_text("utf-8")
    offered = languages.catalogues(directory())
    language = offered[code]
    made = {
        "language.code": code,
        "languages": "".join(_switch(other, is_chosen=other is language) for other in offered.values()),
        # Found by way of each other, each would cost the browser a round trip more.
        "modules": "\n    ".join(_HINT.format(name) for name in bundles.names(directory(), source)),
        "words": _block(modules.said(directory(), source, language.texts)),
    }

    def text(place: re.Match[str]) -> str:
        key = place[1]
        return made[key] if key in made else html.escape(language.texts[key])

    return File.of(_PLACE.sub(text, source).encode(), "text/html; charset=utf-8", _VARY)


def _switch(language: Language, *, is_chosen: bool) -> str:
    name = html.escape(language.texts["language.name"])
    marks = f'lang="{language.code}" data-language="{language.code}" aria-pressed="{str(is_chosen).lower()}"'
    return f'<button type="button" {marks}>{name}</button>'


def _block(texts: dict[str, Any]) -> str:
    """Texts as JSON that no markup can end: with the page itself they cost no request, and modules wait for none."""
    content = json.dumps(texts, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    return f'<script id="words" type="application/json">{content}</script>'


routes: Final[list[Route]] = [
    *(Route(path, _page(name), methods=["GET"], name=f"page:{name}") for path, name in PAGES.items()),
    Route("/static/board/settings.js", settings, methods=["GET"], name="page settings"),
    Route("/static/board/{name}", asset, methods=["GET"], name="asset"),
]
