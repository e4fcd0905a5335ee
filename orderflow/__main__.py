"""The command line: `orderflow serve | migrate | password | openapi`. The only place that parses arguments."""

import argparse
import asyncio
import getpass
import json
import logging.config
import sys
from collections.abc import Coroutine, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from asyncpg import InterfaceError, PostgresError
from sqlalchemy.exc import SQLAlchemyError

from orderflow import accounts, embedded, migrations, postgresql, serving, settings
from orderflow.db import Database
from orderflow.errors import Refusal
from orderflow.http import openapi, routes
from orderflow.postgresql import EmbeddedError
from orderflow.serving import CannotListen
from orderflow.settings import Settings, SettingsError

WRONG_USE = 2

T = TypeVar("T")


class Failure(Exception):
    """A command cannot do what it should; the message is for the person who gave it."""


def main() -> NoReturn:
    """Run the command that was given, and end with its exit code."""
    arguments = vars(_parser().parse_args())
    command = arguments.pop("command")
    logging.config.dictConfig(serving.LOGGING)
    serving.end_on_signals()
    try:
        sys.exit(command(**arguments))
    except SettingsError as error:
        _fail(error.mistakes, WRONG_USE)
    except (Failure, EmbeddedError, CannotListen, Refusal) as error:
        _fail([str(error)])
    except OSError as error:
        _fail([f"{error.filename or 'system'}: {error.strerror or error}"])


def _fail(lines: list[str], code: int = 1) -> NoReturn:
    for line in lines:
        print(f"orderflow: {line}", file=sys.stderr)
    sys.exit(code)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="orderflow", description="Orders, live from the counter to the customer.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    serve = commands.add_parser("serve", help="serve the pages and the API")
    serve.add_argument("--host", help="address to listen on (HOST, 127.0.0.1)")
    serve.add_argument("--port", type=int, help="port to listen on, 0 for a free one (PORT, 8000)")
    serve.add_argument("--workers", type=_count, default=1, help="number of processes that answer (1)")
    serve.set_defaults(command=_serve)

    migrate = commands.add_parser("migrate", help="bring the database to the newest schema")
    migrate.set_defaults(command=_migrate)

    password = commands.add_parser("password", help="set the password of who forgot it, and end their sessions")
    password.add_argument("email", metavar="EMAIL")
    password.set_defaults(command=_password)

    document = commands.add_parser("openapi", help="print the OpenAPI document")
    document.set_defaults(command=_openapi)
    return parser


def _count(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 64:
        raise argparse.ArgumentTypeError("must be 1 to 64")
    return int(text)


def _serve(host: str | None, port: int | None, workers: int) -> int:
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
            raise Failure("the database's schema is older than this orderflow; run: orderflow migrate")
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


def _migrate() -> int:
    chosen = _load()
    with _database(chosen) as url:
        for revision in _run(migrations.upgrade(url)) or ["nothing to do"]:
            _say(revision)
    return 0


def _password(email: str) -> int:
    chosen = _load()
    password = _asked_password()
    with _database(chosen) as url:
        if chosen.database_url is None:
            _run(migrations.upgrade(url))
        _run(_set_password(url, email, password))
    _say("the password is set, and all sessions of this person have ended")
    return 0


async def _set_password(url: str, email: str, password: str) -> None:
    database = Database(url, announce=lambda _: None)
    try:
        await accounts.set_password(database, email, password, accounts.Hasher())
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


def _openapi() -> int:
    _say(json.dumps(openapi.document(routes.documented), indent=2, ensure_ascii=False))
    return 0


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


if __name__ == "__main__":
    main()
