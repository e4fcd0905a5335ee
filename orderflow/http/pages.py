"""The pages and their assets: files, the same for everyone; what a page shows it asks of the API itself."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.staticfiles import StaticFiles

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


def directory() -> Path:
    """Where the files are: inside the installed package, else in the checkout around it."""
    installed = _PACKAGE / "_static"
    return (installed if installed.is_dir() else _PACKAGE.parent / "static") / "board"


_USUAL_RECALL: Final = "60_000 * 30"
_files: Final = StaticFiles(directory=directory(), check_dir=False)


async def asset(request: Request) -> Response:
    """Answer one file. No folders below: the path parameter holds no slash."""
    return await _answer(request.path_params["name"], request)


async def settings(request: Request) -> Response:
    """Answer what the pages have to know of the settings: the module of that name, with the values that count here."""
    text = (directory() / "settings.js").read_text("utf-8")
    text = text.replace(_USUAL_RECALL, f"60_000 * {request.state.settings.recall_minutes}")
    return Response(text, headers={"content-type": "text/javascript; charset=utf-8", "cache-control": "no-store"})


async def _answer(name: str, request: Request) -> Response:
    answer = await _files.get_response(name, request.scope)
    # Asked again at each load, so that a deploy never mixes old modules with new ones; mostly a 304.
    answer.headers["Cache-Control"] = "no-cache"
    return answer


def _page(name: str) -> Callable[[Request], Awaitable[Response]]:
    async def page(request: Request) -> Response:
        return await _answer(name, request)

    return page


routes: Final[list[Route]] = [
    *(Route(path, _page(name), methods=["GET"], name=f"page:{name}") for path, name in PAGES.items()),
    Route("/static/board/settings.js", settings, methods=["GET"], name="page settings"),
    Route("/static/board/{name}", asset, methods=["GET"], name="asset"),
]
