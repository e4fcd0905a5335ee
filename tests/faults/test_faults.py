"""The short form of the fault tests; `python -m tests.faults --short --seed …` repeats it."""

import random

from tests.faults.report import table
from tests.faults.run import run, short
from tests.faults.wounds_to_stores import DEGRADED_S


async def test_whatever_breaks_every_subscriber_is_told_everything_once_and_in_order() -> None:
    plan = short(random.randrange(1_000_000))  # noqa: S311 - told, to be repeated

    result = await run(plan, print)

    figures = "\n".join(table(plan, result))
    assert (result.counts.six, result.complaints) == ((0,) * 6, []), figures
    assert (result.subscribers, len(result.wounds)) == (32, len(plan.wounds)), figures
    assert result.changes > 200, figures
    assert result.cuts > 15, figures
    assert result.processes == 4, figures
    assert result.delays["redis"], figures
    assert len(result.degraded_s) == 4, figures
    # How late exactly is for a machine of its own: the long form fails where more was late than is promised.
    assert max(result.degraded_s) < 2 * DEGRADED_S, figures
