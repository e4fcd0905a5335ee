"""Password hashes and access tokens: what is let in, and everything that is not."""

import base64
import json
from typing import Any
from uuid import UUID

import jwt
import pytest

from orderflow import credentials
from orderflow.credentials import Tokens
from orderflow.errors import TokenExpired, Unauthenticated

SECRET = "a secret of at least thirty-two bytes"
ISSUER = "https://orders.example"
ADA = UUID("01930000-0000-7000-8000-000000000001")
SESSION = UUID("01930000-0000-7000-8000-000000000002")
NOW = 1_800_000_000.25


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def tokens(clock: Clock) -> Tokens:
    return Tokens(SECRET, "HS256", ISSUER, 900, clock)


def claims(**changed: Any) -> dict[str, Any]:
    """The claims of a good token; a change to None leaves one out."""
    good = {
        "iss": ISSUER,
        "aud": "orderflow",
        "sub": str(ADA),
        "sid": str(SESSION),
        "exp": int(NOW) + 60,
        "iat": int(NOW),
        "jti": "once",
    }
    return {name: value for name, value in {**good, **changed}.items() if value is not None}


def signed(
    given: dict[str, Any], key: str = SECRET, algorithm: str = "HS256", headers: dict[str, Any] | None = None
) -> str:
    return jwt.encode(given, key, algorithm, {"typ": "at+jwt"} if headers is None else headers)


def raw(header: Any, payload: Any, signature: bytes = b"") -> str:
    parts = (json.dumps(header).encode(), json.dumps(payload).encode(), signature)
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)


def test_a_token_speaks_for_whom_it_was_issued(tokens: Tokens) -> None:
    token, expires_at = tokens.issue(ADA, SESSION)

    actor = tokens.verify(token)

    assert (actor.user_id, actor.session_id, actor.expires_at) == (ADA, SESSION, expires_at)


def test_a_token_has_the_claims_that_the_contract_names(tokens: Tokens) -> None:
    token, expires_at = tokens.issue(ADA, SESSION)

    found = jwt.decode_complete(token, options={"verify_signature": False})

    assert found["header"] == {"alg": "HS256", "typ": "at+jwt"}
    assert found["payload"] == claims(exp=expires_at, jti=found["payload"]["jti"])
    assert expires_at - NOW >= tokens.expires_in == 900


def test_two_tokens_of_one_moment_are_not_the_same(tokens: Tokens) -> None:
    assert tokens.issue(ADA, SESSION)[0] != tokens.issue(ADA, SESSION)[0]


def test_a_token_ends_to_the_second_even_when_it_has_been_seen_before(tokens: Tokens, clock: Clock) -> None:
    token, expires_at = tokens.issue(ADA, SESSION)
    clock.now = expires_at - 0.001
    tokens.verify(token)

    clock.now = expires_at

    for _ in range(2):
        with pytest.raises(TokenExpired):
            tokens.verify(token)
    assert tokens.read(token).session_id == SESSION


def test_a_clock_that_is_a_little_ahead_elsewhere_does_no_harm(tokens: Tokens) -> None:
    tokens.verify(signed(claims(iat=int(NOW) + 10, nbf=int(NOW) + 10)))


@pytest.mark.parametrize("name", ["iss", "aud", "sub", "sid", "exp", "iat", "jti"])
def test_a_token_without_one_of_its_claims_is_refused(tokens: Tokens, name: str) -> None:
    with pytest.raises(Unauthenticated):
        tokens.verify(signed(claims(**{name: None})))


@pytest.mark.parametrize(
    "wrong",
    [
        {"iss": "https://elsewhere.example"},
        {"aud": "another service"},
        {"aud": ["another service"]},
        {"sub": "ada"},
        {"sub": ADA.hex},
        {"sub": "{" + str(ADA) + "}"},
        {"sid": "1"},
        {"exp": True},
        {"exp": "soon"},
        {"exp": [1]},
        {"exp": 1e300},
        {"exp": float("nan")},
        {"exp": float("inf")},
        {"exp": 10**400},
        {"iat": int(NOW) + 60},
        {"iat": "now"},
        {"iat": float("nan")},
        {"nbf": int(NOW) + 60},
        {"nbf": {}},
    ],
    ids=str,
)
def test_a_token_with_a_claim_that_is_none_of_ours_is_refused(tokens: Tokens, wrong: dict[str, Any]) -> None:
    with pytest.raises(Unauthenticated) as refused:
        tokens.verify(signed(claims(**wrong)))

    assert not isinstance(refused.value, TokenExpired)


@pytest.mark.parametrize("wrong", [{"sub": 7}, {"sub": None}, {"sid": 7}, {"sid": [str(SESSION)]}], ids=str)
def test_ids_that_are_no_strings_are_refused(tokens: Tokens, wrong: dict[str, Any]) -> None:
    header = base64.urlsafe_b64encode(b'{"alg":"HS256","typ":"at+jwt"}').rstrip(b"=")
    payload = base64.urlsafe_b64encode(json.dumps({**claims(), **wrong}).encode()).rstrip(b"=")
    signature = jwt.get_algorithm_by_name("HS256").sign(header + b"." + payload, SECRET.encode())
    token = b".".join((header, payload, base64.urlsafe_b64encode(signature).rstrip(b"="))).decode()

    with pytest.raises(Unauthenticated):
        tokens.verify(token)


