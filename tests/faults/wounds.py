"""What is done to servers, PostgreSQL and Redis. Each wound is dealt, lasts, and is healed before it returns."""

import asyncio
import os
import random
import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Final, Literal
from uuid import UUID

from orderflow import orders
from orderflow.db import Database
from orderflow.schemas import OrderNew
from tests.faults.link import Link
from tests.faults.load import Crowd
from tests.faults.stage import Site, Stage, frozen, send
from tests.people import Person, Shop
from tests.stored import connected

# Redis is noticed as away after 3 s at most, and readiness has to say so within 5.
DEGRADED_S: Final = 5.0
# Longer than a server waits for the database, than it waits for Redis, and than a parent waits for a worker.
DATABASE_S: Final = 8.5
REDIS_S: Final = 4.5
WORKER_S: Final = 7.0


@dataclass
class Scene:
    """Where it happens; `degraded_s` is how long readiness took to tell of a trouble with Redis, each time."""

    stage: Stage
    crowd: Crowd
    customers: list[Person]
    silent: Database
    chance: random.Random
    degraded_s: list[float] = field(default_factory=list)

    @property
    def alone(self) -> Site:
        """The server that is one process."""
        return self.stage.sites[0]

    @property
    def pair(self) -> Site:
        """The server that has two workers."""
        return self.stage.sites[1]

    def shop(self) -> Shop:
        return self.chance.choice(self.crowd.shops)


@dataclass(frozen=True)
class Wound:
    """`matters` is what may make boards late meanwhile, as a `Window` has it."""

    name: str
    deal: Callable[[Scene], Awaitable[None]]
    matters: Literal["bell", "redis", "all"]
    is_process: bool = False


async def kill_a_worker(scene: Scene) -> None:
    victim = scene.chance.choice(sorted(scene.pair.processes()))
    send([victim], signal.SIGKILL)
    await _until(lambda: len(scene.pair.processes() - {victim}) == 2)


async def kill_all_workers(scene: Scene) -> None:
    victims = scene.pair.processes()
    send(victims, signal.SIGKILL)
    await _until(lambda: len(scene.pair.processes() - victims) == 2)


async def kill_a_server(scene: Scene) -> None:
    await asyncio.to_thread(scene.alone.server.kill)
    await asyncio.sleep(scene.chance.uniform(0, 2))
    await scene.alone.start()


async def end_a_server(scene: Scene) -> None:
    await asyncio.to_thread(scene.alone.server.stop)
    await scene.alone.start()


async def replace_the_workers(scene: Scene) -> None:
    before = scene.pair.processes()
    os.kill(scene.pair.server.pid, signal.SIGHUP)
    await _until(lambda: len(scene.pair.processes()) == 2 and not before & scene.pair.processes())


async def freeze_a_server(scene: Scene) -> None:
    with frozen(scene.alone.processes()):
        await asyncio.sleep(scene.chance.uniform(4, WORKER_S))


async def freeze_a_worker(scene: Scene) -> None:
    with frozen([scene.chance.choice(sorted(scene.pair.processes()))]):
        await asyncio.sleep(WORKER_S)


async def kill_the_database(scene: Scene) -> None:
    killed = scene.stage.database_processes()
    send(killed, signal.SIGKILL)
    await _until(lambda: scene.stage.database_processes()[:1] not in ([], killed[:1]))


async def kill_a_backend(scene: Scene) -> None:
    """PostgreSQL takes all of its memory for broken, and recovers."""
    send([scene.chance.choice(scene.stage.database_processes()[1:])], signal.SIGKILL)


async def freeze_the_database(scene: Scene) -> None:
    with frozen(scene.stage.database_processes()):
        await asyncio.sleep(DATABASE_S)


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


