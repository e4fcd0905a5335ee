"""What each answer of Resend's means for a letter: never lose one for a mistake that a person can put right."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from uuid import uuid4

import pytest
from resend.exceptions import ResendError

from orderflow.delivery import NotSent, failure, opened
from orderflow.letters import Letter
from orderflow.mailer import setback
from orderflow.settings import Settings
from tests.resend_server import KEY, ResendServer

LETTER = Letter("orders@example.com", "ada@example.com", None, "Ready", "It is ready.", "<p>It is ready.</p>")


def verdict(status: int, name: str, **headers: str) -> NotSent:
    given = {key.replace("_", "-"): value for key, value in headers.items()}
    return failure(ResendError(status, name, "Ask ada@example.com, <bob@example.com>", "", given))


@pytest.mark.parametrize(
    ("status", "name"),
    [
        (400, "validation_error"),
        (409, "invalid_idempotent_request"),
        (413, "request_too_large"),
        (422, "missing_required_field"),
        (422, "application_error"),
        (451, "security_error"),
    ],
)
def test_what_is_about_the_letter_and_stays_so_is_final(status: int, name: str) -> None:
    assert verdict(status, name).is_final
    # Under a key that was used with other words, something was accepted: they must not be written anew.
    assert verdict(status, name).is_certain == (status != 409)


@pytest.mark.parametrize(
    ("status", "name"),
    [
        (400, "application_error"),
        (401, "missing_api_key"),
        (401, "restricted_api_key"),
        (403, "invalid_api_key"),
        (404, "not_found"),
        (405, "method_not_allowed"),
        (407, "application_error"),
        (418, "InternalServerError"),
        (429, "daily_quota_exceeded"),
        (0, "not_reached"),
    ],
)
def test_what_would_happen_to_any_letter_makes_all_wait_and_none_lose_its_place(status: int, name: str) -> None:
    found = verdict(status, name)

    assert (found.is_final, found.is_certain, found.is_general, found.is_own) == (False, True, True, False)
    assert setback(found, 7).alone_s is None


@pytest.mark.parametrize("status", [408, 425, 502, 503, 504, 521])
def test_an_answer_that_is_not_resends_own_says_nothing_of_the_letter(status: int) -> None:
    found = verdict(status, "application_error")

    assert (found.is_final, found.is_certain, found.is_general, found.is_own) == (False, False, True, False)


@pytest.mark.parametrize(
    ("status", "name"), [(500, "internal_server_error"), (0, "no_answer"), (409, "concurrent_idempotent_requests")]
)
def test_what_may_be_the_letters_own_fault_lets_others_go_first(status: int, name: str) -> None:
    found = verdict(status, name)
    follows = setback(found, 1)

    assert (found.is_final, found.is_certain, found.is_own) == (False, False, True)
    assert found.is_general == (status != 409)
    assert follows.alone_s is not None
    # All wait for this share of a second after the first failure, so half as long as the letter itself.
    assert follows.pause_s is None or follows.jitter == pytest.approx(follows.alone_s / 2)


@pytest.mark.parametrize(("status", "name"), [(403, "validation_error"), (422, "invalid_from_address")])
def test_a_sender_that_is_not_allowed_is_waited_for(status: int, name: str) -> None:
    found = verdict(status, name)

    assert (found.is_final, found.is_certain, found.is_general, found.is_own) == (False, True, False, True)


def test_a_letter_waits_longer_each_time_up_to_five_minutes_and_never_twice_the_same() -> None:
    waits = {attempt: [setback(verdict(500, "x"), attempt).alone_s or 0 for _ in range(50)] for attempt in range(1, 60)}

    for attempt, found in waits.items():
        full = min(300, 2 ** (attempt - 1))
        assert full / 2 <= min(found) < max(found) <= full


@pytest.mark.parametrize(
    ("text", "wait_s"),
    [("7", 7), ("0.5", 0.5), ("86400", 3600), ("9" * 40, 0), ("-1", 0), ("soon", 0), ("", 0), ("nan", 0), ("1e9", 0)],
)
def test_retry_after_is_honoured_where_it_can_be_read(text: str, wait_s: float) -> None:
    found = verdict(429, "rate_limit_exceeded", Retry_After=text)

    assert found.wait_s == wait_s
    assert setback(found, 1).pause_s == wait_s


def test_retry_after_may_be_a_date() -> None:
    at = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)

    assert 80 < verdict(503, "x", retry_after=at).wait_s <= 90
    assert verdict(503, "x", retry_after=format_datetime(datetime.now(UTC) - timedelta(hours=1))).wait_s == 0


def test_what_is_kept_of_an_answer_is_one_line_without_addresses() -> None:
    assert verdict(422, "validation_error").sentence == "422 validation_error: Ask … …"
    assert len(failure(ResendError(400, "x", "y " * 1000, "")).sentence) <= 300


async def test_a_proxy_of_the_environment_is_not_asked_for_this_machine(
    monkeypatch: pytest.MonkeyPatch, resend: ResendServer
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")

    async with opened(Settings.model_construct(resend_api_key=KEY, resend_api_url=resend.url)) as way:
        sent_as = await way.send(LETTER, uuid4(), datetime.now(UTC))

    assert [sent_as] == list(resend.ids.values())


async def test_a_proxy_that_cannot_be_used_keeps_nobody_from_starting(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:9")
    far = Settings.model_construct(resend_api_key=KEY, resend_api_url="https://resend.example")

    async with opened(far) as way:
        assert str(way) == "through https://resend.example"

    assert "cannot be used" in caplog.text


@pytest.mark.parametrize(
    "said",
    ["{}", "[]", "null", '"re_1"', '{"id": 5}', '{"id": ""}', '{"id": "a b"}', '{"id": "ada@example.com"}']
    + [json.dumps({"id": wrong}) for wrong in ("a\0b", "\ud800", "x" * 201)],
)
async def test_a_yes_without_an_id_is_not_resends_and_may_have_been_one(said: str) -> None:
    async with _answering(said.encode()) as url, opened(_at(url)) as way:
        with pytest.raises(NotSent) as raised:
            await way.send(LETTER, uuid4(), datetime.now(UTC))

    found = raised.value
    assert (found.is_final, found.is_certain, found.is_general, found.is_own) == (False, False, True, True)


async def test_an_answer_without_an_end_is_not_read_to_it() -> None:
    async with _answering(b" " * 100_000_000) as url, opened(_at(url)) as way:
        with pytest.raises(NotSent, match="too long"):
            await way.send(LETTER, uuid4(), datetime.now(UTC))


def _at(url: str) -> Settings:
    return Settings.model_construct(resend_api_key=KEY, resend_api_url=url)


@asynccontextmanager
async def _answering(body: bytes) -> AsyncIterator[str]:
    """A server that says yes with this body, whatever it is asked."""

    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body)
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
