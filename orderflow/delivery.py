"""The ways on which a letter leaves: through Resend, or as a file where there is no key.

Knows letters and what an answer means for them, not the outbox.
"""

import asyncio
import contextlib
import logging
import os
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final, Protocol
from urllib.parse import urlsplit
from uuid import UUID

import httpx2
import resend
from resend.exceptions import NoContentError, ResendError
from resend.http_client_async import AsyncHTTPClient

from orderflow import letters
from orderflow.letters import Letter
from orderflow.settings import Settings

logger = logging.getLogger(__name__)

TIMEOUT_S: Final = 10.0
CONNECT_S: Final = 5.0
# A quota may be over for a day, but it can be raised: so often we ask again.
LONGEST_WAIT_S: Final = 3_600.0
SENTENCE: Final = 300
# Whatever answers in Resend's place may have no end.
LONGEST_ANSWER: Final = 2 * 1024 * 1024
# What goes into the database and the log as the id of what was accepted: neither an address nor a line of its own.
_ID: Final = re.compile(r"[!-?A-~]{1,200}")

# What the SDK calls an answer that is not Resend's own, and what our client calls none at all.
_STRANGE: Final = "application_error"
_NOT_REACHED: Final = "not_reached"
_NO_ANSWER: Final = "no_answer"
# https://resend.com/docs/api-reference/errors: these are about the letter and stay what they are.
_FINAL: Final = frozenset({413, 422, 451})
_FINAL_FROM_RESEND: Final = frozenset({400, 409})
# These are about the address that it comes from, or goes to while no domain is verified.
_SENDER: Final = frozenset({(403, "validation_error"), (422, "invalid_from_address")})
_IN_A_MOMENT: Final = frozenset({(409, "concurrent_idempotent_requests")})


@dataclass(eq=False)
class NotSent(Exception):
    """A letter was not accepted, as far as is known; `sentence` says why, without addresses.

    `is_final`: it never will be. `is_certain`: this attempt was not accepted. `is_own`: the letter itself may be the
    cause, so it waits alone; `is_general`: any other would have failed too, so all wait. `wait_s`: no sooner again.
    """

    sentence: str
    is_final: bool = False
    is_certain: bool = False
    is_own: bool = False
    is_general: bool = False
    wait_s: float = 0.0


class Delivery(Protocol):
    """A way on which letters leave. `is_rated`: no faster than is set."""

    is_rated: bool

    async def send(self, letter: Letter, letter_id: UUID, at: datetime) -> str:
        """Send it, and return what it is known by from then on.

        Raises:
            NotSent: it was not accepted, or nobody knows.
        """
        ...

    async def forget(self, letter_id: UUID) -> None:
        """Take back what can be taken back of a letter whose address was erased while it was sent."""
        ...

    def __str__(self) -> str:
        """Say for a person where letters go."""
        ...


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Delivery]:
    """The way that the settings want, for as long as the context lasts."""
    if settings.resend_api_key is None:
        yield folder(settings)
        return
    async with _http(settings.resend_api_url) as client:
        yield Resend(settings.resend_api_key, settings.resend_api_url, client)


def folder(settings: Settings) -> "Folder":
    """The directory of letters that are files, whether or not they leave through it now."""
    return Folder((settings.orderflow_data or Path.cwd() / ".orderflow") / "emails")


def _http(url: str) -> httpx2.AsyncClient:
    timeout = httpx2.Timeout(TIMEOUT_S, connect=CONNECT_S)
    # A proxy of the environment is for what is far away: it could not reach this machine's own loopback.
    if not _is_loopback(url):
        try:
            return httpx2.AsyncClient(timeout=timeout)
        except (ImportError, OSError, ValueError) as error:
            # E-mails wait, if they need it; the shop does not.
            logger.error("the proxy or certificates that the environment names cannot be used: %s", error)
    return httpx2.AsyncClient(timeout=timeout, trust_env=False)


class Resend:
    """Resend, through its own SDK over one shared client."""

    is_rated = True

    def __init__(self, key: str, url: str, client: httpx2.AsyncClient) -> None:
        self._key = key
        self._url = url
        self._client = _Client(client)

    async def send(self, letter: Letter, letter_id: UUID, at: datetime) -> str:  # noqa: ARG002 - Resend has its own clock
        """Send it under its id as Idempotency-Key; return Resend's id of it."""
        params: resend.Emails.SendParams = {
            "from": letter.sender,
            "to": [letter.recipient],
            "subject": letter.subject,
            "text": letter.text,
            "html": letter.html,
        }
        if letter.reply_to:
            params["reply_to"] = letter.reply_to
        # The SDK keeps these in its module. It reads them before it waits for anything, so nobody comes between.
        resend.api_key, resend.api_url, resend.default_async_http_client = self._key, self._url, self._client
        try:
            async with asyncio.timeout(TIMEOUT_S):
                answer = await resend.Emails.send_async(params, {"idempotency_key": str(letter_id)})
        except TimeoutError:
            raise NotSent(f"no answer within {TIMEOUT_S:g} s", is_own=True, is_general=True) from None
        except NoContentError:
            answer = None
        except ResendError as error:
            raise failure(error) from None
        known_as = answer.get("id") if isinstance(answer, dict) else None
        if not isinstance(known_as, str) or not _ID.fullmatch(known_as):
            # Whatever said yes, it is not Resend that has the letter.
            raise NotSent("answered without an id", is_own=True, is_general=True)
        return known_as

    async def forget(self, letter_id: UUID) -> None:
        """Do nothing: it has left."""

    def __str__(self) -> str:
        return f"through {self._url}"


