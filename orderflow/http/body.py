"""Bodies: bounded, JSON in UTF-8, of one model. Whatever else comes is refused in the contract's order."""

import json
import re
from collections.abc import Mapping
from typing import Any, Final, NoReturn, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails, from_json
from starlette.requests import ClientDisconnect, Request
from starlette.types import Scope

from orderflow.errors import BodyTooLarge, Invalid, NotJson, UnsupportedMediaType, fault
from orderflow.http import headers
from orderflow.text import Unfit

MAX_BYTES: Final = 65_536
MAX_ERRORS: Final = 20

# Each blank can be matched in one way only, so that no header makes the search long.
_MEDIA_TYPE: Final = re.compile(
    rb'application/json[ \t]*(?:;[ \t]*(?:charset=(?:utf-8|"utf-8")[ \t]*)?)*', re.IGNORECASE
)

# What pydantic calls a fault → its code, and what pydantic calls the number that it means.
_CODES: Final[Mapping[str, tuple[str, str]]] = {
    "missing": ("required", ""),
    "extra_forbidden": ("unknown_field", ""),
    "literal_error": ("not_a_choice", ""),
    "greater_than_equal": ("too_small", "ge"),
    "less_than_equal": ("too_large", "le"),
    "string_too_long": ("too_long", "max_length"),
    "too_short": ("too_short", "min_length"),
    "too_long": ("too_long", "max_length"),
}

Model = TypeVar("Model", bound=BaseModel)


async def body(request: Request, model: type[Model]) -> Model:
    """Read the body as `model`.

    Raises:
        BodyTooLarge: more than 64 KiB, by its Content-Length or as it came.
        UnsupportedMediaType: anything but application/json in UTF-8, as it is.
        NotJson: not JSON, or not UTF-8; also an empty body, NaN, and what nests or counts beyond reason.
        Invalid: JSON, but not what `model` takes.
    """
    content = await _read(request)
    _check_media_type(request.scope)
    return parse(content, model)


async def optional_body(request: Request, model: type[Model]) -> Model | None:
    """Read the body as `model`, or None where there is none, whatever its media type."""
    content = await _read(request)
    if not content:
        return None
    _check_media_type(request.scope)
    return parse(content, model)


def parse(content: bytes, model: type[Model]) -> Model:
    """Parse JSON as `model`; of a key given twice the last counts."""
    # Models take NaN and Infinity, which JSON has not; the words are rare enough to parse twice where they stand.
    if b"NaN" in content or b"Infinity" in content:
        try:
            from_json(content, allow_inf_nan=False)
        except ValueError:
            _refuse_json(content)
    try:
        return model.model_validate_json(content)
    except ValidationError as error:
        _refuse(content, error)


async def _read(request: Request) -> bytes:
    for declared in headers.values(request.scope, b"content-length"):
        if len(declared) > 9 or not declared.isdigit() or int(declared) > MAX_BYTES:
            raise BodyTooLarge
    message = await request.receive()
    content: bytes = message.get("body", b"")
    while message.get("more_body", False) and len(content) <= MAX_BYTES:
        message = await request.receive()
        content += message.get("body", b"")
    if message["type"] == "http.disconnect":
        raise ClientDisconnect
    if len(content) > MAX_BYTES:
        raise BodyTooLarge
    return content


def _check_media_type(scope: Scope) -> None:
    media_types = headers.values(scope, b"content-type")
    if media_types != [b"application/json"] and (len(media_types) != 1 or not _MEDIA_TYPE.fullmatch(media_types[0])):
        raise UnsupportedMediaType
    if headers.values(scope, b"content-encoding"):
        raise UnsupportedMediaType


def _refuse(content: bytes, error: ValidationError) -> NoReturn:
    found = error.errors(include_url=False, include_input=False)
    if found[0]["type"] == "json_invalid":
        _refuse_json(content)
    document = from_json(content)
    raise Invalid(errors=[_explained(each, document) for each in found[:MAX_ERRORS]]) from None


def _explained(error: ErrorDetails, document: Any) -> dict[str, Any]:
    where, known = pointer(_inside(document, error)), error.get("ctx", {})
    if isinstance(reason := known.get("error"), Unfit):
        return fault(where, str(reason), reason.code, reason.limit)
    code, number = _CODES.get(error["type"], ("wrong_type", ""))
    return fault(where, error["msg"], code, known.get(number))


def _inside(document: Any, error: ErrorDetails) -> list[str | int]:
    """The part of an error's place that the document has: pydantic also names the branches of a union there."""
    path: list[str | int] = []
    for step in error["loc"]:
        try:
            document = document[step]
        except (KeyError, IndexError, TypeError):
            if error["type"] == "missing" and step == error["loc"][-1]:
                path.append(step)
            continue
        path.append(step)
    return path


def pointer(path: list[str | int]) -> str:
    """An RFC 6901 JSON pointer; "" is the whole document."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in path)


def _refuse_json(content: bytes) -> NoReturn:
    """Tell lone surrogates, which are JSON but no text, from what is no JSON: pydantic's parser takes neither."""
    if b"\\u" in content and (places := _surrogates(content)):
        detail = "Lone surrogates are not characters."
        errors = [fault(place, detail, "characters") for place in places[:MAX_ERRORS]]
        raise Invalid(errors=errors) from None
    raise NotJson from None


def _surrogates(content: bytes) -> list[str]:
    try:
        document = json.loads(content.decode(), parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return []
    places: list[str] = []
    waiting: list[tuple[str, Any]] = [("", document)]
    while waiting:
        place, value = waiting.pop()
        if isinstance(value, str) and _is_broken(value):
            places.append(place)
        elif isinstance(value, list):
            waiting += [(f"{place}/{index}", each) for index, each in enumerate(value)]
        elif isinstance(value, dict):
            # A broken name cannot stand in a pointer: the object that has it is named.
            places += [place for name in value if _is_broken(name)][:1]
            waiting += [(place + pointer([name]), each) for name, each in value.items() if not _is_broken(name)]
    return sorted(places)


def _is_broken(text: str) -> bool:
    return not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)
