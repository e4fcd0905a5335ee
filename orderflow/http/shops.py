"""The endpoints of shops and of their staff."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from pydantic_core import to_json
from starlette.requests import Request
from starlette.responses import Response

from orderflow import errors, shops, staff
from orderflow.http import params
from orderflow.http.body import body
from orderflow.http.params import CURSOR, IF_MATCH, LIMIT
from orderflow.http.replies import if_match, no_content, reply
from orderflow.http.routing import Endpoint, Parameter, actor
from orderflow.schemas import MyShopPage, Shop, ShopChange, ShopNew, ShopPage, StaffMember, StaffNew, StaffPage


async def listed(request: Request) -> Response:
    page = await shops.listed(request.state.db, params.search(request), **_wanted(request))
    return _listed(page)


async def mine(request: Request) -> Response:
    page = await shops.of_user(request.state.db, actor(request).user_id, **_wanted(request))
    return _listed(page)


async def create(request: Request) -> Response:
    wanted = await body(request, ShopNew)
    return _shop(await shops.create(request.state.db, actor(request).user_id, wanted), 201)


async def get(request: Request) -> Response:
    return _shop(await shops.get(request.state.db, params.path_shop(request)))


async def change(request: Request) -> Response:
    wanted, condition = await body(request, ShopChange), if_match(request)
    matches = condition.matches if condition else None
    user, shop = actor(request).user_id, params.path_shop(request)
    return _shop(await shops.change(request.state.db, user, shop, wanted, matches=matches))


async def list_staff(request: Request) -> Response:
    page = await staff.listed(request.state.db, actor(request).user_id, params.path_shop(request), **_wanted(request))
    return reply(StaffPage(data=page.members, next_cursor=_cursor(page.last)))


async def add_staff(request: Request) -> Response:
    wanted = await body(request, StaffNew)
    member, is_new = await staff.add(request.state.db, actor(request).user_id, params.path_shop(request), wanted)
    return reply(member, 201 if is_new else 200)


async def remove_staff(request: Request) -> Response:
    member, shop = params.path_id(request, "user_id"), params.path_shop(request)
    await staff.remove(request.state.db, actor(request).user_id, shop, member)
    return no_content()


def _wanted(request: Request) -> Mapping[str, Any]:
    return {"behind": params.text_cursor(request), "limit": params.limit(request)}


def _shop(shop: shops.ShopDocument, status: int = 200) -> Response:
    return reply(shop.text.encode(), status, version=shop.version)


def _listed(page: shops.Page) -> Response:
    return reply(b'{"data":[%b],"next_cursor":%b}' % (",".join(page.texts).encode(), to_json(_cursor(page.last))))


def _cursor(last: tuple[str, UUID] | None) -> str | None:
    return params.next_cursor(last[1], last[0]) if last else None


_Q: Final = Parameter("q", "Only shops with this in their name, in either case.", {"type": "string", "maxLength": 80})
_SHOPS: Final = ("shops",)
_STAFF: Final = ("staff",)
_OF_OWNER: Final = (errors.NotFound, errors.Forbidden)

endpoints: Final = (
    Endpoint(
        "GET",
        "/v1/shops",
        listed,
        "List the shops, by name",
        access="anyone",
        answer=ShopPage,
        query=(_Q, LIMIT, CURSOR),
        tags=_SHOPS,
    ),
    Endpoint(
        "POST",
        "/v1/shops",
        create,
        "Open a shop",
        body=ShopNew,
        answer=Shop,
        status=201,
        refusals=(errors.Forbidden, errors.SlugTaken),
        tags=_SHOPS,
    ),
    Endpoint(
        "GET",
        "/v1/me/shops",
        mine,
        "List the shops that I own or work for",
        answer=MyShopPage,
        query=(LIMIT, CURSOR),
        tags=_SHOPS,
    ),
    Endpoint("GET", "/v1/shops/{shop}", get, "Read a shop", access="anyone", answer=Shop, tags=_SHOPS),
    Endpoint(
        "PATCH",
        "/v1/shops/{shop}",
        change,
        "Change a shop",
        body=ShopChange,
        answer=Shop,
        refusals=(*_OF_OWNER, errors.VersionMismatch, errors.SlugTaken, errors.CurrencyFixed),
        headers=(IF_MATCH,),
        tags=_SHOPS,
    ),
    Endpoint(
        "GET",
        "/v1/shops/{shop}/staff",
        list_staff,
        "List a shop's staff, its owner first",
        answer=StaffPage,
        refusals=_OF_OWNER,
        query=(LIMIT, CURSOR),
        tags=_STAFF,
    ),
    Endpoint(
        "POST",
        "/v1/shops/{shop}/staff",
        add_staff,
        "Add somebody to a shop's staff",
        body=StaffNew,
        answer=StaffMember,
        status=201,
        also=(200,),
        refusals=(*_OF_OWNER, errors.UserNotFound),
        tags=_STAFF,
    ),
    Endpoint(
        "DELETE",
        "/v1/shops/{shop}/staff/{user_id}",
        remove_staff,
        "Take somebody off a shop's staff",
        status=204,
        refusals=(*_OF_OWNER, errors.OwnerIsStaff),
        tags=_STAFF,
    ),
)
