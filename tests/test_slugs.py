"""The names of shops in addresses: made, taken, kept for who had them."""

import asyncio

from tests.people import Api, Person, good, refused

NEW = {"name": "Corner Café", "currency": "EUR", "time_zone": "Europe/Berlin"}


async def owner(api: Api) -> Person:
    return await api.register("Grace", "shop_owner")


async def test_a_slug_is_made_from_the_name(api: Api) -> None:
    grace = await owner(api)

    for name, slug in (
        ("Corner Café", "corner-cafe"),
        ("  Joe's  Fish & Chips! ", "joes-fish-chips"),
        ("Bäckerei Groß", "backerei-gross"),
        ("x" * 80, "x" * 36),
        ("24/7", "24-7"),
    ):
        assert good(await grace.post("/v1/shops", {**NEW, "name": name}), 201)["slug"] == slug

    for name in ("寿司", "!!!", "ab", "🍕🍕🍕🍕"):
        slug = good(await grace.post("/v1/shops", {**NEW, "name": name}), 201)["slug"]
        assert slug.startswith("shop-")
        assert len(slug) == 11


async def test_of_twenty_shops_of_one_name_at_once_each_gets_a_slug_of_its_own(api: Api) -> None:
    grace = await owner(api)

    answers = await asyncio.gather(*(grace.post("/v1/shops", NEW) for _ in range(20)))

    slugs = {good(answer, 201)["slug"] for answer in answers}
    assert slugs == {"corner-cafe", *(f"corner-cafe-{number}" for number in range(2, 21))}


async def test_of_ten_who_ask_for_one_slug_at_once_one_gets_it(api: Api) -> None:
    grace = await owner(api)

    answers = await asyncio.gather(*(grace.post("/v1/shops", {**NEW, "slug": "the-corner"}) for _ in range(10)))

    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 9
    refused(await grace.post("/v1/shops", {**NEW, "slug": "the-corner"}), 409, "slug_taken")


async def test_a_long_slug_keeps_room_for_its_number(api: Api) -> None:
    grace = await owner(api)
    taken = ["x" * 36, *("x" * 36 + f"-{number}" for number in range(2, 1000))]
    shop = good(await grace.post("/v1/shops", NEW), 201)
    adding = "INSERT INTO shop_slugs (slug, shop_id) SELECT slug, $2 FROM unnest($1::text[]) AS slug"
    await api.state["db"].fetch(adding, taken, shop["id"])

    slug = good(await grace.post("/v1/shops", {**NEW, "name": "x" * 80}), 201)["slug"]

    assert slug == "x" * 35 + "-1000"


async def test_a_shop_is_found_by_its_id_and_by_every_slug_that_it_had(api: Api) -> None:
    corner = await api.shop()
    for slug in ("second-slug", "third-slug"):
        good(await corner.owner.patch(corner.path, {"slug": slug}))

    for name in (corner.shop["id"], corner.shop["id"].upper(), "corner-cafe", "second-slug", "third-slug"):
        answer = await api.get(f"/v1/shops/{name}")
        assert (good(answer)["slug"], answer.headers["etag"]) == ("third-slug", '"3"')
        good(await api.get(f"/v1/shops/{name}/items"))
        good(await corner.owner.patch(f"/v1/shops/{name}", {}))
        good(await corner.owner.get(f"/v1/shops/{name}/staff"))


async def test_what_names_no_shop_is_not_found(api: Api) -> None:
    grace = await owner(api)

    for name in ("nowhere", "01930000-0000-7000-8000-000000000001", "Corner", "a", "x" * 41, "%00", "a_b", "caf%C3%A9"):
        refused(await api.get(f"/v1/shops/{name}"), 404, "not_found")
        refused(await api.get(f"/v1/shops/{name}/items"), 404, "not_found")
        refused(await grace.patch(f"/v1/shops/{name}", {}), 404, "not_found")
        refused(await grace.get(f"/v1/shops/{name}/staff"), 404, "not_found")
    refused(await api.get("/v1/shops/"), 404, "not_found")


async def test_an_old_slug_goes_to_nobody_else_and_back_to_its_own_shop(api: Api) -> None:
    corner, other = await api.shop(), await api.shop("Other")
    good(await corner.owner.patch(corner.path, {"slug": "new-corner"}))

    refused(await other.owner.patch(other.path, {"slug": "corner-cafe"}), 409, "slug_taken")
    refused(await other.owner.patch(other.path, {"slug": "new-corner"}), 409, "slug_taken")
    refused(await other.owner.post("/v1/shops", {**NEW, "slug": "corner-cafe"}), 409, "slug_taken")
    assert good(await other.owner.post("/v1/shops", NEW), 201)["slug"] == "corner-cafe-2"

    assert good(await corner.owner.patch(corner.path, {"slug": "corner-cafe"}))["slug"] == "corner-cafe"
    assert good(await api.get("/v1/shops/new-corner"))["id"] == corner.shop["id"]
