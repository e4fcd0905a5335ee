"""The OpenAPI document: the endpoints and the models, said once more for machines. Nothing in it is written twice."""

import re
from collections.abc import Iterable, Sequence
from importlib import metadata
from typing import Any, Final

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import to_json
from pydantic_core.core_schema import ModelSchema
from starlette.requests import Request
from starlette.responses import Response

from orderflow import errors
from orderflow.http import problems
from orderflow.http.routing import Endpoint, Parameter
from orderflow.lifecycle import STATUSES

VERSION: Final = "3.1.1"

_REF: Final = "#/components/schemas/{model}"
_PATH_PARAMETER: Final = re.compile(r"{(\w+)}")
_DESCRIPTION: Final = """\
Times are RFC 3339 in UTC, money is an integer in minor units, ids are UUIDs.

A refusal is a problem (RFC 9457) with a stable `code`. Its `errors` point into the body (RFC 6901), or name a query
parameter as `?name` or a header by its name. Every answer has an `X-Request-Id`; HEAD works wherever GET does, and
OPTIONS tells what an address takes. What happens to orders is told live, over WebSocket, below `/ws`.
"""
_PROBLEM: Final[dict[str, Any]] = {
    "type": "object",
    "description": "Why something was refused.",
    "required": ["type", "title", "status", "detail", "code", "request_id"],
    "properties": {
        "type": {"type": "string", "format": "uri", "examples": [problems.TYPE_PREFIX + "not_found"]},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "A sentence for a person."},
        "code": {"type": "string", "description": "The stable name of the reason, for programs."},
        "request_id": {"type": "string", "description": "What to name when asking about it."},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "detail", "code"],
                "properties": {
                    "pointer": {"type": "string"},
                    "detail": {"type": "string"},
                    "code": {"type": "string", "description": "The same as `detail`, for programs."},
                    "limit": {"type": "integer", "description": "The number that `code` means, if it means one."},
                },
            },
        },
        "items": {
            "type": "array",
            "description": "With item_unavailable and out_of_stock: which items; `left` says how many there are.",
            "items": {
                "type": "object",
                "required": ["item_id", "name"],
                "properties": {
                    "item_id": {"type": "string", "format": "uuid"},
                    "name": {"type": ["string", "null"]},
                    "left": {"type": "integer"},
                },
            },
        },
        "allowed": {
            "type": "array",
            "description": "With invalid_transition: the statuses to which who asked may move the order now.",
            "items": {"type": "string", "enum": list(STATUSES)},
        },
        "total_minor": {"type": "integer", "description": "With total_changed: what the order would cost now."},
    },
}
_HEADERS: Final[dict[str, Any]] = {
    "ETag": {"description": "The version, in quotes, for If-Match.", "schema": {"type": "string", "examples": ['"3"']}},
    "Location": {"description": "The address of what was made.", "schema": {"type": "string"}},
    "RetryAfter": {"description": "After how many seconds to ask again.", "schema": {"type": "integer", "minimum": 1}},
    "WwwAuthenticate": {"description": "Bearer, and why.", "schema": {"type": "string", "examples": ["Bearer"]}},
}
_WITH_BODY: Final = (errors.BodyTooLarge, errors.UnsupportedMediaType, errors.NotJson, errors.Invalid)


