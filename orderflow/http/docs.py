"""`/docs`: Swagger UI over the document, from the files of an installed package; nothing comes from elsewhere."""

from collections.abc import Awaitable, Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.staticfiles import StaticFiles

from orderflow.http.headers import POLICY
from orderflow.http.routing import Endpoint

# Swagger UI sets styles on elements and carries its icons in its style sheet.
_POLICY: Final = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
)
_PAGE: Final = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>orderflow API</title>
<link rel="icon" href="/docs/favicon-32x32.png">
<link rel="stylesheet" href="/docs/swagger-ui.css">
<script src="/docs/swagger-ui-bundle.js" defer></script>
<script src="/docs/start.js" defer></script>
</head>
<body>
<main id="docs"></main>
<noscript>This page needs JavaScript; <a href="/openapi.json">the document</a> does not.</noscript>
</body>
</html>
"""
_START: Final = """\
SwaggerUIBundle({ url: "/openapi.json", dom_id: "#docs", deepLinking: true, validatorUrl: null });
"""
_FILES: Final = ("swagger-ui.css", "swagger-ui-bundle.js", "favicon-32x32.png")


def endpoints() -> tuple[Endpoint, ...]:
    """The page and all that it loads."""
    files = StaticFiles(directory=_directory())
    return (
        _endpoint("/docs", _fixed(_PAGE, "text/html")),
        _endpoint("/docs/start.js", _fixed(_START, "text/javascript")),
        *(_endpoint(f"/docs/{name}", _file(files, name)) for name in _FILES),
    )


def _directory() -> Path:
    # Found, not imported: the package would load a web framework for each that it serves.
    spec = find_spec("swagger_ui")
    if spec is None or spec.origin is None:
        raise RuntimeError("The package swagger-ui-py is not installed; /docs is made of its files.")
    return Path(spec.origin).parent / "static"


def _endpoint(path: str, handler: Callable[[Request], Awaitable[Response]]) -> Endpoint:
    return Endpoint("GET", path, handler, "Documentation", access="own")


def _fixed(content: str, media_type: str) -> Callable[[Request], Awaitable[Response]]:
    async def answer(_: Request) -> Response:
        return Response(content, headers=_headers(), media_type=media_type)

    return answer


def _file(files: StaticFiles, name: str) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        found = await files.get_response(name, request.scope)
        found.headers.update(_headers())
        return found

    return answer


def _headers() -> dict[str, str]:
    return {POLICY[0].decode(): _POLICY, "cache-control": "no-cache"}
