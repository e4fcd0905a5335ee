"""What is done to PostgreSQL, to Redis and to the ways to them. Each wound is healed before it returns."""

import asyncio
import signal
from typing import Final
from uuid import UUID

from tests.faults.link import Link
from tests.faults.scene import Scene, Wound, until
from tests.faults.stage import Site, frozen, send
from tests.stored import connected

# Longer than a server waits for the database, and than it waits for Redis.
DATABASE_S: Final = 8.5
REDIS_S: Final = 4.5
# Redis is noticed as away after 3 s at most, and readiness has to say so within 5.
DEGRADED_S: Final = 5.0


async def kill_the_database(scene: Scene) -> None:
    killed = scene.stage.database_processes()
    send(killed, signal.SIGKILL)
    await until(lambda: scene.stage.database_processes()[:1] not in ([], killed[:1]))


async def kill_a_backend(scene: Scene) -> None:
    """PostgreSQL takes all of its memory for broken, and recovers."""
    send([scene.chance.choice(scene.stage.database_processes()[1:])], signal.SIGKILL)


async def freeze_the_database(scene: Scene) -> None:
    with frozen(scene.stage.database_processes()):
        await asyncio.sleep(DATABASE_S)


async def hold_a_transaction_open(scene: Scene) -> None:
    """In the middle of a change: with its event written, not to be seen, and the shop's feed locked."""
    shop, keeps = scene.shop(), scene.chance.random() < 0.5
    change = (
        "UPDATE shops SET description = $2, version = version + 1, updated_at = clock() WHERE id = $1 "
        "RETURNING version, shop_document(shops) AS document"
    )
    append = "SELECT append_to_shop($1, 'shop', NULL, $2, $3)"
    shop_id, owner_id = UUID(shop.shop["id"]), UUID(shop.owner.user["id"])
    async with connected(scene.stage.database_url) as connection:
        transaction = connection.transaction()
        await transaction.start()
        row = await connection.fetchrow(change, shop_id, f"held {scene.chance.random()}")
        assert row is not None
        await connection.execute(append, shop_id, owner_id, row["document"])
        await asyncio.sleep(scene.chance.uniform(0.5, 3))
        await (transaction.commit() if keeps else transaction.rollback())
    if keeps:
        shown = {"id": shop.shop["id"], "version": row["version"]}
        scene.crowd.desk.done("shop", shown, is_silent=True)


async def cut_the_database(scene: Scene) -> None:
    """COMMITs that are under way end with nobody knowing how."""
    for _ in range(3):
        for site in scene.stage.sites:
            for link in tuple(site.to_database.links):
                link.reset()
        await asyncio.sleep(scene.chance.uniform(0.2, 1))


async def black_hole_before_the_database(scene: Scene) -> None:
    site = scene.chance.choice(scene.stage.sites)
    direction = scene.chance.choice(("up", "down"))
    site.to_database.hurt(lambda link: getattr(link, direction).hold())
    await asyncio.sleep(scene.chance.choice((2.0, DATABASE_S)))
    site.to_database.let_go()


async def slow_way_to_the_database(scene: Scene) -> None:
    for site in scene.stage.sites:
        site.to_database.hurt(lambda link: link.down.delay(0.1))
    await asyncio.sleep(3)
    for site in scene.stage.sites:
        site.to_database.let_go()


async def kill_redis(scene: Scene) -> None:
    """It comes back empty, and without anybody listening."""
    await asyncio.to_thread(scene.stage.redis.kill)
    await _degrade(scene)
    await asyncio.to_thread(scene.stage.redis.start)


async def freeze_redis(scene: Scene) -> None:
    scene.stage.redis.freeze()
    try:
        await _degrade(scene)
    finally:
        scene.stage.redis.thaw()


async def kill_the_subscribers_of_redis(scene: Scene) -> None:
    await _tell_redis(scene, "CLIENT KILL TYPE pubsub")


async def pause_redis(scene: Scene) -> None:
    await _tell_redis(scene, f"CLIENT PAUSE {REDIS_S * 1000 + 1000:.0f} ALL")
    await _degrade(scene)


async def wedge_the_subscribers_of_redis(scene: Scene) -> None:
    """Redis is up and takes all, and nothing of it arrives."""

    def wedge(link: Link) -> None:
        if _is_subscriber(link):
            link.down.hold()

    for site in scene.stage.sites:
        site.to_redis.hurt(wedge)
    await _degrade(scene)
    for site in scene.stage.sites:
        site.to_redis.let_go()


async def lose_what_a_server_publishes(scene: Scene) -> None:
    scene.alone.to_redis.hurt(lambda link: None if _is_subscriber(link) else link.up.hold())
    await asyncio.sleep(REDIS_S)
    scene.alone.to_redis.let_go()


async def publish_in_the_wrong_order(scene: Scene) -> None:
    """What one server publishes comes after what the other has published later."""
    late_s = scene.chance.choice((0.01, 0.05, 0.3))
    scene.alone.to_redis.hurt(lambda link: None if _is_subscriber(link) else link.up.delay(late_s))
    await asyncio.sleep(2)
    scene.alone.to_redis.let_go()


async def cut_redis(scene: Scene) -> None:
    for site in scene.stage.sites:
        for link in tuple(site.to_redis.links):
            link.reset()


STORES: Final = (
    Wound("PostgreSQL killed", kill_the_database, "all", is_process=True),
    Wound("a backend killed", kill_a_backend, "all", is_process=True),
    Wound("PostgreSQL frozen", freeze_the_database, "all", is_process=True),
    Wound("Redis killed", kill_redis, "redis", is_process=True),
    Wound("Redis frozen", freeze_redis, "redis", is_process=True),
    Wound("Redis's subscribers killed", kill_the_subscribers_of_redis, "redis"),
    Wound("Redis paused", pause_redis, "redis"),
    Wound("Redis's subscribers wedged", wedge_the_subscribers_of_redis, "redis"),
    Wound("publishes lost", lose_what_a_server_publishes, "redis"),
    Wound("publishes in the wrong order", publish_in_the_wrong_order, "redis"),
    Wound("Redis cut off", cut_redis, "redis"),
    Wound("a transaction held open", hold_a_transaction_open, "all"),
    Wound("PostgreSQL cut off", cut_the_database, "all"),
    Wound("a black hole before PostgreSQL", black_hole_before_the_database, "all"),
    Wound("a slow way to PostgreSQL", slow_way_to_the_database, "all"),
)


async def _degrade(scene: Scene) -> None:
    """Wait until all servers say that they miss Redis, and then for as long as such a trouble lasts here."""
    loop = asyncio.get_running_loop()
    began = loop.time()

    async def says_so(site: Site) -> None:
        while not await site.all_say("degraded") and loop.time() - began < 2 * DEGRADED_S:
            await asyncio.sleep(0.05)
        scene.degraded_s.append(loop.time() - began)

    await asyncio.gather(*(says_so(site) for site in scene.stage.sites))
    await asyncio.sleep(max(0.0, began + REDIS_S - loop.time()))


async def _tell_redis(scene: Scene, command: str) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", scene.stage.redis.port)
    writer.write(f"{command}\r\n".encode())
    answer = await reader.readline()
    writer.close()
    if not answer.startswith((b"+", b":")):
        raise RuntimeError(f"Redis did not {command}: {answer!r}")


def _is_subscriber(link: Link) -> bool:
    return b"SUBSCRIBE" in link.said
