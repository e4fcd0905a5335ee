"""One run: everybody comes, works and breaks things for so long, and then all is counted."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

from orderflow.db import Database
from tests.faults import stage, staleness, verdict
from tests.faults.chaos import Cutting, Wounding, deck
from tests.faults.ledger import Counts
from tests.faults.load import Crowd, Desk, come
from tests.faults.scene import Scene, Wound
from tests.faults.stage import BEAT_S, Stage
from tests.faults.subscribers import Subscriber
from tests.faults.wounds_to_stores import DEGRADED_S
from tests.people import People, Person, Shop

CHANNELS: Final = ("", "", "", "/pickup", "/pickup", "/menu")
REPORT_S: Final = 10.0
FINISH_S: Final = 60.0
EXPECTED: Final = frozenset({200, 201, 204, 409, 503})


@dataclass(frozen=True)
class Plan:
    """How long and how hard. Of each shop six subscribers listen, of each customer one."""

    seconds: float
    seed: int
    wounds: Sequence[Wound]
    shops: int = 4
    customers: int = 8
    # Between two orders of one customer, two cuts, two wounds, on average.
    pause_s: float = 0.15
    cut_s: float = 2.0
    calm_s: float = 1.5
    # How long some stay away, at most.
    away_s: float = 90.0


def short(seed: int) -> Plan:
    """The short form, that runs with all tests: a wound of each kind, each dealt once; what tells, serves and keeps."""
    names = (
        "a worker killed",
        "PostgreSQL killed",
        "Redis killed",
        "Redis's subscribers wedged",
        "publishes in the wrong order",
        "killed before publishing",
    )
    return Plan(0, seed, deck(names), pause_s=0.8, cut_s=0.7, calm_s=0.2, away_s=6)


@dataclass
class Result:
    """What came of a run; `late` is what took longer than promised, `complaints` all else that was not as promised."""

    counts: Counts
    events: int
    changes: int
    unanswered: int
    subscribers: int
    sessions: int
    frames: int
    cuts: int
    stalls: int
    processes: int
    wounds: Counter[str]
    ends: Counter[str]
    answers: Counter[int]
    delays: dict[str, list[float]]
    degraded_s: list[float]
    complaints: list[str]
    late: list[str] = field(default_factory=list)


async def run(plan: Plan, say: Callable[[str], None]) -> Result:
    """Do it all, and tell how it goes."""
    chance = random.Random(plan.seed)  # noqa: S311 - makes a run repeatable
    async with stage.running(1, 2) as everything:
        desk = Desk([site.client for site in everything.sites], chance)
        shops, customers = await come(People(everything.sites[0].client), desk, plan.shops, plan.customers)
        crowd = Crowd(desk, shops, customers, plan.pause_s)
        subscribers = list(_subscribers(everything, shops, customers))
        async with _silent(everything) as silent:
            scene = Scene(everything, crowd, customers, silent, chance)
            wounding = Wounding(scene, plan.wounds, say)
            cutting = Cutting(subscribers, chance, plan.cut_s, plan.away_s)
            return await _run(plan, scene, subscribers, wounding, cutting, say)


async def _run(
    plan: Plan,
    scene: Scene,
    subscribers: Sequence[Subscriber],
    wounding: Wounding,
    cutting: Cutting,
    say: Callable[[str], None],
) -> Result:
    async with asyncio.TaskGroup() as tasks:
        listening = [tasks.create_task(each.run(), name=each.record.name) for each in subscribers]
        working = tasks.create_task(scene.crowd.work(), name="crowd")
        telling = tasks.create_task(_tell(scene, subscribers, wounding, cutting, say), name="progress")
        cuts = tasks.create_task(cutting.run(), name="cuts")
        await wounding.run(asyncio.get_running_loop().time() + plan.seconds, plan.calm_s)
        cuts.cancel()
        await _end(scene, subscribers, working)
        say("all work is done; waiting for everybody to be told")
        is_quiet = await verdict.quiet(scene.stage.database_url, subscribers)
        for task in (*listening, telling):
            task.cancel()
    say("reading what the database holds")
    result = await _result(scene, subscribers, wounding, cutting)
    if not is_quiet:
        result.complaints.append("somebody was not told everything in time")
    return result


async def _end(scene: Scene, subscribers: Sequence[Subscriber], working: asyncio.Task[None]) -> None:
    """Break nothing any more; let everybody finish what they had begun, and come back."""
    scene.stage.let_go()
    for each in subscribers:
        each.come_back()
    scene.crowd.stop()
    await asyncio.wait([working], timeout=FINISH_S)
    if not working.done():
        raise RuntimeError("those at work did not come to an end, though all is well again")


async def _result(scene: Scene, subscribers: Sequence[Subscriber], wounding: Wounding, cutting: Cutting) -> Result:
    """Judge it, and put all figures together."""
    for each in subscribers:
        each.finish()
    desk, records = scene.crowd.desk, [each.record for each in subscribers]
    judged = await verdict.judge(scene.stage.database_url, desk, scene.crowd.shops, scene.customers, subscribers)
    result = Result(
        counts=judged.counts,
        events=judged.events,
        changes=len(desk.changes),
        unanswered=desk.unanswered,
        subscribers=len(records),
        sessions=sum(len(each.sessions) for each in records),
        frames=sum(len(session.frames) for each in records for session in each.sessions),
        cuts=cutting.cuts + sum(each.times_cut for each in subscribers),
        stalls=cutting.stalls,
        processes=wounding.processes,
        wounds=wounding.dealt,
        ends=sum((each.ends for each in subscribers), Counter()),
        answers=desk.answers,
        delays=staleness.delays(records, desk.changes, judged.places, judged.shown, wounding.windows),
        degraded_s=scene.degraded_s,
        complaints=[*wounding.complaints, *_complaints(desk, subscribers, wounding)],
    )
    result.late = _late(result)
    return result


def _late(result: Result) -> list[str]:
    """What took longer than was promised."""
    late = {label: staleness.percentile(found, 0.99) for label, found in result.delays.items()}
    found = [f"boards were {p99:.1f} s behind ({label})" for label, p99 in late.items() if p99 > staleness.PROMISED_S]
    slowest = max(result.degraded_s, default=0.0)
    return [*found, *([f"readiness said so after {slowest:.1f} s"] if slowest > DEGRADED_S else [])]


def _complaints(desk: Desk, subscribers: Sequence[Subscriber], wounding: Wounding) -> list[str]:
    # Nobody here asks for what is not there, or not theirs, or is not well-formed.
    answers = ((status, count) for status, count in desk.answers.items() if status not in EXPECTED)
    found = [f"{count} answers with status {status}" for status, count in answers]
    for each in subscribers:
        found += each.complaints
        found += [
            f"{each.record.name} heard too little at {at:.1f}, though nothing had been done to it"
            for at in each.neglected_at
            if not any(
                window.matters != "redis" and window.begun < at < window.ended + 5 for window in wounding.windows
            )
        ]
    return found


def _subscribers(everything: Stage, shops: Sequence[Shop], customers: Sequence[Person]) -> "list[Subscriber]":
    gates = [site.gate for site in everything.sites]
    found = []
    for number, shop in enumerate(shops):
        for place, channel in enumerate(CHANNELS):
            view = channel.removeprefix("/") or "shop"
            path, token = f"/ws/shops/{shop.shop['id']}{channel}", "" if channel else shop.owner.token
            name = f"{view} {number}.{place}"
            found.append(Subscriber(name, view, shop.shop["id"], path, token, gates, BEAT_S))  # type: ignore[arg-type]
    for number, who in enumerate(customers):
        name = f"customer {number}"
        found.append(Subscriber(name, "customer", who.user["id"], "/ws/customers/me", who.token, gates, BEAT_S))
    return found


@asynccontextmanager
async def _silent(everything: Stage) -> AsyncIterator[Database]:
    """A way to the database that commits, and rings for nobody."""
    database = Database(everything.database_url, announce=lambda _: None)
    try:
        yield database
    finally:
        await database.close()


async def _tell(
    scene: Scene,
    subscribers: Sequence[Subscriber],
    wounding: Wounding,
    cutting: Cutting,
    say: Callable[[str], None],
) -> None:
    """Say every now and then how far it is."""
    began = asyncio.get_running_loop().time()
    while True:
        await asyncio.sleep(REPORT_S)
        passed = asyncio.get_running_loop().time() - began
        live = sum(each.is_live for each in subscribers)
        say(
            f"{passed:.0f} s: {len(scene.crowd.desk.changes)} changes acknowledged, {live} of {len(subscribers)} live, "
            f"{cutting.cuts} cuts, {wounding.processes} process faults" + (f"; {wounding.now}" if wounding.now else "")
        )
