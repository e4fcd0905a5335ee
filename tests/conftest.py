"""Fixtures: a real PostgreSQL with a fresh database for each test, a real Redis, the application, a browser."""

import asyncio
import itertools
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import asyncpg
import httpx2
import hypothesis
import pytest
from playwright.async_api import Browser
from sqlalchemy.engine import make_url
from starlette.applications import Starlette

from orderflow import embedded, migrations
from orderflow.app import create_app
from orderflow.settings import Settings
from tests import places
from tests.browsing import all_leave
from tests.chromium import WHOLE
from tests.chromium import running as running_browser
from tests.managing import Managing
from tests.people import Api, People
from tests.redis_server import RedisServer
from tests.resend_server import KEY, ResendServer
from tests.servers import SECRET, Server, environment, serving
from tests.stored import beside

ORIGIN = "http://127.0.0.1:8000"

# How long an example takes says more about the machine than about the code.
hypothesis.settings.register_profile("orderflow", deadline=None)
hypothesis.settings.load_profile("orderflow")

_databases = itertools.count(1)
_HAS_FAILED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Remember that a test has failed, for what its fixtures do at its end."""
    report = yield
    if report.failed:
        item.stash[_HAS_FAILED] = True
    return report


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def spare_data() -> Iterator[Path]:
    """A data directory whose database nobody uses, of the newest schema: to copy it is quicker than to make one."""
    with places.reachable() as place:
        with embedded.running(place / "data") as server:
            asyncio.run(migrations.upgrade(server.url))
        yield place / "data"


@pytest.fixture(scope="session")
def postgres(spare_data: Path) -> Iterator[str]:
    """The URL of a private PostgreSQL, with a migrated database to copy."""
    with ExitStack() as stack:
        data = stack.enter_context(places.copy(spare_data))
        # A database for each test is made four times as fast; what is killed here is never the machine. For this
        # server's start only: tests of the embedded PostgreSQL run it as it is.
        with mock.patch.dict(embedded.SERVER_SETTINGS, fsync="off"):
            server = stack.enter_context(embedded.running(data))
        asyncio.run(_run(server.url, f'CREATE DATABASE template_of_tests TEMPLATE "{_name(server.url)}"'))
        yield server.url


@pytest.fixture
async def database_url(postgres: str) -> AsyncIterator[str]:
    """The URL of an empty database of the newest schema, for one test."""
    async with fresh_database(postgres) as url:
        yield url


@asynccontextmanager
async def fresh_database(postgres: str) -> AsyncIterator[str]:
    """The URL of an empty database of the newest schema, for as long as the context lasts."""
    name = f"test_{next(_databases)}"
    # Half the cost of writing each page to the log as well.
    await _run(postgres, f"CREATE DATABASE {name} TEMPLATE template_of_tests STRATEGY file_copy")
    yield _of(postgres, name)
    await _run(postgres, f"DROP DATABASE {name} WITH (FORCE)")


@asynccontextmanager
async def one_server(postgres: str, directory: Path, **settings: str) -> AsyncIterator[Server]:
    """A server with settings of its own for all tests of a file, each of which makes a shop of its own."""
    async with fresh_database(postgres) as url:
        with serving(directory, DATABASE_URL=url, **settings) as running:
            yield running


@pytest.fixture(scope="session")
def redis() -> Iterator[RedisServer]:
    """A private Redis, for tests that leave it as they found it."""
    with RedisServer() as server:
        yield server


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    """The settings of the application under test; change some with `model_copy`."""
    return Settings.model_construct(
        **{
            **Settings.model_construct().model_dump(),
            "database_url": database_url,
            "secret_key": SECRET,
            "public_url": ORIGIN,
            "orderflow_data": tmp_path,
        }
    )


@pytest.fixture
async def make_api(settings: Settings) -> AsyncIterator[Callable[..., Any]]:
    """Makes the whole application, running, as a client of its HTTP: `await make_api(recall_minutes=0.001)`."""
    async with AsyncExitStack() as stack:

        async def make(**changed: Any) -> Api:
            application = create_app(settings.model_copy(update=changed))
            return await stack.enter_async_context(_client(application))

        yield make


@pytest.fixture
async def api(make_api: Callable[..., Any]) -> Api:
    """The whole application, running, as a client of its HTTP."""
    made: Api = await make_api()
    return made


@pytest.fixture
def resend() -> Iterator[ResendServer]:
    """A server that plays Resend."""
    with ResendServer() as server:
        yield server


@pytest.fixture
def make_sender(make_api: Callable[..., Any], resend: ResendServer) -> Callable[..., Any]:
    """Makes the application with e-mails that go to that Resend, twenty a second and without a hold."""

    async def make(**changed: Any) -> Api:
        usual = {"ready_email_hold_seconds": 0, "email_rate_per_second": 20, "resend_api_key": KEY}
        made: Api = await make_api(**{**usual, "resend_api_url": resend.url, **changed})
        return made

    return make


@pytest.fixture
def make_server(database_url: str, tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Starts `orderflow serve`: `make_server("--workers", "2", REDIS_URL=…)`."""
    numbers = itertools.count(1)
    with ExitStack() as stack:

        def make(*options: str, **settings: str) -> Server:
            directory = tmp_path / f"server-{next(numbers)}"
            return stack.enter_context(serving(directory, *options, **{"DATABASE_URL": database_url, **settings}))

        yield make


