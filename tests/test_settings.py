"""Settings: what is read from where, and what is said about mistakes."""

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from orderflow import settings
from orderflow.settings import Settings, SettingsError

LONG_KEY = "k" * 32


@pytest.fixture(autouse=True)
def empty_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)


def mistakes(**given: Any) -> list[str]:
    with pytest.raises(SettingsError) as refused:
        settings.load(**given)
    return refused.value.mistakes


def test_without_any_settings_everything_has_its_documented_default() -> None:
    found = settings.load()

    assert (found.database_url, found.redis_url, found.secret_key) == (None, None, None)
    assert (found.host, found.port, found.public_url) == ("127.0.0.1", 8000, "http://127.0.0.1:8000")
    assert (found.algorithm, found.access_token_expire_minutes, found.refresh_token_expire_days) == ("HS256", 15, 30)
    assert (found.email_rate_per_second, found.ready_email_hold_seconds, found.beat_seconds) == (2, 10, 10)
    assert (found.recall_minutes, found.open_orders_per_customer, found.staff_emails_per_hour) == (30, 10, 1_000)
    assert (found.forwarded_allow_ips, found.allowed_origins) == ("127.0.0.1", ())


def test_times_may_be_fractions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BEAT_SECONDS", "0.25")
    monkeypatch.setenv("ACCESS_TOKEN_EXPIRE_MINUTES", "0.05")

    found = settings.load()

    assert (found.beat_seconds, found.access_token_expire_minutes) == (0.25, 0.05)


def test_the_environment_wins_over_the_file_and_the_command_line_over_both(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text("PORT=1001\nHOST=10.0.0.1\nSOMETHING_ELSE=1\nRECALL_MINUTES=5\n")
    monkeypatch.setenv("PORT", "1002")
    monkeypatch.setenv("HOST", "10.0.0.2")

    found = settings.load(port=1003, host=None)

    assert (found.port, found.host, found.recall_minutes) == (1003, "10.0.0.2", 5)


def test_an_empty_value_counts_as_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.setenv(name.upper(), "")

    assert settings.load() == settings.load(port=8000)


def test_all_mistakes_are_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = {
        "DATABASE_URL": "mysql://ada:hunter2@db/shop",
        "SECRET_KEY": "hunter2",
        "ALGORITHM": "none",
        "ACCESS_TOKEN_EXPIRE_MINUTES": "soon",
        "REFRESH_TOKEN_EXPIRE_DAYS": "nan",
        "RESEND_API_KEY": "hunter2\nhunter3",
        "RESEND_API_URL": "ftp://resend",
        "EMAIL_FROM": "the corner cafe",
        "EMAIL_RATE_PER_SECOND": "0",
        "READY_EMAIL_HOLD_SECONDS": "-1",
        "BEAT_SECONDS": "inf",
        "RECALL_MINUTES": "-0.1",
        "OPEN_ORDERS_PER_CUSTOMER": "1.5",
        "STAFF_EMAILS_PER_HOUR": "-1",
        "PUBLIC_URL": "https://example.com/shop",
        "ALLOWED_ORIGINS": "https://a.example, *",
        "FORWARDED_ALLOW_IPS": "the proxy",
        "PORT": "65536",
    }
    for name, value in wrong.items():
        monkeypatch.setenv(name, value)

    said = mistakes(workers=2)

    assert {line.split(":")[0] for line in said} == {*wrong, "REDIS_URL"}
    assert "hunter" not in "".join(said)


@pytest.mark.parametrize(
    "url",
    ["nonsense", "postgres://db/shop", "sqlite:///x", "postgresql+psycopg://db/shop", "postgresql://db:port/shop"],
)
def test_other_databases_and_drivers_are_refused(url: str) -> None:
    assert mistakes(database_url=url)[0].startswith("DATABASE_URL: ")


def test_a_database_url_is_made_fit_for_the_driver_with_its_options_kept() -> None:
    plain = settings.load(database_url="postgresql://ada:p%40ss@db.example:5433/shop?sslmode=require")
    socket = settings.load(database_url="postgresql+asyncpg://ada@/shop?host=/run/db&port=5434")

    assert plain.database_url == "postgresql+asyncpg://ada:p%40ss@db.example:5433/shop?ssl=require"
    assert socket.database_url == "postgresql+asyncpg://ada@/shop?host=%2Frun%2Fdb&port=5434"


@pytest.mark.parametrize("url", ["localhost:6379", "http://localhost", "redis://localhost:x"])
def test_a_redis_url_of_another_form_is_refused(url: str) -> None:
    assert mistakes(redis_url=url, workers=2) == ["REDIS_URL: must begin with redis://, rediss:// or unix://"]


def test_several_workers_need_redis() -> None:
    assert mistakes(workers=2)[0].startswith("REDIS_URL: ")
    assert settings.load(workers=2, redis_url="redis://localhost").redis_url == "redis://localhost"


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("HTTPS://Shop.Example:443/", "https://shop.example"),
        ("http://shop.example:80", "http://shop.example"),
        ("http://shop.example:8080", "http://shop.example:8080"),
        ("http://[::1]:8000", "http://[::1]:8000"),
    ],
)
def test_origins_are_kept_as_browsers_send_them(given: str, kept: str) -> None:
    found = settings.load(public_url=given, allowed_origins=f"{given},https://other.example/")

    assert found.public_url == kept
    assert found.allowed_origins == (kept, "https://other.example")


