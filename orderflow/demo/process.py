"""The process in which the demo's people live: beside the server, not inside of it, and never longer than it."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from functools import partial

from orderflow import postgresql
from orderflow.demo.play import Play

# The server is gone by then, so there is nobody left to take leave of.
LEAVE_S = 1


@contextlib.contextmanager
def beside(wanted: Play) -> Iterator[None]:
    """Have the people in a process of their own for as long as the context lasts."""
    options = {
        "--url": wanted.url,
        "--rate": wanted.pace.rate,
        "--speed": wanted.pace.speed,
        "--shown-at": wanted.shown_at,
        "--emails": wanted.emails,
    }
    given = [str(part) for option in options.items() if option[1] is not None for part in option]
    command = [sys.executable, "-P", "-m", "orderflow", "demo", *given]
    never_longer = partial(postgresql.end_with_parent, os.getpid())
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, preexec_fn=never_longer)
    try:
        yield
    finally:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(LEAVE_S)
        process.kill()
        process.wait()
