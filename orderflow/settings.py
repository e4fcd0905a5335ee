"""Every setting, read once from the environment or `.env`, with every mistake reported together.

Knows the form of each value, not what it is for. A refused value is never repeated: it may be a secret.
"""

import contextlib
import os
import re
import secrets
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

SECRET_KEY_BYTES = 32
DEFAULT_PORTS = {"http": 80, "https": 443}


class SettingsError(Exception):
    """Something is wrong with the settings: `mistakes` has a line for each, led by the setting's name."""

    def __init__(self, mistakes: list[str]) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = mistakes


def _database_url(text: str) -> str:
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        raise ValueError("must look like postgresql://user:password@host:5432/database") from None
    if url.drivername not in ("postgresql", "postgresql+asyncpg"):
        raise ValueError("must begin with postgresql:// or postgresql+asyncpg://")
    # libpq's name for it; asyncpg takes the same values under a name of its own.
    query = {"ssl" if key == "sslmode" else key: value for key, value in url.query.items()}
    return url.set(drivername="postgresql+asyncpg", query=query).render_as_string(hide_password=False)


def _web_address(text: str) -> SplitResult:
    try:
        parts = urlsplit(text.strip())
        usable = parts.scheme in DEFAULT_PORTS and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or parts.query or parts.fragment or parts.username is not None:
        raise ValueError("must begin with http:// or https:// and a host")
    return parts


def _origin(text: str) -> str:
    """Bring an origin to the one form in which browsers send it: lower case, no default port, no slash."""
    if not text:
        return text
    parts = _web_address(text)
    host = parts.hostname or ""
    if parts.path not in ("", "/") or not host.isascii() or any(c in host for c in " ,*"):
        raise ValueError("must be http://host or https://host, with a port at most and no path")
    return _join(parts.scheme, host, parts.port)


def _join(scheme: str, host: str, port: int | None) -> str:
    address = f"[{host}]" if ":" in host else host
    return f"{scheme}://{address}" + ("" if port in (None, DEFAULT_PORTS[scheme]) else f":{port}")


def _origins(text: Any) -> Any:
    return tuple(_origin(part) for part in text.split(",") if part.strip()) if isinstance(text, str) else text


def _base_url(text: str) -> str:
    return _web_address(text).geturl().rstrip("/")


def _redis_url(text: str) -> str:
    try:
        parts = urlsplit(text)
        usable = parts.scheme in ("redis", "rediss", "unix") and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise ValueError("must begin with redis://, rediss:// or unix://")
    return text


def _key(text: str) -> str:
    if len(text.encode()) < SECRET_KEY_BYTES:
        raise ValueError(f"must have at least {SECRET_KEY_BYTES} bytes")
    return text


def _proxies(text: str) -> str:
    try:
        for part in text.split(","):
            if part.strip() != "*":
                ip_network(part.strip(), strict=False)
    except ValueError:
        raise ValueError("must be addresses or networks, with commas between them, or *") from None
    return text


def _one_line(text: str) -> str:
    if not text.isprintable() or "@" not in text:
        raise ValueError("must be an e-mail address, with a name before it at most: Shop <orders@example.com>")
    return text.strip()


def _full_path(path: Path) -> Path:
    return Path(os.path.abspath(path.expanduser()))


def _filled(text: str) -> str:
    if not text.strip() or not text.isprintable():
        raise ValueError("must be printable text without line breaks")
    return text


def _bearer(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9._~+/-]+=*", text):
        raise ValueError("must be what a Bearer token may be: letters, digits and -._~+/, then = at most")
    return text


Minutes = Annotated[float, Field(gt=0, le=527_040, allow_inf_nan=False)]
Seconds = Annotated[float, Field(gt=0, le=3_600, allow_inf_nan=False)]
Sockets = Annotated[int, Field(ge=0, le=1_000_000)]
Secret = Annotated[str, AfterValidator(_filled)]
Origins = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_origins)]