class _Client(AsyncHTTPClient):
    """What the SDK sends with: it would open a connection for each letter, and tell all failures as one."""

    def __init__(self, client: httpx2.AsyncClient) -> None:
        self._client = client

    async def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        json: dict[str, object] | list[object] | None = None,
        files: dict[str, Any] | None = None,  # noqa: ARG002 - letters have none
        data: dict[str, str] | None = None,  # noqa: ARG002 - letters have none
    ) -> tuple[bytes, int, Mapping[str, str]]:
        try:
            async with self._client.stream(method, url, headers=headers, json=json) as answer:
                content = await _content(answer)
        except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.ProxyError) as error:
            raise ResendError(0, _NOT_REACHED, type(error).__name__, "") from error
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise ResendError(0, _NO_ANSWER, type(error).__name__, "") from error
        if 300 <= answer.status_code < 400:
            raise ResendError(0, _NO_ANSWER, f"{answer.status_code}, a redirection", "")
        return content, answer.status_code, answer.headers


async def _content(answer: httpx2.Response) -> bytes:
    content = bytearray()
    async for part in answer.aiter_bytes():
        content += part
        if len(content) > LONGEST_ANSWER:
            raise ResendError(0, _NO_ANSWER, "one that is too long", "")
    return bytes(content)


def failure(error: ResendError) -> NotSent:
    """What an answer of Resend's means for the letter.

    Final is what is about the letter and stays so. A wrong key, address or sender is put right by a person: until then
    letters wait, as they do while Resend is away.
    """
    status, name = int(error.code), error.error_type
    said = _sentence(status, name, error.message)
    wait_s = _wait_s(error.headers)
    if name == _NOT_REACHED:
        return NotSent(said, is_certain=True, is_general=True)
    if name == _NO_ANSWER or 500 <= status < 502:
        return NotSent(said, is_own=True, is_general=True, wait_s=wait_s)
    if status in (408, 425) or status >= 500:
        return NotSent(said, is_general=True, wait_s=wait_s)
    if (status, name) in _IN_A_MOMENT:
        return NotSent(said, is_own=True, wait_s=wait_s)
    if (status, name) in _SENDER:
        return NotSent(said, is_certain=True, is_own=True)
    if status in _FINAL or (status in _FINAL_FROM_RESEND and name != _STRANGE):
        # Under a key that stands for other words, something has been accepted.
        return NotSent(said, is_final=True, is_certain=status != 409)
    return NotSent(said, is_certain=True, is_general=True, wait_s=wait_s)


def _sentence(status: int, name: str, message: str) -> str:
    told = f"{status} {name}: {message}" if status else f"{name.replace('_', ' ')}: {message}"
    return " ".join(re.sub(r"\S+@\S+", "…", told).split())[:SENTENCE]


def _wait_s(headers: Mapping[str, str]) -> float:
    """The Retry-After of an answer, in seconds or as a date; 0 without one that can be read."""
    text = next((value for name, value in headers.items() if name.lower() == "retry-after"), "").strip()
    wait_s = 0.0
    if re.fullmatch(r"\d{1,9}(\.\d+)?", text):
        wait_s = float(text)
    else:
        with contextlib.suppress(ValueError, TypeError):
            wait_s = (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds()
    return min(max(wait_s, 0.0), LONGEST_WAIT_S)


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


class Folder:
    """A directory with a file for each letter, for who has no key of Resend's."""

    is_rated = False

    def __init__(self, place: Path) -> None:
        self._place = place

    async def send(self, letter: Letter, letter_id: UUID, at: datetime) -> str:
        """Write it, whole or not at all; return the path of its file."""
        try:
            return await asyncio.to_thread(self._write, letters.eml(letter, letter_id, at), letter_id)
        except OSError as error:
            raise NotSent(f"cannot be written: {error.strerror or error}", is_certain=True, is_own=True) from None

    def _write(self, message: bytes, letter_id: UUID) -> str:
        self._place.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self._path(letter_id)
        draft = path.with_suffix(".new")
        try:
            with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                file.write(message)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
        except OSError:
            # Half of one helps nobody, least of all on a full disk.
            draft.unlink(missing_ok=True)
            raise
        return str(path)

    async def forget(self, *letter_ids: UUID) -> None:
        """Remove their files."""
        await asyncio.to_thread(self._remove, letter_ids)

    def _remove(self, letter_ids: Sequence[UUID]) -> None:
        for letter_id in letter_ids if self._place.is_dir() else ():
            self._path(letter_id).unlink(missing_ok=True)

    def _path(self, letter_id: UUID) -> Path:
        return self._place / f"{letter_id}.eml"

    def __str__(self) -> str:
        return f"into {self._place}, since there is no RESEND_API_KEY"
