"""The document says what the endpoints do, and the page that shows it works without anything from elsewhere."""

import re
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator
from playwright.async_api import Browser

from orderflow.http import docs, openapi
from orderflow.http.routing import starlette_routes
from tests.edge import ADA, ENDPOINTS, application, serving


@pytest.fixture(scope="module")
def origin() -> Iterator[str]:
    served = (openapi.endpoint(ENDPOINTS), *docs.endpoints())
    with serving(application(*starlette_routes(served))) as port:
        yield f"http://127.0.0.1:{port}"


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return openapi.document(ENDPOINTS)


def test_the_document_is_valid_openapi(document: dict[str, Any]) -> None:
    OpenAPIV31SpecValidator(document).validate()

    assert document["openapi"] == "3.1.1"


def test_the_document_is_served(origin: str, document: dict[str, Any]) -> None:
    answer = httpx2.get(f"{origin}/openapi.json", headers={"Authorization": "Bearer whatever"})

    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == document
    assert httpx2.head(f"{origin}/openapi.json").headers["content-length"] == answer.headers["content-length"]


def test_every_endpoint_is_described(document: dict[str, Any]) -> None:
    described = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    ids = [operation["operationId"] for methods in document["paths"].values() for operation in methods.values()]

    assert described == {(endpoint.method, endpoint.path) for endpoint in ENDPOINTS}
    assert len(set(ids)) == len(ids)


def test_an_operation_tells_what_it_takes_gives_and_refuses(document: dict[str, Any]) -> None:
    operation = document["paths"]["/v1/things/{thing}"]["patch"]

    taken = operation["requestBody"]["content"]["application/json"]["schema"]
    assert (taken, operation["requestBody"]["required"]) == ({"$ref": "#/components/schemas/ThingNew"}, True)
    given = operation["responses"]["200"]
    assert given["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/Thing"}
    assert "ETag" in given["headers"]
    assert [(each["name"], each["in"]) for each in operation["parameters"]] == [
        ("thing", "path"),
        ("If-Match", "header"),
    ]
    assert sorted(operation["responses"]) == ["200", "400", "401", "404", "409", "412", "413", "415", "422", "503"]
    assert operation["security"] == [{"bearer": []}]


def test_problems_are_named_by_their_codes(document: dict[str, Any]) -> None:
    refused = document["paths"]["/v1/things/{thing}"]["patch"]["responses"]

    content = refused["401"]["content"]["application/problem+json"]
    assert content["schema"]["properties"]["code"]["enum"] == ["unauthenticated", "token_expired"]
    assert set(content["examples"]) == {"unauthenticated", "token_expired"}
    assert "WWW-Authenticate" in refused["401"]["headers"]
    assert "Retry-After" in refused["503"]["headers"]


def test_bodies_are_closed_and_answers_may_grow(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]

    assert schemas["ThingNew"]["additionalProperties"] is False
    assert "additionalProperties" not in schemas["Thing"]
    assert "default" not in schemas["ThingNew"]["properties"]["weight"]
    assert schemas["ThingNew"]["required"] == ["name"]


def test_the_docs_need_nothing_from_elsewhere(origin: str) -> None:
    answer = httpx2.get(f"{origin}/docs")
    policy = answer.headers["content-security-policy"]

    assert "default-src 'self'" in policy
    assert "script-src" not in policy
    loaded = re.findall(r'(?:src|href)="([^"]+)"', answer.text)
    assert loaded
    for path in loaded:
        assert path.startswith("/")
        assert httpx2.get(origin + path).status_code == 200


async def test_the_token_box_of_the_docs_signs_in(origin: str, browser: Browser) -> None:
    page = await browser.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    await page.goto(f"{origin}/docs")

    await page.get_by_role("button", name="Authorize", exact=True).click()
    await page.get_by_label("auth-bearer-value").fill("good")
    await page.locator(".auth-btn-wrapper button.authorize").click()
    await page.locator(".auth-btn-wrapper button.btn-done").click()
    operation = page.locator("#operations-default-edge_me")
    await operation.locator("button.opblock-summary-control").click()
    await operation.get_by_role("button", name="Try it out").click()
    await operation.get_by_role("button", name="Execute").click()
    answer = operation.locator(".live-responses-table .response")
    await answer.wait_for()

    text = await answer.inner_text()
    assert "200" in text
    assert str(ADA.user_id) in text
    assert complaints == []
