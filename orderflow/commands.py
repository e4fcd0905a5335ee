"""What each command of the command line does, given its arguments.

Knows where the database is and what to say to a person."""

import asyncio
import getpass
import json
import signal
import sys
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final, TypeVar
from uuid import UUID

from asyncpg import InterfaceError, PostgresError
from sqlalchemy.exc import SQLAlchemyError

from orderflow import accounts, embedded, erasure, mails, migrations, postgresql, serving, settings
from orderflow.db import Database
from orderflow.http import openapi, routes
from orderflow.lineage import Lineage
from orderflow.mailer import Mailer
from orderflow.outbox import State
from orderflow.settings import Settings

T = TypeVar("T")

OLDER: Final = "the database's schema is older than this orderflow; run: orderflow migrate"


class Failure(Exception):
    """A command cannot do what it should; the message is for the person who gave it."""


def serve(host: str | None, port: int | None, workers: int) -> int:
    """Serve until told to end, on the embedded database or a given one."""
    wanted = settings.load(workers=workers, host=host, port=port)
    with closing(serving.listen(wanted.host, wanted.port)) as taken:
        # Read again with the port that it is by now, which the public address is made of.
        chosen = _load(workers=workers, host=host, port=taken.getsockname()[1])
        if chosen.database_url is None:
            with embedded.running(_data(chosen)) as server:
                _run(migrations.upgrade(server.url))
                ready = chosen.model_copy(update={"database_url": server.url})
                return _serve_with(ready, taken, workers)
        if _run(migrations.pending(chosen.database_url)):
            raise Failure(OLDER)
        return _serve_with(chosen, taken, workers)


def _serve_with(chosen: Settings, taken: Any, workers: int) -> int:
    key = chosen.secret_key or settings.kept_secret_key(_data(chosen))
    complete = chosen.model_copy(update={"secret_key": key})
    return serving.serve(complete, taken, workers, lambda: _say(f"orderflow is ready: {settings.address(chosen)}/"))


def _say(line: str) -> None:
    print(line, flush=True)


def _load(**given: Any) -> Settings:
    chosen = settings.load(**given)
    return chosen.model_copy(update={"orderflow_data": _data(chosen)})


def _data(chosen: Settings) -> Path:
    here = Path.cwd() / ".orderflow"
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
    with _migrated(chosen) as url:
        _say("orderflow sends e-mails")
        _run(_with(url, lambda db: _until_told(Mailer(db, chosen))))
    return 0


async def _until_told(mailer: Mailer) -> None:
    told = asyncio.Event()
    for sign in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(sign, told.set)
    running = asyncio.create_task(mailer.run(), name="e-mails")
    ending = asyncio.create_task(told.wait(), name="told to end")
    await asyncio.wait([running, ending], return_when=asyncio.FIRST_COMPLETED)
    for task in (running, ending):
        task.cancel()
    await asyncio.wait([running, ending])
    if not running.cancelled():
        running.result()


def list_mails(state: State | None, again: list[str] | None) -> int:
    """Show what waits, failed and was given up; or put back what was given up."""
    chosen = _load()
    with _migrated(chosen) as url:
        if again is None:
            for line in _run(_with(url, lambda db: mails.report(db, state))):
                _say(line)
            return 0
        wanted = None if again == ["all"] else [_id(text) for text in again]
        put_back, doubtful = _run(_with(url, lambda db: mails.send_again(db, wanted)))
    _say(f"put back: {len(put_back)}")
    if doubtful:
        _say(f"{len(doubtful)} of them may have arrived more than 24 h ago, and may arrive again now")
    if missing := [str(each) for each in wanted or () if each not in put_back]:
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
    except (OSError, SQLAlchemyError, PostgresError, InterfaceError) as error:
        said = str(error).splitlines() or ["it does not answer"]
        raise Failure(f"the database cannot be used: {said[0]}") from None
