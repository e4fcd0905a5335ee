"""What a string has to be before anything keeps it: trimmed, normalised, free of what only does harm."""

import re
import unicodedata
from typing import Final
from uuid import UUID

import email_validator

_BIDI_OVERRIDES: Final = re.compile("[\u202a-\u202e\u2066-\u2069]")
_CONTROLS: Final = re.compile("[\x00-\x1f\x7f-\x9f]")
_CONTROLS_BUT_NEWLINE_AND_TAB: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_SURROGATES: Final = re.compile("[\ud800-\udfff]")
_NOT_IN_A_LINE: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_SLUG: Final = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_HTTPS: Final = re.compile(r"https://[^\s/?#@\\]+(?:[/?#][^\s\\]*)?", re.IGNORECASE)
_UUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


class Unfit(ValueError):
    """Why a text is refused: a sentence, the same as a stable `code`, and the number that both mean."""

    def __init__(self, code: str, sentence: str, limit: int | None = None) -> None:
        super().__init__(sentence)
        self.code = code
        self.limit = limit


def clean(text: str, max_length: int, *, multiline: bool = False) -> str | None:
    """Trim and normalise to NFC; nothing left is None.

    Raises:
        Unfit: longer than `max_length` characters afterwards, or with characters that no name or note needs.
    """
    text = text.replace("\r\n", "\n").strip() if multiline else text.strip()
    refused = _CONTROLS_BUT_NEWLINE_AND_TAB if multiline else _CONTROLS
    if not text.isascii() or not text.isprintable():
        if refused.search(text):
            raise Unfit("characters", "Control characters are not allowed.")
        if _BIDI_OVERRIDES.search(text):
            raise Unfit("characters", "Characters that override the direction of text are not allowed.")
        text = normalised(text)
    if len(text) > max_length:
        raise Unfit("too_long", f"At most {max_length} characters.", max_length)
    return text or None


def normalised(text: str) -> str:
    """In Unicode's composed form (NFC).

    Raises:
        Unfit: a lone surrogate, which is no character.
    """
    if _SURROGATES.search(text):
        raise Unfit("characters", "Lone surrogates are not characters.")
    return unicodedata.normalize("NFC", text)


def email(text: str) -> str:
    """A plain address in lower case, at most 254 characters.

    Raises:
        Unfit: not an address of somebody at a domain.
    """
    address = clean(text, 254)
    if address is None:
        raise Unfit("not_an_email", "Not an e-mail address.")
    try:
        # Whether mail gets there shows when it is sent; names such as shop.test are people trying this out.
        found = email_validator.validate_email(
            address, check_deliverability=False, globally_deliverable=False, test_environment=True
        )
    except email_validator.EmailNotValidError as error:
        raise Unfit("not_an_email", "Not an e-mail address.") from error
    if "." not in found.domain:
        raise Unfit("not_an_email", "The domain of an e-mail address has a dot.")
    return found.normalized.lower()


def https_url(text: str, max_length: int) -> str | None:
    """An address on the web that is fetched over TLS, with `https` in small letters; nothing left is None.

    Raises:
        Unfit: no such address, one with a name and password in it, or longer than `max_length` characters.
    """
    address = clean(text, max_length)
    if address is None:
        return None
    if not _HTTPS.fullmatch(address):
        raise Unfit("not_https", "An address that begins with https:// and has no spaces.")
    return "https" + address[len("https") :]


def slug(text: str) -> str:
    """A slug as it may be chosen.

    Raises:
        Unfit: of another form, of fewer than 3 or more than 40 characters, or shaped like a UUID.
    """
    if not _SLUG.fullmatch(text) or not 3 <= len(text) <= 40:
        raise Unfit("not_a_slug", "3 to 40 small letters and digits, in words joined by single hyphens.")
    if _UUID.fullmatch(text):
        raise Unfit("not_a_slug", "A slug may not look like a UUID.")
    return text


def slug_of(name: str) -> str | None:
    """The slug that a name suggests, at most 36 characters so that a number fits behind; None if nothing is left."""
    plain = unicodedata.normalize("NFKD", name.casefold()).encode("ascii", "ignore").decode()
    found = re.sub(r"[^a-z0-9]+", "-", plain.replace("'", "")).strip("-")[:36].strip("-")
    return found if len(found) >= 3 and not _UUID.fullmatch(found) else None


def is_uuid(text: str) -> bool:
    """Whether this is a UUID in its usual form with hyphens, in either case."""
    return _UUID.fullmatch(text) is not None


def uuid_of(text: str) -> UUID | None:
    """The UUID in its usual form with hyphens, in either case; None for anything else."""
    return UUID(text) if is_uuid(text) else None


def shop_named(text: str) -> UUID | str | None:
    """The id or slug by which an address names a shop; None for what can be neither."""
    if (found := uuid_of(text)) is not None:
        return found
    return text if len(text) <= 40 and _SLUG.fullmatch(text) else None


def one_line(text: str) -> str:
    """Whatever it holds as a single line, which neither ends early nor turns what stands beside it around."""
    return " ".join(_NOT_IN_A_LINE.sub(" ", text).split())
