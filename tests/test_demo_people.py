"""The people of the demo: how they come, how patient they are with a server, and what they leave behind."""

import asyncio
import random
import statistics
from pathlib import Path

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from orderflow import __main__ as command_line
from orderflow.demo import cafe, letters
from orderflow.demo.api import Api, NoAnswer, Refused, persist, retry_after_s
from orderflow.demo.feed import Feed, listening
from orderflow.demo.pace import MAKING_S, MOST_RATE, RUSH_FACTOR, USUAL_RATE, Arrivals, Pace
from orderflow.demo.poster import WIDTH, poster
from tests.people import People
from tests.scraping import scrape
from tests.servers import Server

DAY_S = 86_400.0
CLOSES = "orderflow_socket_closes_total"


def gaps(pace: Pace, lasting_s: float) -> list[float]:
    """The times between the customers of so long a time."""
    arrivals, now, found = Arrivals(pace, 0.0), 0.0, list[float]()
    while now < lasting_s:
        found.append(arrivals.gap_s(now))
        now += found[-1]
    return found


@pytest.mark.parametrize("rate", [USUAL_RATE, 30.0])
def test_as_many_come_in_a_day_as_were_asked_for_and_in_a_rush_twice_as_many(rate: float) -> None:
    random.seed(7)

    found = gaps(Pace(rate), DAY_S)

    assert DAY_S / 60 * rate * 0.9 < len(found) < DAY_S / 60 * rate * 1.1
    few_minutes = [statistics.fmean(found[at : at + 20]) for at in range(0, len(found) - 20, 20)]
    assert min(few_minutes) < 60 / rate / 2


def test_the_staff_keeps_up_in_the_long_run_and_falls_behind_in_a_rush_only() -> None:
    for pace in (Pace(), Pace(MOST_RATE), Pace(MOST_RATE, speed=100)):
        needed = pace.rate / 60 * MAKING_S / pace.speed

        assert needed * 1.5 < pace.hands
        assert pace.hands < max(7, needed * RUSH_FACTOR)


def test_everybody_has_a_plain_name_and_an_address_that_nobody_reads() -> None:
    everybody = [*cafe.customers(Pace(MOST_RATE).customers), *cafe.STAFF, cafe.OWNER]

    assert len({account.email for account in everybody}) == len(everybody)
    assert all(account.email.endswith("@example.com") and account.name.isalpha() for account in everybody)


def test_what_a_visitor_is_told_fits_a_terminal() -> None:
    text = poster("http://127.0.0.1:8000", "harbour-cafe", "Harbour Café")

    assert max(len(line) for line in text.splitlines()) <= WIDTH
    for account in (cafe.OWNER, cafe.STAFF[0], cafe.CUSTOMER):
        assert account.email in text
    assert cafe.PASSWORD in text


def test_only_old_letters_to_people_of_the_demo_are_thrown_away(tmp_path: Path) -> None:
    for number in range(6):
        (tmp_path / f"{number}.eml").write_text("To: demo.ben@example.com\n\nYour order is ready.")
    (tmp_path / "1.eml").write_text("To: zora@example.org\n\nYour order is ready.")
    # One that is gone, as after an erasure, by the time that it is its turn.
    (tmp_path / "2.eml").unlink()
    (tmp_path / "2.eml").symlink_to("nowhere")

    letters.prune(tmp_path, [b"demo.ben@example.com"], kept=2)

    assert sorted(path.name for path in tmp_path.iterdir()) == ["1.eml", "2.eml", "4.eml", "5.eml"]
    letters.prune(tmp_path / "not there", [], kept=2)


async def test_people_wait_for_as_long_as_a_server_asks_them_to_and_ask_again() -> None:
    asked: list[float] = []

    async def answer(_: Request) -> Response:
        asked.append(asyncio.get_running_loop().time())
        return Response(status_code=503, headers={"Retry-After": "1"}) if len(asked) == 1 else Response("{}")

    async with _client(answer) as client:
        assert await Api(client).ask("POST", "/") == {}

    assert asked[1] - asked[0] >= 1


async def test_people_take_no_for_an_answer_and_tell_a_stranger_from_a_server() -> None:
    async def no(_: Request) -> Response:
        return HTMLResponse("<h1>Not here</h1>", status_code=404)

    async def welcome(_: Request) -> Response:
        return HTMLResponse("<h1>Welcome</h1>")

    async with _client(no) as client:
        with pytest.raises(Refused, match="404"):
            await Api(client).ask("POST", "/")
    async with _client(welcome) as client:
        with pytest.raises(NoAnswer):
            await persist(lambda: Api(client).once("POST", "/"), patience_s=0)


async def test_who_leaves_a_page_of_the_demo_leaves_no_trace_of_a_fault(server: Server, people: People) -> None:
    shop, arrived = await people.shop(), asyncio.Event()

    async with listening(Feed(server.url, f"/ws/shops/{shop.shop['slug']}/menu", lambda _: arrived.set())):
        await arrived.wait()

    async with asyncio.timeout(10):
        while not (seen := await scrape(people.client)).value(CLOSES):
            pass
    assert seen.value(CLOSES, view="menu", code="1001") == 1


@pytest.mark.parametrize(("said", "waited"), [("2", 2.0), ("", 0.0), ("tomorrow", 0.0), ("-1", 0.0), ("9" * 9, 300.0)])
def test_a_wait_that_makes_no_sense_is_not_waited_for(said: str, waited: float) -> None:
    assert retry_after_s(httpx2.Headers({"Retry-After": said})) == waited


@pytest.mark.parametrize(
    "options",
    [("--rate", "0"), ("--rate", "121"), ("--speed", "fast"), ("--url", "example.com"), ("--url", "http://[")],
)
def test_a_pace_or_an_address_that_makes_no_sense_is_explained(
    options: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["orderflow", "demo", *options])

    with pytest.raises(SystemExit, match="2"):
        command_line.main()

    assert f"argument {options[0]}: must be" in capsys.readouterr().err


def _client(endpoint: object) -> httpx2.AsyncClient:
    """A client of a server that answers everything like this."""
    server = Starlette(routes=[Route("/", endpoint, methods=["POST"])])  # type: ignore[arg-type]  # a handler
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app=server), base_url="http://127.0.0.1")
