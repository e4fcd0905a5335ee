"""docs/limits.md tells the bounds that the code has: no other number, and no setting that is not one."""

import re
from datetime import timedelta
from typing import Any, Final

from pydantic import TypeAdapter

from orderflow import accounts, db, delivery, fields, items, logs, mailer, orders, outbox, pool, serving, sessions, wire
from orderflow.http import body, params
from orderflow.http import protocol as http
from orderflow.http.protocol import HttpProtocol
from orderflow.settings import Settings
from orderflow.ws import arrivals, connection, hub, protocol, stream
from tests.servers import CHECKOUT

DEFAULTS: Final = Settings.model_construct()
ROWS: Final = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in (CHECKOUT / "docs" / "limits.md").read_text().splitlines()
    if line.startswith("| ") and not line.startswith("| what | number |")
]


def count(number: float) -> str:
    return f"{number:,}"


def seconds(number: float) -> str:
    return f"{number:g} s"


def minutes(number: float) -> str:
    return f"{number:g} min"


def size(number: int) -> str:
    mib = 1024 * 1024
    return f"{number // mib} MiB" if number >= mib else f"{number // 1024} KiB"


def longest(kind: Any) -> int:
    return int(TypeAdapter(kind).json_schema()["maxLength"])


def characters(*kinds: Any) -> str:
    """What all these kinds of text may have: at most, or from and to."""
    [most] = {longest(kind) for kind in kinds}
    least = TypeAdapter(kinds[0]).json_schema().get("minLength", 1)
    return count(most) if least == 1 else f"{least} to {most}"


def postgres(setting: str) -> str:
    return re.sub(r"(\d+)s", r"\1 s", setting)


