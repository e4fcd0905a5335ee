"""Reading orders: lists by pages, who may see what, the timeline of an order and the feed of a shop."""

from typing import Any

from orderflow.schemas import EventPage, Order, Timeline
from tests.people import Api, Person, Shop, good, refused

NOBODYS = "01930000-0000-7000-8000-00000000000a"


async def _staffed(api: Api, cafe: Shop) -> Person:
    eve = await api.register("Eve")
    good(await cafe.owner.post(f"{cafe.path}/staff", {"email": eve.user["email"]}), 201)
    return eve


async def _all(who: Person, path: str, limit: int) -> list[list[dict[str, Any]]]:
    pages, query = [], ""
    while True:
        page = good(await who.get(f"{path}?limit={limit}{query}"))
        pages.append(page["data"])
        if page["next_cursor"] is None:
            return pages
        query = f"&cursor={page['next_cursor']}"


async def test_lists_show_the_newest_first_page_by_page_and_every_order_once(api: Api) -> None:
    cafe, bar = await api.shop(), await api.shop("Bar")
    ada, bob = await api.register(), await api.register()
    orders = [await (ada if n % 2 else bob).order(cafe.shop, cafe.item) for n in range(7)]
    elsewhere = await ada.order(bar.shop, bar.item)
    newest = sorted(orders, key=lambda order: order["id"], reverse=True)

    assert await _all(cafe.owner, f"{cafe.path}/orders", 3) == [newest[:3], newest[3:6], newest[6:]]
    assert await _all(cafe.owner, f"/v1/shops/{cafe.shop['slug']}/orders", 7) == [newest]
    mine = [elsewhere, *(order for order in newest if order["customer"]["id"] == ada.user["id"])]
    assert await _all(ada, "/v1/orders", 2) == [mine[:2], mine[2:]]
    assert await _all(ada, "/v1/orders", 100) == [mine]
    assert good(await cafe.owner.get("/v1/orders")) == {"data": [], "next_cursor": None}


async def test_a_page_goes_on_where_the_one_before_ended_whatever_came_in_between(api: Api) -> None:
    cafe = await api.shop()
    ada = await api.register()
    old = [await ada.order(cafe.shop, cafe.item) for _ in range(3)]
    newest = sorted((order["id"] for order in old), reverse=True)

    page = good(await ada.get("/v1/orders?limit=1"))
    await ada.order(cafe.shop, cafe.item)
    rest = good(await ada.get(f"/v1/orders?limit=5&cursor={page['next_cursor']}"))

    assert [order["id"] for order in page["data"] + rest["data"]] == newest


async def test_a_list_shows_one_status_or_all_that_is_active(api: Api) -> None:
    cafe = await api.shop()
    ada = await api.register()
    moves: list[tuple[str, ...]] = [(), ("preparing",), ("ready",), ("ready", "picked_up"), ("cancelled",)]
    for way in moves:
        order = await ada.order(cafe.shop, cafe.item)
        for status in way:
            await cafe.owner.move(order, status, **({"reason": "no milk"} if status == "cancelled" else {}))

    for path, who in ((f"{cafe.path}/orders", cafe.owner), ("/v1/orders", ada)):
        for number, status in enumerate(("pending", "preparing", "ready", "picked_up", "cancelled"), 1):
            page = good(await who.get(f"{path}?status={status}"))["data"]
            assert [(order["number"], order["status"]) for order in page] == [(number, status)]
        active = good(await who.get(f"{path}?status=active"))["data"]
        assert {order["status"] for order in active} == {"pending", "preparing", "ready"}
        assert len(good(await who.get(path))["data"]) == 5


async def test_a_bad_query_is_invalid_and_names_itself(api: Api) -> None:
    ada = await api.register()

    for query in (
        *("limit=0", "limit=101", "limit=-1", "limit=", "limit=ten", "limit=1.0", "limit=1&limit=2", "limit=%D9%A1"),
        "limit=" + "9" * 5000,
        *("status=", "status=placed", "status=Active", "status=active&status=ready", "status=%00"),
        *("cursor=", "cursor=x", "cursor=%00", "cursor=%ff", "cursor=AAAA", "cursor=" + "A" * 300),
        *("cursor=AaIEcCWLfkWUM3IPQskI2A%3D%3D", "cursor=AaIEcCWLfkWUM3IPQskI2Ab"),
    ):
        problem = refused(await ada.get(f"/v1/orders?{query}"), 422, "invalid")
        assert [error["pointer"] for error in problem["errors"]] == ["?" + query.partition("=")[0]]


async def test_an_unknown_query_parameter_is_ignored(api: Api) -> None:
    ada = await api.register()

    assert good(await ada.get("/v1/orders?after=x&page=7&limit=1")) == {"data": [], "next_cursor": None}


