"""Moving orders over HTTP: by whom and where to, what each move leaves behind, conditions, recalls."""

from typing import Any

import httpx2
import pytest

from tests.people import Api, Person, Shop, good, refused
from tests.stored import stored

STATUSES = ("pending", "preparing", "ready", "picked_up", "cancelled")
WAYS: dict[str, tuple[str, ...]] = {
    "pending": (),
    "preparing": ("preparing",),
    "ready": ("preparing", "ready"),
    "picked_up": ("ready", "picked_up"),
    "cancelled": ("ready", "cancelled"),
}
FORWARD = {
    "pending": ["preparing", "ready", "cancelled"],
    "preparing": ["ready", "cancelled"],
    "ready": ["picked_up", "cancelled"],
    "picked_up": [],
    "cancelled": [],
}
BACK = {"preparing": "pending", "ready": "preparing", "picked_up": "ready", "cancelled": "ready"}


async def _brought(who: Person, cafe: Shop, status: str, by: Person) -> dict[str, Any]:
    """An order that was placed and then moved there, step by step."""
    order = await who.order(cafe.shop, cafe.item)
    for to in WAYS[status]:
        order = await by.move(order, to, **({"reason": "no milk"} if to == "cancelled" else {}))
    return order


async def _asked(who: Person, order: dict[str, Any], to: str, **headers: str) -> httpx2.Response:
    body = {"status": to, **({"reason": "no beans"} if to == "cancelled" else {})}
    return await who.patch(f"/v1/orders/{order['id']}", body, **headers)


@pytest.mark.parametrize("status", STATUSES)
async def test_everybody_moves_an_order_as_the_table_says_and_nowhere_else(make_api: Any, status: str) -> None:
    api: Api = await make_api(open_orders_per_customer=0)
    cafe = await api.shop()
    ada, bob, eve = [await api.register(name) for name in ("Ada", "Bob", "Eve")]
    good(await cafe.owner.post(f"{cafe.path}/staff", {"email": eve.user["email"]}), 201)
    allowed = FORWARD[status] + ([BACK[status]] if status in BACK else [])

    for customer, staff in ((ada, eve), (cafe.owner, cafe.owner)):
        for to in STATUSES:
            order = await _brought(customer, cafe, status, cafe.owner)
            answer = await _asked(staff, order, to)
            if to == status:
                assert good(answer) == order
            elif to in allowed:
                moved = good(answer)
                assert (moved["status"], moved["version"]) == (to, order["version"] + 1)
            else:
                assert refused(answer, 409, "invalid_transition")["allowed"] == allowed
    order = await _brought(ada, cafe, status, cafe.owner)
    for to in STATUSES[:-1]:
        answer = await _asked(ada, order, to)
        assert good(answer) == order if to == status else refused(answer, 403, "forbidden")
        refused(await _asked(bob, order, to), 404, "not_found")
    cancelled = await _asked(ada, order, "cancelled")
    if status == "pending":
        assert (good(cancelled)["cancelled_by"], good(cancelled)["reason"]) == ("customer", "no beans")
    elif status == "cancelled":
        assert good(cancelled) == order
    else:
        assert refused(cancelled, 409, "invalid_transition")["allowed"] == []


async def test_each_move_leaves_its_time_one_version_and_one_event(api: Api) -> None:
    cafe = await api.shop()
    ada = await api.register()
    order = await ada.order(cafe.shop, cafe.item)
    head = good(await cafe.owner.get(f"{cafe.path}/events"))["head"]

    for version, status in enumerate(("preparing", "ready", "picked_up"), 2):
        moved = await cafe.owner.move(order, status)
        changed = {name: moved[name] for name in moved if moved[name] != order[name]}
        at = moved["updated_at"]
        expected = {"status": status, "version": version, f"{status}_at": at, "updated_at": at}
        assert changed == {name: value for name, value in expected.items() if order[name] != value}
        assert good(await ada.get(f"/v1/orders/{order['id']}")) == moved
        order = moved

    events = good(await cafe.owner.get(f"{cafe.path}/events?after={head}"))["data"]
    assert [(e["from"], e["to"], e["order"]["version"]) for e in events] == [
        ("pending", "preparing", 2),
        ("preparing", "ready", 3),
        ("ready", "picked_up", 4),
    ]
    assert events[-1]["order"] == order
    assert order["placed_at"] <= order["preparing_at"] <= order["ready_at"] <= order["picked_up_at"]


