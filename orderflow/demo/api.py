"""Requests as a well-behaved client makes them: with patience, full jitter, and what `Retry-After` says."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

import httpx2

T = TypeVar("T")

LONGEST_S: Final = 20.0
FIRST_S: Final = 0.5
# What a server asks for beyond this is a mistake of something in between.
LONGEST_WAIT_S: Final = 300.0
TIMEOUT_S: Final = 15.0

logger = logging.getLogger(__name__)


class NoAnswer(Exception):
    """Nothing was said, or to come back later: what was asked may or may not have been done."""

    def __init__(self, retry_after_s: float = 0.0) -> None:
        super().__init__("no answer")
        self.retry_after_s = retry_after_s


class Refused(Exception):
    """The server said no: its status, and the `code` of the problem, "" where it gave none."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(f"{status} {code}: {detail}")
        self.status = status
        self.code = code


class Api:
    """One server, as everybody of the demo reaches it."""

    def __init__(self, client: httpx2.AsyncClient) -> None:
        self._client = client
        self._is_away = False

    async def once(
        self, method: str, path: str, body: Any = None, *, token: str | None = None, key: str | None = None
    ) -> Any:
        """Ask once; return the JSON that was answered, None where there is none.

        Raises:
            NoAnswer: none that can be relied upon; it says how long to wait.
            Refused: the server does not want to.
        """
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        headers |= {"Idempotency-Key": key} if key else {}
        try:
            answer = await self._client.request(method, path, json=body, headers=headers)
        except httpx2.HTTPError as error:
            self._note(is_away=True)
            raise NoAnswer from error
        self._note(is_away=False)
        if answer.is_success:
            return _content(answer)
        if answer.status_code == 429 or answer.status_code >= 500:
            raise NoAnswer(retry_after_s(answer.headers))
        raise _refusal(answer)

    async def ask(
        self, method: str, path: str, body: Any = None, *, token: str | None = None, key: str | None = None
    ) -> Any:
        """Ask what may be asked twice until there is an answer.

        Raises:
            Refused: the server does not want to.
        """
        return await persist(lambda: self.once(method, path, body, token=token, key=key))

    def _note(self, *, is_away: bool) -> None:
        if is_away != self._is_away:
            logger.info("the server does not answer; everybody comes back" if is_away else "the server answers again")
        self._is_away = is_away


async def persist(step: Callable[[], Awaitable[T]], patience_s: float = float("inf")) -> T:
    """Do it until there is an answer, and wait in between as the contract asks clients to.

    Raises:
        NoAnswer: there was none for longer than `patience_s`.
    """
    loop = asyncio.get_running_loop()
    begun, attempt = loop.time(), 0
    while True:
        try:
            return await step()
        except NoAnswer as error:
            if loop.time() - begun > patience_s:
                raise
            await asyncio.sleep(error.retry_after_s + delay_s(attempt))
            attempt += 1


def delay_s(attempt: int) -> float:
    """How long to wait before coming back: a random time between 0 and min(20 s, 0.5 s · 2^attempt)."""
    return random.uniform(0, min(LONGEST_S, FIRST_S * 2 ** min(attempt, 16)))


def retry_after_s(headers: httpx2.Headers | Any) -> float:
    """How long a server asks to wait, 0 where it says nothing that can be understood."""
    said = str(headers.get("Retry-After", ""))
    return min(float(said), LONGEST_WAIT_S) if said.isascii() and said.isdecimal() else 0.0


def is_near(address: str) -> bool:
    """Whether an address of http or ws is this machine's own, which no proxy stands before."""
    host = urlsplit(address).hostname or ""
    return host in ("localhost", "::1") or host.startswith("127.")


def _content(answer: httpx2.Response) -> Any:
    try:
        return answer.json() if answer.content else None
    except ValueError:
        # Cut off, or something between us and the server spoke in its stead.
        raise NoAnswer from None


def _refusal(answer: httpx2.Response) -> Refused:
    try:
        problem = answer.json()
    except ValueError:
        problem = None
    if not isinstance(problem, dict):
        return Refused(answer.status_code, "", answer.reason_phrase)
    return Refused(answer.status_code, str(problem.get("code", "")), str(problem.get("detail", "")))
