"""A shop at work, against a model: whatever happens, in whichever order, each subscriber is told exactly that."""

import asyncio
import itertools
from typing import Any

import httpx2
import pytest
from hypothesis import HealthCheck, Phase
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, rule, run_state_machine_as_test
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from orderflow.settings import Settings
from orderflow.ws import hub, protocol
from orderflow.ws import live as live_set
from tests.faults.fold import View
from tests.feed_listeners import Listener, World
from tests.feed_model import FORWARD, Asker, Item, Model, Order
from tests.live import running
from tests.peers import small_buffers
from tests.people import Shop, good

BEAT_S = 0.1
# Three of its events fill what a socket can hold.
LONG = "☕" * 1000
VIEWS: tuple[View, ...] = ("shop", "pickup", "menu", "customer")
ASKERS: tuple[Asker, ...] = ("staff", "staff", "staff", "its customer", "another")

places = st.integers(0, 1)
some = st.integers(0, 20)
stocks = st.none() | st.integers(0, 3)
item_changes: "st.SearchStrategy[dict[str, Any]]" = st.fixed_dictionaries(
    {},
    optional={"price_minor": st.integers(0, 3), "available": st.booleans(), "stock": stocks, "archived": st.just(True)},
)

_numbers = itertools.count(1)


async def test_every_subscriber_is_told_exactly_what_happened(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "TICK_S", 0.03)
    # About ten events: older ones are read again.
    monkeypatch.setattr(hub, "RING_BYTES", 60_000)
    # Deliveries take several turns, and a socket that nobody reads is full after a few events.
    monkeypatch.setattr(live_set, "TURN", 1)
    monkeypatch.setattr(protocol.WebSocketProtocol, "connection_made", _with_a_small_buffer)
    changed: dict[str, Any] = {"beat_seconds": BEAT_S, "open_orders_per_customer": 0}
    # Without a bus, what happens at one of them never rings at the other.
    async with running(settings, **changed) as here, running(settings, public_url=here.url, **changed) as there:
        small_buffers(here)
        small_buffers(there)
        owner = await here.register("Grace", "shop_owner")
        customers = [await here.register(name) for name in ("Ada", "Bob")]
        world = World(asyncio.get_running_loop(), [here, there], owner, customers)
        await asyncio.to_thread(
            run_state_machine_as_test,
            lambda: Day(world),  # type: ignore[arg-type]  # it takes whatever makes a machine
            settings=hypothesis_settings(
                max_examples=20,
                stateful_step_count=40,
                deadline=None,
                # To make a failure smaller means to wait for a missing frame again and again.
                phases=[Phase.generate],
                # Each step is some requests.
                suppress_health_check=list(HealthCheck),
            ),
        )


def _with_a_small_buffer(self: protocol.WebSocketProtocol, transport: asyncio.Transport) -> None:
    WebSocketsSansIOProtocol.connection_made(self, transport)
    transport.set_write_buffer_limits(high=1024)


