"""Who asks, and what proves it: password hashes, access tokens, refresh tokens. Pure given a clock."""

import base64
import hashlib
import math
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import jwt
from passlib.hash import argon2

from orderflow import text
from orderflow.errors import TokenExpired, Unauthenticated

AUDIENCE: Final = "orderflow"
TOKEN_TYPE: Final = "at+jwt"  # noqa: S105 - RFC 9068's name for access tokens
MAX_TOKEN_LENGTH: Final = 4096
# How far the clock of another process may be ahead of this one.
LEEWAY_S: Final = 10.0
REMEMBERED_TOKENS: Final = 10_000
MAX_PASSWORD_LENGTH: Final = 128

# OWASP's minimum for argon2id: 19 MiB, two passes, one lane.
_ARGON2: Final = argon2.using(type="ID", memory_cost=19_456, time_cost=2, parallelism=1)
_CLAIMS: Final = ("iss", "aud", "sub", "sid", "exp", "iat", "jti")


def _blank(size: int) -> str:
    return base64.b64encode(bytes(size)).decode().rstrip("=")


# Nobody's hash: to verify against it costs what any other costs, and never succeeds.
NO_HASH: Final = f"$argon2id$v=19$m=19456,t=2,p=1${_blank(16)}${_blank(32)}"


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody who is signed in, and the session by which; `expires_at` is in seconds since 1970."""

    user_id: UUID
    session_id: UUID
    expires_at: float


def hash_password(password: str) -> str:
    """The argon2id hash of a password; takes about 30 ms of a core."""
    hashed: str = _ARGON2.hash(password)
    return hashed


def is_password(password: str, hashed: str) -> bool:
    """Whether this is the password that was hashed; takes about 30 ms of a core, whatever the password."""
    # What nobody can have chosen takes as long, and the library refuses more than 4 KiB.
    matches: bool = _ARGON2.verify(password[:MAX_PASSWORD_LENGTH], hashed)
    return matches and len(password) <= MAX_PASSWORD_LENGTH


def new_refresh_token() -> str:
    """43 characters that nobody guesses."""
    return secrets.token_urlsafe(32)


def refresh_token_hash(token: str) -> bytes:
    """What is kept of a refresh token: it is random, so that one fast hash is enough."""
    return hashlib.sha256(token.encode()).digest()


class Tokens:
    """Access tokens: JWTs of RFC 9068's type that this service signs for itself; `lifetime_s` is in seconds."""

    def __init__(
        self, secret: str, algorithm: str, issuer: str, lifetime_s: float, clock: Callable[[], float] = time.time
    ) -> None:
        self._key = secret.encode()
        self._algorithm = algorithm
        self._issuer = issuer
        self._lifetime_s = lifetime_s
        self._clock = clock
        self._verified: dict[str, Actor] = {}
        # For how many seconds a client may count on a new token.
        self.expires_in = max(1, int(lifetime_s))

    def issue(self, user_id: UUID, session_id: UUID) -> tuple[str, int]:
        """A new token, and when it expires, in seconds since 1970."""
        now = self._clock()
        # Whole seconds for the sake of other JWT libraries; rounded up, to be as long as promised.
        expires_at = math.ceil(now + self._lifetime_s)
        claims = {
            "iss": self._issuer,
            "aud": AUDIENCE,
            "sub": str(user_id),
            "sid": str(session_id),
            "exp": expires_at,
            "iat": int(now),
            "jti": secrets.token_hex(16),
        }
        return jwt.encode(claims, self._key, self._algorithm, {"typ": TOKEN_TYPE}), expires_at

    def verify(self, token: str) -> Actor:
        """Who a token speaks for.

        Raises:
            Unauthenticated: not a token of this service.
            TokenExpired: it was one. The moment is exact, so that HTTP and sockets agree.
        """
        actor = self.read(token)
        if actor.expires_at <= self._clock():
            self._verified.pop(token, None)
            raise TokenExpired
        return actor

    def read(self, token: str) -> Actor:
        """Who a token speaks for, or did before it expired.

        Raises:
            Unauthenticated: not a token of this service.
        """
        # Every request of a page brings the same token, and a signature costs more than anything else on the way.
        actor = self._verified.get(token)
        if actor is None:
            actor = self._read(token)
            if len(self._verified) >= REMEMBERED_TOKENS:
                self._verified.clear()
            self._verified[token] = actor
        return actor

    def _read(self, token: str) -> Actor:
        if len(token) > MAX_TOKEN_LENGTH:
            raise Unauthenticated
        try:
            found = jwt.decode_complete(
                token,
                self._key,
                algorithms=[self._algorithm],
                audience=AUDIENCE,
                issuer=self._issuer,
                # Times are checked here, by the clock that was given.
                options={"require": list(_CLAIMS), "verify_exp": False, "verify_iat": False, "verify_nbf": False},
            )
        except (jwt.PyJWTError, ValueError, TypeError, RecursionError) as error:
            raise Unauthenticated from error
        if found["header"].get("typ") != TOKEN_TYPE:
            raise Unauthenticated
        return self._actor(found["payload"])

    def _actor(self, claims: dict[str, Any]) -> Actor:
        user_id, session_id = _uuid(claims["sub"]), _uuid(claims["sid"])
        expires_at = _instant(claims["exp"])
        latest = self._clock() + LEEWAY_S
        if _instant(claims["iat"]) > latest or _instant(claims.get("nbf", 0)) > latest:
            raise Unauthenticated
        return Actor(user_id, session_id, expires_at)


def _uuid(claim: Any) -> UUID:
    found = text.uuid_of(claim) if isinstance(claim, str) else None
    if found is None:
        raise Unauthenticated
    return found


def _instant(claim: Any) -> float:
    if isinstance(claim, bool) or not isinstance(claim, (int, float)) or not abs(claim) < 1e12:
        raise Unauthenticated
    return claim
