"""A counter board that is opened in the morning and left alone."""

from statistics import median

import pytest
from playwright.async_api import Browser

from tests.people import People
from tests.servers import Server
from tests.working_day import Day, board_of

pytestmark = pytest.mark.server("standing")


async def test_after_twelve_hours_and_two_thousand_orders_the_board_is_as_light_and_as_quick_as_in_the_morning(
    server: Server, browser: Browser, people: People
) -> None:
    shop = await people.shop()
    day = Day(await board_of(browser, server.url, shop.owner), shop.shop, step_s=240)

    hours = await day.run(server.url)

    # In the first two hours the list of what was done lately fills.
    morning, evening = hours[2:5], hours[-3:]
    figures = "\n".join(map(str, hours))
    # Tests that run beside it made the evening half as busy again; what grew with the orders would be thrice as much.
    for name, spare in (("heap_kib", 1.15), ("nodes", 1.15), ("listeners", 1.15), ("busy_ms", 2.2)):
        early, late = (median(getattr(hour, name) for hour in part) for part in (morning, evening))
        assert late <= spare * early, f"{name}\n{figures}"
