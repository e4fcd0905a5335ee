"""The table of all endpoints: what the routes, the OpenAPI document and its tests are made from."""

from typing import Final

from starlette.routing import BaseRoute, Route

from orderflow.http import accounts, docs, health, items, openapi, orders, pages, screens, shops
from orderflow.http.routing import Endpoint, starlette_routes

documented: Final[tuple[Endpoint, ...]] = (
    *accounts.endpoints,
    *shops.endpoints,
    *screens.endpoints,
    *items.endpoints,
    *orders.endpoints,
    *health.endpoints,
)


def routes() -> list[BaseRoute]:
    """All that HTTP answers, the pages included."""
    own = (*documented, openapi.endpoint(documented), *docs.endpoints())
    return [*starlette_routes(own), *pages.routes]


def socket_routes(paths: tuple[str, ...]) -> list[BaseRoute]:
    """Plain HTTP on the paths of WebSockets, which only says that they are WebSockets."""
    return [Route(path, health.upgrade_required, methods=["GET"]) for path in paths]
