"""What is done to orderflow's own processes. Each wound is dealt, lasts, and is healed before it returns."""

import asyncio
import os
import signal
from typing import Final
from uuid import UUID

from orderflow import orders
from orderflow.schemas import OrderNew
from tests.faults.scene import Scene, Wound, until
from tests.faults.stage import frozen, send

# Longer than a parent waits for a worker.
WORKER_S: Final = 7.0


async def kill_a_worker(scene: Scene) -> None:
    victim = scene.chance.choice(sorted(scene.pair.processes()))
    send([victim], signal.SIGKILL)
    await until(lambda: len(scene.pair.processes() - {victim}) == 2)


async def kill_all_workers(scene: Scene) -> None:
    victims = scene.pair.processes()
    send(victims, signal.SIGKILL)
    await until(lambda: len(scene.pair.processes() - victims) == 2)


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
    await until(lambda: len(scene.pair.processes()) == 2 and not before & scene.pair.processes())


async def freeze_a_server(scene: Scene) -> None:
    with frozen(scene.alone.processes()):
        await asyncio.sleep(scene.chance.uniform(4, WORKER_S))


async def freeze_a_worker(scene: Scene) -> None:
    with frozen([scene.chance.choice(sorted(scene.pair.processes()))]):
        await asyncio.sleep(WORKER_S)


async def commit_without_a_bell(scene: Scene) -> None:
    """As a worker does that dies between COMMIT and publish; here nothing dies, so that all boards can be timed."""
    shop, placed_orders = scene.crowd.quiet_shop, []
    for _ in range(3):
        who = scene.chance.choice(scene.customers)
        wanted = OrderNew.model_validate_json(f'{{"lines": [{{"item_id": "{shop.items[1]["id"]}", "quantity": 1}}]}}')
        placed = await orders.place(
            scene.silent, UUID(who.user["id"]), UUID(shop.shop["id"]), wanted, key=None, limits=orders.Limits()
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


async def everybody_is_cut_off(scene: Scene) -> None:
    """A load balancer that dies: all clients of a server are back at once."""
    site = scene.chance.choice(scene.stage.sites)
    site.gate.is_closed = True
    for link in tuple(site.gate.links):
        link.reset()
    await asyncio.sleep(scene.chance.uniform(0, 1))
    site.gate.is_closed = False


SERVERS: Final = (
    Wound("a worker killed", kill_a_worker, "all", is_process=True),
    Wound("all workers killed", kill_all_workers, "all", is_process=True),
    Wound("a server killed", kill_a_server, "all", is_process=True),
    Wound("a server ended", end_a_server, "all", is_process=True),
    Wound("workers replaced", replace_the_workers, "all", is_process=True),
    Wound("a server frozen", freeze_a_server, "all", is_process=True),
    Wound("a worker frozen", freeze_a_worker, "all", is_process=True),
    Wound("killed before publishing", kill_a_server_before_it_publishes, "bell", is_process=True),
    Wound("committed without a bell", commit_without_a_bell, "bell"),
    Wound("everybody cut off", everybody_is_cut_off, "all"),
)