async def commit_without_a_bell(scene: Scene) -> None:
    """As a worker does that dies between COMMIT and publish; here nothing dies, so that all boards can be timed."""
    shop, placed_orders = scene.crowd.quiet_shop, []
    for _ in range(3):
        who = scene.chance.choice(scene.customers)
        wanted = OrderNew.model_validate_json(f'{{"lines": [{{"item_id": "{shop.items[1]["id"]}", "quantity": 1}}]}}')
        placed = await orders.place(
            scene.silent, UUID(who.user["id"]), UUID(shop.shop["id"]), wanted, key=None, open_limit=0
        )
        order = {"id": str(placed.id), "version": placed.version, "status": "pending"}
        scene.crowd.desk.done("order", order, is_silent=True)
        placed_orders.append(order)
        # The bell of anything later would make up for the one that is missing.
        await asyncio.sleep(scene.chance.uniform(0.8, 2))
    for order in placed_orders:
        scene.crowd.serve_later(shop, order)


async def kill_a_server_before_it_publishes(scene: Scene) -> None:
    """Its way to Redis is a black hole; as soon as it has answered, it is killed."""
    alone, who, shop = scene.alone, scene.chance.choice(scene.customers), scene.crowd.quiet_shop
    alone.to_redis.hurt(lambda link: link.up.hold())
    body = {"lines": [{"item_id": shop.items[1]["id"], "quantity": 1}]}
    path, attempt = f"{shop.path}/orders", ("placed", who.user["id"], "pending")
    answer = await scene.crowd.desk.ask(who, "POST", path, body, attempt, client=alone.client)
    await asyncio.to_thread(alone.server.kill)
    if answer is not None and answer.status_code == 201:
        scene.crowd.desk.done("order", answer.json(), is_silent=True)
    alone.to_redis.let_go()
    # Until everybody has found out, and nothing that is done to it afterwards helps.
    await asyncio.sleep(2)
    if answer is not None and answer.status_code == 201:
        scene.crowd.serve_later(shop, answer.json())
    await alone.start()


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


async def everybody_is_cut_off(scene: Scene) -> None:
    """A load balancer that dies: all clients of a server are back at once."""
    site = scene.chance.choice(scene.stage.sites)
    site.gate.is_closed = True
    for link in tuple(site.gate.links):
        link.reset()
    await asyncio.sleep(scene.chance.uniform(0, 1))
    site.gate.is_closed = False


ALL: Final = (
    Wound("a worker killed", kill_a_worker, "all", is_process=True),
    Wound("all workers killed", kill_all_workers, "all", is_process=True),
    Wound("a server killed", kill_a_server, "all", is_process=True),
    Wound("a server ended", end_a_server, "all", is_process=True),
    Wound("workers replaced", replace_the_workers, "all", is_process=True),
    Wound("a server frozen", freeze_a_server, "all", is_process=True),
    Wound("a worker frozen", freeze_a_worker, "all", is_process=True),
    Wound("PostgreSQL killed", kill_the_database, "all", is_process=True),
    Wound("a backend killed", kill_a_backend, "all", is_process=True),
    Wound("PostgreSQL frozen", freeze_the_database, "all", is_process=True),
    Wound("Redis killed", kill_redis, "redis", is_process=True),
    Wound("Redis frozen", freeze_redis, "redis", is_process=True),
    Wound("killed before publishing", kill_a_server_before_it_publishes, "bell", is_process=True),
    Wound("Redis's subscribers killed", kill_the_subscribers_of_redis, "redis"),
    Wound("Redis paused", pause_redis, "redis"),
    Wound("Redis's subscribers wedged", wedge_the_subscribers_of_redis, "redis"),
    Wound("publishes lost", lose_what_a_server_publishes, "redis"),
    Wound("publishes in the wrong order", publish_in_the_wrong_order, "redis"),
    Wound("Redis cut off", cut_redis, "redis"),
    Wound("committed without a bell", commit_without_a_bell, "bell"),
    Wound("a transaction held open", hold_a_transaction_open, "all"),
    Wound("PostgreSQL cut off", cut_the_database, "all"),
    Wound("a black hole before PostgreSQL", black_hole_before_the_database, "all"),
    Wound("a slow way to PostgreSQL", slow_way_to_the_database, "all"),
    Wound("everybody cut off", everybody_is_cut_off, "all"),
)
"""All wounds, each of them at least once before any comes again."""


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


async def _until(fact: Callable[[], Any]) -> None:
    async with asyncio.timeout(30):
        while not fact():
            await asyncio.sleep(0.05)


def _is_subscriber(link: Link) -> bool:
    return b"SUBSCRIBE" in link.said
