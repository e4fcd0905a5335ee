"""Accounts: who has registered, and what they are called. Passwords are hashed beside the loop, not on it."""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from typing import Any, Final, TypeVar

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import func, update
from sqlalchemy.dialects.postgresql import insert

from orderflow import credentials, feeds, sessions, text
from orderflow.counts import Counts
from orderflow.credentials import Actor
from orderflow.db import Database, Transaction
from orderflow.errors import BadCredentials, EmailTaken, Invalid, Unauthenticated, Unavailable, UserNotFound
from orderflow.fields import Password
from orderflow.ids import new_id
from orderflow.schemas import Login, MeChange, Register, User
from orderflow.sessions import Grant
from orderflow.tables import users

T = TypeVar("T")

HASHING_THREADS: Final = 2
HASHING_QUEUE: Final = 64

_ME: Final = """
    SELECT id, email, name, role, instant(created_at) AS created_at FROM users WHERE id = $1 AND erased_at IS NULL
"""


async def register(db: Database, hasher: "Hasher", wanted: Register) -> User:
    """Make an account, and the feed of what its orders do.

    Raises:
        EmailTaken: somebody has one with this address.
        Unavailable: too many passwords wait to be hashed, or the database is away.
    """
    password_hash = await hasher.hash(wanted.password)

    user_id = new_id()
    facts = {"id": user_id, "email": wanted.email, "name": wanted.name, "role": wanted.role}

    async def step(transaction: Transaction) -> User:
        adding = insert(users).values(**facts, password_hash=password_hash, created_at=func.clock())
        shown = adding.on_conflict_do_nothing().returning(func.instant(users.c.created_at))
        created_at = (await transaction.execute(shown)).scalar_one_or_none()
        if created_at is None:
            raise EmailTaken
        await feeds.open_feed(transaction, user_id)
        return _user({**facts, "created_at": created_at})

    return await db.run(step)


async def login(db: Database, hasher: "Hasher", wanted: Login, lifetime: timedelta) -> Grant:
    """Start a session, whose refresh token is good for `lifetime`.

    Raises:
        BadCredentials: nobody has this address and this password; which of the two was wrong costs and says the same.
        Unavailable: too many passwords wait to be hashed, or the database is away.
    """
    rows = await db.fetch("SELECT id, password_hash FROM users WHERE email = $1", _address(wanted.email))
    hashed = rows[0]["password_hash"] if rows else credentials.NO_HASH
    if not await hasher.verify(wanted.password, hashed) or not rows:
        raise BadCredentials
    return await sessions.start(db, rows[0]["id"], hashed, lifetime, in_cookie=wanted.cookie)


async def oldest(db: Database) -> str | None:
    """The address of who registered first: "" once that account has been erased, None where nobody has registered."""
    rows = await db.fetch("SELECT email FROM users ORDER BY created_at, id LIMIT 1")
    return rows[0]["email"] or "" if rows else None


async def me(db: Database, actor: Actor) -> User:
    """The account of who asks.

    Raises:
        Unauthenticated: there is none (any more).
    """
    rows = await db.fetch(_ME, actor.user_id)
    if not rows:
        raise Unauthenticated
    return _user(rows[0])


async def change(db: Database, actor: Actor, wanted: MeChange) -> User:
    """Change the account of who asks; orders keep the name that they were placed with.

    Raises:
        Unauthenticated: there is none (any more).
    """
    changed = wanted.model_dump(exclude_unset=True)

    async def step(transaction: Transaction) -> None:
        # An account that is being erased meanwhile keeps no name.
        own = (users.c.id == actor.user_id, users.c.erased_at.is_(None))
        await transaction.execute(update(users).where(*own).values(**changed))

    if changed:
        await db.run(step)
    return await me(db, actor)


async def set_password(db: Database, email: str, password: str, hasher: "Hasher") -> None:
    """Give somebody a new password, and end all of their sessions.

    Raises:
        UserNotFound: nobody has this address.
        Invalid: the password is too short or too long.
    """
    try:
        chosen = TypeAdapter(Password).validate_python(password)
    except ValidationError as error:
        raise Invalid("A password has 8 to 128 characters.") from error
    password_hash = await hasher.hash(chosen)

    async def step(transaction: Transaction) -> None:
        changing = update(users).where(users.c.email == _address(email)).values(password_hash=password_hash)
        user_id = (await transaction.execute(changing.returning(users.c.id))).scalar_one_or_none()
        if user_id is None:
            raise UserNotFound
        await sessions.end_all(transaction, user_id)

    await db.run(step)


class Hasher:
    """Hashes and verifies passwords in threads, so that nothing else waits for it, and so many at once at most."""

    def __init__(self, counts: Counts | None = None) -> None:
        self._counts = counts or Counts()
        # Threads of their own, which stay: each keeps the 19 MiB that a hash takes, and so would any that did one.
        self._threads = ThreadPoolExecutor(HASHING_THREADS, thread_name_prefix="passwords")
        self._asked = 0

    @property
    def waiting(self) -> int:
        """How many passwords wait for a thread."""
        return max(0, self._asked - HASHING_THREADS)

    async def hash(self, password: str) -> str:
        """The hash of a password.

        Raises:
            Unavailable: too many wait already.
        """
        return await self._run(partial(credentials.hash_password, password))

    async def verify(self, password: str, hashed: str) -> bool:
        """Whether this is the password that was hashed.

        Raises:
            Unavailable: too many wait already.
        """
        return await self._run(partial(credentials.is_password, password, hashed))

    def close(self) -> None:
        """Begin no more."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _run(self, work: Callable[[], T]) -> T:
        if self._asked >= HASHING_THREADS + HASHING_QUEUE:
            self._counts.hashing_refused.add()
            raise Unavailable("Too many are signing in at once: try again.", retry_after_s=2)
        self._asked += 1
        asked_at = time.perf_counter()

        def timed() -> tuple[float, T]:
            return time.perf_counter() - asked_at, work()

        try:
            waited_s, result = await asyncio.get_running_loop().run_in_executor(self._threads, timed)
        finally:
            self._asked -= 1
        self._counts.hashing_waits.observe(waited_s)
        return result


def _address(given: str) -> str:
    """The address as it would be kept; what nobody can have registered with is "", which nobody has."""
    try:
        return text.email(given)
    except ValueError:
        return ""


def _user(row: Any) -> User:
    return User(id=str(row["id"]), email=row["email"], name=row["name"], role=row["role"], created_at=row["created_at"])
