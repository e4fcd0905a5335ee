"""How fast the demo's people are: human times, and customers who come in waves and, now and then, in a rush."""

import asyncio
import logging
import math
import random
from dataclasses import dataclass
from typing import Final

# Orders a minute. An order stands on the board for about this long, so the server has this many at a time.
USUAL_RATE: Final = 4.0
LEAST_RATE, MOST_RATE = 0.1, 120.0
LEAST_SPEED, MOST_SPEED = 0.1, 100.0
ORDER_S: Final = 200.0
LEAST_CUSTOMERS: Final = 12
# Each has up to two connections, of the 1,024 that a process usually may have.
MOST_CUSTOMERS: Final = 400
MAKING_S: Final = 95.0

# A wave passes every few minutes. A rush comes after a calm time, with the first one while a visitor still looks.
WAVE_S: Final = 480.0
WAVE_DEPTH: Final = 0.3
FIRST_CALM_S: Final = (240.0, 360.0)
CALM_S: Final = (900.0, 1_500.0)
RUSH_S: Final = (120.0, 240.0)
RUSH_FACTOR: Final = 2.2
# Calm and rush together are to give the rate that was asked for.
_SHARE: Final = sum(RUSH_S) / (sum(RUSH_S) + sum(CALM_S))
_CALM_FACTOR: Final = 1 / (1 - _SHARE + _SHARE * RUSH_FACTOR)
# A visitor is not kept waiting by chance. That alone would make the mean of the gaps a little less than 1.
LONGEST_GAP: Final = 2.5
_MEAN_GAP: Final = 1 - math.exp(-LONGEST_GAP)

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Pace:
    """`rate` orders a minute, by people who are `speed` times as fast as people are."""

    rate: float = USUAL_RATE
    speed: float = 1.0

    def seconds(self, least: float, most: float) -> float:
        """How long something takes that takes people between so many seconds."""
        return random.uniform(least, most) / self.speed

    async def pause(self, least: float, most: float) -> None:
        """Take between so many seconds of a person's time."""
        await asyncio.sleep(self.seconds(least, most))

    @property
    def customers(self) -> int:
        """How many people come, such that in a rush there is still somebody to come."""
        wanted = math.ceil(self.rate / 60 * ORDER_S / self.speed * RUSH_FACTOR)
        return min(max(LEAST_CUSTOMERS, wanted), MOST_CUSTOMERS)

    @property
    def hands(self) -> int:
        """How many orders the staff makes at a time: more than come in the long run, fewer than in a rush."""
        return max(6, math.ceil(self.rate / 60 * MAKING_S / self.speed * 1.7))


class Arrivals:
    """When the next customer comes."""

    def __init__(self, pace: Pace, now_s: float) -> None:
        self._pace = pace
        self._begun_s = now_s
        self._is_rush = False
        self._turns_at = now_s + pace.seconds(*FIRST_CALM_S)

    def gap_s(self, now_s: float) -> float:
        """How long after `now_s` the next one comes, in seconds."""
        if now_s >= self._turns_at:
            self._is_rush = not self._is_rush
            lasts_s = self._pace.seconds(*(RUSH_S if self._is_rush else CALM_S))
            self._turns_at = now_s + lasts_s
            if self._is_rush:
                logger.info("a rush begins at the demo's counter, for %.0f s", lasts_s)
        turns = (now_s - self._begun_s) * self._pace.speed / WAVE_S
        wave = 1 + WAVE_DEPTH * math.sin(2 * math.pi * turns)
        factor = _CALM_FACTOR * (RUSH_FACTOR if self._is_rush else wave)
        mean_s = 60 / (self._pace.rate * factor)
        return mean_s * min(random.expovariate(1), LONGEST_GAP) / _MEAN_GAP
