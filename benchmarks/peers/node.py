"""Two servers on Node.js, from npm: ws and socket.io."""

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path

from benchmarks.cores import Cores
from benchmarks.peers import installing, process
from benchmarks.peers.peer import APPS, Running, http_published


class OnNode:
    """One package of npm and the script that uses it."""

    def __init__(self, package: str, major: int, script: str, about: str, path: str = "/ws", **more: str) -> None:
        self.name = package
        self.about = about
        self._package, self._major = package, major
        self._script = APPS / script
        self._path, self._more = path, more

    def install(self, cache: Path) -> str:
        self._node = installing.found("node", "Node.js")
        self._modules = installing.node_modules(cache, self._package, self._major)
        package = json.loads((self._modules / self._package / "package.json").read_text())
        return f"{self._package} {package['version']}, node {installing.run([self._node, '--version']).strip()}"

    @contextlib.contextmanager
    def running(self, place: Path, cores: Cores) -> Iterator[Running]:
        port = process.free_port()
        command = [self._node, str(self._script), str(port)]
        environment = {"NODE_PATH": str(self._modules)}
        with process.serving(command, port, place, cores.serving, environment) as pid:
            yield http_published(port, [pid], self._path, **self._more)


def ws() -> OnNode:
    """Node's ws."""
    return OnNode("ws", 8, "ws.cjs", "Node ws")


def socket_io() -> OnNode:
    """socket.io, whose clients greet with a packet of their own and are greeted in turn."""
    path = "/socket.io/?EIO=4&transport=websocket"
    return OnNode("socket.io", 4, "socket_io.cjs", "socket.io", path, hello="40", ready="40{")
