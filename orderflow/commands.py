"""What each command of the command line does, given its arguments.

Knows where the database is and what to say to a person.
"""

import asyncio
import getpass
import json
import logging
import signal
import socket
import sys
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final, TypeVar
from uuid import UUID

from asyncpg import InterfaceError, PostgresError
from sqlalchemy.exc import SQLAlchemyError

from orderflow import accounts, embedded, erasure, mails, migrations, postgresql, serving, settings
from orderflow.db import Database
from orderflow.demo import process
from orderflow.demo.api import NoAnswer, Refused, is_near
from orderflow.demo.cafe import OWNER
from orderflow.demo.pace import Pace
from orderflow.demo.play import Play, play
from orderflow.demo.poster import OPEN_TO_OTHERS
from orderflow.http import openapi, routes
from orderflow.lineage import Lineage
from orderflow.mailer import Mailer
from orderflow.outbox import State
from orderflow.settings import Settings, SettingsError

T = TypeVar("T")

logger = logging.getLogger(__name__)

UNUSABLE: Final = (OSError, SQLAlchemyError, PostgresError, InterfaceError)
"""All that a database says which is not there, or refuses us."""
# How soon work beside a server sees that it is there, or gone.
LOOK_S: Final = 0.5
OLDER: Final = "the database's schema is older than this orderflow; run: orderflow migrate"


class Failure(Exception):
    """A command cannot do what it should; the message is for the person who gave it."""


def serve(host: str | None, port: int | None, workers: int, pace: Pace | None) -> int:
    """Serve until told to end, on the embedded database or a given one; with a `pace`, people of the demo come."""
    wanted = settings.load(workers=workers, host=host, port=port)
    with closing(serving.listen(wanted.host, wanted.port)) as taken:
        # Read again with the port that it is by now, which the public address is made of.
        chosen = _load("demo" if pace else "", workers=workers, host=host, port=taken.getsockname()[1])
        if pace and chosen.resend_api_key:
            raise SettingsError(["RESEND_API_KEY: a demo mails nobody, so take the key away, in .env too"])
        if pace and sys.stderr.isatty() and "log_level" not in chosen.model_fields_set:
            # A line for each request would scroll the addresses and logins away.
            chosen = chosen.model_copy(update={"log_level": "warning"})
        if chosen.database_url is None:
            with embedded.running(_data(chosen)) as server:
                _run(migrations.upgrade(server.url))
                ready = chosen.model_copy(update={"database_url": server.url})
                return _serve_with(ready, taken, workers, pace)
        if _run(migrations.pending(chosen.database_url)):
            raise Failure(OLDER)
        return _serve_with(chosen, taken, workers, pace)


def _serve_with(chosen: Settings, taken: socket.socket, workers: int, pace: Pace | None) -> int:
    _run(_check_database(chosen, is_demo=pace is not None))
    key = chosen.secret_key or settings.kept_secret_key(_data(chosen))
    complete = chosen.model_copy(update={"secret_key": key})
    with ExitStack() as stack:

        def announce() -> None:
            _say(f"orderflow is ready: {settings.address(chosen)}/")
            if pace is not None:
                stack.enter_context(_people(chosen, taken, pace))

        return serving.serve(complete, taken, workers, announce)


async def _check_database(chosen: Settings, *, is_demo: bool) -> None:
    """Keep the demo and what is real apart: a demo's database is known by who registered there first.

    Raises:
        Failure: it is somebody else's.
    """
    database = Database(chosen.database_url or "", announce=lambda _: None)
    try:
        oldest = await accounts.oldest(database)
    finally:
        await database.close()
    if is_demo and oldest not in (None, OWNER.email):
        raise Failure(
            "this database holds something else than the demo, which will not touch it; "
            "give the demo another ORDERFLOW_DATA or DATABASE_URL"
        )
    if not is_demo and oldest == OWNER.email:
        logger.warning("this is a demo's database, and everybody knows its passwords: take another one for real work")


def _people(chosen: Settings, taken: socket.socket, pace: Pace) -> AbstractContextManager[None]:
    """Have the people of the demo beside the server."""
    if not (ip_address(taken.getsockname()[0]).is_loopback and is_near(chosen.public_url)):
        _say(OPEN_TO_OTHERS)
    return process.beside(Play(settings.address(chosen), pace, chosen.public_url, _data(chosen) / "emails"))


def demo(url: str, pace: Pace, shown_at: str | None, emails: Path | None) -> int:
    """Have simulated people order and work at a server until told to end."""
    try:
        asyncio.run(_until_told(play(Play(url, pace, shown_at or url, emails), _say)))
    except NoAnswer:
        raise Failure(f"{url} does not answer") from None
    except Refused as refused:
        raise Failure(f"the demo cannot open at {url}, which says: {refused}") from None
    return 0


async def _until_told(work: Coroutine[Any, Any, Any]) -> None:
    """Do the work until it ends, or a signal ends it."""
    task = asyncio.ensure_future(work)
    for sign in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(sign, task.cancel)
    await asyncio.wait([task])
    if not task.cancelled():
        task.result()


def _say(line: str) -> None:
    print(line, flush=True)


def _load(part: str = "", **given: Any) -> Settings:
    chosen = settings.load(**given)
    return chosen.model_copy(update={"orderflow_data": _data(chosen, part)})


def _data(chosen: Settings, part: str = "") -> Path:
    """Say where the data are: where told, else in this directory's own place, or in the named part of that."""
    here = Path.cwd() / ".orderflow" / part
    return chosen.orderflow_data or (here if chosen.database_url else postgresql.home(here))


def migrate() -> int:
    """Bring the database to the newest schema."""
    chosen = _load()
    with _database(chosen) as url:
        for revision in _run(migrations.upgrade(url)) or ["nothing to do"]:
            _say(revision)
    return 0


