"""The limit of a page: orderflow's stylesheet, and one module that opens a socket and is live at its first frame."""

from pathlib import Path
from typing import Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.websockets import WebSocket

PAGE: Final = """<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <title>A page that is live</title>
    <link rel="stylesheet" href="/static/board/style.css">
    <script type="module" src="/live.js"></script>
  </head>
  <body><p class="light-place"><span class="light" data-level="late">?</span></p></body>
</html>
"""
MODULE: Final = """
const light = document.querySelector(".light");
new WebSocket("/ws").onmessage = () => (light.dataset.level = "live");
"""


async def page(_request: Request) -> Response:
    """Answer the page."""
    return Response(PAGE, media_type="text/html")


async def module(_request: Request) -> Response:
    """Answer its module."""
    return Response(MODULE, media_type="text/javascript")


async def live(socket: WebSocket) -> None:
    """Send one frame, and wait for the page's end."""
    await socket.accept()
    await socket.send_text("{}")
    async for _ in socket.iter_text():
        pass


static = StaticFiles(directory=Path(__file__).parents[3] / "static")
app = Starlette(
    routes=[Route("/", page), Route("/live.js", module), WebSocketRoute("/ws", live), Mount("/static", static)]
)