CONFIG: Final = serving.configured(Settings.model_construct(host="127.0.0.1", port=0, forwarded_allow_ips=""), "none")
HTTP: Final = {
    "headers of a request": size(http.MAX_HEADER_BYTES),
    "address of a request": size(http.MAX_URL_BYTES),
    "body of a request": size(body.MAX_BYTES),
    "first byte of a connection, and then the rest of the headers": f"{seconds(DEFAULTS.headers_seconds)} each",
    "body of a request, from the end of its headers": seconds(DEFAULTS.body_seconds),
    "silence between two requests of a connection": seconds(CONFIG.timeout_keep_alive),
    "an answer that is not read": seconds(HttpProtocol.unread_s),
    "what still comes in after the last answer": seconds(HttpProtocol.linger_s),
    "rows of a page of a list": count(params.MAX_LIMIT),
    "mistakes that one 422 names": count(body.MAX_ERRORS),
    f"passwords that wait for one of {accounts.HASHING_THREADS} threads": count(accounts.HASHING_QUEUE),
}
SOCKETS: Final = {
    "sockets of a person": count(DEFAULTS.sockets_per_user),
    "sockets of an address": count(DEFAULTS.sockets_per_address),
    "sockets of a process": count(DEFAULTS.sockets_per_process),
    "bytes sent before the handshake is answered": size(protocol.MAX_EARLY_BYTES),
    "a message from a client": size(CONFIG.ws_max_size),
    "messages and pings of a client": f"{protocol.MESSAGES_PER_S} a second",
    "first ping, after the handshake": seconds(protocol.FIRST_PING_S),
    "pings after that": f"every {seconds(CONFIG.ws_ping_interval or 0)}",
    "the answer to a ping": seconds(CONFIG.ws_ping_timeout or 0),
    "taking in what is sent: time behind": seconds(connection.MAX_BEHIND_S),
    "taking in what is sent: bytes behind": size(connection.MAX_BEHIND_BYTES),
    "a snapshot, or all that follows `resumed`, to be taken in": seconds(connection.FIRST_S),
    "the answer to a close": seconds(protocol.LINGER_S),
    "events to resume over": count(connection.MAX_REPLAY),
    "handshakes begun in one turn of the loop": count(arrivals.PER_TURN),
    "the database unseen": seconds(connection.CONFIRMED_S),
    "a beat": f"every {seconds(DEFAULTS.beat_seconds)}",
}
KEPT: Final = {
    "events of a feed, for those who come back": count(stream.CAPACITY),
    "events of all feeds": size(hub.RING_BYTES),
    "a feed that nobody listens to": seconds(hub.KEPT_S),
    "a message on the bus": size(hub.MAX_MESSAGE),
    "messages that wait for Redis": count(wire.QUEUE_LENGTH),
    "log lines that wait for whoever reads standard error": count(logs.MAX_WAITING),
}
DATABASE: Final = {
    "connections of a process": count(db.POOL_SIZE + db.HOT_WRITES + db.HOT_READS),
    "waiting for a connection, or a shop's turn": seconds(max(pool.WAIT_S, db.TURN_WAIT_S)),
    "connecting": seconds(db.CONNECT_S),
    "a statement, as PostgreSQL counts": postgres(db.SERVER_SETTINGS["statement_timeout"]),
    "a statement, as we count": seconds(db.COMMAND_S),
    "waiting for a row": postgres(db.SERVER_SETTINGS["lock_timeout"]),
    "a transaction": postgres(db.TRANSACTION_TIMEOUT),
    "attempts of a transaction": count(db.ATTEMPTS),
}
ENDS: Final = {
    "requests under way": seconds(serving.GRACE_S),
    "connections that are idle, for what was on its way": seconds(HttpProtocol.leaving_s),
    "requests that do not come in, answers that are not read": seconds(HttpProtocol.stalled_s),
    "a worker, once it was told to end": seconds(serving.STOP_S),
    "a new worker, until it serves": seconds(serving.START_S),
    "a worker that is silent": seconds(serving.HUNG_S),
}
ORDERS: Final = {
    "items of a shop": count(items.MAX_ITEMS),
    "lines of an order": count(fields.MAX_LINES),
    "quantity of a line": count(fields.MAX_QUANTITY),
    "a price": f"{count(fields.MAX_MINOR)} minor units",
    "stock": count(fields.MAX_STOCK),
    "open orders of a customer at a shop": count(DEFAULTS.open_orders_per_customer),
    "orders of a shop's staff with an `email` for somebody": f"{count(DEFAULTS.staff_emails_per_hour)} within an hour",
    "taking a move back": minutes(DEFAULTS.recall_minutes),
    "an order that nobody touches": f"{orders.ABANDONED_AFTER // timedelta(hours=1)} h",
}
TEXTS: Final = {
    "a name": characters(fields.Name),
    "a note, a reason, the address of a shop": characters(fields.Note, fields.Reason, fields.Address),
    "a description": characters(fields.Description),
    "a category": characters(fields.Category),
    "the address of a photo": characters(fields.PhotoUrl),
    "a telephone number, a name to call": characters(fields.Phone, fields.PickupName),
    "a slug": characters(fields.Slug),
    "a password": characters(fields.Password),
    "an e-mail address": count(longest(fields.Email)),
}
SIGN_IN: Final = {
    "an access token": minutes(DEFAULTS.access_token_expire_minutes),
    "staying signed in without coming back": f"{DEFAULTS.refresh_token_expire_days:g} days",
    "a refresh token in a cookie that is used twice, as by two tabs": seconds(sessions.COOKIE_GRACE.total_seconds()),
}
MAILS: Final = {
    "*ready* is held back": seconds(DEFAULTS.ready_email_hold_seconds),
    "e-mails of all processes": f"{count(DEFAULTS.email_rate_per_second)} a second",
    "an attempt": seconds(delivery.TIMEOUT_S),
    "between two attempts": minutes(mailer.LONGEST_ALONE_S / 60),
    "between two attempts, where Resend asks for more": minutes(delivery.LONGEST_WAIT_S / 60),
    "an e-mail that cannot be sent": f"{outbox.GIVE_UP_AFTER // timedelta(hours=1)} h",
    "what was sent, withdrawn or given up": f"{outbox.KEPT // timedelta(days=1)} days",
}


def test_every_limit_is_told_with_the_number_that_the_code_has() -> None:
    told = {what: number for what, number, *_ in ROWS}

    assert told == HTTP | SOCKETS | KEPT | DATABASE | ENDS | ORDERS | TEXTS | SIGN_IN | MAILS
    assert len(told) == len(ROWS)


def test_every_setting_of_a_limit_is_one() -> None:
    named = {setting.strip("`") for *_, setting in ROWS if setting}

    assert named <= {name.upper() for name in Settings.model_fields}
    assert len(named) > 10
