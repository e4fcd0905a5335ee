"""How long requests may take to come in is for who runs it to say."""

import asyncio

import pytest

from orderflow.settings import Settings
from tests.connections import connected, last_words, until_closed
from tests.live import running

LOGIN = b"POST /v1/auth/login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n"


@pytest.mark.parametrize("first", [b"", b"GET / HTTP/1.1\r\n", LOGIN + b"{"])
async def test_the_settings_say_how_long_a_request_is_waited_for(settings: Settings, first: bytes) -> None:
    async with running(settings, headers_seconds=0.2, body_seconds=0.2) as live:
        port = int(live.url.rpartition(":")[2])

        def until_it_ends() -> object:
            with connected(port, first) as connection:
                connection.settimeout(5)
                return last_words(connection) if first else until_closed(connection)

        found = await asyncio.to_thread(until_it_ends)

    assert found == ((408, "request_timeout") if first else b"")
