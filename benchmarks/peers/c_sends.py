"""The limit: a program in C that does one send() for each socket and message."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from benchmarks.cores import Cores
from benchmarks.peers import installing, process
from benchmarks.peers.peer import APPS, Running, http_published


class CSends:
    """`apps/sends.c`."""

    name = "c"
    about = "C, one send() per socket"

    def install(self, cache: Path) -> str:
        self._program = installing.compiled([APPS / "sends.c"], cache / "sends")
        return "sends.c"

    @contextlib.contextmanager
    def running(self, place: Path, cores: Cores) -> Iterator[Running]:
        port = process.free_port()
        with process.serving([str(self._program), str(port)], port, place, cores.serving) as pid:
            yield http_published(port, [pid])
