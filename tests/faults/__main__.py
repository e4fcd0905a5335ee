"""`python -m tests.faults --minutes 30`: the long form of the fault tests. Exits with 1 if any promise was broken."""

import argparse
import asyncio
import os
import random
import signal
import sys
from pathlib import Path

from tests.faults.chaos import deck
from tests.faults.report import table
from tests.faults.run import Plan, Result, run, short


def main() -> int:
    """Run it as the arguments say, and print what came of it."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000))  # noqa: S311 - to be printed
    parser.add_argument("--only", action="append", default=[], metavar="WOUND", help="deal only this one; repeatable")
    parser.add_argument("--pause", type=float, default=0.15, help="seconds between two orders of a customer")
    parser.add_argument("--short", action="store_true", help="as scripts/test does it, to repeat a seed of that")
    asked = parser.parse_args()
    # Where scripts/test puts a redis-server.
    os.environ["PATH"] = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    plan = Plan(asked.minutes * 60, asked.seed, deck(asked.only), pause_s=asked.pause)
    if asked.short:
        plan = short(asked.seed)
    print(f"seed {plan.seed}, {plan.seconds / 60:g} minutes", flush=True)
    try:
        result = asyncio.run(_run(plan))
    except (KeyboardInterrupt, asyncio.CancelledError):
        return 130
    print("\n".join(table(plan, result)))
    return int(any(result.counts.six) or bool(result.complaints) or bool(result.late))


async def _run(plan: Plan) -> Result:
    task = asyncio.current_task()
    assert task is not None
    # So that all that was started is ended on a SIGTERM, as it is on Ctrl-C.
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await run(plan, lambda line: print(line, flush=True))


if __name__ == "__main__":
    sys.exit(main())
