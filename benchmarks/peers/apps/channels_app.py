"""Django Channels as its tutorial has it: a consumer in a group, and its Redis layer."""

import os

import django
from channels.generic.websocket import AsyncWebsocketConsumer
from channels.layers import get_channel_layer
from channels.routing import ProtocolTypeRouter, URLRouter
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.http import HttpRequest, HttpResponse
from django.urls import path

# A thousand sockets that close at once want more connections than the hundred that redis-py gives unless told.
bus = {"address": os.environ["REDIS_URL"], "max_connections": 10_000, "socket_timeout": 30}
layer = {"BACKEND": "channels_redis.core.RedisChannelLayer", "CONFIG": {"hosts": [bus]}}
settings.configure(
    ALLOWED_HOSTS=["127.0.0.1"], CHANNEL_LAYERS={"default": layer}, ROOT_URLCONF=__name__, SECRET_KEY="of a benchmark"
)
django.setup()


class Board(AsyncWebsocketConsumer):  # type: ignore[misc]  # Channels has no types
    """A socket that hears the group."""

    async def connect(self) -> None:
        await self.channel_layer.group_add("board", self.channel_name)
        await self.accept()

    async def disconnect(self, code: int) -> None:  # noqa: ARG002 - Channels names it
        await self.channel_layer.group_discard("board", self.channel_name)

    async def tell(self, event: dict[str, str]) -> None:
        """Send on what the group was sent."""
        await self.send(text_data=event["text"])


async def publish(request: HttpRequest) -> HttpResponse:
    """Send the body to the group."""
    await get_channel_layer().group_send("board", {"type": "tell", "text": request.body.decode()})
    return HttpResponse(status=204)


urlpatterns = [path("publish", publish)]
sockets = URLRouter([path("ws", Board.as_asgi())])
app = ProtocolTypeRouter({"http": get_asgi_application(), "websocket": sockets})
