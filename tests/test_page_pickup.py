"""The screen on the wall, which everybody reads and nobody attends."""

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from playwright.async_api import Browser, Page, Route, WebSocketRoute, expect

from tests.browsing import expect_live, visitor
from tests.listening import hear, listen
from tests.people import People, Shop, good
from tests.servers import Server

pytestmark = pytest.mark.server("standing")

SCREENS = {
    "tablet": (1024, 768),
    "wall": (1920, 1080),
    "4K": (3840, 2160),
    "portrait": (1080, 1920),
    "phone": (360, 740),
}
TODAY = "2026-11-27"
NOON = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)

# Numbers that stick out of their half or touch each other, and whether anything has to be scrolled.
_MISPLACED = """() => {
    const wrong = [];
    for (const half of document.querySelectorAll(".called")) {
        const room = half.querySelector(".numbers").getBoundingClientRect();
        const boxes = [...half.querySelectorAll(".number")].map((each) => each.getBoundingClientRect());
        boxes.forEach((box, index) => {
            const isOut =
                box.left < room.left - 1 || box.right > room.right + 1 ||
                box.top < room.top - 1 || box.bottom > room.bottom + 1;
            const next = boxes[index + 1];
            if (isOut || (next && next.top < box.bottom - 1 && next.left < box.right - 1)) wrong.push(index);
        });
    }
    const { scrollHeight, scrollWidth } = document.documentElement;
    return [wrong, scrollHeight - innerHeight, scrollWidth - innerWidth];
}"""
# The contrast of each text with what is behind it, as WCAG reckons it, where it is less than 7 : 1.
_FAINT = """() => {
    const channels = (colour) => colour.match(/[\\d.]+/g).map(Number);
    const light = (colour) => {
        const straight = (v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
        const [r, g, b] = channels(colour).map((value) => straight(value / 255));
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const behind = (element) => {
        for (let at = element; at; at = at.parentElement) {
            const colour = getComputedStyle(at).backgroundColor;
            if (channels(colour)[3] !== 0) return colour;
        }
        return "rgb(255, 255, 255)";
    };
    const faint = [];
    const hasText = (each) => [...each.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    const texts = [...document.body.querySelectorAll("*")].filter(
        (each) => each.checkVisibility() && (hasText(each) || each.matches(".tool")));
    for (const each of texts) {
        const [a, b] = [light(getComputedStyle(each).color), light(behind(each))];
        const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
        if (contrast < 7) faint.push([each.className, each.textContent.slice(0, 30), contrast]);
    }
    return [texts.length, faint];
}"""
_FRAME = """() => JSON.stringify([...document.querySelectorAll(".masthead, .tool, .clock, .called, .called h2")]
    .map((each) => each.getBoundingClientRect()))"""


