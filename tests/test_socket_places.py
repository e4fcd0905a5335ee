"""How many sockets one person, one address and one process may have."""

from orderflow.settings import Settings
from tests.live import Live, Socket, running
from tests.people import Person

ELSEWHERE = {"X-Forwarded-For": "203.0.113.7"}
NEXT_DOOR = {"X-Forwarded-For": "203.0.113.8"}


async def test_a_person_has_so_many_sockets_wherever_they_are_and_a_closed_one_makes_room(settings: Settings) -> None:
    async with running(settings, sockets_per_user=2) as live:
        ada, eve = await live.register(), await live.register("Eve")
        first = await _open(live, ada, ELSEWHERE)
        await _open(live, ada, NEXT_DOOR)

        assert await (await _mine(live, ada, ELSEWHERE)).close_code() == 4429
        await _open(live, eve, ELSEWHERE)
        await first.connection.close()
        await live.has_sockets(2)
        await _open(live, ada, ELSEWHERE)


async def test_an_address_has_so_many_sockets_whoever_they_belong_to(settings: Settings) -> None:
    async with running(settings, sockets_per_address=1) as live:
        cafe, ada = await live.shop(), await live.register()
        await _open(live, ada, ELSEWHERE)

        screen = await live.socket(f"/ws/shops/{cafe.shop['slug']}/pickup", headers=ELSEWHERE)
        assert await screen.close_code() == 4429
        await _open(live, ada, NEXT_DOOR)


async def test_a_full_process_asks_to_come_back_and_a_refused_socket_takes_no_place(settings: Settings) -> None:
    async with running(settings, sockets_per_process=1) as live:
        cafe, ada = await live.shop(), await live.register()
        assert await (await live.socket(f"/ws/shops/{cafe.shop['id']}", ada)).close_code() == 4403
        await _open(live, ada, {})

        assert await (await _mine(live, ada, {})).close_code() == 1013


async def test_sockets_from_this_machine_and_with_limits_of_0_are_not_counted(settings: Settings) -> None:
    async with running(settings, sockets_per_user=1, sockets_per_address=1) as live:
        ada = await live.register()
        for _ in range(3):
            await _open(live, ada, {})

    async with running(settings, sockets_per_user=0, sockets_per_address=0, sockets_per_process=0) as live:
        eve = await live.register("Eve")
        for _ in range(3):
            await _open(live, eve, ELSEWHERE)


async def _mine(live: Live, who: Person, headers: dict[str, str]) -> Socket:
    return await live.socket("/ws/customers/me", who, headers=headers)


async def _open(live: Live, who: Person, headers: dict[str, str]) -> Socket:
    opened = await _mine(live, who, headers)
    assert (await opened.frame())["type"] == "snapshot"
    return opened
