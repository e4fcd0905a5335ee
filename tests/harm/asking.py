"""`python -m tests.harm.asking`: the process of who asks by HTTP at a steady pace. `rest.py` starts it.

Reads what to ask from the first line of standard input, asks until that ends, and prints what came of it. It imports
nothing of the rest: it has to be there at once, and to have nothing else to do.
"""

import asyncio
import itertools
import json
import sys
from collections.abc import Callable
from typing import Any, Final

PATIENCE_S: Final = 30.0


class Connection:
    """One connection to a server, made anew when it was lost."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, wanted: bytes) -> tuple[int, bytes]:
        """Send a request; return the status and the body of its answer.

        Raises:
            OSError, EOFError: the connection was lost.
        """
        try:
            reader, writer = self._streams or await asyncio.open_connection("127.0.0.1", self._port)
            self._streams = reader, writer
            writer.write(wanted)
            head = await reader.readuntil(b"\r\n\r\n")
            lowered = head.lower()
            start = lowered.find(b"content-length: ") + 16
            length = int(lowered[start : lowered.index(b"\r\n", start)]) if start > 15 else 0
            return int(head[9:12]), await reader.readexactly(length)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """End it."""
        if self._streams is not None:
            self._streams[1].transport.abort()
            self._streams = None


async def main() -> None:
    """Ask until standard input ends."""
    first, loop = asyncio.StreamReader(), asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(first), sys.stdin)
    wanted = json.loads(await first.readline())
    asked = itertools.cycle([each.encode("latin-1") for each in wanted["requests"]])
    found: dict[str, list[Any]] = {"seconds": [], "failures": []}
    rate, connections = wanted["rate"], wanted["connections"]
    tasks = [
        asyncio.create_task(
            _keep_asking(wanted["port"], lambda: next(asked), number / rate, connections / rate, found), name="asking"
        )
        for number in range(connections)
    ]
    sys.stdout.write("asking\n")
    sys.stdout.flush()
    await first.read()
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    json.dump(found, sys.stdout)


async def _keep_asking(
    port: int, wanted: Callable[[], bytes], first_s: float, pause_s: float, found: dict[str, list[Any]]
) -> None:
    loop, connection = asyncio.get_running_loop(), Connection(port)
    due = loop.time() + first_s
    while True:
        await asyncio.sleep(max(0.0, due - loop.time()))
        try:
            async with asyncio.timeout(PATIENCE_S):
                status, _ = await connection.ask(wanted())
        except (OSError, EOFError, TimeoutError) as error:
            found["failures"].append(type(error).__name__)
        except asyncio.CancelledError:
            # Who was never answered waited at least until now.
            found["seconds"].append(loop.time() - due)
            connection.close()
            raise
        else:
            found["seconds"].append(loop.time() - due)
            if status >= 300:
                found["failures"].append(str(status))
        due += pause_s


if __name__ == "__main__":
    asyncio.run(main())
