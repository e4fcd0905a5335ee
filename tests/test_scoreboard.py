"""The figures of several workers as one: whichever answers, whichever dies, and what they leave behind."""

import asyncio
import itertools
import os
import shutil
import signal
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2
import pytest

from orderflow import figures, scoreboard
from orderflow.scoreboard import Scoreboard
from tests.live import visiting
from tests.people import good
from tests.redis_server import RedisServer
from tests.scraping import REQUESTS, Scrape, scrape
from tests.servers import Server, workers

PATIENCE_S = 40.0


async def test_two_workers_show_the_whole_service_and_no_counter_falls_when_one_is_killed(
    make_server: Callable[..., Server], redis: RedisServer
) -> None:
    server = make_server("--workers", "2", REDIS_URL=redis.url, BEAT_SECONDS="0.5")
    async with visiting(server.url) as live:
        cafe, ada = await live.shop(), await live.register()
        screens = [await live.socket(f"/ws/shops/{cafe.shop['id']}/menu") for _ in range(6)]
        for _ in range(10):
            # A connection each, so that both workers have some.
            async with httpx2.AsyncClient(base_url=server.url, timeout=PATIENCE_S) as visitor:
                good(await visitor.get(cafe.path))
        for _ in range(5):
            await ada.order(cafe.shop, cafe.item)
        asked = {"route": "/v1/shops/{shop}", "status": "2xx"}
        # Each worker hears of what the other has done within a second: an item, and the orders.
        facts = {"orderflow_sockets": 6, "orderflow_bus_published_total": 6, "orderflow_workers": 2}

        def is_told(now: Scrape) -> bool:
            return now.value(REQUESTS, **asked) == 10 and all(now.value(name) == n for name, n in facts.items())

        before = await _until_anywhere(server, is_told)
        os.kill(min(workers(server.pid)), signal.SIGKILL)
        dead = await _watched(server, before, lambda now: now.value("orderflow_workers") == 1)
        left = [screen for screen in screens if await screen.is_open()]
        facts = {"orderflow_workers": 2, "orderflow_sockets": len(left)}
        again = await _watched(server, dead, lambda now: all(now.value(name) == n for name, n in facts.items()))

    assert server.stop() == 0
    assert before.value("orderflow_build_info") == 1
    assert dead.value("orderflow_sockets") == len(left)
    assert dead.value(REQUESTS, **asked) == again.value(REQUESTS, **asked) == 10
    assert again.value("process_cpu_seconds_total") > before.value("process_cpu_seconds_total")
    # The last words of the two that ended by themselves.
    assert server.log().count("Finished server process") == 2


def test_a_worker_takes_the_place_of_a_dead_one_and_goes_on_from_its_figures(tmp_path: Path) -> None:
    first, second = Scoreboard.join(tmp_path), Scoreboard.join(tmp_path)
    first.write(b"first")
    second.write(b"second")
    assert [(left.figures, left.is_alive) for left in second.others()] == [(b"first", True)]

    first.leave()
    assert [(left.figures, left.is_alive) for left in second.others()] == [(b"first", False)]
    third = Scoreboard.join(tmp_path)

    assert third.read() == b"first"
    assert [(left.figures, left.is_alive) for left in second.others()] == [(b"first", True)]
    assert len(list(tmp_path.glob("*.figures"))) == 2


def test_what_a_killed_service_has_left_is_removed_by_the_next_and_what_a_living_one_needs_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    others = tmp_path / "orderflow-figures-of-somebody-else"
    others.mkdir()
    with scoreboard.made() as living:
        killed = tmp_path / "orderflow-figures-killed"
        shutil.copytree(living, killed)
        with scoreboard.made() as next_one:
            assert sorted(tmp_path.iterdir()) == sorted((others, living, next_one))

    assert list(tmp_path.iterdir()) == [others]


def test_services_that_start_at_the_same_time_leave_each_other_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    def start(_: int) -> bool:
        with scoreboard.made() as directory:
            return directory.exists()

    with ThreadPoolExecutor(8) as services:
        assert all(services.map(start, range(1_000)))
    assert not any(tmp_path.iterdir())


def test_counts_add_up_and_what_has_another_shape_by_now_is_let_go() -> None:
    old = figures.Figures({"a": {("x",): [1], ("y",): [2]}, "h": {(): [1, 2, 3.5]}}, {"g": {(): [7]}})
    new: dict[str, figures.Numbers] = {"a": {("x",): [10.0]}, "h": {(): [1.0, 1.5]}}

    kept = figures.load(figures.dump(old))

    assert kept == old
    assert figures.add((kept.counted, new)) == {"a": {("x",): [11], ("y",): [2]}, "h": {(): [1, 1.5]}}
    # In any order the same to the last bit.
    fractions: list[dict[str, figures.Numbers]] = [{"s": {(): [number]}} for number in (0.1, 0.7, 0.3, 1e-9)]
    assert len({figures.add(order)["s"][()][0] for order in itertools.permutations(fractions)}) == 1
    assert figures.join((kept.standing, {"g": {(): [3]}}), lambda _: min) == {"g": {(): [3]}}


async def _until_anywhere(server: Server, fact: Callable[[Scrape], bool]) -> Scrape:
    """Scrape over new connections, and so any worker, until it is so."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            async with httpx2.AsyncClient(base_url=server.url, timeout=PATIENCE_S) as client:
                if fact(found := await scrape(client)):
                    return found


async def _watched(server: Server, before: Scrape, fact: Callable[[Scrape], bool]) -> Scrape:
    """Scrape until it is so, and see that no counter falls on the way."""
    seen = before

    def look(now: Scrape) -> bool:
        nonlocal seen
        counters = now.counters()
        fallen = {key for key, value in seen.counters().items() if counters.get(key, 0) < value}
        assert not fallen, {key: (seen.series[key], counters.get(key)) for key in fallen}
        seen = now
        return fact(now)

    async with asyncio.timeout(PATIENCE_S):
        while True:
            try:
                return await _until_anywhere(server, look)
            except httpx2.TransportError:
                # It was at the worker that was killed.
                continue
