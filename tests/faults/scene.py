"""Where it happens, and what a wound is."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Literal

from orderflow.db import Database
from tests.faults.load import Crowd
from tests.faults.stage import Site, Stage
from tests.people import Person, Shop


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


async def until(fact: Callable[[], bool]) -> None:
    """Wait for a fact; on a machine with much else to do it takes a minute to replace all workers."""
    async with asyncio.timeout(120):
        while not fact():
            await asyncio.sleep(0.05)