@pytest.fixture
def run_command(database_url: str, tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs a command of orderflow to its end: `run_command("mails", "--state", "sent")`."""

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "orderflow", *arguments],
            cwd=tmp_path,
            env=environment(tmp_path, DATABASE_URL=database_url),
            capture_output=True,
            check=False,
            text=True,
        )

    return run


@pytest.fixture(scope="session")
def standing(postgres: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The `orderflow serve` of all tests that make shops and people of their own and leave those of others alone."""
    asyncio.run(_run(postgres, "CREATE DATABASE standing TEMPLATE template_of_tests STRATEGY file_copy"))
    with serving(tmp_path_factory.mktemp("standing"), DATABASE_URL=_of(postgres, "standing")) as running:
        yield running


@pytest.fixture
def server(request: pytest.FixtureRequest) -> Server:
    """A running `orderflow serve`: the test's own on a fresh database, or the standing one, if it is marked so."""
    mark = request.node.get_closest_marker("server")
    if mark is not None and mark.args == ("standing",):
        standing: Server = request.getfixturevalue("standing")
        return standing
    made: Server = request.getfixturevalue("make_server")()
    return made


@pytest.fixture
async def people(server: Server) -> AsyncIterator[People]:
    """Who comes to the running server."""
    database_url = server.settings["DATABASE_URL"]
    async with httpx2.AsyncClient(base_url=server.url, timeout=30) as client, beside(database_url) as db:
        yield People(client, db)


@pytest.fixture
async def browser(chromium: Browser, request: pytest.FixtureRequest) -> AsyncIterator[Browser]:
    """A headless Chromium; what a test opens in it is closed with the test, and takes no more time of the others."""
    yield chromium
    # Nobody knows how a test that failed has left them.
    await all_leave(chromium, may_be_lent=not request.node.stash.get(_HAS_FAILED, False))


@pytest.fixture
def manage(server: Server, browser: Browser, people: People) -> Managing:
    """Opens managing pages."""
    return Managing(browser, server.url, people)


@pytest.fixture
async def whole_browser() -> AsyncIterator[Browser]:
    """A Chromium of the test's own, with windows: for what a page does to its screen, and outside of itself."""
    async with running_browser(WHOLE) as running:
        yield running
        await all_leave(running, may_be_lent=False)


@pytest.fixture(scope="session")
async def chromium() -> AsyncIterator[Browser]:
    """The one browser of all tests."""
    async with running_browser() as running:
        yield running


@asynccontextmanager
async def _client(application: Starlette) -> AsyncIterator[Api]:
    ready: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
    done = asyncio.Event()

    # The lifespan begins and ends in one task, as it does under a server.
    async def live() -> None:
        async with application.router.lifespan_context(application) as state:
            ready.set_result(dict(state or {}))
            await done.wait()

    task = asyncio.create_task(live(), name="lifespan")
    first: tuple[asyncio.Future[Any], ...] = (ready, task)
    await asyncio.wait(first, return_when=asyncio.FIRST_COMPLETED)
    if not ready.done():
        task.result()
    state = ready.result()

    async def with_state(scope: Any, receive: Any, send: Any) -> None:
        scope["state"] = dict(state)
        await application(scope, receive, send)

    transport = httpx2.ASGITransport(app=with_state, raise_app_exceptions=True, client=("127.0.0.1", 50_000))
    async with httpx2.AsyncClient(transport=transport, base_url=ORIGIN) as client:
        yield Api(client, state)
    done.set()
    await task


def _of(postgres: str, name: str) -> str:
    return make_url(postgres).set(database=name).render_as_string(hide_password=False)


def _name(url: str) -> str:
    return make_url(url).database or ""


async def _run(url: str, statement: str) -> None:
    plain = make_url(url).set(drivername="postgresql", database="template1")
    connection = await asyncpg.connect(plain.render_as_string(hide_password=False))
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