@pytest.mark.parametrize("headers", [{}, {"typ": "JWT"}, {"typ": "AT+JWT "}, {"typ": None}], ids=str)
def test_a_token_of_another_type_is_refused(tokens: Tokens, headers: dict[str, Any]) -> None:
    with pytest.raises(Unauthenticated):
        tokens.verify(signed(claims(), headers=headers))


@pytest.mark.parametrize("algorithm", ["HS384", "HS512"])
@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
def test_only_the_configured_algorithm_is_taken(tokens: Tokens, algorithm: str) -> None:
    with pytest.raises(Unauthenticated):
        tokens.verify(signed(claims(), algorithm=algorithm))


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "", None, ["none"], {}, 1, "RS256", "ES256"], ids=repr)
def test_an_unsigned_token_is_refused_whatever_it_calls_itself(tokens: Tokens, algorithm: Any) -> None:
    for signature in (b"", b"\0" * 32, SECRET.encode()):
        with pytest.raises(Unauthenticated):
            tokens.verify(raw({"alg": algorithm, "typ": "at+jwt"}, claims(), signature))


def test_a_token_that_was_signed_with_another_key_is_refused(tokens: Tokens) -> None:
    with pytest.raises(Unauthenticated):
        tokens.verify(signed(claims(), key="another secret of thirty-two bytes or more"))


def test_an_expired_token_with_a_bad_signature_is_not_called_expired(tokens: Tokens) -> None:
    with pytest.raises(Unauthenticated) as refused:
        tokens.verify(signed(claims(exp=1), key="another secret of thirty-two bytes or more"))

    assert not isinstance(refused.value, TokenExpired)


@pytest.mark.parametrize(
    "token",
    [
        "",
        ".",
        "..",
        "...",
        "a.b.c",
        "\ud800",
        "gö.ö.d",
        "e30.e30.",
        raw([], claims()),
        raw("x", claims()),
        raw(1, 1),
        raw({"alg": "HS256", "typ": "at+jwt", "crit": ["x"]}, claims()),
        ".".join([base64.urlsafe_b64encode(b"[" * 2000).decode().rstrip("=")] * 2 + [""]),
        ".".join([base64.urlsafe_b64encode(b"9" * 2000).decode().rstrip("=")] * 2 + [""]),
        "x" * 4_097,
        "x" * 1_000_000,
    ],
    ids=lambda token: ascii(token)[:20] + f" ({len(token)})",
)
def test_what_is_no_token_is_refused(tokens: Tokens, token: str) -> None:
    with pytest.raises(Unauthenticated):
        tokens.verify(token)


def test_every_change_of_one_character_is_refused(tokens: Tokens) -> None:
    token, _ = tokens.issue(ADA, SESSION)

    for place in range(len(token) - 1):
        changed = token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :]
        with pytest.raises(Unauthenticated):
            tokens.verify(changed)


def test_tokens_are_remembered_within_bounds(tokens: Tokens, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(credentials, "REMEMBERED_TOKENS", 10)
    issued = [tokens.issue(ADA, SESSION)[0] for _ in range(25)]

    for token in issued:
        tokens.verify(token)

    assert len(tokens._verified) <= 10
    assert tokens.verify(issued[0]).user_id == ADA


def test_a_password_is_kept_as_argon2id_at_owasps_minimum() -> None:
    hashed = credentials.hash_password("correct horse")

    assert hashed.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert credentials.is_password("correct horse", hashed)
    assert not credentials.is_password("correct horsf", hashed)


def test_one_password_has_a_new_hash_each_time() -> None:
    assert credentials.hash_password("correct horse") != credentials.hash_password("correct horse")


def test_nothing_of_a_password_is_cut_off() -> None:
    longest = "é\0" * 64
    hashed = credentials.hash_password(longest)

    assert credentials.is_password(longest, hashed)
    assert not credentials.is_password(longest + "x", hashed)
    assert not credentials.is_password(longest[:-1] + "\1", hashed)


@pytest.mark.parametrize("password", ["", "x" * 128, "x" * 100_000])
def test_nobody_has_the_hash_of_nobody(password: str) -> None:
    assert not credentials.is_password(password, credentials.NO_HASH)


def test_nobodys_hash_has_the_form_and_so_the_cost_of_any_other() -> None:
    def form(hashed: str) -> list[Any]:
        *kind, salt, digest = hashed.split("$")
        return [kind, len(salt), len(digest)]

    assert form(credentials.NO_HASH) == form(credentials.hash_password("correct horse"))


def test_refresh_tokens_are_random_and_kept_as_a_hash() -> None:
    first, second = credentials.new_refresh_token(), credentials.new_refresh_token()

    assert first != second
    assert len(base64.urlsafe_b64decode(first + "=")) == 32
    assert len(credentials.refresh_token_hash(first)) == 32
    assert first.encode() not in credentials.refresh_token_hash(first)
