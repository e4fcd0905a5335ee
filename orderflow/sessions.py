"""Sessions: who is signed in, and for how long.

A session is a family of refresh tokens, each of which is exchanged for the next. Of access tokens it only knows that
they end with their session.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Row, delete, func, insert, select, text, update

from orderflow import credentials
from orderflow.credentials import Actor, Tokens
from orderflow.db import Database, Transaction
from orderflow.errors import BadCredentials, BadRefreshToken, Unauthenticated, Unavailable
from orderflow.ids import made_at, new_id
from orderflow.schemas import User
from orderflow.tables import refresh_tokens, sessions, users

# Two tabs of one browser have one cookie, and an answer may be lost: so long a used cookie still counts as unused.
COOKIE_GRACE: Final = timedelta(seconds=30)
# Longer than any transaction lasts between setting `ended_at` and its COMMIT.
ENDING_SLACK_S: Final = 15.0
SWEPT_AT_ONCE: Final = 1_000

_NOW: Final = func.clock()
_USER: Final = (
    users.c.id,
    users.c.email,
    users.c.name,
    users.c.role,
    func.instant(users.c.created_at).label("created_at"),
)
_OVER: Final = text("""
    DELETE FROM sessions WHERE id IN (
        SELECT id FROM sessions WHERE ended_at < now() - make_interval(secs => :keep_s) LIMIT :limit)
""")
# Those that ended all at once are not told one by one.
_ENDED: Final = """
    WITH restored AS (SELECT sessions_since AS at FROM lineage)
    SELECT extract(epoch FROM (SELECT at FROM restored))::float8 AS since, ARRAY(
        SELECT id FROM sessions
        WHERE ended_at > now() - make_interval(secs => $1) AND ended_at IS DISTINCT FROM (SELECT at FROM restored)
    ) AS ended
