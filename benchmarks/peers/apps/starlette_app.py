"""What one writes first with Starlette: a set of sockets, and a loop of send_text."""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

boards: set[WebSocket] = set()


async def board(socket: WebSocket) -> None:
    """Keep a socket until it goes."""
    await socket.accept()
    boards.add(socket)
    try:
        while True:
            await socket.receive_text()
    except WebSocketDisconnect:
        boards.discard(socket)


async def publish(request: Request) -> Response:
    """Send the body to all."""
    text = (await request.body()).decode()
    for socket in tuple(boards):
        try:
            await socket.send_text(text)
        except (RuntimeError, WebSocketDisconnect):
            boards.discard(socket)
    return Response(status_code=204)


app = Starlette(routes=[WebSocketRoute("/ws", board), Route("/publish", publish, methods=["POST"])])