async def test_a_second_tap_changes_nothing_whatever_it_expects(api: Api) -> None:
    cafe = await api.shop()
    ada = await api.register()
    order = await cafe.owner.move(await ada.order(cafe.shop, cafe.item), "ready")

    for who in (cafe.owner, ada):
        again = await _asked(who, order, "ready")
        assert good(again) == order
        assert again.headers["etag"] == '"2"'
        assert good(await _asked(who, order, "ready", If_Match='"1"')) == order
        assert good(await _asked(who, order, "ready", If_Match="nonsense")) == order

    assert len(good(await ada.get(f"/v1/orders/{order['id']}/events"))["data"]) == 2


async def test_a_move_can_ask_for_the_version_that_it_was_meant_for(api: Api) -> None:
    cafe = await api.shop()
    ada = await api.register()
    order = await ada.order(cafe.shop, cafe.item)

    for tag in ('"2"', 'W/"1"', "1", '"1', "", "*, *", '"1"; x', '"01"', '" 1"', '"2", W/"1"', "'1'"):
        refused(await _asked(cafe.owner, order, "preparing", If_Match=tag), 412, "version_mismatch")
    for version, (tag, to) in enumerate(
        [('"1"', "preparing"), ('"7", "2"', "ready"), ("*", "preparing"), ('W/"4","4"', "ready")], 2
    ):
        moved = await _asked(cafe.owner, order, to, If_Match=tag)
        assert (good(moved)["version"], moved.headers["etag"]) == (version, f'"{version}"')


async def test_a_right_comes_before_a_version_and_a_version_before_the_table(api: Api) -> None:
    cafe = await api.shop()
    ada, bob = await api.register(), await api.register()
    order = await ada.order(cafe.shop, cafe.item)
    path = f"/v1/orders/{order['id']}"

    refused(await _asked(bob, order, "ready", If_Match='"9"'), 404, "not_found")
    refused(await _asked(ada, order, "ready", If_Match='"9"'), 403, "forbidden")
    refused(await _asked(cafe.owner, order, "picked_up", If_Match='"9"'), 412, "version_mismatch")
    refused(await cafe.owner.patch(path, {"status": "cancelled"}, If_Match='"9"'), 412, "version_mismatch")
    refused(await bob.patch(path, {"status": "gone"}), 422, "invalid")
    assert refused(await ada.patch(path, {}), 422, "invalid")["errors"][0]["pointer"] == "/status"


async def test_a_shop_says_why_it_cancels_and_nobody_says_why_otherwise(api: Api) -> None:
    cafe = await api.shop()
    ada = await api.register()
    order, other = await ada.order(cafe.shop, cafe.item), await ada.order(cafe.shop, cafe.item)
    path = f"/v1/orders/{order['id']}"

    for nothing in ({}, {"reason": None}, {"reason": " \t"}):
        problem = refused(await cafe.owner.patch(path, {"status": "cancelled", **nothing}), 422, "reason_required")
        assert problem["detail"]
    for bad in ("n" * 201, "a\nb", "a\x00b", 7):
        refused(await cafe.owner.patch(path, {"status": "cancelled", "reason": bad}), 422, "invalid")
    refused(await cafe.owner.patch(path, {"status": "ready", "reason": "quick"}), 422, "invalid")

    cancelled = await cafe.owner.move(order, "cancelled", reason=" no milk ")
    assert (cancelled["cancelled_by"], cancelled["reason"]) == ("shop", "no milk")
    assert cancelled["cancelled_at"] == cancelled["updated_at"]
    withdrawn = await ada.move(other, "cancelled")
    assert (withdrawn["cancelled_by"], withdrawn["reason"]) == ("customer", None)


