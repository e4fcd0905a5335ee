"""Answers that are not refusals, and the versions by which a client can tell one from the next."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from orderflow.http import headers as raw

_TAG: Final = re.compile(r'(W/)?"([\x21\x23-\x7e\x80-\xff]*)"')


def reply(
    content: BaseModel | bytes,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    *,
    version: int | None = None,
) -> Response:
    """Answer with a model, or with JSON that is ready; a `version`, given or the model's own, becomes the ETag."""
    if not isinstance(content, bytes):
        version = getattr(content, "version", None) if version is None else version
        content = content.__pydantic_serializer__.to_json(content, by_alias=True)
    given = dict(headers or {})
    if version is not None:
        given["etag"] = f'"{version}"'
    return Response(content, status, given, "application/json")


def no_content(headers: Mapping[str, str] | None = None) -> Response:
    """Answer that it is done, and there is nothing to say."""
    return Response(status_code=204, headers=headers)


@dataclass(frozen=True, slots=True)
class IfMatch:
    """The versions that a client is ready to change; `tags` of None are all of them."""

    tags: frozenset[str] | None

    def matches(self, version: int) -> bool:
        """Whether a thing of this version may be changed."""
        return self.tags is None or str(version) in self.tags


def if_match(request: Request) -> IfMatch | None:
    """The If-Match of a request, None without one.

    A weak tag matches nothing, and neither does a header that is malformed: its sender wanted a condition, and would
    not want to be taken as having none.
    """
    given = raw.values(request.scope, b"if-match")
    if not given:
        return None
    text = b",".join(given).decode("latin-1").strip(" \t")
    if text == "*":
        return IfMatch(None)
    return IfMatch(_strong_tags(text))


def is_known(request: Request, tag: str) -> bool:
    """Whether the client has the answer with this tag already: If-None-Match, for which weak tags do."""
    given = b",".join(raw.values(request.scope, b"if-none-match")).decode("latin-1")
    return given.strip(" \t") == "*" or tag in {found[2] for found in _TAG.finditer(given)}


def _strong_tags(text: str) -> frozenset[str]:
    tags: set[str] = set()
    position = 0
    while position < len(text):
        if text[position] in " \t,":
            position += 1
        elif found := _TAG.match(text, position):
            tags |= set() if found[1] else {found[2]}
            position = found.end()
        else:
            return frozenset()
    return frozenset(tags)
