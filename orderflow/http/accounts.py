"""The endpoints of accounts and sessions. Refresh tokens travel in bodies, or in a cookie that no script can read."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from orderflow import accounts, erasure, errors, origins, sessions
from orderflow.credentials import Actor
from orderflow.http import headers
from orderflow.http.body import body, optional_body
from orderflow.http.replies import no_content, reply
from orderflow.http.routing import Endpoint, Parameter, actor, bearer_token
from orderflow.schemas import Login, Logout, MeChange, MeErase, Refresh, Register, Session, User
from orderflow.sessions import Grant

COOKIE: Final = "orderflow_refresh"


async def register(request: Request) -> Response:
    wanted = await body(request, Register)
    return reply(await accounts.register(request.state.db, request.state.hasher, wanted), 201)


async def login(request: Request) -> Response:
    wanted = await body(request, Login)
    grant = await accounts.login(request.state.db, request.state.hasher, wanted, _lifetime(request))
    return _session(request, grant, in_cookie=wanted.cookie)


async def refresh(request: Request) -> Response:
    wanted = await optional_body(request, Refresh)
    given = wanted.refresh_token if wanted else None
    token = _cookie(request) if given is None else given
    grant = await sessions.refresh(
        request.state.db, request.state.ended, token, _lifetime(request), in_cookie=given is None
    )
    return _session(request, grant, in_cookie=given is None)


async def logout(request: Request) -> Response:
    wanted = await optional_body(request, Logout)
    # A foreign page signs nobody out with the cookie that the browser adds; its answer is the same.
    in_cookie = request.cookies.get(COOKIE) if _is_own_page(request) else None
    token = (wanted and wanted.refresh_token) or in_cookie
    await sessions.logout(request.state.db, request.state.ended, token, _session_id(request))
    return _signed_out(request)


async def me(request: Request) -> Response:
    return reply(await accounts.me(request.state.db, actor(request)))


async def change(request: Request) -> Response:
    wanted = await body(request, MeChange)
    return reply(await accounts.change(request.state.db, actor(request), wanted))


async def erase(request: Request) -> Response:
    wanted = await body(request, MeErase)
    state = request.state
    verify, data = state.hasher.verify, state.settings.orderflow_data
    await erasure.erase(state.db, verify, state.ended, actor(request), wanted.password, data)
    return _signed_out(request)


def _session(request: Request, grant: Grant, *, in_cookie: bool) -> Response:
    tokens, more = request.state.tokens, {"cache-control": "no-store"}
    if in_cookie:
        more["set-cookie"] = _set_cookie(request, grant.refresh_token, int(_lifetime(request).total_seconds()))
    access_token, _ = tokens.issue(UUID(grant.user.id), grant.session_id)
    session = Session(
        access_token=access_token,
        expires_in=tokens.expires_in,
        refresh_token=None if in_cookie else grant.refresh_token,
        user=grant.user,
    )
    return reply(session, headers=more)


def _cookie(request: Request) -> str:
    """The refresh token that a browser added by itself, if it was one of our pages that asked.

    Raises:
        Forbidden: it was the page of somebody else.
        BadRefreshToken: there is none.
    """
    token = request.cookies.get(COOKIE)
    if not token:
        raise errors.BadRefreshToken
    if not _is_own_page(request):
        raise errors.Forbidden("Only a page of this service may refresh by cookie.")
    return token


def _signed_out(request: Request) -> Response:
    return no_content({"set-cookie": _set_cookie(request, "", 0)} if _is_own_page(request) else None)


def _is_own_page(request: Request) -> bool:
    given = [value.decode("latin-1") for value in headers.values(request.scope, b"origin")]
    host = request.headers.get("host")
    return not given or (len(given) == 1 and origins.is_own(given[0], host, request.state.settings))


def _set_cookie(request: Request, token: str, max_age_s: int) -> str:
    secure = "; Secure" if request.state.settings.public_url.startswith("https://") else ""
    return f"{COOKIE}={token}; HttpOnly; Max-Age={max_age_s}; Path=/v1/auth; SameSite=Strict{secure}"


def _lifetime(request: Request) -> timedelta:
    return timedelta(days=request.state.settings.refresh_token_expire_days)


def _session_id(request: Request) -> UUID | None:
    """The session of the access token, expired or not; None for whatever else is there."""
    try:
        token = bearer_token(request)
        found: Actor | None = request.state.tokens.read(token) if token else None
    except errors.Unauthenticated:
        return None
    return found.session_id if found else None


_TAGS: Final = ("accounts",)
_SET_COOKIE: Final = Parameter("Set-Cookie", "The refresh token, where it travels in a cookie; emptied by a logout.")

endpoints: Final = (
    Endpoint(
        "POST",
        "/v1/auth/register",
        register,
        "Make an account",
        access="anyone",
        body=Register,
        answer=User,
        status=201,
        refusals=(errors.EmailTaken,),
        tags=_TAGS,
    ),
    Endpoint(
        "POST",
        "/v1/auth/login",
        login,
        "Sign in",
        access="anyone",
        body=Login,
        answer=Session,
        refusals=(errors.BadCredentials,),
        answer_headers=(_SET_COOKIE,),
        tags=_TAGS,
        description="With `cookie: true` the refresh token goes into an HttpOnly cookie and is null in the body.",
    ),
    Endpoint(
        "POST",
        "/v1/auth/refresh",
        refresh,
        "Exchange a refresh token for the next",
        access="own",
        body=Refresh,
        body_required=False,
        answer=Session,
        refusals=(errors.BadRefreshToken, errors.Forbidden),
        answer_headers=(_SET_COOKIE,),
        tags=_TAGS,
        description="A token in the body works once: used again, it ends its session. Without one the cookie counts.",
    ),
    Endpoint(
        "POST",
        "/v1/auth/logout",
        logout,
        "Sign out",
        access="own",
        body=Logout,
        body_required=False,
        status=204,
        answer_headers=(_SET_COOKIE,),
        tags=_TAGS,
        description="Ends the session of the token in the body, in the cookie or in the header, whatever their state.",
    ),
    Endpoint("GET", "/v1/me", me, "Read my account", answer=User, tags=_TAGS),
    Endpoint("PATCH", "/v1/me", change, "Change my account", body=MeChange, answer=User, tags=_TAGS),
    Endpoint(
        "DELETE",
        "/v1/me",
        erase,
        "Erase my account",
        body=MeErase,
        status=204,
        refusals=(errors.WrongPassword, errors.OwnsShops, errors.OpenOrders),
        answer_headers=(_SET_COOKIE,),
        tags=_TAGS,
        description="For good: name, address, notes and reasons leave the orders too, whose figures the shops keep. "
        "All sessions end, and the address may be registered anew.",
    ),
)
