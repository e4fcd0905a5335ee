"""Who asks by HTTP at a steady pace, beside whatever else happens, and how long each answer took.

They have a process of their own, which stands still for nothing. An answer counts from when its request was due, so
that a server that stands still is not asked less.
"""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.people import Person, Shop
from tests.servers import CHECKOUT


def request(method: str, path: str, who: Person | None = None, body: Any = None) -> bytes:
    """The bytes of a request on a connection that is kept."""
    content = b"" if body is None else json.dumps(body).encode()
    token = f"Authorization: Bearer {who.token}\r\n" if who else ""
    kind = f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n" if content else ""
    return f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{token}{kind}\r\n".encode() + content


async def usual(shop: Shop, customer: Person) -> list[bytes]:
    """What people ask: the shop, its menu, the board's list, an order, and a move there and back."""
    order = await customer.order(shop.shop, shop.item)
    path = f"/v1/orders/{order['id']}"
    reads = [
        request("GET", shop.path),
        request("GET", f"{shop.path}/items"),
        request("GET", f"{shop.path}/orders?status=active", shop.owner),
        request("GET", path, customer),
    ]
    moves = [request("PATCH", path, shop.owner, {"status": status}) for status in ("preparing", "pending")]
    return [*reads, moves[0], *reads, moves[1]]


@dataclass
class Answers:
    """Seconds from when each request was due to its answer, and what was no answer, or not a good one."""

    seconds: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)


@asynccontextmanager
async def asked(port: int, requests: Sequence[bytes], rate: float, connections: int = 8) -> AsyncIterator[Answers]:
    """Ask so often a second in all for as long as the context lasts, one request after the other of each connection.

    The answers are there when it is over.
    """
    answers = Answers()
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.harm.asking",
        cwd=CHECKOUT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=64 * 1024 * 1024,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    wanted = {"port": port, "requests": [each.decode("latin-1") for each in requests]}
    process.stdin.write(json.dumps({**wanted, "rate": rate, "connections": connections}).encode() + b"\n")
    await process.stdin.drain()
    try:
        assert await process.stdout.readline() == b"asking\n"
        yield answers
        process.stdin.close()
        found = json.loads(await process.stdout.read())
        answers.seconds, answers.failures = found["seconds"], found["failures"]
    except BaseException:
        process.kill()
        raise
    finally:
        await process.wait()
