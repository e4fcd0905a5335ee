"""The endpoints of orders and of a shop's feed."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from pydantic_core import to_json
from starlette.requests import Request
from starlette.responses import Response

from orderflow import errors, orders
from orderflow.http import params
from orderflow.http.body import body
from orderflow.http.params import CURSOR, IDEMPOTENCY_KEY, IF_MATCH, LIMIT
from orderflow.http.replies import if_match, reply
from orderflow.http.routing import Endpoint, Parameter, actor
from orderflow.lifecycle import STATUSES
from orderflow.schemas import EventPage, Order, OrderMove, OrderNew, OrderPage, Timeline

LISTED: Final = (*STATUSES, "active")


async def place(request: Request) -> Response:
    wanted, key = await body(request, OrderNew), params.idempotency_key(request)
    order = await orders.place(
        request.state.db, actor(request).user_id, params.path_shop(request), wanted, key=key, limits=_limits(request)
    )
    return reply(order.text.encode(), 201, {"location": f"/v1/orders/{order.id}"}, version=order.version)


async def move(request: Request) -> Response:
    wanted, condition = await body(request, OrderMove), if_match(request)
    order = await orders.move(
        request.state.db,
        actor(request).user_id,
        params.path_id(request, "order"),
        wanted,
        recall=timedelta(minutes=request.state.settings.recall_minutes),
        hold=timedelta(seconds=request.state.settings.ready_email_hold_seconds),
        matches=condition.matches if condition else None,
    )
    return reply(order.text.encode(), version=order.version)


async def get(request: Request) -> Response:
    order = await orders.get(request.state.db, actor(request).user_id, params.path_id(request, "order"))
    return reply(order.text.encode(), version=order.version)


async def of_shop(request: Request) -> Response:
    wanted = _wanted(request)
    page = await orders.of_shop(request.state.db, actor(request).user_id, params.path_shop(request), **wanted)
    return _listed(page)


async def of_customer(request: Request) -> Response:
    page = await orders.of_customer(request.state.db, actor(request).user_id, **_wanted(request))
    return _listed(page)


async def timeline(request: Request) -> Response:
    return reply(await orders.timeline(request.state.db, actor(request).user_id, params.path_id(request, "order")))


async def shop_events(request: Request) -> Response:
    wanted = {"after": params.after(request), "limit": params.limit(request)}
    page = await orders.shop_events(request.state.db, actor(request).user_id, params.path_shop(request), **wanted)
    text = f'{{"data":[{",".join(page.frames)}],"epoch":"{page.epoch}","head":{page.head}}}'
    return reply(text.encode())


def _limits(request: Request) -> orders.Limits:
    settings = request.state.settings
    return orders.Limits(settings.open_orders_per_customer, settings.staff_emails_per_hour)


def _wanted(request: Request) -> Mapping[str, Any]:
    return {
        "status": params.status(request, LISTED),
        "behind": params.cursor(request),
        "limit": params.limit(request),
    }


def _listed(page: orders.Page) -> Response:
    cursor = to_json(params.next_cursor(page.last) if page.last else None)
    return reply(b'{"data":[%b],"next_cursor":%b}' % (",".join(page.texts).encode(), cursor))


_STATUS: Final = Parameter("status", "Only these orders.", {"type": "string", "enum": list(LISTED)})
_AFTER: Final = Parameter("after", "Events after this seq.", {"type": "integer", "minimum": 0, "default": 0})
_TAGS: Final = ("orders",)

endpoints: Final = (
    Endpoint(
        "POST",
        "/v1/shops/{shop}/orders",
        place,
        "Place an order",
        body=OrderNew,
        answer=Order,
        status=201,
        refusals=(
            errors.NotFound,
            errors.IdempotencyKeyReused,
            errors.ShopPaused,
            errors.ItemUnavailable,
            errors.TotalChanged,
            errors.TooManyOpenOrders,
            errors.OutOfStock,
            errors.RateLimited,
        ),
        headers=(IDEMPOTENCY_KEY,),
        answer_headers=(Parameter("Location", "The address of the order.", {"type": "string"}),),
        tags=_TAGS,
    ),
    Endpoint(
        "GET",
        "/v1/shops/{shop}/orders",
        of_shop,
        "List a shop's orders, newest first",
        answer=OrderPage,
        refusals=(errors.NotFound, errors.Forbidden),
        query=(_STATUS, LIMIT, CURSOR),
        tags=_TAGS,
    ),
    Endpoint(
        "GET",
        "/v1/orders",
        of_customer,
        "List the orders that I placed, newest first",
        answer=OrderPage,
        query=(_STATUS, LIMIT, CURSOR),
        tags=_TAGS,
    ),
    Endpoint(
        "GET",
        "/v1/orders/{order}",
        get,
        "Read an order",
        answer=Order,
        refusals=(errors.NotFound,),
        tags=_TAGS,
    ),
    Endpoint(
        "PATCH",
        "/v1/orders/{order}",
        move,
        "Move an order",
        body=OrderMove,
        answer=Order,
        refusals=(
            errors.NotFound,
            errors.Forbidden,
            errors.VersionMismatch,
            errors.ReasonRequired,
            errors.InvalidTransition,
            errors.OutOfStock,
        ),
        headers=(IF_MATCH,),
        tags=_TAGS,
    ),
    Endpoint(
        "GET",
        "/v1/orders/{order}/events",
        timeline,
        "Read what happened to an order",
        answer=Timeline,
        refusals=(errors.NotFound,),
        tags=_TAGS,
    ),
    Endpoint(
        "GET",
        "/v1/shops/{shop}/events",
        shop_events,
        "Read a shop's feed after a seq",
        answer=EventPage,
        refusals=(errors.NotFound, errors.Forbidden),
        query=(_AFTER, LIMIT),
        tags=_TAGS,
    ),
)
