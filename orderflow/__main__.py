"""The command line. The only place that parses arguments; what a command does is in `commands.py`."""

import gc
import os
import sys

# Before anything else is imported: of streams that are closed the next files to be opened would get the numbers, and
# whatever is printed or logged would end up in those.
for number, name in enumerate(("stdin", "stdout", "stderr")):
    try:
        os.fstat(number)
    except OSError:
        # The lowest free number is this one. What we start shall have it too.
        os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
        setattr(sys, name, open(number, "w" if number else "r", closefd=False))  # noqa: SIM115 - it stays

# Nothing that is imported is garbage; looking for some took an eighth of the start.
gc.disable()

import argparse
import logging.config
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urlsplit

from orderflow import commands, serving
from orderflow.commands import Failure
from orderflow.demo import pace
from orderflow.errors import Refusal
from orderflow.outbox import STATES
from orderflow.postgresql import EmbeddedError
from orderflow.serving import CannotListen
from orderflow.settings import SettingsError

gc.enable()

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
    serve.add_argument("--demo", action="store_true", help="open a café of simulated people, on a database of its own")
    serve.add_argument("--rate", type=_rate, help=f"with --demo: orders a minute ({pace.USUAL_RATE:g})")
    serve.add_argument("--speed", type=_speed, help="with --demo: people as many times as fast as people are (1)")
    serve.set_defaults(command=_serve)

    demo = adding.add_parser("demo", help="have simulated people order and work at any server, in their own shop")
    demo.add_argument("--url", type=_origin, default="http://127.0.0.1:8000", help="its address (that of this machine)")
    demo.add_argument("--rate", type=_rate, help=f"orders a minute ({pace.USUAL_RATE:g})")
    demo.add_argument("--speed", type=_speed, help="people as many times as fast as people are (1)")
    demo.add_argument("--shown-at", type=_origin, metavar="URL", help="the address to print, where it is another one")
    demo.add_argument("--emails", type=Path, metavar="DIRECTORY", help="its e-mail files, of which the newest are kept")
    demo.set_defaults(command=_demo)

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


def _serve(*, demo: bool, rate: float | None, speed: float | None, **given: Any) -> int:
    if not demo and (rate or speed):
        _fail(["--rate and --speed are for --demo"], WRONG_USE)
    return commands.serve(**given, pace=_pace(rate, speed) if demo else None)


def _demo(*, rate: float | None, speed: float | None, **given: Any) -> int:
    return commands.demo(**given, pace=_pace(rate, speed))


def _pace(rate: float | None, speed: float | None) -> pace.Pace:
    return pace.Pace(rate or pace.USUAL_RATE, speed or 1.0)


def _rate(text: str) -> float:
    return _number(text, pace.LEAST_RATE, pace.MOST_RATE)


def _speed(text: str) -> float:
    return _number(text, pace.LEAST_SPEED, pace.MOST_SPEED)


def _number(text: str, least: float, most: float) -> float:
    try:
        if least <= float(text) <= most:
            return float(text)
    except ValueError:
        pass
    raise argparse.ArgumentTypeError(f"must be {least:g} to {most:g}")


def _origin(text: str) -> str:
    try:
        parts = urlsplit(text)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.path in ("", "/") and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise argparse.ArgumentTypeError("must be http://host or https://host, with a port at most and no path")
    return text.rstrip("/")


if __name__ == "__main__":
    main()