def document(endpoints: Iterable[Endpoint]) -> dict[str, Any]:
    """Describe all endpoints as an OpenAPI 3.1 document."""
    table = tuple(endpoints)
    schemas, references = _schemas(table)
    paths: dict[str, Any] = {}
    for endpoint in table:
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = _operation(endpoint, references)
    return {
        "openapi": VERSION,
        "info": {
            "title": "orderflow",
            "version": _version(),
            "description": _DESCRIPTION,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": tag} for tag in dict.fromkeys(tag for endpoint in table for tag in endpoint.tags)],
        "paths": paths,
        "components": {
            "schemas": {**schemas, "Problem": _PROBLEM},
            "examples": {refusal.code: _example(refusal) for refusal in _all_refusals(table)},
            "headers": _HEADERS,
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
        },
    }


def _version() -> str:
    try:
        return metadata.version("orderflow")
    except metadata.PackageNotFoundError:
        # From a checkout that was never installed.
        return "0"


def endpoint(table: Sequence[Endpoint]) -> Endpoint:
    """The endpoint that answers with the document of `table`, made when it is first wanted."""
    cached: list[bytes] = []

    async def openapi(_: Request) -> Response:
        if not cached:
            cached.append(to_json(document(table)))
        return Response(cached[0], headers={"cache-control": "no-cache"}, media_type="application/json")

    return Endpoint("GET", "/openapi.json", openapi, "This document", access="own", tags=("documents",))


class _Schemas(GenerateJsonSchema):
    """Schemas without what says nothing, and open where they describe answers, which may grow."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 - the shape is pydantic's
        return False

    def model_schema(self, schema: ModelSchema) -> dict[str, Any]:
        found = super().model_schema(schema)
        if self.mode == "serialization":
            found.pop("additionalProperties", None)
        return found

    def default_schema(self, schema: Any) -> dict[str, Any]:
        found = super().default_schema(schema)
        # A field that may be absent: null is no value of it.
        if found.get("default", ...) is None:
            del found["default"]
        return found


def _schemas(table: Sequence[Endpoint]) -> tuple[dict[str, Any], dict[Any, dict[str, Any]]]:
    """All models as schemas by name, and how each is referred to, by model and mode."""
    wanted: dict[Any, TypeAdapter[Any]] = {}
    for each in table:
        for model, mode in ((each.body, "validation"), (each.answer, "serialization")):
            if model is not None:
                wanted[model, mode] = TypeAdapter(model)
    references, definitions = TypeAdapter.json_schemas(
        [(model, mode, adapter) for (model, mode), adapter in wanted.items()],
        ref_template=_REF,
        schema_generator=_Schemas,
    )
    return definitions.get("$defs", {}), references


def _operation(endpoint: Endpoint, references: dict[Any, dict[str, Any]]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": _operation_id(endpoint),
        "summary": endpoint.summary,
        "tags": list(endpoint.tags),
        "parameters": _parameters(endpoint),
        "responses": {**_problems(endpoint), **_answers(endpoint, references)},
        "security": [{"bearer": []}] if endpoint.access == "signed_in" else [{}, {"bearer": []}],
    }
    if endpoint.description:
        operation["description"] = endpoint.description
    if endpoint.body is not None:
        operation["requestBody"] = {
            "required": endpoint.body_required,
            "content": {"application/json": _content(references[endpoint.body, "validation"], endpoint.body_example)},
        }
    return operation


def _operation_id(endpoint: Endpoint) -> str:
    module = endpoint.handler.__module__.rpartition(".")[2]
    name = getattr(endpoint.handler, "__name__", endpoint.method.lower())
    return name if name.startswith(module) else f"{module}_{name}"


def _parameters(endpoint: Endpoint) -> list[dict[str, Any]]:
    own = {parameter.name: _described(parameter) for parameter in endpoint.path_parameters}
    found = [{**_path_parameter(name), **own.get(name, {})} for name in _PATH_PARAMETER.findall(endpoint.path)]
    for place, parameters in (("query", endpoint.query), ("header", endpoint.headers)):
        found += [{**_described(parameter), "name": parameter.name, "in": place} for parameter in parameters]
    return found


def _path_parameter(name: str) -> dict[str, Any]:
    schema = {"type": "string"} if name == "shop" else {"type": "string", "format": "uuid"}
    description = "The shop's id or slug." if name == "shop" else f"The id of the {name.removesuffix('_id')}."
    return {"name": name, "in": "path", "required": True, "description": description, "schema": schema}


def _described(parameter: Parameter) -> dict[str, Any]:
    return {"description": parameter.description, "schema": dict(parameter.schema)}


def _content(schema: dict[str, Any], example: Any) -> dict[str, Any]:
    return {"schema": schema} if example is None else {"schema": schema, "example": example}


def _answers(endpoint: Endpoint, references: dict[Any, dict[str, Any]]) -> dict[str, Any]:
    answer: dict[str, Any] = {"description": endpoint.summary}
    headers = {parameter.name: _described(parameter) for parameter in endpoint.answer_headers}
    if endpoint.answer is not None:
        schema = references[endpoint.answer, "serialization"]
        answer["content"] = {endpoint.media_type: _content(schema, endpoint.answer_example)}
        if "version" in endpoint.answer.model_fields:
            headers["ETag"] = {"$ref": "#/components/headers/ETag"}
    elif endpoint.status != 204:
        schema = {"type": "object"} if endpoint.media_type == "application/json" else {"type": "string"}
        answer["content"] = {endpoint.media_type: {"schema": schema}}
    if headers:
        answer["headers"] = headers
    return {str(status): answer for status in (endpoint.status, *endpoint.also)}


def _problems(endpoint: Endpoint) -> dict[str, Any]:
    codes: dict[int, list[str]] = {}
    for refusal in _refusals(endpoint):
        codes.setdefault(problems.STATUSES[refusal.code][0], []).append(refusal.code)
    return {str(status): _problem(status, codes[status]) for status in sorted(codes)}


def _problem(status: int, codes: list[str]) -> dict[str, Any]:
    problem: dict[str, Any] = {
        "description": "Refused: " + ", ".join(f"`{code}`" for code in codes),
        "content": {
            problems.MEDIA_TYPE: {
                "schema": {"$ref": _REF.format(model="Problem"), "properties": {"code": {"enum": codes}}},
                "examples": {code: {"$ref": f"#/components/examples/{code}"} for code in codes},
            }
        },
    }
    if status == 401:
        problem["headers"] = {"WWW-Authenticate": {"$ref": "#/components/headers/WwwAuthenticate"}}
    if status in {429, 503}:
        problem["headers"] = {"Retry-After": {"$ref": "#/components/headers/RetryAfter"}}
    return problem


def _refusals(endpoint: Endpoint) -> tuple[type[errors.Refusal], ...]:
    """All refusals of an endpoint, each once: its own, and those that follow from what it takes."""
    found: list[type[errors.Refusal]] = []
    if endpoint.access != "own":
        found += [errors.Unauthenticated, errors.TokenExpired]
    if endpoint.body is not None:
        found += _WITH_BODY
    if endpoint.query or endpoint.headers:
        found.append(errors.Invalid)
    if "{" in endpoint.path:
        found.append(errors.NotFound)
    if endpoint.path.startswith("/v1/"):
        found.append(errors.Unavailable)
    return tuple(dict.fromkeys([*found, *endpoint.refusals]))


def _all_refusals(table: Sequence[Endpoint]) -> list[type[errors.Refusal]]:
    return list(dict.fromkeys(refusal for each in table for refusal in _refusals(each)))


def _example(refusal: type[errors.Refusal]) -> dict[str, Any]:
    status, title = problems.STATUSES[refusal.code]
    value: dict[str, Any] = {
        "type": problems.TYPE_PREFIX + refusal.code,
        "title": title,
        "status": status,
        "detail": refusal.sentence,
        "code": refusal.code,
        "request_id": "5f0d8a3c1b7e4296",
    }
    if refusal is errors.Invalid:
        value["errors"] = [errors.fault("/name", "Field required", "required")]
    return {"summary": title, "value": value}