class Channel:
    """A pickup channel whose frames the test writes, at noon of one day."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self._address = ""
        self._socket: WebSocketRoute | None = None
        self._orders: list[dict[str, Any]] = []
        self._seq = 1

    async def open(self, server: Server, shop: Shop) -> None:
        """Stand between the page and its server."""
        self._address = f"{server.url}/shops/{shop.shop['slug']}/pickup"
        await self.page.clock.install(time=NOON)
        await self.page.route_web_socket("**/ws/**", self._begin)

    async def show(self, *, preparing: int = 0, ready: int = 0, first: int = 1, others: tuple[Any, ...] = ()) -> None:
        """Open the page anew, with so many numbers from the first on, those that are ready before the others."""
        statuses = ["ready"] * ready + ["preparing"] * preparing
        self._orders = [{"day": TODAY, "number": first + n, "status": status} for n, status in enumerate(statuses)]
        self._orders += [{"day": day, "number": number, "status": status} for day, number, status in others]
        await self.page.goto(self._address)
        await expect_live(self.page)
        await expect(self.page.locator("#numbers-ready > li")).not_to_have_count(0)

    def tell(self, number: int, status: str | None) -> None:
        """Send one event."""
        self._seq += 1
        self._send({"type": "order", "seq": self._seq, "order": {"day": TODAY, "number": number, "status": status}})

    def _begin(self, socket: WebSocketRoute) -> None:
        self._socket, self._seq = socket, 1
        shop = {"id": "1", "slug": "corner-cafe", "name": "Corner Café"}
        self._send({"type": "snapshot", "epoch": "e", "seq": 1, "shop": shop, "orders": self._orders})
        self._send({"type": "beat", "seq": 1, "head": 1, "every_s": 60})

    def _send(self, frame: dict[str, Any]) -> None:
        assert self._socket is not None
        self._socket.send(json.dumps({**frame, "at": "2026-11-27T12:00:00.000Z"}))


@pytest.fixture
async def channel(server: Server, browser: Browser, people: People) -> Channel:
    """The pickup screen of a shop in Berlin, and what it is told."""
    made = Channel(await (await visitor(browser, server.url)).page())
    await made.open(server, await people.shop())
    return made


async def test_from_one_number_to_sixty_all_are_in_sight_on_every_screen_as_large_as_there_is_room_for(
    channel: Channel,
) -> None:
    page = channel.page
    sizes: list[float] = []
    for preparing, ready in ((0, 1), (3, 4), (9, 12), (20, 40)):
        await channel.show(preparing=preparing, ready=ready, first=80)
        for width, height in SCREENS.values():
            await page.set_viewport_size({"width": width, "height": height})
            await expect(page.locator("#numbers-ready > li")).to_have_count(ready)
            await page.wait_for_function(f"() => JSON.stringify(({_MISPLACED})()) === '[[],0,0]'", timeout=5000)
        await page.set_viewport_size({"width": 1920, "height": 1080})
        # The screen draws in the frame after.
        large = "() => parseFloat(getComputedStyle(document.getElementById('numbers-ready')).fontSize) > 80"
        await page.wait_for_function(large, timeout=5000)
        sizes.append(
            await page.locator("#numbers-ready").evaluate("(list) => parseFloat(getComputedStyle(list).fontSize)")
        )
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[0] > 400


async def test_where_there_are_too_many_numbers_those_that_were_ready_first_make_room_and_are_counted(
    channel: Channel,
) -> None:
    page = channel.page
    await page.set_viewport_size({"width": 1024, "height": 768})
    await channel.show(preparing=150, ready=300)
    channel.tell(301, "ready")
    await expect(page.locator("#numbers-ready [data-new]")).to_have_text("301")

    for status, all_of_them in (("ready", 301), ("preparing", 149)):
        shown = await page.locator(f"#numbers-{status} > li").all_inner_texts()
        hidden = all_of_them - len(shown)
        assert hidden > 0
        await expect(page.locator(f"#also-{status}")).to_have_text(f"+ {hidden} more")
    assert "1" not in await page.locator("#numbers-ready > li").all_inner_texts()
    assert shown[0] == "302", "who ordered last has the longest to wait"
    await page.wait_for_function(f"() => JSON.stringify(({_MISPLACED})()) === '[[],0,0]'", timeout=5000)


async def test_numbers_of_the_day_before_stand_apart_and_are_named(channel: Channel) -> None:
    page = channel.page
    old = (("2026-11-26", 2, "ready"), ("2026-11-26", 87, "ready"), ("2026-11-26", 88, "preparing"))

    await channel.show(preparing=1, ready=2, others=old)

    await expect(page.locator("#numbers-ready > li")).to_have_text(["1", "2"])
    await expect(page.locator("#also-ready")).to_have_text("From Thursday: 2, 87")
    await expect(page.locator("#also-preparing")).to_have_text("From Thursday: 88")


async def test_everything_on_the_screen_can_be_read_by_those_who_see_little_by_day_and_by_night(
    channel: Channel,
) -> None:
    page = channel.page
    old = (("2026-11-26", 2, "ready"), ("2026-11-26", 88, "preparing"))
    for scheme in ("light", "dark"):
        await page.emulate_media(color_scheme="light" if scheme == "light" else "dark")
        await channel.show(preparing=3, ready=3, others=old)
        channel.tell(4, "ready")
        await expect(page.locator("#numbers-ready [data-new]")).to_have_text("4")
        count, faint = await page.evaluate(_FAINT)
        assert (count > 12, faint) == (True, [])

        await page.clock.fast_forward(90_000)
        await expect(page.locator(".light")).to_have_attribute("data-level", "late")
        assert (await page.evaluate(_FAINT))[1] == []


async def test_a_number_that_becomes_ready_stands_out_for_a_while_without_blinking_and_moves_nothing_else(
    channel: Channel,
) -> None:
    page = channel.page
    await channel.show(preparing=3, ready=9)
    before = await page.evaluate(_FRAME)
    await expect(page.locator("[data-new]")).to_have_count(0)

    channel.tell(10, "ready")
    await expect(page.locator("#numbers-ready [data-new]")).to_have_text("10")
    endless = "() => document.getAnimations().filter((each) => each.effect.getTiming().iterations > 1).length"
    assert await page.evaluate(endless) == 0
    await page.clock.fast_forward(25_000)
    await expect(page.locator("#numbers-ready [data-new]")).to_have_text("10")
    await page.clock.fast_forward(10_000)
    await expect(page.locator("[data-new]")).to_have_count(0)

    for number in range(1, 10):
        channel.tell(number, None)
    await expect(page.locator("#numbers-ready > li")).to_have_text(["10"])
    assert await page.evaluate(_FRAME) == before


async def test_the_buttons_and_the_pointer_are_gone_unless_somebody_is_there_and_the_chime_is_heard_if_wanted(
    server: Server, browser: Browser, people: People
) -> None:
    shop, customer = await people.shop(), await people.register("Ada")
    page = await (await visitor(browser, server.url)).page()
    await listen(page)
    await page.clock.install()
    await page.goto(f"{server.url}/shops/{shop.shop['slug']}/pickup")
    await expect_live(page)
    assert await page.evaluate("window.loudness()") == 0

    await page.get_by_role("button", name="Sound is off").click()
    await hear(page)
    await page.wait_for_function("() => window.loudness() === 0")
    await page.clock.fast_forward(11_000)
    await expect(page.locator("[data-act=sound]")).to_have_css("opacity", "0")
    await page.mouse.move(500, 500)
    await expect(page.locator("[data-act=sound]")).to_have_css("opacity", "1")

    await shop.owner.move(await customer.order(shop.shop, shop.item), "ready")
    await hear(page)
    await expect(page.locator("#numbers-ready [data-new]")).to_have_text("1")
    assert "Ada" not in await page.content()


async def test_the_clock_is_that_of_the_shop(server: Server, browser: Browser, people: People) -> None:
    shop = await people.shop(time_zone="Asia/Tokyo")
    page = await (await visitor(browser, server.url)).open(f"/shops/{shop.shop['slug']}/pickup")

    def there() -> str:
        return datetime.now(ZoneInfo("Asia/Tokyo")).strftime("%H:%M")

    # A minute may end between two looks.
    await expect(page.locator("#clock")).to_have_text(
        re.compile(f"{there()}|{(datetime.now(ZoneInfo('Asia/Tokyo')) + timedelta(minutes=1)):%H:%M}")
    )


@pytest.mark.server("own")
async def test_after_a_night_without_network_the_screen_shows_what_is_true_without_anybody_touching_it(
    server: Server, browser: Browser, people: People
) -> None:
    # Nine hours from now have to be the same day: numbers of another stand apart.
    offset = (9 - datetime.now(UTC).hour + 12) % 24 - 12
    shop, customer = await people.shop(time_zone=f"Etc/GMT{-offset:+d}"), await people.register()
    orders = [await customer.order(shop.shop, shop.item) for _ in range(3)]
    for order in orders[:2]:
        await shop.owner.move(order, "ready")
    page = await (await visitor(browser, server.url)).page()
    await page.clock.install()
    await page.goto(f"{server.url}/shops/{shop.shop['slug']}/pickup")
    await expect_live(page)

    server.kill()
    for _ in range(18):
        await page.clock.fast_forward(30 * 60_000)
    await expect(page.locator(".light")).to_have_attribute("data-level", "stale")
    await expect(page.get_by_text("Please ask at the counter")).to_be_visible()
    assert (await page.evaluate(_FAINT))[1] == []
    # Still the page, not the browser's own about a network that is away.
    await expect(page.locator("#numbers-ready > li")).to_have_text(["1", "2"])
    server.start()
    await shop.owner.move(orders[0], "picked_up")
    await shop.owner.move(orders[2], "ready")
    await page.clock.fast_forward(20_000)

    await expect_live(page)
    await expect(page.locator("#numbers-ready > li")).to_have_text(["2", "3"])
    await expect(page.locator("#numbers-ready [data-new]")).to_have_text("3")


@pytest.mark.server("own")
async def test_a_screen_loads_itself_anew_after_a_deploy_once_and_not_while_the_server_is_away(
    server: Server, browser: Browser, people: People
) -> None:
    shop = await people.shop()
    page = await (await visitor(browser, server.url)).page()
    await page.clock.install()
    builds = ["aaaa"]
    loads: list[str] = []

    async def deployed(route: Route) -> None:
        if server.process is None or server.process.poll() is not None:
            await route.abort()
            return
        answer = await route.fetch()
        text = re.sub(r'BUILD = "\w+"', f'BUILD = "{builds[-1]}"', await answer.text())
        await route.fulfill(response=answer, body=text)

    await page.route("**/settings.js", deployed)
    page.on("load", lambda page: loads.append(page.url))
    await page.goto(f"{server.url}/shops/{shop.shop['slug']}/pickup")
    await expect_live(page)
    builds.append("bbbb")
    server.kill()
    await page.clock.fast_forward(16 * 60_000)
    await expect(page.locator(".light")).to_have_attribute("data-level", "stale")
    assert len(loads) == 1

    async with page.expect_event("load"):
        server.start()
        await page.clock.fast_forward(20_000)
        await expect_live(page)
        await page.clock.fast_forward(11_000)
    await expect_live(page)

    # Servers of two builds, which answer in turns.
    builds.append("cccc")
    async with page.expect_response("**/settings.js"):
        await page.clock.fast_forward(11_000)
    await expect_live(page)
    assert len(loads) == 2


@pytest.mark.server("own")
async def test_a_screen_that_was_hung_up_before_its_shop_is_there_finds_it_by_itself(
    server: Server, browser: Browser, people: People
) -> None:
    page = await (await visitor(browser, server.url)).page()
    await page.clock.install()
    await page.goto(f"{server.url}/shops/corner-cafe/pickup")
    await expect(page.get_by_role("heading", name="There is no shop at this address")).to_be_visible()

    await people.shop("Corner Café")
    await page.clock.fast_forward(61_000)

    await expect(page.get_by_role("heading", name="Corner Café")).to_be_visible()
    await expect_live(page)


async def test_the_build_changes_with_any_file_of_the_pages_and_with_nothing_else(people: People) -> None:
    first, second = [await people.client.get("/static/board/settings.js") for _ in range(2)]

    assert re.search(r'BUILD = "[0-9a-f]{12}"', first.text)
    assert first.text == second.text
    assert good(await people.client.get("/healthz")) is not None
