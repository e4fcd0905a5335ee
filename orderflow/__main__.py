"""The command line. The only place that parses arguments; what a command does is in `commands.py`."""

import argparse
import logging.config
import sys
from typing import NoReturn

from orderflow import commands, serving
from orderflow.commands import Failure
from orderflow.errors import Refusal
from orderflow.outbox import STATES
from orderflow.postgresql import EmbeddedError
from orderflow.serving import CannotListen
from orderflow.settings import SettingsError

WRONG_USE = 2


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
    adding = parser.add_subparsers(required=True, metavar="COMMAND")

    serve = adding.add_parser("serve", help="serve the pages and the API")
    serve.add_argument("--host", help="address to listen on (HOST, 127.0.0.1)")
    serve.add_argument("--port", type=int, help="port to listen on, 0 for a free one (PORT, 8000)")
    serve.add_argument("--workers", type=_count, default=1, help="number of processes that answer (1)")
    serve.set_defaults(command=commands.serve)

    migrate = adding.add_parser("migrate", help="bring the database to the newest schema")
    migrate.set_defaults(command=commands.migrate)

    restored = adding.add_parser("restored", help="after the database was restored: trust nothing that it told before")
    restored.set_defaults(command=commands.restored)

    password = adding.add_parser("password", help="set the password of who forgot it, and end their sessions")
    password.add_argument("email", metavar="EMAIL")
    password.set_defaults(command=commands.password)

    erase = adding.add_parser("erase", help="erase an account: name and address go, the shops' figures stay")
    erase.add_argument("email", metavar="EMAIL")
    erase.add_argument("--yes", action="store_true", dest="is_certain", help="do not ask")
    erase.set_defaults(command=commands.erase)
    work = adding.add_parser("work", help="send e-mails, beside processes that serve or instead of them")
    work.set_defaults(command=commands.work)

    mails = adding.add_parser("mails", help="show the e-mails that wait, failed or were given up")
    mails.add_argument("--state", choices=STATES, help="show those of this state instead")
    mails.add_argument(
        "--again",
        nargs="+",
        metavar="ID",
        help="put given-up ones back by their ids, or `all`; what may have arrived more than 24 h ago may arrive twice",
    )
    mails.set_defaults(command=commands.list_mails)

    document = adding.add_parser("openapi", help="print the OpenAPI document")
    document.set_defaults(command=commands.openapi_document)
    return parser


def _count(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 64:
        raise argparse.ArgumentTypeError("must be 1 to 64")
    return int(text)


if __name__ == "__main__":
    main()