async def test_an_order_is_for_its_customer_and_the_staff_of_its_shop_only(api: Api) -> None:
    cafe, bar = await api.shop(), await api.shop("Bar")
    ada, bob = await api.register(), await api.register()
    eve = await _staffed(api, cafe)
    order = await ada.order(cafe.shop, cafe.item)
    path = f"/v1/orders/{order['id']}"

    for who in (ada, cafe.owner, eve):
        assert good(await who.get(path)) == order
        assert good(await who.get(f"{path}/events"))["data"] != []
    for who in (bob, bar.owner):
        refused(await who.get(path), 404, "not_found")
        refused(await who.get(f"{path}/events"), 404, "not_found")
        refused(await who.patch(path, {"status": "cancelled"}), 404, "not_found")
    refused(await api.client.get(path), 401, "unauthenticated")
    for who in (ada, bob, bar.owner):
        refused(await who.get(f"{cafe.path}/orders"), 403, "forbidden")
        refused(await who.get(f"{cafe.path}/events"), 403, "forbidden")
    refused(await bob.get(f"/v1/shops/{NOBODYS}/orders"), 404, "not_found")
    good(await cafe.owner.delete(f"{cafe.path}/staff/{eve.user['id']}"), 204)
    refused(await eve.get(path), 404, "not_found")
    refused(await eve.get(f"{cafe.path}/orders"), 403, "forbidden")


async def test_a_name_of_no_order_is_not_found(api: Api) -> None:
    ada = await api.register()

    for name in ("x", "1", NOBODYS, NOBODYS.replace("-", ""), "9" * 5000, "%00", "%20", "..%2F..%2F"):
        refused(await ada.get(f"/v1/orders/{name}"), 404, "not_found")
        refused(await ada.get(f"/v1/orders/{name}/events"), 404, "not_found")
        refused(await ada.patch(f"/v1/orders/{name}", {"status": "cancelled"}), 404, "not_found")


async def test_the_timeline_tells_what_happened_oldest_first(api: Api) -> None:
    cafe = await api.shop()
    ada = await api.register()
    order = await ada.order(cafe.shop, cafe.item)
    for status in ("preparing", "ready", "preparing"):
        order = await cafe.owner.move(order, status)
    order = await cafe.owner.move(order, "cancelled", reason='"no" milk')

    told = good(await ada.get(f"/v1/orders/{order['id']}/events"))

    assert [(e["event"], e["from"], e["to"], e["by"], e["reason"]) for e in told["data"]] == [
        ("placed", None, "pending", "customer", None),
        ("moved", "pending", "preparing", "shop", None),
        ("moved", "preparing", "ready", "shop", None),
        ("moved", "ready", "preparing", "shop", None),
        ("moved", "preparing", "cancelled", "shop", '"no" milk'),
    ]
    assert told["next_cursor"] is None
    assert [e["at"] for e in told["data"]] == sorted(e["at"] for e in told["data"])
    assert (told["data"][0]["at"], told["data"][-1]["at"]) == (order["placed_at"], order["cancelled_at"])
    Timeline.model_validate(told)


async def test_the_feed_of_a_shop_tells_every_change_as_it_was_then(api: Api) -> None:
    cafe = await api.shop(stock=1)
    ada = await api.register()
    eve = await _staffed(api, cafe)
    start = good(await eve.get(f"{cafe.path}/events"))["head"]

    placed = await ada.order(cafe.shop, cafe.item)
    ready = await cafe.owner.move(placed, "ready")
    shop = good(await cafe.owner.patch(cafe.path, {"name": "Bar"}))
    cancelled = await cafe.owner.move(placed, "cancelled", reason="no milk")
    page = good(await eve.get(f"{cafe.path}/events?after={start}"))

    events = page["data"]
    assert [event["seq"] for event in events] == list(range(start + 1, start + 6))
    assert [event["type"] for event in events] == ["item", "order", "order", "shop", "order"]
    assert (events[0]["item"]["sold_out"], "stock" in events[0]["item"]) == (True, False)
    assert [events[n].get("order") for n in (1, 2, 4)] == [placed, ready, cancelled]
    assert events[3]["shop"] == shop
    assert page["head"] == start + 5
    EventPage.model_validate(page)
    for order in (placed, ready, cancelled):
        Order.model_validate(order)


async def test_the_feed_is_read_from_any_seq_as_often_as_one_likes(api: Api) -> None:
    cafe = await api.shop()
    for price in range(400, 410):
        good(await cafe.owner.patch(f"{cafe.path}/items/{cafe.item['id']}", {"price_minor": price}))
    whole = good(await cafe.owner.get(f"{cafe.path}/events?limit=100"))

    assert [event["seq"] for event in whole["data"]] == list(range(1, 12))
    for after, limit in ((0, 3), (3, 100), (11, 5), (12, 5), (2**63 - 1, 1)):
        page = good(await cafe.owner.get(f"{cafe.path}/events?after={after}&limit={limit}"))
        assert page == {**whole, "data": whole["data"][after : after + limit]}
    for bad in ("-1", "", "x", "1.0", str(2**63), "9" * 50, "%D9%A1"):
        problem = refused(await cafe.owner.get(f"{cafe.path}/events?after={bad}"), 422, "invalid")
        assert problem["errors"][0]["pointer"] == "?after"


async def test_head_answers_as_get_would_without_a_body(api: Api) -> None:
    cafe = await api.shop()
    ada = await api.register()
    order = await ada.order(cafe.shop, cafe.item)

    for path in (f"/v1/orders/{order['id']}", "/v1/orders", f"/v1/orders/{order['id']}/events"):
        head, get = await ada.request("HEAD", path), await ada.get(path)
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["content-length"] == get.headers["content-length"]
        assert head.headers.get("etag") == get.headers.get("etag")
