"""What harms others, in its long form: `python -m tests.harm slow | half-open | reset | stalled | deploy | soak | all`.

Exits with 1 if any bound was missed, and with 2 if it did not get to an end in time. `all` is all but the soak.
"""

import argparse
import asyncio
import os
import platform
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from tests.harm import deploy, half_open, reset, site, slow, soak, stalled
from tests.harm.figures import Figure, missed
from tests.harm.site import Site

Say = Callable[[str], None]
SPARE_S: Final = 300.0


@dataclass(frozen=True)
class Part:
    """One kind of harm, at a server with so many workers, and how long it may take."""

    name: str
    run: Callable[[Site, Say], Awaitable[list[Figure]]]
    seconds: float = SPARE_S
    workers: int = 1


PARTS: Final = (
    Part("slow", lambda site, say: slow.run(site, slow.Plan(), say), 600),
    Part("half-open", lambda site, say: half_open.run(site, half_open.Plan(), say)),
    Part("reset", lambda site, say: reset.run(site, reset.Plan(), say)),
    Part("stalled", lambda site, say: stalled.run(site, stalled.Plan(), say)),
    Part("deploy", lambda site, say: deploy.run(site, deploy.Plan(), say), workers=deploy.WORKERS),
)


def main() -> int:
    """Run what is asked for, and print what came of it."""
    parser = argparse.ArgumentParser(prog="python -m tests.harm", description=__doc__)
    parser.add_argument("part", choices=[*(part.name for part in PARTS), "soak", "all"])
    parser.add_argument("--minutes", type=float, default=30.0, help="of the soak")
    parser.add_argument("--chart", type=Path, default=soak.CHART, help="where the soak puts its picture")
    asked = parser.parse_args()
    # Where scripts/test puts a redis-server.
    os.environ["PATH"] = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    chosen = [part for part in PARTS if asked.part in (part.name, "all")]
    if asked.part == "soak":
        plan = soak.Plan(asked.minutes, chart=asked.chart)
        chosen = [Part("soak", partial(_soak, plan), 60 * asked.minutes + SPARE_S, soak.WORKERS)]
    print(_machine(), flush=True)
    try:
        out = [each for part in chosen for each in _figures(part)]
    except (KeyboardInterrupt, asyncio.CancelledError):
        return 130
    except TimeoutError:
        print("it did not get to an end in time", flush=True)
        return 2
    print(f"{len(out)} bounds were missed" if out else "all bounds were kept")
    return int(bool(out))


def _figures(part: Part) -> list[str]:
    """Run one part and print its figures; those that were missed."""
    print(f"\n{part.name}, load average {os.getloadavg()[0]:.1f}", flush=True)
    began = time.monotonic()
    figures = asyncio.run(_run(part))
    print(*figures, f"  {time.monotonic() - began:.0f} s", sep="\n", flush=True)
    return missed(figures)


async def _run(part: Part) -> Sequence[Figure]:
    task = asyncio.current_task()
    assert task is not None
    # So that all that was started is ended on a SIGTERM, as it is on Ctrl-C.
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    async with asyncio.timeout(part.seconds), site.running(part.workers) as made:
        return await part.run(made, lambda line: print(line, flush=True))


async def _soak(plan: soak.Plan, site: Site, say: Say) -> list[Figure]:
    return await soak.run(site, plan, say)


def _machine() -> str:
    """Where and when."""
    system = f"{platform.machine()}, {os.cpu_count()} cores, {platform.system()} {platform.release()}"
    return f"{system}, Python {platform.python_version()}, {time.strftime('%Y-%m-%d')}"


if __name__ == "__main__":
    sys.exit(main())
