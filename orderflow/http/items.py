"""The endpoints of items."""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from orderflow import errors, items
from orderflow.http import params
from orderflow.http.body import body
from orderflow.http.params import IF_MATCH
from orderflow.http.replies import if_match, no_content, reply
from orderflow.http.routing import Endpoint, actor, actor_or_none
from orderflow.schemas import ItemChange, ItemNew, ItemPage, StockedItem


async def listed(request: Request) -> Response:
    who = actor_or_none(request)
    found = await items.listed(request.state.db, who.user_id if who else None, params.path_shop(request))
    return reply(b'{"data":[%b],"next_cursor":null}' % ",".join(found).encode())


async def create(request: Request) -> Response:
    wanted = await body(request, ItemNew)
    return _item(await items.create(request.state.db, actor(request).user_id, params.path_shop(request), wanted), 201)


async def change(request: Request) -> Response:
    wanted, condition = await body(request, ItemChange), if_match(request)
    item = await items.change(
        request.state.db,
        actor(request).user_id,
        params.path_shop(request),
        params.path_id(request, "item"),
        wanted,
        matches=condition.matches if condition else None,
    )
    return _item(item)


async def archive(request: Request) -> Response:
    shop, item = params.path_shop(request), params.path_id(request, "item")
    await items.archive(request.state.db, actor(request).user_id, shop, item)
    return no_content()


def _item(item: items.ItemDocument, status: int = 200) -> Response:
    return reply(item.text.encode(), status, version=item.version)


_TAGS: Final = ("items",)

endpoints: Final = (
    Endpoint(
        "GET",
        "/v1/shops/{shop}/items",
        listed,
        "List a shop's items; its staff see the stock",
        access="anyone",
        answer=ItemPage,
        tags=_TAGS,
    ),
    Endpoint(
        "POST",
        "/v1/shops/{shop}/items",
        create,
        "Put an item on the menu",
        body=ItemNew,
        answer=StockedItem,
        status=201,
        refusals=(errors.NotFound, errors.Forbidden, errors.TooManyItems),
        tags=_TAGS,
    ),
    Endpoint(
        "PATCH",
        "/v1/shops/{shop}/items/{item}",
        change,
        "Change an item",
        body=ItemChange,
        answer=StockedItem,
        refusals=(errors.NotFound, errors.Forbidden, errors.VersionMismatch),
        headers=(IF_MATCH,),
        tags=_TAGS,
        description="The shop's staff may change `available` and `stock`, its owner all of it.",
    ),
    Endpoint(
        "DELETE",
        "/v1/shops/{shop}/items/{item}",
        archive,
        "Take an item off the menu",
        status=204,
        refusals=(errors.NotFound, errors.Forbidden),
        tags=_TAGS,
    ),
)
