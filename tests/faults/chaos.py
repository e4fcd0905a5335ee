"""What happens when: one wound at a time to servers and stores, and all the while cuts to single subscribers."""

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final

from tests.faults.link import Link
from tests.faults.scene import Scene, Wound
from tests.faults.staleness import Window
from tests.faults.subscribers import Subscriber
from tests.faults.wounds_to_servers import SERVERS
from tests.faults.wounds_to_stores import STORES

# Bells that were just under way are lost as well, and what a trouble leaves behind is over a little later.
BEFORE_S: Final = 0.5
AFTER_S: Final = 1.0


class Wounding:
    """Deals the wounds in an order that a seed decides; `say` is told of each."""

    def __init__(self, scene: Scene, deck: Sequence[Wound], say: Callable[[str], None]) -> None:
        self.dealt: Counter[str] = Counter()
        self.processes = 0
        self.windows: list[Window] = []
        self.complaints: list[str] = []
        self.now = ""
        self._scene = scene
        self._deck = deck
        self._say = say
        self._chance = random.Random(scene.chance.random())  # noqa: S311 - makes a run repeatable

    async def run(self, until: float, calm_s: float) -> None:
        """Deal one after the other until that time of the loop's clock, but each at least once.

        Between two of them is a calm of so many seconds, about, in which all is well and nothing is left of the last.
        """
        while True:
            for wound in self._chance.sample(self._deck, len(self._deck)):
                if asyncio.get_running_loop().time() > until and self.dealt.total() >= len(self._deck):
                    return
                await self._deal(wound)
                await asyncio.sleep(AFTER_S + self._chance.uniform(0, 2 * calm_s))

    async def _deal(self, wound: Wound) -> None:
        loop = asyncio.get_running_loop()
        self.now = wound.name
        begun = loop.time()
        await wound.deal(self._scene)
        if not await self._scene.stage.recovered():
            self.complaints.append(f"not all was well again {loop.time() - begun:.0f} s after: {wound.name}")
        self.windows.append(Window(begun - BEFORE_S, loop.time() + AFTER_S, wound.matters))
        self.dealt[wound.name] += 1
        self.processes += wound.is_process
        self._say(f"{wound.name}: {loop.time() - begun:.1f} s")
        self.now = ""


class Cutting:
    """Interferes with the connections of single subscribers, one every so often."""

    def __init__(self, subscribers: Sequence[Subscriber], chance: random.Random, every_s: float, away_s: float) -> None:
        self.cuts = 0
        self.stalls = 0
        self._subscribers = subscribers
        self._chance = chance
        self._every_s = every_s
        self._away_s = away_s

    async def run(self) -> None:
        """Go on until cancelled."""
        async with asyncio.TaskGroup() as stalls:
            while True:
                await asyncio.sleep(self._chance.uniform(0, 2 * self._every_s))
                victim = self._chance.choice(self._subscribers)
                if victim.link is not None and victim.is_live:
                    self._harm(victim, victim.link, stalls)

    def _harm(self, victim: Subscriber, link: Link, stalls: asyncio.TaskGroup) -> None:
        chance = self._chance
        how = chance.choice(("reset", "finish", "inside", "nibbles", "at once", "away", "hole", "stall"))
        self.cuts += how != "stall"
        if how == "reset":
            link.reset()
        elif how == "finish":
            link.finish()
        elif how == "inside":
            link.down.cut_after(chance.randint(1, 4000))
        elif how == "nibbles":
            # Each of the next connections gets a little further with its answer than the one before.
            step = chance.randint(1, 700)
            victim.cuts.extend(range(step, 6 * step, step))
            link.reset()
        elif how == "at once":
            victim.leave(0)
        elif how == "away":
            victim.leave(chance.uniform(1, self._away_s))
        elif how == "hole":
            link.hold()
        else:
            stalls.create_task(self._stall(link), name="a stall")

    async def _stall(self, link: Link) -> None:
        """A bad line for a while, that gets well again."""
        self.stalls += 1
        how = self._chance.choice(("trickle", "delay", "hold"))
        if how == "trickle":
            link.down.trickle(self._chance.randint(50, 2000))
        elif how == "delay":
            link.down.delay(self._chance.uniform(0.1, 2))
        else:
            link.down.hold()
        await asyncio.sleep(self._chance.uniform(0.5, 4))
        link.down.let_go()


def deck(names: Sequence[str] = ()) -> tuple[Wound, ...]:
    """These wounds, or all.

    Raises:
        KeyError: there is none of that name.
    """
    known = {wound.name: wound for wound in (*SERVERS, *STORES)}
    return tuple(known[name] for name in names or known)