class Day(RuleBasedStateMachine):
    """One shop, from its opening on."""

    listeners = Bundle("listeners")

    def __init__(self, world: World) -> None:
        super().__init__()
        self.world = world
        name = f"Shop {next(_numbers)}"
        body = {"name": name, "currency": "EUR", "time_zone": "Europe/Berlin"}
        self.shop = Shop(world.owner, good(world.do(world.owner.post("/v1/shops", body)), 201))
        self.model = Model(name)
        self.everybody: list[Listener] = []
        self.placed: list[tuple[Order, dict[str, Any], str]] = []

    @initialize(place=places)
    def open_the_shop(self, place: int) -> None:
        self._add(None, 300)
        self._add(2, 400)
        for view in VIEWS:
            self.listen(place, view)
        for customer in (0, 1, 0):
            self.order(place, customer, {0: 1})

    @rule(stock=stocks, price_minor=st.integers(0, 3))
    def put_something_on_the_menu(self, stock: int | None, price_minor: int) -> None:
        if len(self.model.items) < 6:
            self._add(stock, price_minor)

    @rule(which=st.integers(1, 5), place=places, changed=item_changes)
    def change_an_item(self, which: int, place: int, changed: dict[str, Any]) -> None:
        item, is_end = self._item(which), "archived" in changed
        path = f"{self.shop.path}/items/{item.id}"
        if is_end:
            good(self.world.ask(self.world.owner, place, "DELETE", path), 204)
            self.model.change_item(item, archived=True)
            return
        answer = self.world.ask(self.world.owner, place, "PATCH", path, changed)
        if item.archived:
            assert answer.status_code == 404
        else:
            self.model.change_item(item, **changed)
            assert item.shown().items() <= good(answer).items()

    @rule(place=places, ordering=st.sampled_from(("open",) * 3 + ("paused",)), name=st.sampled_from(("Café", "Bar")))
    def change_the_shop(self, place: int, ordering: str, name: str) -> None:
        wanted = {"ordering": ordering, "name": name}
        answer = self.world.ask(self.world.owner, place, "PATCH", self.shop.path, wanted)
        self.model.change_shop(**wanted)
        assert self.model.shop.items() <= good(answer).items()

    @rule(
        place=places,
        customer=st.integers(0, 1),
        wanted=st.dictionaries(st.integers(0, 5), st.integers(1, 2), min_size=1, max_size=2),
    )
    def order(self, place: int, customer: int, wanted: dict[int, int]) -> None:
        quantities = {self._item(which).id: quantity for which, quantity in wanted.items()}
        body = {"lines": [{"item_id": each, "quantity": quantity} for each, quantity in quantities.items()]}
        key, refusal = f"key {next(_numbers)}", self.model.refusal_of(quantities)
        answer = self._place(customer, place, body, key)
        if refusal is not None:
            assert (answer.status_code, answer.json()["code"]) == (409, refusal)
        else:
            self.placed.append((self.model.place(good(answer, 201)["id"], customer, quantities), body, key))

    @rule(place=places, which=some)
    def order_once_more_for_want_of_an_answer(self, place: int, which: int) -> None:
        order, body, key = self.placed[which % len(self.placed)]
        assert order.shown().items() <= good(self._place(order.customer, place, body, key), 201).items()

    @rule(place=places, which=some, further=st.integers(0, 2))
    def move_on(self, place: int, which: int, further: int) -> None:
        order = self._order(which)
        if possible := FORWARD[order.status]:
            self._move(order, place, "staff", possible[further % len(possible)], has_reason=True)

    @rule(place=places, which=some)
    def take_the_last_move_back(self, place: int, which: int) -> None:
        order = self._order(which)
        if order.trail:
            self._move(order, place, "staff", order.trail[-1], has_reason=False)

    @rule(
        place=places,
        which=some,
        asker=st.sampled_from(ASKERS),
        to=st.sampled_from(tuple(FORWARD)),
        has_reason=st.booleans(),
    )
    def move_anywhere(self, place: int, which: int, asker: Asker, to: str, has_reason: bool) -> None:
        self._move(self._order(which), place, asker, to, has_reason=has_reason)

    @rule(target=listeners, place=places, view=st.sampled_from(VIEWS))
    def listen(self, place: int, view: View) -> Listener:
        listener = Listener(self.world, self.shop, self.model, view)
        listener.begin(place)
        self.everybody.append(listener)
        return listener

    @rule(listener=listeners)
    def read(self, listener: Listener) -> None:
        listener.read()

    @rule(listener=listeners)
    def take_nothing_in(self, listener: Listener) -> None:
        listener.stall()

    @rule(listener=listeners)
    def leave(self, listener: Listener) -> None:
        listener.leave()

    @rule(listener=listeners, place=places)
    def come_back(self, listener: Listener, place: int) -> None:
        listener.come_back(place)

    def teardown(self) -> None:
        for listener in self.everybody:
            listener.finish()

    def _add(self, stock: int | None, price_minor: int) -> None:
        item = self.world.do(self.shop.add("Tea", price_minor, stock=stock, description=LONG))
        self.model.add_item(Item(item["id"], price_minor, stock))

    def _item(self, which: int) -> Item:
        return list(self.model.items.values())[which % len(self.model.items)]

    def _order(self, which: int) -> Order:
        return list(self.model.orders.values())[which % len(self.model.orders)]

    def _place(self, customer: int, place: int, body: dict[str, Any], key: str) -> httpx2.Response:
        who, path = self.world.customers[customer], f"{self.shop.path}/orders"
        return self.world.ask(who, place, "POST", path, body, Idempotency_Key=key)

    def _move(self, order: Order, place: int, asker: Asker, to: str, *, has_reason: bool) -> None:
        customers = self.world.customers
        another = customers[1 - order.customer]
        who = {"staff": self.world.owner, "its customer": customers[order.customer], "another": another}[asker]
        body = {"status": to} | ({"reason": "no milk"} if has_reason and to == "cancelled" else {})
        answer = self.world.ask(who, place, "PATCH", f"/v1/orders/{order.id}", body)
        expected = self.model.move(order, asker, to, has_reason=has_reason)
        assert (answer.status_code, answer.json().get("code", "")) == expected
        if expected[0] == 200:
            assert order.shown().items() <= answer.json().items()