async def test_staff_cancel_their_own_order_as_its_customer_unless_they_give_a_reason(api: Api) -> None:
    cafe = await api.shop()
    first, second, third = [await cafe.owner.order(cafe.shop, cafe.item) for _ in range(3)]

    assert (await cafe.owner.move(first, "cancelled"))["cancelled_by"] == "customer"
    assert (await cafe.owner.move(second, "cancelled", reason="mistake"))["cancelled_by"] == "shop"
    await cafe.owner.move(third, "preparing")
    refused(await cafe.owner.patch(f"/v1/orders/{third['id']}", {"status": "cancelled"}), 422, "reason_required")


async def test_recalls_take_back_one_move_after_the_other_down_to_the_first(api: Api) -> None:
    cafe = await api.shop()
    ada = await api.register()
    order = await ada.order(cafe.shop, cafe.item)
    states = [order]
    for status in ("preparing", "ready", "picked_up"):
        states.append(await cafe.owner.move(order, status))

    for was in reversed(states[:-1]):
        refused(await _asked(ada, order, was["status"]), 403, "forbidden")
        recalled = await cafe.owner.move(order, was["status"])
        assert {**recalled, "version": 0, "updated_at": ""} == {**was, "version": 0, "updated_at": ""}
        assert recalled["updated_at"] > was["updated_at"]
    assert recalled["version"] == 7
    problem = refused(await _asked(cafe.owner, order, "picked_up"), 409, "invalid_transition")
    assert problem["allowed"] == ["preparing", "ready", "cancelled"]
    skipped = await cafe.owner.move(order, "ready")
    assert (skipped["preparing_at"], skipped["version"]) == (None, 8)
    assert (await cafe.owner.move(order, "pending"))["ready_at"] is None


async def test_a_shops_cancellation_is_recalled_from_wherever_it_came(api: Api) -> None:
    cafe = await api.shop()
    ada = await api.register()

    for status in ("pending", "preparing", "ready"):
        was = await _brought(ada, cafe, status, cafe.owner)
        cancelled = await cafe.owner.move(was, "cancelled", reason="no milk")
        assert refused(await _asked(cafe.owner, was, "picked_up"), 409, "invalid_transition")["allowed"] == [status]
        recalled = await cafe.owner.move(was, status)
        assert {**recalled, "version": 0, "updated_at": ""} == {**was, "version": 0, "updated_at": ""}
        assert cancelled["cancelled_at"] is not None


async def test_a_customers_cancellation_is_for_good(api: Api) -> None:
    cafe = await api.shop()
    ada = await api.register()
    order = await ada.order(cafe.shop, cafe.item)
    await ada.move(order, "cancelled")

    for who in (ada, cafe.owner):
        again = await _asked(who, order, "pending")
        if who is ada:
            refused(again, 403, "forbidden")
        else:
            assert refused(again, 409, "invalid_transition")["allowed"] == []


async def test_a_recall_is_possible_for_as_long_as_is_set(make_api: Any, database_url: str) -> None:
    usual: Api = await make_api()
    patient: Api = await make_api(recall_minutes=45)
    cafe = await usual.shop()
    ada = await usual.register()
    order = await _brought(ada, cafe, "ready", cafe.owner)
    path = f"/v1/orders/{order['id']}"
    headers = {"Authorization": f"Bearer {cafe.owner.token}"}

    async def moved_back(minutes: int) -> None:
        statement = "UPDATE orders SET updated_at = updated_at - make_interval(mins => $1)"
        await stored(database_url, statement, minutes)

    await moved_back(31)
    problem = refused(await cafe.owner.patch(path, {"status": "preparing"}), 409, "invalid_transition")
    assert problem["allowed"] == ["picked_up", "cancelled"]
    good(await patient.client.patch(path, json={"status": "preparing"}, headers=headers))
    # A recall is a move as well: the time counts from the last one.
    await moved_back(29)
    assert (await cafe.owner.move(order, "pending"))["status"] == "pending"
