"""The demo: a café that lives by itself. Its people are a hundred times as fast here as people are."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import httpx2

from orderflow.demo import cafe
from tests.people import Api, People, Person, good
from tests.redis_server import RedisServer
from tests.servers import Server, environment

FAST = ("--rate", "120", "--speed", "100")
DEADLINE_S = 30.0
ACTIVE = {"pending", "preparing", "ready"}


class Visitor(People):
    """Who looks at a demo, whose café is below `path`."""

    path = "/v1/shops/harbour-cafe"
    _clerk: Person | None = None

    async def sign_in(self, account: cafe.Account) -> Person:
        """Sign in as somebody of the demo, with what a visitor is told."""
        session = await self.login(account.email, cafe.PASSWORD)
        return Person(self.client, session["user"], session["access_token"])

    async def orders(self, status: str = "") -> list[dict[str, Any]]:
        """The newest orders of the café, as its staff sees them."""
        path = f"{self.path}/orders?limit=100{status}"
        answer = await self._clerk.get(path) if self._clerk else None
        # Who asks again and again signs in once, and anew when that has expired.
        if answer is None or answer.status_code == 401:
            self._clerk = await self.sign_in(cafe.STAFF[0])
            answer = await self._clerk.get(path)
        found: list[dict[str, Any]] = good(answer)["data"]
        return found

    async def has_order_number(self, number: int) -> bool:
        return any(order["number"] >= number for order in await self.orders())


@asynccontextmanager
async def visiting(server: Server) -> AsyncIterator[Visitor]:
    async with httpx2.AsyncClient(base_url=server.url, timeout=DEADLINE_S) as client:
        yield Visitor(client)


async def until(fact: Callable[[], Awaitable[Any]]) -> None:
    """Wait until it is true."""
    async with asyncio.timeout(DEADLINE_S):
        while not await fact():  # noqa: ASYNC110 - it happens in other processes
            await asyncio.sleep(0.05)


async def poster_of(server: Server) -> str:
    """What a demo says once it is open."""
    assert server.process is not None
    return await asyncio.to_thread(_poster, server.process)


def _poster(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    lines: list[str] = []
    while sum(line.startswith("===") for line in lines) < 3:
        lines.append(process.stdout.readline())
        assert lines[-1], "it has ended"
    return "".join(lines)


def descendants(pid: int) -> list[int]:
    """All that a process has started, and that they have started in turn."""
    children = [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return [*children, *(each for child in children for each in descendants(child))]


async def are_gone(pids: list[int]) -> bool:
    """Whether none of them runs; one that nobody has waited for is still listed, without a command line."""
    return not any(path.exists() and path.read_bytes() for path in (Path(f"/proc/{pid}/cmdline") for pid in pids))


@contextmanager
def people_at(server: Server, log: Path) -> Iterator["subprocess.Popen[str]"]:
    """Have people of a demo come to a server that is not theirs."""
    command = [sys.executable, "-m", "orderflow", "demo", "--url", server.url, *FAST]
    settings = environment(server.directory)
    with (
        log.open("w") as errors,
        subprocess.Popen(command, env=settings, stdout=subprocess.PIPE, stderr=errors, text=True) as process,
    ):
        try:
            yield process
        finally:
            process.terminate()


def run(directory: Path, *arguments: str, **settings: str) -> "subprocess.CompletedProcess[str]":
    """Run a command that is to end by itself."""
    return subprocess.run(
        [sys.executable, "-m", "orderflow", *arguments],
        env=environment(directory, **settings),
        cwd=directory,
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
    )


async def test_a_demo_on_two_workers_lives_makes_what_a_visitor_orders_and_ends_in_time(
    make_server: Callable[..., Server], redis: RedisServer
) -> None:
    address = "http://cafe.example.com"
    server = make_server("--workers", "2", "--demo", *FAST, REDIS_URL=redis.url, PUBLIC_URL=address)
    told = await poster_of(server)
    async with visiting(server) as people:
        async with asyncio.timeout(DEADLINE_S):
            # At this speed one that has just come may be taken up before it is looked at.
            while {order["status"] for order in await people.orders("&status=active")} != ACTIVE:
                pass
        own = good(await (await people.sign_in(cafe.CUSTOMER)).get("/v1/orders"))["data"]
        [shop] = good(await (await people.sign_in(cafe.OWNER)).get("/v1/me/shops"))["data"]
        items = good(await people.client.get(f"{people.path}/items"))["data"]

        assert own
        assert "Carrot cake" in [item["name"] for item in items if item["sold_out"]]
        for path in ("", "/board", "/pickup", "/manage"):
            assert f" {address}/shops/{shop['slug']}{path} " in told
        assert "WARNING: other machines can reach this demo" in told

        visitor = await people.register("Zora")
        order = await visitor.order(shop, items[0])
        await until(lambda: _is(visitor, order, "picked_up"))
        happened = good(await visitor.get(f"/v1/orders/{order['id']}/events"))["data"]
        assert [event["to"] for event in happened if event["by"] == "shop"][:2] == ["preparing", "ready"]

    processes, begun = descendants(server.pid), time.monotonic()
    assert server.stop() == 0
    assert time.monotonic() - begun < 15
    await until(lambda: are_gone(processes))


async def _is(who: Person, order: dict[str, Any], status: str) -> bool:
    return bool(good(await who.get(f"/v1/orders/{order['id']}"))["status"] == status)


async def test_people_come_back_to_a_server_that_was_killed_and_make_good_what_a_visitor_has_broken(
    make_server: Callable[..., Server], tmp_path: Path
) -> None:
    # Tokens of 3 s, so that they have to be renewed, in time or not.
    server = make_server(ACCESS_TOKEN_EXPIRE_MINUTES="0.05", BEAT_SECONDS="0.5")
    async with visiting(server) as people:
        await people.shop("Harbour Café")
        people.path = "/v1/shops/harbour-cafe-2"
        with people_at(server, tmp_path / "people") as process:
            assert "/shops/harbour-cafe-2/board " in await asyncio.to_thread(_poster, process)
            await until(lambda: people.has_order_number(10))
            server.kill()
            server.start()
            left = {order["id"] for order in await people.orders("&status=active")}
            newest = max(order["number"] for order in await people.orders())
            owner = await people.sign_in(cafe.OWNER)
            good(await owner.patch(people.path, {"ordering": "paused"}))
            lena = (await people.sign_in(cafe.STAFF[1])).user["id"]
            good(await owner.delete(f"{people.path}/staff/{lena}"), 204)

            await until(lambda: people.has_order_number(newest + 5))
            await until(lambda: _none_of(people, left))

            process.terminate()
            assert await asyncio.to_thread(process.wait, 5) == 0
    said = (tmp_path / "people").read_text()
    assert "the server answers again" in said
    assert "went wrong" not in said


async def _none_of(people: Visitor, left: set[str]) -> bool:
    """Whether nothing stands on the board any more of what stood there."""
    return left.isdisjoint(order["id"] for order in await people.orders("&status=active"))


async def test_a_demo_is_refused_on_a_database_that_holds_something_else(
    api: Api, database_url: str, tmp_path: Path
) -> None:
    shop = await api.shop()

    done = run(tmp_path, "serve", "--demo", "--port", "0", DATABASE_URL=database_url)

    assert (done.returncode, done.stdout) == (1, "")
    assert "holds something else than the demo" in done.stderr
    assert [each["id"] for each in good(await api.get("/v1/shops"))["data"]] == [shop.shop["id"]]


def test_a_demo_does_not_start_where_it_could_mail_somebody(tmp_path: Path) -> None:
    done = run(tmp_path, "serve", "--demo", "--port", "0", RESEND_API_KEY="re_secret")

    assert done.returncode == 2
    assert done.stderr.startswith("orderflow: RESEND_API_KEY: a demo mails nobody")
    assert not (tmp_path / "data").exists()


async def test_a_demo_that_was_killed_leaves_nobody_behind_and_goes_on_when_started_again(
    make_server: Callable[..., Server],
) -> None:
    server = make_server("--demo", *FAST)
    assert "WARNING" not in await poster_of(server)
    async with visiting(server) as people:
        await people.register("Zora")
        newest = max(order["number"] for order in await people.orders())
    demo = descendants(server.pid)
    assert demo

    os.kill(server.pid, signal.SIGKILL)
    await until(lambda: are_gone(demo))
    server.kill()
    server.start()
    await poster_of(server)

    async with visiting(server) as people:
        await until(lambda: people.has_order_number(newest + 1))
        assert len(good(await people.client.get("/v1/shops"))["data"]) == 1
        assert len(good(await people.client.get(f"{people.path}/items"))["data"]) == len(cafe.MENU)


async def test_a_demos_database_is_not_served_as_a_real_one_without_a_word(
    api: Api, make_server: Callable[..., Server]
) -> None:
    await api.register("Maya", "shop_owner", cafe.OWNER.email)

    server = make_server()

    assert "this is a demo's database, and everybody knows its passwords" in server.log()


def test_a_pace_without_a_demo_is_explained(tmp_path: Path) -> None:
    done = run(tmp_path, "serve", "--rate", "4")

    assert (done.returncode, done.stderr) == (2, "orderflow: --rate and --speed are for --demo\n")