@pytest.mark.parametrize(
    "url",
    ["shop.example", "http://", "http://a/b", "http://a?b", "http://a#b", "http://u@a", "http://a:99999", "http://[a"],
)
def test_a_public_url_that_is_no_origin_is_refused(url: str) -> None:
    assert mistakes(public_url=url)[0].startswith("PUBLIC_URL: ")


@pytest.mark.parametrize(
    ("host", "address"),
    [("0.0.0.0", "http://127.0.0.1:9"), ("::", "http://[::1]:9"), ("localhost", "http://localhost:9")],  # noqa: S104 - not bound
)
def test_the_public_url_follows_host_and_port(host: str, address: str) -> None:
    assert settings.load(host=host, port=9).public_url == address


def test_the_data_directory_is_a_full_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", "/home/ada")

    assert settings.load(orderflow_data="data").orderflow_data == tmp_path / "data"
    assert settings.load(orderflow_data="~/data").orderflow_data == Path("/home/ada/data")


def test_a_worker_reads_back_what_its_parent_has_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    read = settings.load(
        database_url="postgresql://ada:p%40ss@db/shop",
        secret_key=LONG_KEY,
        allowed_origins="https://a.example,https://b.example",
        beat_seconds="0.5",
        orderflow_data=str(tmp_path),
    )

    for name, value in settings.environment(read).items():
        monkeypatch.setenv(name, value)

    assert settings.load() == read


def test_secrets_do_not_show_when_settings_are_printed() -> None:
    read = settings.load(
        database_url="postgresql://ada:hunter2@db/shop",
        redis_url="redis://:hunter2@localhost",
        secret_key="hunter2" * 8,
        resend_api_key="hunter2",
        metrics_token="hunter2",
    )

    assert "hunter2" not in repr(read) + str(read)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"HOST=\xff\n")

    assert mistakes() == [".env: is not UTF-8"]


def test_the_secret_key_is_measured_in_bytes() -> None:
    assert mistakes(secret_key="k" * 31) == ["SECRET_KEY: must have at least 32 bytes"]
    assert settings.load(secret_key="ü" * 16).secret_key == "ü" * 16


def test_the_secret_key_is_made_once_and_only_its_owner_can_read_it(tmp_path: Path) -> None:
    directory = tmp_path / "new" / "data"

    first, again = settings.kept_secret_key(directory), settings.kept_secret_key(directory)

    assert first == again
    assert len(first.encode()) >= 32
    assert stat.S_IMODE((directory / "secret_key").stat().st_mode) == 0o600
    assert os.listdir(directory) == ["secret_key"]


def test_processes_that_start_at_once_agree_on_the_secret_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(16) as threads:
        keys = set(threads.map(settings.kept_secret_key, [tmp_path] * 64))

    assert len(keys) == 1


def test_a_kept_secret_key_that_is_too_short_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secret_key").write_text("short\n")

    with pytest.raises(SettingsError, match=r"SECRET_KEY: .*secret_key must hold at least 32 bytes"):
        settings.kept_secret_key(tmp_path)


def test_the_example_file_names_every_setting_with_its_default(tmp_path: Path) -> None:
    example = (Path(__file__).parent.parent / ".env.example").read_text()
    without = settings.load()

    (tmp_path / ".env").write_text(example)

    named = [line.split("=")[0] for line in example.splitlines() if "=" in line and not line.startswith("#")]
    assert sorted(named) == sorted(name.upper() for name in Settings.model_fields)
    assert settings.load() == without
