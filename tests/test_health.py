"""What those ask who run it."""

import asyncio
from typing import Any

import httpx2

from orderflow.settings import Settings
from tests.live import running
from tests.people import good, refused
from tests.redis_server import RedisServer
from tests.stored import away


async def test_a_server_lives_and_is_ready(settings: Settings) -> None:
    async with running(settings) as live:
        assert good(await live.client.get("/healthz")) == {"status": "ok"}
        assert good(await live.client.get("/readyz")) == {"status": "ok", "database": "ok", "bus": "ok"}
        for path in ("/healthz", "/readyz", "/metrics"):
            head = await live.client.head(path)
            assert (head.status_code, head.content) == (200, b"")


async def test_without_its_database_it_lives_and_is_not_ready(settings: Settings) -> None:
    assert settings.database_url is not None
    async with running(settings) as live:
        async with away(settings.database_url):
            answer = await live.client.get("/readyz")
            assert good(await live.client.get("/healthz")) == {"status": "ok"}

        assert answer.json() == {"status": "unavailable", "database": "unavailable", "bus": "ok"}
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
        assert good(await live.client.get("/readyz"))["status"] == "ok"


async def test_trouble_of_redis_shows_within_5_s_and_so_does_its_end(settings: Settings) -> None:
    with RedisServer() as redis:
        async with running(settings, redis_url=redis.url) as live:
            degraded = {"status": "degraded", "database": "ok", "bus": "degraded"}
            fine = {"status": "ok", "database": "ok", "bus": "ok"}

            assert await _ready(live.client, fine)
            redis.kill()
            assert await _ready(live.client, degraded)
            redis.start()
            assert await _ready(live.client, fine)
            redis.freeze()
            assert await _ready(live.client, degraded)
            redis.thaw()
            assert await _ready(live.client, fine)


async def test_this_machine_may_read_the_figures_without_a_token(settings: Settings) -> None:
    async with running(settings, beat_seconds=0.1) as live:
        cafe = await live.shop()
        for path in ("", "/menu", "/menu", "/pickup"):
            socket = await live.socket(f"/ws/shops/{cafe.shop['id']}{path}", cafe.owner)
            await socket.event()

        answer = await live.client.get("/metrics")

        assert answer.headers["content-type"].startswith("text/plain; version=")
        figures = _figures(answer.text)
        assert figures['orderflow_sockets{view="shop"}'] == figures['orderflow_sockets{view="pickup"}'] == 1
        assert figures['orderflow_sockets{view="menu"}'] == 2
        assert figures["orderflow_feeds"] == figures["orderflow_bus_healthy"] == 1
        assert figures["orderflow_events_missing"] == 0
        assert figures["process_resident_memory_bytes"] > 0


async def test_others_may_not_read_the_figures(make_api: Any) -> None:
    api = await make_api()
    transport = httpx2.ASGITransport(app=api.client._transport.app, client=("192.0.2.7", 50_000))

    async with httpx2.AsyncClient(transport=transport, base_url="http://orderflow.example") as stranger:
        refused(await stranger.get("/metrics"), 403, "forbidden")
    # A proxy on this machine, or one that is believed when it names this machine, asks for somebody else.
    refused(await api.client.get("/metrics", headers={"X-Forwarded-For": "127.0.0.1"}), 403, "forbidden")


async def test_with_a_token_for_the_figures_only_its_holders_may_read_them(settings: Settings) -> None:
    token = "prometheus"
    async with running(settings, metrics_token=token) as live:
        ada = await live.register()

        async def ask(header: str) -> httpx2.Response:
            return await live.client.get("/metrics", headers={b"Authorization": header.encode("latin-1")})

        assert (await ask("Bearer YQ")).headers["www-authenticate"].startswith("Bearer")
        refused(await live.client.get("/metrics"), 401, "unauthenticated")
        for header in ("Bearer YQ", f"Bearer {ada.token}", f"Basic {token}", "Bearer é"):
            refused(await ask(header), 401, "unauthenticated")


async def test_the_right_token_reads_the_figures_from_anywhere(make_api: Any) -> None:
    api = await make_api(metrics_token="prometheus")
    transport = httpx2.ASGITransport(app=api.client._transport.app, client=("192.0.2.7", 50_000))

    async with httpx2.AsyncClient(transport=transport, base_url="http://orderflow.example") as scraper:
        answer = await scraper.get("/metrics", headers={"Authorization": "Bearer prometheus"})

    assert "orderflow_feeds" in answer.text


async def _ready(client: httpx2.AsyncClient, wanted: dict[str, str]) -> bool:
    """Whether /readyz says so within 5 s."""
    async with asyncio.timeout(5):
        while good(await client.get("/readyz")) != wanted:
            pass
    return True


def _figures(text: str) -> dict[str, float]:
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}