"""


@dataclass(frozen=True, slots=True)
class Grant:
    """A session that has begun or goes on; the refresh token is seen here only, the database keeps its hash."""

    user: User
    session_id: UUID
    refresh_token: str


async def start(db: Database, user_id: UUID, password_hash: str, lifetime: timedelta, *, in_cookie: bool) -> Grant:
    """Start a session of somebody whose password has this hash; its refresh token is good for `lifetime`.

    Raises:
        BadCredentials: the password was replaced meanwhile, which has ended all sessions: none may be left over.
    """

    async def step(transaction: Transaction) -> Grant:
        found = select(*_USER).where(users.c.id == user_id, users.c.password_hash == password_hash)
        row = (await transaction.execute(found.with_for_update(read=True))).one_or_none()
        if row is None:
            raise BadCredentials
        forgotten = (sessions.c.user_id == user_id, sessions.c.expires_at < _NOW - lifetime)
        await transaction.execute(delete(sessions).where(*forgotten))
        session_id = new_id()
        await transaction.execute(
            insert(sessions).values(id=session_id, user_id=user_id, created_at=_NOW, expires_at=_NOW + lifetime)
        )
        return Grant(_user(row), session_id, await _issue(transaction, session_id, in_cookie=in_cookie))

    return await db.run(step)


async def refresh(db: Database, ended: "EndedSessions", token: str, lifetime: timedelta, *, in_cookie: bool) -> Grant:
    """Exchange a refresh token for the next of its session, which is good for `lifetime` from now.

    Each is exchanged once; one in a cookie is honoured again within the grace, and each time starts a branch of its
    own, so that whichever answer a browser keeps goes on to work. Any other use of a used token is theft until shown
    otherwise, and ends the session.

    Raises:
        BadRefreshToken: unknown, expired, ended, used up, or sent in the other way than it was given.
    """
    hashed = credentials.refresh_token_hash(token)

    async def step(transaction: Transaction) -> Grant | UUID | None:
        row = await _locked(transaction, hashed)
        if row is None or row.in_cookie is not in_cookie or not _is_alive(row, lifetime):
            return None
        if row.used_at is not None and not (in_cookie and row.now - row.used_at <= COOKIE_GRACE):
            await _end(transaction, sessions.c.id == row.session_id)
            used_up: UUID = row.session_id
            return used_up
        await _rotate(transaction, row.session_id, hashed, lifetime)
        return Grant(_user(row), row.session_id, await _issue(transaction, row.session_id, in_cookie=in_cookie))

    found = await db.run(step)
    if isinstance(found, Grant):
        return found
    if found is not None:
        ended.add(found)
    raise BadRefreshToken


async def logout(db: Database, ended: "EndedSessions", refresh_token: str | None, session_id: UUID | None) -> None:
    """End the session of a refresh token, used up or not, and the session with this id; none is fine as well."""
    hashed = credentials.refresh_token_hash(refresh_token or "")

    async def step(transaction: Transaction) -> list[UUID]:
        named = select(refresh_tokens.c.session_id).where(refresh_tokens.c.hash == hashed)
        return await _end(transaction, sessions.c.id.in_(named) | (sessions.c.id == session_id))

    for each in await db.run(step):
        ended.add(each)


async def end_all(transaction: Transaction, user_id: UUID) -> list[UUID]:
    """End all sessions of somebody for good, and tell which; every process hears of it within a second."""
    found = await _end(transaction, sessions.c.user_id == user_id)
    own = select(sessions.c.id).where(sessions.c.user_id == user_id)
    await transaction.execute(delete(refresh_tokens).where(refresh_tokens.c.session_id.in_(own)))
    return found


async def end_everybodys(transaction: Transaction, at: datetime) -> int:
    """End all sessions of everybody, those of which nothing is known included; return how many were known.

    Whoever calls it notes `at` as the lineage's `sessions_since`.
    """
    ending = update(sessions).where(sessions.c.ended_at.is_(None)).values(ended_at=at)
    return int((await transaction.execute(ending)).rowcount)


async def _locked(transaction: Transaction, hashed: bytes) -> Row[Any] | None:
    found = (
        select(
            refresh_tokens.c.session_id,
            refresh_tokens.c.in_cookie,
            refresh_tokens.c.issued_at,
            refresh_tokens.c.used_at,
            sessions.c.expires_at,
            sessions.c.ended_at,
            _NOW.label("now"),
            *_USER,
        )
        .select_from(refresh_tokens.join(sessions).join(users))
        .where(refresh_tokens.c.hash == hashed)
        .with_for_update(of=[refresh_tokens, sessions], key_share=True)
    )
    return (await transaction.execute(found)).one_or_none()


def _is_alive(row: Row[Any], lifetime: timedelta) -> bool:
    return row.ended_at is None and row.expires_at > row.now and row.issued_at > row.now - lifetime


async def _rotate(transaction: Transaction, session_id: UUID, hashed: bytes, lifetime: timedelta) -> None:
    own = refresh_tokens.c.session_id == session_id
    await transaction.execute(
        update(refresh_tokens)
        .where(refresh_tokens.c.hash == hashed)
        .values(used_at=func.coalesce(refresh_tokens.c.used_at, _NOW))
    )
    await transaction.execute(delete(refresh_tokens).where(own, refresh_tokens.c.issued_at < _NOW - lifetime))
    await transaction.execute(update(sessions).where(sessions.c.id == session_id).values(expires_at=_NOW + lifetime))


async def _issue(transaction: Transaction, session_id: UUID, *, in_cookie: bool) -> str:
    token = credentials.new_refresh_token()
    await transaction.execute(
        insert(refresh_tokens).values(
            hash=credentials.refresh_token_hash(token), session_id=session_id, in_cookie=in_cookie, issued_at=_NOW
        )
    )
    return token


async def _end(transaction: Transaction, which: ColumnElement[bool]) -> list[UUID]:
    ending = update(sessions).where(which, sessions.c.ended_at.is_(None)).values(ended_at=_NOW)
    return list((await transaction.execute(ending.returning(sessions.c.id))).scalars())


def _user(row: Row[Any]) -> User:
    return User(id=str(row.id), email=row.email, name=row.name, role=row.role, created_at=row.created_at)


class EndedSessions:
    """The sessions that ended lately, whose access tokens would otherwise be good for up to `lifetime_s` more."""

    def __init__(self, lifetime_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._keep_s = lifetime_s + ENDING_SLACK_S
        self._clock = clock
        # Until when each is of interest, in the order in which they were heard of.
        self._ended: dict[UUID, float] = {}
        # Sessions that began before this have ended, in seconds since 1970.
        self._since = 0.0
        self._read_at: float | None = None

    @property
    def is_loaded(self) -> bool:
        """Whether those are known that ended before this process began."""
        return self._read_at is not None

    def add(self, session_id: UUID) -> None:
        """Remember a session that has ended."""
        self._ended.setdefault(session_id, self._clock() + self._keep_s)

    def has(self, session_id: UUID) -> bool:
        """Whether a session has ended, as far as this process has heard."""
        return session_id in self._ended or made_at(session_id) < self._since

    async def refresh(self, db: Database) -> None:
        """Hear of those that ended since the last time, wherever they did; forget those whose tokens have expired.

        Raises:
            Unavailable: the database is away.
        """
        now = self._clock()
        since_s = self._keep_s if self._read_at is None else now - self._read_at + ENDING_SLACK_S
        (row,) = await db.fetch(_ENDED, min(since_s, self._keep_s))
        for session_id in row["ended"]:
            self.add(session_id)
        self._since = row["since"] or 0.0
        self._read_at = now
        for session_id in [each for each, until in self._ended.items() if until < now]:
            del self._ended[session_id]

    async def sweep(self, db: Database) -> None:
        """Delete, with their refresh tokens, those that are of no interest to any process: at most 1,000 at once.

        Raises:
            Unavailable: the database is away.
        """
        values = {"keep_s": self._keep_s, "limit": SWEPT_AT_ONCE}

        async def step(transaction: Transaction) -> None:
            await transaction.execute(_OVER, values)

        await db.run(step)


class Authenticator:
    """Tells who sends an access token, if its session goes on."""

    def __init__(self, tokens: Tokens, ended: EndedSessions) -> None:
        self._tokens = tokens
        self._ended = ended

    def __call__(self, token: str) -> Actor:
        """Who sends this.

        Raises:
            Unauthenticated: not a token of this service, or its session has ended.
            TokenExpired: it was one.
            Unavailable: a process that has just begun could not ask yet which sessions have ended.
        """
        actor = self._tokens.verify(token)
        if not self._ended.is_loaded:
            raise Unavailable
        if self._ended.has(actor.session_id):
            raise Unauthenticated("This session has ended: sign in again.")
        return actor
