"""The short form of the fault tests; `python -m tests.faults --minutes 30` is the long one."""

import random

from tests.faults.chaos import deck
from tests.faults.report import table
from tests.faults.run import Plan, run
from tests.faults.staleness import percentile
from tests.faults.wounds import DEGRADED_S

# One of each kind: of what serves, of what keeps, of what tells; each is dealt once.
SHORT = (
    "a worker killed",
    "a server killed",
    "PostgreSQL killed",
    "Redis killed",
    "Redis's subscribers wedged",
    "publishes in the wrong order",
    "killed before publishing",
)


async def test_whatever_breaks_every_subscriber_is_told_everything_once_and_in_order() -> None:
    seed = random.randrange(1_000_000)  # noqa: S311 - told, to be repeated
    plan = Plan(0, seed, deck(SHORT), pause_s=0.4, cut_s=0.7, calm_s=0.8, away_s=6)

    result = await run(plan, print)

    figures = "\n".join(table(plan, result))
    assert (result.counts.six, result.complaints) == ((0,) * 6, []), figures
    assert (result.subscribers, set(result.wounds)) == (32, set(SHORT)), figures
    assert result.changes > 300, figures
    assert result.cuts > 15, figures
    assert result.processes == 5, figures
    assert all(percentile(result.delays[label], 0.99) <= 2.5 for label in ("redis", "bell")), figures
    assert max(result.degraded_s) <= DEGRADED_S, figures