class Settings(BaseSettings):
    """The settings of one process, by their names in lower case; an empty value counts as unset."""

    model_config = SettingsConfigDict(
        env_file=".env",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
        validate_default=False,
    )

    database_url: Annotated[str, AfterValidator(_database_url)] | None = Field(None, repr=False)
    redis_url: Annotated[str, AfterValidator(_redis_url)] | None = Field(None, repr=False)
    secret_key: Annotated[str, AfterValidator(_key)] | None = Field(None, repr=False)
    algorithm: Literal["HS256", "HS384", "HS512"] = "HS256"
    access_token_expire_minutes: Minutes = 15
    refresh_token_expire_days: Annotated[float, Field(gt=0, le=3_660, allow_inf_nan=False)] = 30
    resend_api_key: Secret | None = Field(None, repr=False)
    resend_api_url: Annotated[str, AfterValidator(_base_url)] = "https://api.resend.com"
    email_from: Annotated[str, AfterValidator(_one_line)] = "orderflow <onboarding@resend.dev>"
    email_rate_per_second: Annotated[float, Field(gt=0, le=1_000, allow_inf_nan=False)] = 2
    ready_email_hold_seconds: Annotated[float, Field(ge=0, le=86_400, allow_inf_nan=False)] = 10
    beat_seconds: Seconds = 10
    recall_minutes: Annotated[float, Field(ge=0, le=2_880, allow_inf_nan=False)] = 30
    open_orders_per_customer: Annotated[int, Field(ge=0, le=1_000_000)] = 10
    staff_emails_per_hour: Annotated[int, Field(ge=0, le=1_000_000)] = 1_000
    sockets_per_user: Sockets = 100
    sockets_per_address: Sockets = 1_000
    sockets_per_process: Sockets = 20_000
    headers_seconds: Seconds = 10
    body_seconds: Seconds = 15
    public_url: Annotated[str, AfterValidator(_origin)] = ""
    allowed_origins: Origins = ()
    forwarded_allow_ips: Annotated[str, AfterValidator(_proxies)] = "127.0.0.1"
    metrics_token: Annotated[str, AfterValidator(_bearer)] | None = Field(None, repr=False)
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    host: Secret = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65_535)] = 8000
    orderflow_data: Annotated[Path, AfterValidator(_full_path)] | None = None


def load(*, workers: int = 1, **given: Any) -> Settings:
    """Read the settings of a server with so many workers; what is `given` and not None wins over the environment.

    Raises:
        SettingsError: one or more settings are wrong; it has all of them.
    """
    given = {name: value for name, value in given.items() if value is not None}
    mistakes: dict[str, str] = {}
    try:
        settings = _read(given)
    except ValidationError as error:
        mistakes = {str(each["loc"][0]): _sentence(each) for each in error.errors()}
        settings = _read(given | {name: Settings.model_fields[name].default for name in mistakes})
    if workers > 1 and settings.redis_url is None and "redis_url" not in mistakes:
        mistakes["redis_url"] = "needed with more than one worker, which hear of each other through Redis alone"
    if mistakes:
        raise SettingsError([f"{name.upper()}: {mistakes[name]}" for name in Settings.model_fields if name in mistakes])
    return settings if settings.public_url else settings.model_copy(update={"public_url": address(settings)})


def _read(given: dict[str, Any]) -> Settings:
    try:
        return Settings(**given)
    except UnicodeDecodeError:
        raise SettingsError([".env: is not UTF-8"]) from None
    except OSError as error:
        raise SettingsError([f".env: cannot be read ({error.strerror})"]) from None


def _sentence(error: ErrorDetails) -> str:
    cause = error.get("ctx", {}).get("error")
    return str(cause or error["msg"]).replace("Input should be", "must be")


def address(settings: Settings) -> str:
    """Name the origin at which a browser on this machine finds a server with these settings."""
    anywhere = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - read here, never bound
    return _join("http", anywhere.get(settings.host, settings.host), settings.port)


def environment(settings: Settings) -> dict[str, str]:
    """Put the settings into the form in which `load` reads them again in a worker process."""
    values = {name: getattr(settings, name) for name in Settings.model_fields}
    return {
        name.upper(): ",".join(value) if isinstance(value, tuple) else str(value)
        for name, value in values.items()
        if value is not None
    }


def kept_secret_key(directory: Path) -> str:
    """Return the secret key that is kept in the directory, and make it there first if there is none.

    Two processes that start at once agree, because a link to a finished file either is made or is there already.

    Raises:
        SettingsError: the file that is there holds too short a key.
    """
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = directory / "secret_key"
    if not path.exists():
        draft = directory / f".secret_key.{secrets.token_hex(8)}"
        draft.touch(mode=0o600, exist_ok=False)
        draft.write_text(secrets.token_urlsafe(48))
        with contextlib.suppress(FileExistsError):
            path.hardlink_to(draft)
        draft.unlink()
    key = path.read_text().strip()
    if len(key.encode()) < SECRET_KEY_BYTES:
        raise SettingsError([f"SECRET_KEY: {path} must hold at least {SECRET_KEY_BYTES} bytes"])
    return key
