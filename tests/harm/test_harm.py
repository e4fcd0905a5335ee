"""The short forms: fewer do harm, to a server with less patience, and nothing that a busy machine excuses is judged.

What is: that those who harm are closed and leave nothing behind, and that nobody else loses anything by them.
"""

import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path

import pytest

from tests.harm import deploy, half_open, hasty, reset, samples, site, slow, soak, stalled
from tests.harm.figures import Figure, beside, missed
from tests.harm.site import SETTINGS, Site
from tests.redis_server import RedisServer
from tests.servers import Server

MakeSite = Callable[..., Awaitable[Site]]


class Hasty(Server):
    """A server of one process with a tenth of some of its patience."""

    program = "tests.harm.hasty"


@pytest.fixture
async def hasty_server(database_url: str, tmp_path: Path) -> AsyncIterator[Callable[..., Awaitable[Site]]]:
    """Starts one: `await hasty_server(hasty.SILENCE, HEADERS_SECONDS="1")`."""
    async with AsyncExitStack() as stack:

        async def make(short: str, **settings: str) -> Site:
            given = {**SETTINGS, "DATABASE_URL": database_url, "HASTY": short, **settings}
            server = Hasty(tmp_path / "server", given)
            stack.callback(server.kill)
            server.start()
            return await stack.enter_async_context(site.around(server, database_url))

        yield make


@pytest.fixture
async def pair(database_url: str, redis: RedisServer, tmp_path: Path) -> AsyncIterator[Site]:
    """A server with two workers."""
    with ExitStack() as stack:
        settings = {**SETTINGS, "DATABASE_URL": database_url, "REDIS_URL": redis.url}
        server = Server(tmp_path / "server", settings, "--workers", "2")
        stack.callback(server.kill)
        server.start()
        async with site.around(server, database_url, 2) as found:
            yield found


async def test_who_never_reads_is_closed_and_costs_the_others_nothing(hasty_server: MakeSite) -> None:
    made = await hasty_server(hasty.READING)

    figures = await slow.run(made, slow.Plan(slow=10, healthy=10, pairs=1, seconds=3, rate=40), print)

    assert missed(figures, timings=False) == []


async def test_who_vanishes_is_found_out_and_leaves_nothing_behind(hasty_server: MakeSite) -> None:
    made = await hasty_server(hasty.SILENCE, HEADERS_SECONDS="1")

    figures = await half_open.run(made, half_open.Plan(vanished=10, settle_s=0.5), print)

    assert missed(figures, timings=False) == []


async def test_who_stalls_is_ended_wherever_that_was(hasty_server: MakeSite) -> None:
    made = await hasty_server(hasty.SILENCE, HEADERS_SECONDS="1", BODY_SECONDS="1.5")

    figures = await stalled.run(made, stalled.Plan(stalled=20, pairs=1, seconds=1), print)

    assert missed(figures, timings=False) == []


async def test_all_who_are_reset_at_once_come_back_to_where_they_were(hasty_server: MakeSite) -> None:
    made = await hasty_server("")

    figures = await reset.run(made, reset.Plan(sockets=100, shops=2), print)

    assert missed(figures, timings=False) == []


async def test_nothing_is_lost_when_workers_are_replaced_under_load(pair: Site) -> None:
    figures = await deploy.run(pair, deploy.Plan(sockets=40, shops=2, customers=4, before_s=1), print)

    assert missed(figures, timings=False) == []


async def test_a_soak_does_everything_and_draws_a_picture_of_it(pair: Site, tmp_path: Path) -> None:
    chart = tmp_path / "soak.png"

    figures = await soak.run(pair, soak.Plan(minutes=0.2, sockets=20, shops=2, sample_s=1, chart=chart), print)

    assert missed(figures, timings=False) == []
    assert chart.read_bytes().startswith(b"\x89PNG")


def test_a_leak_shows_as_what_an_hour_adds_and_noise_does_not() -> None:
    noise: Iterator[int] = itertools.cycle((0, 3, -2, 1, -1))
    leaking = [(minute, 100 + 0.5 * minute + next(noise)) for minute in range(30)]
    level = [(minute, 100 + next(noise) + (50 if minute == 7 else 0)) for minute in range(30)]

    assert samples.slope(leaking) == pytest.approx(30, abs=1.5)
    assert samples.slope(level) == pytest.approx(0, abs=1.5)


def test_a_bound_that_is_missed_is_told_and_a_timing_only_where_timings_count() -> None:
    figures = [
        Figure("closed", 9, least=10, most=10),
        Figure("late", 31, "s", most=30, is_timing=True),
        Figure("in time", 29, "s", most=30, is_timing=True),
        *beside("waits", [0.010, 0.100, 0.100], [0.014, 0.126, 0.124]),
    ]

    assert [each.split("  ")[0] for each in missed(figures)] == ["closed", "late"]
    assert [each.split("  ")[0] for each in missed(figures, timings=False)] == ["closed"]
    assert str(figures[1]).split()[-1] == "MISSED"
    assert str(figures[2]).split()[-1] == "kept"
