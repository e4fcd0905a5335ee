"""The Redis that a server under load publishes through, on a core of its own or the load client's."""

import os
import shutil
from pathlib import Path

from benchmarks.peers import installing
from tests.redis_server import RedisServer

__all__ = ["RedisServer", "install"]


def install(cache: Path) -> str:
    """Have `redis-server` on the PATH; return its version.

    Raises: Lacking.
    """
    if shutil.which("redis-server") is None:
        debian = installing.unpacked(cache, "redis-server")
        program = debian.root / "usr/bin/redis-server"
        start = cache / "bin" / "redis-server"
        start.parent.mkdir(exist_ok=True)
        start.write_text(f'#!/bin/sh\nLD_LIBRARY_PATH="{debian.libraries}" exec "{program}" "$@"\n')
        start.chmod(0o755)
        os.environ["PATH"] = f"{start.parent}:{os.environ['PATH']}"
    said = installing.run(["redis-server", "--version"])
    return "redis " + said.split("v=")[1].split()[0]
