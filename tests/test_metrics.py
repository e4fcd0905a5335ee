"""What a process counts of itself, as Prometheus reads it."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from datetime import timedelta

import httpx2
import pytest

from orderflow.counts import Counts
from orderflow.db import Database, Transaction
from orderflow.errors import NotFound
from orderflow.metrics import Metrics
from orderflow.settings import Settings
from tests.live import Live, running
from tests.people import Person, good
from tests.redis_server import RedisServer
from tests.scraping import REQUESTS, Scrape, read, scrape
from tests.servers import CHECKOUT
from tests.stored import away, stored

PATIENCE_S = 40.0


@pytest.fixture
async def live(settings: Settings) -> AsyncIterator[Live]:
    async with running(settings) as found:
        yield found


async def test_requests_are_counted_by_route_method_and_kind_of_answer(live: Live) -> None:
    cafe, ada = await live.shop(), await live.register()
    order = await ada.order(cafe.shop, cafe.item)
    await cafe.owner.move(order, "preparing")
    for path in (cafe.path, f"/v1/shops/{cafe.shop['slug']}", "/v1/shops/nowhere", "/v1/nothing", "/wp-login.php"):
        await live.client.get(path)
    await live.client.request("PROPFIND", "/v1/me")

    found = await scrape(live.client)

    placed = {"method": "POST", "route": "/v1/shops/{shop}/orders"}
    assert found.value(REQUESTS, **placed, status="2xx") == 1
    assert found.value(REQUESTS, method="PATCH", route="/v1/orders/{order}", status="2xx") == 1
    assert found.value(REQUESTS, method="GET", route="/v1/shops/{shop}", status="2xx") == 2
    assert found.value(REQUESTS, method="GET", route="/v1/shops/{shop}", status="4xx") == 1
    assert found.value(REQUESTS, method="GET", route="unmatched", status="4xx") == 2
    assert found.value(REQUESTS, method="other", route="/v1/me", status="4xx") == 1
    took = "orderflow_http_request_duration_seconds"
    assert found.value(f"{took}_count", **placed) == found.value(f"{took}_bucket", **placed, le="+Inf") == 1
    assert 0 < found.value(f"{took}_sum", **placed) < 10


async def test_what_clients_choose_never_becomes_a_label(live: Live) -> None:
    cafe = await live.shop("Hunters")
    codes = (1000, 1002, 3999, 4999)
    for code in codes:
        socket = await live.socket(f"{cafe.path.removeprefix('/v1').replace('/shops', '/ws/shops')}/menu")
        await socket.event()
        await socket.connection.close(code)
    for path in ("/ws/hunter2", f"/ws/shops/{cafe.shop['slug']}/hunter2", "/ws/shops/hunter2/menu"):
        assert await (await live.socket(path)).close_code() == 4404
    await live.client.get("/v1/shops/hunters/items?hunter2")

    found = await _until(live.client, lambda now: now.value("orderflow_socket_closes_total") == len(codes) + 3)

    assert found.value("orderflow_socket_closes_total", view="menu", code="1000") == 1
    assert found.value("orderflow_socket_closes_total", view="menu", code="other") == 3
    assert found.value("orderflow_socket_closes_total", view="none", code="4404") == 2
    assert found.value("orderflow_socket_handshakes_total", view="menu", outcome="not_found") == 1
    said = {value for name, _ in found.series for value in found.labels(name)}
    assert not [value for value in said if "hunter" in value or cafe.shop["id"] in value]


async def test_sockets_are_counted_as_they_come_and_go_and_so_is_what_they_are_told(live: Live) -> None:
    cafe, ada = await live.shop(), await live.register()
    board = await live.socket(f"/ws/shops/{cafe.shop['id']}", cafe.owner)
    mine = await live.socket("/ws/customers/me", ada)
    for socket in (board, mine):
        await socket.event()
        await socket.beat()
    assert await (await live.socket(f"/ws/shops/{cafe.shop['id']}")).close_code() == 4401
    assert await (await live.socket(f"/ws/shops/{cafe.shop['id']}", ada)).close_code() == 4403

    order = await ada.order(cafe.shop, cafe.item)
    await cafe.owner.move(order, "ready")
    for socket in (board, mine):
        assert [(await socket.event())["to"] for _ in range(2)] == ["pending", "ready"]
    open_now = await scrape(live.client)
    good(await ada.post("/v1/auth/logout"), 204)
    assert await mine.close_code() == 4401
    found = await scrape(live.client)

    assert open_now.value("orderflow_sockets") == 2
    assert found.value("orderflow_sockets", view="shop") == 1
    assert found.value("orderflow_sockets", view="customer") == 0
    for outcome, count in {"opened": 1, "unauthenticated": 1, "forbidden": 1}.items():
        assert found.value("orderflow_socket_handshakes_total", view="shop", outcome=outcome) == count
    assert found.value("orderflow_socket_closes_total", view="customer", code="4401") == 1
    # Two events, in the feed of the shop and in the customer's.
    assert found.value("orderflow_feed_lag_seconds_count", source="own") == 4
    assert 0 < found.value("orderflow_feed_lag_seconds_sum", source="own") < 4
    assert found.value("orderflow_feeds") == 2
    assert found.value("orderflow_ring_bytes") > 0
    assert found.value("orderflow_events_missing") == 0


async def test_what_another_process_did_is_late_by_its_own_time_and_later_without_redis(settings: Settings) -> None:
    with RedisServer() as redis:
        both = {"redis_url": redis.url, "public_url": "http://orderflow.example"}
        async with running(settings, **both) as here, running(settings, **both) as there:
            cafe = await here.shop()
            owner = Person(there.client, cafe.owner.user, cafe.owner.token)
            board = await there.socket(f"/ws/shops/{cafe.shop['id']}", owner)
            await board.event()
            await board.beat()

            order = await cafe.owner.order(cafe.shop, cafe.item)
            assert (await board.event())["event"] == "placed"
            quick = await scrape(there.client)
            redis.kill()
            await cafe.owner.move(order, "preparing")
            assert (await board.event())["event"] == "moved"
            slow = await scrape(there.client)
            elsewhere = await scrape(here.client)

    lag = "orderflow_feed_lag_seconds"
    assert quick.value(f"{lag}_count", source="other") == 1
    assert slow.value(f"{lag}_count", source="other") == 2
    assert 0 <= quick.value(f"{lag}_sum", source="other") < slow.value(f"{lag}_sum", source="other") < 5
    # Nobody listens where it was done.
    assert elsewhere.value(f"{lag}_count") == slow.value(f"{lag}_count", source="own") == 0


async def test_the_database_and_the_passwords_are_counted(live: Live) -> None:
    cafe = await live.shop(stock=1)
    await cafe.owner.order(cafe.shop, cafe.item)
    await live.client.post(
        "/v1/auth/register", json={"email": cafe.owner.user["email"], "password": "correct horse", "name": "G"}
    )

    found = await scrape(live.client)

    assert found.value("orderflow_transactions_total", kind="call", outcome="done") == 1
    assert found.value("orderflow_transactions_total", kind="run", outcome="refused") == 1
    assert found.value("orderflow_transactions_total", kind="fetch", outcome="done") > 0
    assert found.value("orderflow_transaction_duration_seconds_count", kind="call") == 1
    assert found.value("orderflow_turn_wait_seconds_count") == 1
    for pool in ("engine", "readers", "writers"):
        assert found.value("orderflow_pool_wait_seconds_count", pool=pool) > 0
    assert found.value("orderflow_transaction_retries_total") == 0
    # A login, and a registration that is refused afterwards; the owner registered without asking the service.
    assert found.value("orderflow_hashing_wait_seconds_count") == 2
    assert found.value("orderflow_hashing_waiting") == 0
    assert found.value("orderflow_build_info") == found.value("orderflow_workers") == 1
    assert found.value("process_resident_memory_bytes") > 0


async def test_retries_are_counted_by_their_cause_and_waits_by_their_length(database_url: str) -> None:
    counts = Counts()
    db = Database(database_url, lambda _: None, counts)
    states = iter(("40001", "40P01", "55P03"))

    async def step(transaction: Transaction) -> None:
        if (state := next(states, None)) is not None:
            raised = f"DO $$ BEGIN RAISE EXCEPTION 'once more' USING ERRCODE = '{state}'; END $$"
            await transaction.connection.exec_driver_sql(raised)

    async def refuse(_: Transaction) -> None:
        raise NotFound

    try:
        await db.run(step)
        with pytest.raises(NotFound):
            await db.run(refuse)
        answer = "SELECT 'done', NULL::jsonb, pg_sleep(0.15)::text, NULL::jsonb[]"
        await asyncio.gather(*(db.call(answer, shop="one") for _ in range(5)))
        found = await _shown(db, counts)
    finally:
        await db.close()

    for cause in ("serialization", "deadlock", "lock_timeout"):
        assert found.value("orderflow_transaction_retries_total", cause=cause) == 1
    assert found.value("orderflow_transactions_total", kind="run", outcome="done") == 1
    assert found.value("orderflow_transactions_total", kind="run", outcome="refused") == 1
    # A shop has four turns at once: the fifth waits until one of them is over.
    assert found.value("orderflow_turn_wait_seconds_bucket", le="0.1") == 4
    assert found.value("orderflow_turn_wait_seconds_count") == 5


async def test_what_waits_in_the_outbox_is_counted_and_how_long_the_oldest_has_been_due(
    settings: Settings, database_url: str
) -> None:
    async with running(settings) as live:
        cafe, ada = await live.shop(), await live.register()
        order = await ada.order(cafe.shop, cafe.item)
    queue = """INSERT INTO outbox (id, order_id, kind, recipient, state, queued_at, due_at, attempts, settled_at)
        SELECT gen_random_uuid(), $1::uuid, 'ready', 'ada@example.com', $2, now(), now() - $3::interval, 0,
               CASE WHEN $2 <> 'waiting' THEN now() END"""
    for state, due in (("waiting", 90), ("waiting", 30), ("waiting", -60), ("sent", 900)):
        await stored(database_url, queue, order["id"], state, timedelta(seconds=due))

    db = Database(database_url, lambda _: None)
    try:
        found = await _shown(db, Counts())
    finally:
        await db.close()

    assert found.value("orderflow_outbox_mails", state="due") == 2
    assert found.value("orderflow_outbox_mails", state="later") == 1
    assert 90 <= found.value("orderflow_outbox_oldest_due_seconds") < 120


async def test_without_the_database_there_are_still_figures(settings: Settings, database_url: str) -> None:
    async with running(settings) as live:
        await live.register()
        async with away(database_url):
            began = asyncio.get_running_loop().time()
            assert (await live.client.get("/v1/shops")).status_code == 503
            found = await scrape(live.client)
            took = asyncio.get_running_loop().time() - began

    assert took < 6
    assert found.value(REQUESTS, route="/v1/shops", status="5xx") == 1
    assert found.value("orderflow_transactions_total", outcome="unavailable") >= 1
    assert [name for name, _ in found.series if "outbox" in name] == []


async def test_every_metric_stands_in_the_documents_with_its_kind(live: Live) -> None:
    found = await scrape(live.client)

    rows = re.findall(r"^\| `(\w+)` \| (counter|gauge|histogram) \|", (CHECKOUT / "docs/metrics.md").read_text(), re.M)
    shown = {name + "_total" * (kind == "counter"): kind for name, kind in found.kinds.items()}
    assert dict(rows) == shown
    for name, kind in shown.items():
        assert name.startswith(("orderflow_", "process_"))
        assert (kind != "histogram") or name.endswith("_seconds")


async def _shown(db: Database, counts: Counts) -> Scrape:
    """What a process with nothing but a database shows."""
    return read((await Metrics(db, counts, (), None).exposition()).decode())


async def _until(client: httpx2.AsyncClient, fact: Callable[[Scrape], bool]) -> Scrape:
    """Scrape until it is so."""
    async with asyncio.timeout(PATIENCE_S):
        while not fact(found := await scrape(client)):
            pass
    return found
