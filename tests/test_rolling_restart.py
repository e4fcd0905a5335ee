"""SIGHUP replaces the workers in turn, whatever old and new ones do meanwhile, and never keeps a SIGTERM waiting."""

import asyncio
import os
import signal
import time
from collections.abc import Callable

import httpx2

from tests.faults.stage import frozen, send
from tests.redis_server import RedisServer
from tests.servers import Server, workers

MakeServer = Callable[..., Server]
# More than a health check waits for.
SLOW_S = 6.0


async def test_new_workers_may_be_slow_to_start_and_old_ones_that_hang_are_not_waited_for(
    make_server: MakeServer, redis: RedisServer
) -> None:
    server = make_server("--workers", "2", REDIS_URL=redis.url)
    first, second = sorted(workers(server.pid))

    os.kill(server.pid, signal.SIGHUP)
    [new] = await _newcomers(server, {first, second}, 1)
    with frozen([new]):
        began = time.monotonic()
        await _until(lambda: time.monotonic() > began + SLOW_S or new not in workers(server.pid))
    send([second], signal.SIGSTOP)
    await _until(lambda: not {first, second} & workers(server.pid))

    assert new in workers(server.pid)
    assert len(workers(server.pid)) == 2
    async with httpx2.AsyncClient(base_url=server.url) as client:
        assert (await client.get("/readyz")).status_code == 200


async def test_a_restart_under_way_does_not_keep_the_end_waiting(make_server: MakeServer, redis: RedisServer) -> None:
    server = make_server("--workers", "2", REDIS_URL=redis.url)
    before = workers(server.pid)
    first = min(before)
    send([first], signal.SIGSTOP)

    os.kill(server.pid, signal.SIGHUP)
    # The old one has been told to end, and hangs.
    await _newcomers(server, before, 1)
    await _until(lambda: "Terminated child process" in server.log())
    began = time.monotonic()
    code = await asyncio.to_thread(server.stop)

    assert (code, time.monotonic() - began < 15) == (0, True)


async def _newcomers(server: Server, before: set[int], count: int) -> set[int]:
    await _until(lambda: len(workers(server.pid) - before) >= count)
    return workers(server.pid) - before


async def _until(fact: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not fact():  # noqa: ASYNC110 - what it waits for tells nobody
            await asyncio.sleep(0.05)