def restored() -> int:
    """Have nobody trust what was told before the database was restored."""
    chosen = _load()
    with _migrated(chosen) as url:
        done = _run(_with(url, lambda database: Lineage(database).restored()))
    _say(f"{done.feeds} feeds have a new epoch, numbers of today go on above a round hundred, all sessions have ended")
    return 0


def password(email: str) -> int:
    """Set the password of who forgot it, and end their sessions."""
    chosen = _load()
    chosen_password = _asked_password()
    with _migrated(chosen) as url:
        _run(_with(url, lambda db: accounts.set_password(db, email, chosen_password, accounts.Hasher())))
    _say("the password is set, and all sessions of this person have ended")
    return 0


async def _with(url: str, step: Callable[[Database], Awaitable[T]]) -> T:
    database = Database(url, announce=lambda _: None)
    try:
        return await step(database)
    finally:
        await database.close()


def _asked_password() -> str:
    """Ask twice without echo on a terminal; from anything else take the first line."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    first, second = getpass.getpass("New password: "), getpass.getpass("Once more: ")
    if first != second:
        raise Failure("the two are not the same; nothing was changed")
    return first


def erase(email: str, is_certain: bool) -> int:
    """Erase the account of who asked for it, once whoever runs the service has confirmed it."""
    chosen = _load()
    if not is_certain and not _confirmed(f"Erase the account of {email} for good? Type yes: "):
        raise Failure("nothing was erased")
    with _migrated(chosen) as url:
        _run(_with(url, lambda db: erasure.erase_address(db, email, _data(chosen))))
    _say("the account is erased, and all sessions of this person have ended")
    return 0


def _confirmed(question: str) -> bool:
    """Ask on a terminal; from anything else take the first line."""
    if sys.stdin.isatty():
        print(question, end="", flush=True)
    return sys.stdin.readline().strip().lower() == "yes"


def work() -> int:
    """Send e-mails until told to end, beside processes that serve."""
    chosen = _load()
    if chosen.database_url is None:
        _run(_until_told(_work_beside(chosen, postgresql.home(_data(chosen)))))
        return 0
    with _migrated(chosen) as url:
        _run(_until_told(_send(url, chosen)))
    return 0


async def _work_beside(chosen: Settings, home: Path) -> None:
    """Send e-mails whenever a server runs the embedded database, and wait for one otherwise.

    Running it here would keep `serve` from starting; and with each start of that its address is another one.
    """
    is_told = False
    while True:
        if url := embedded.found(home):
            await _while(lambda: embedded.found(home) == url, _send_beside(url, chosen))
            is_told = False
        elif not is_told:
            _say(f"waiting for `orderflow serve`, which runs the database in {home}")
            is_told = True
        await asyncio.sleep(LOOK_S)


async def _send_beside(url: str, chosen: Settings) -> None:
    try:
        await migrations.upgrade(url)
    except UNUSABLE as error:
        logger.warning("the database cannot be used yet: %s", _first_line(error))
    else:
        await _send(url, chosen)


async def _send(url: str, chosen: Settings) -> None:
    _say("orderflow sends e-mails")
    await _with(url, lambda database: Mailer(database, chosen).run())


async def _while(fact: Callable[[], bool], work: Coroutine[Any, Any, Any]) -> None:
    """Do the work for as long as the fact holds."""
    task = asyncio.ensure_future(work)
    try:
        while fact() and not task.done():
            await asyncio.wait([task], timeout=LOOK_S)
    finally:
        task.cancel()
        await asyncio.wait([task])
    if not task.cancelled():
        task.result()


def list_mails(state: State | None, again: list[str] | None) -> int:
    """Show what waits, failed and was given up; or put back what was given up."""
    chosen = _load()
    with _migrated(chosen) as url:
        if again is None:
            for line in _run(_with(url, lambda db: mails.report(db, state))):
                _say(line)
            return 0
        wanted = None if again == ["all"] else [_id(text) for text in again]
        done = _run(_with(url, lambda db: mails.send_again(db, wanted)))
    _say(f"put back: {len(done.put_back)}")
    if done.doubtful:
        _say(f"{len(done.doubtful)} of them may have arrived more than 24 h ago, and may arrive again now")
    if done.withdrawn:
        _say(f"withdrawn, since their orders have moved on: {len(done.withdrawn)}")
    if missing := [str(each) for each in wanted or () if each not in done.put_back | done.withdrawn]:
        raise Failure(f"not given up: {', '.join(missing)}")
    return 0


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Failure(f"{text} is no id of an e-mail; nothing was changed") from None


def openapi_document() -> int:
    """Print the OpenAPI document."""
    _say(json.dumps(openapi.document(routes.documented), indent=2, ensure_ascii=False))
    return 0


@contextmanager
def _migrated(chosen: Settings) -> Iterator[str]:
    """Give the address of a database that has the newest schema; the embedded one is brought to it."""
    with _database(chosen) as url:
        if chosen.database_url is None:
            _run(migrations.upgrade(url))
        elif _run(migrations.pending(url)):
            raise Failure(OLDER)
        yield url


@contextmanager
def _database(chosen: Settings) -> Iterator[str]:
    if chosen.database_url is not None:
        yield chosen.database_url
    else:
        with embedded.reached(_data(chosen)) as url:
            yield url


def _run(step: Coroutine[Any, Any, T]) -> T:
    """Run a step that needs the database.

    Raises:
        Failure: the database is not there, or refuses us.
    """
    try:
        return asyncio.run(step)
    except UNUSABLE as error:
        raise Failure(f"the database cannot be used: {_first_line(error)}") from None


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or ["it does not answer"])[0]
