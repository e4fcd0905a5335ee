"""Text as it is kept: trimmed, normalised, free of what only does harm; addresses, slugs and ids by their form."""

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from orderflow import text
from orderflow.ids import new_id
from orderflow.schemas import ItemNew, LineNew, OrderMove, OrderNew, Register, ShopNew

ID = "01930000-0000-7000-8000-00000000000a"
OTHER = "01930000-0000-7000-8000-00000000000b"
BIDI = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("  Ada \t", "Ada"),
        ("\n Ada\r\n", "Ada"),
        ("", None),
        (" \t\n\u00a0\u2003", None),
        ("Cafe\u0301", "Caf\u00e9"),
        ("\U0001f9cb bubble tea", "\U0001f9cb bubble tea"),
        ("שלום", "שלום"),
        ("👩\u200d🍳", "👩\u200d🍳"),
    ],
)
def test_text_is_trimmed_and_composed_and_nothing_is_null(given: str, kept: str | None) -> None:
    assert text.clean(given, 80) == kept


@pytest.mark.parametrize(
    "bad", ["a\x00b", "a\nb", "a\tb", "a\x7fb", "a\x85b", "a\x1bb", "a\r\nb", "\ud800", "a\udfffb"]
)
def test_control_characters_and_lone_surrogates_are_refused_in_a_name(bad: str) -> None:
    with pytest.raises(ValueError, match=r"(Control characters|Lone surrogates)"):
        text.clean(bad, 80)


@pytest.mark.parametrize("character", BIDI)
def test_what_overrides_the_direction_of_text_is_refused(character: str) -> None:
    for multiline in (False, True):
        with pytest.raises(ValueError, match="direction"):
            text.clean(f"a{character}b", 80, multiline=multiline)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (" https://pictures.example/cake.jpg?width=200#top ", "https://pictures.example/cake.jpg?width=200#top"),
        ("HTTPS://pictures.example", "https://pictures.example"),
        ("https://bücher.example/über uns.jpg".replace(" ", "%20"), "https://bücher.example/über%20uns.jpg"),
        ("https://pictures.example:8443/", "https://pictures.example:8443/"),
        (" ", None),
    ],
)
def test_an_address_of_a_photo_is_kept_as_it_was_given(given: str, kept: str | None) -> None:
    assert text.https_url(given, 500) == kept


@pytest.mark.parametrize(
    "bad",
    [
        "http://pictures.example/cake.jpg",
        "//pictures.example/cake.jpg",
        "javascript:alert(1)",
        "data:image/png;base64,AAAA",
        "https:pictures.example",
        "https://",
        "https:///cake.jpg",
        "https://grace:secret@pictures.example/cake.jpg",
        "https://pictures.example/a cake.jpg",
        "https://pictures.example\\cake.jpg",
        "https://pictures.example/\ncake.jpg",
        "https://pictures.example/" + "x" * 476,
    ],
)
def test_what_is_no_address_fetched_over_tls_is_no_address_of_a_photo(bad: str) -> None:
    with pytest.raises(ValueError, match=r"(begins with https|At most 500|Control characters)"):
        text.https_url(bad, 500)


def test_a_note_may_have_lines_and_tabs_and_only_those() -> None:
    assert text.clean(" one\r\ntwo\tthree\nfour ", 80, multiline=True) == "one\ntwo\tthree\nfour"
    for bad in ("a\rb", "a\x0bb", "a\x0cb", "a\x00b", "a\x9fb"):
        with pytest.raises(ValueError, match="Control"):
            text.clean(bad, 80, multiline=True)


def test_whatever_stands_in_a_line_neither_ends_it_nor_turns_it_around() -> None:
    assert text.one_line(" one\r\ntwo\u2028three\x00\ud800\u202efour\u2066 ") == "one two three four"
    assert text.one_line("👩\u200d🍳 שלום") == "👩\u200d🍳 שלום"


def test_the_length_is_counted_in_characters_as_they_are_kept() -> None:
    assert text.clean("é" * 80, 80) == "é" * 80
    assert text.clean("e\u0301" * 80, 80) == "é" * 80
    assert text.clean("🍕" * 80, 80) == "🍕" * 80
    assert text.clean(" " * 100 + "a" * 80 + " " * 100, 80) == "a" * 80
    assert text.clean("a\r\n" * 50, 99, multiline=True) == "a\n" * 49 + "a"
    with pytest.raises(ValueError, match="At most 80"):
        text.clean("é" * 81, 80)
    # One character that NFC takes apart into three.
    with pytest.raises(ValueError, match="At most 80"):
        text.clean("\ufb2c" * 80, 80)


@settings(max_examples=50)
@given(st.text(), st.booleans())
def test_what_was_cleaned_is_clean(given: str, multiline: bool) -> None:
    try:
        kept = text.clean(given, 80, multiline=multiline)
    except ValueError:
        return

    assert kept is None or (kept.strip() == kept and 0 < len(kept) <= 80)
    assert kept is None or text.clean(kept, 80, multiline=multiline) == kept == unicodedata.normalize("NFC", kept)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("Ada@Example.COM", "ada@example.com"),
        ("  ada+orders@mail.example.com ", "ada+orders@mail.example.com"),
        ("ada@xn--bcher-kva.example", "ada@bücher.example"),
        ("ada@BÜCHER.example", "ada@bücher.example"),
    ],
)
def test_an_address_is_kept_in_lower_case(given: str, kept: str) -> None:
    assert text.email(given) == kept
    assert text.email(kept) == kept


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "ada",
        "ada@",
        "@example.com",
        "ada@localhost",
        "Ada <ada@example.com>",
        "ada@example.com, bob@example.com",
        "ada@example.com\nBcc: bob@example.com",
        "ada@exam ple.com",
        "a\u202eda@example.com",
        "a@" + "b" * 64 + ".com",
        "ada@" + "a" * 250 + ".com",
        "\ud800@example.com",
        "ada@[127.0.0.1]",
    ],
)
def test_what_is_no_address_is_refused(bad: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        text.email(bad)


@pytest.mark.parametrize("good", ["abc", "a-b", "corner-cafe", "7-11", "a" * 40, "123"])
def test_a_slug_may_be_chosen(good: str) -> None:
    assert text.slug(good) == good


@pytest.mark.parametrize(
    "bad", ["", "ab", "a" * 41, "-ab", "ab-", "a--b", "Abc", "café", "a_b", "a b", "abc\n", "١٢٣", ID]
)
def test_a_slug_of_another_form_is_refused(bad: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        text.slug(bad)


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Corner Café", "corner-cafe"),
        ("Bob's Burgers", "bobs-burgers"),
        ("Straße & Söhne", "strasse-sohne"),
        ("  --- Ünïcödé ---  ", "unicode"),
        ("a" * 80, "a" * 36),
        ("a" * 35 + " bcd", "a" * 35),
        ("寿司", None),
        ("寿司 1", None),
        (ID, None),
    ],
)
def test_a_name_suggests_a_slug(name: str, slug: str | None) -> None:
    assert text.slug_of(name) == slug


@given(st.text(max_size=80))
def test_a_suggested_slug_may_be_chosen_and_leaves_room_for_a_number(name: str) -> None:
    slug = text.slug_of(name)

    assert slug is None or (text.slug(slug) == slug and len(slug) <= 36)


def test_an_id_is_read_in_its_usual_form_only() -> None:
    made = new_id()

    assert text.uuid_of(str(made)) == text.uuid_of(str(made).upper()) == made
    for bad in (made.hex, f"{{{made}}}", f"urn:uuid:{made}", f" {made}", f"{made}\n", "", "é" * 36):
        assert text.uuid_of(bad) is None


def test_new_ids_are_version_7_and_sort_by_time() -> None:
    ids = [new_id() for _ in range(1000)]

    assert len(set(ids)) == 1000
    assert all(each.version == 7 and each.variant == "specified in RFC 4122" for each in ids)
    stamps = [each.int >> 80 for each in ids]
    assert stamps == sorted(stamps)


def _order(**more: object) -> dict[str, object]:
    return {"lines": [{"item_id": ID, "quantity": 1}], **more}


@pytest.mark.parametrize(
    "bad",
    [
        {},
        {"lines": []},
        {"lines": {}},
        {"lines": None},
        {"lines": [{"item_id": ID, "quantity": 1}] * 51},
        {"lines": [{"item_id": ID, "quantity": 50}, {"item_id": ID.upper(), "quantity": 50}]},
        {"lines": [{"item_id": ID, "quantity": 50, "note": "x"}, {"item_id": ID, "quantity": 50, "note": " x "}]},
        *({"lines": [{"item_id": ID, "quantity": wrong}]} for wrong in (0, -1, 100, True, "1", 1.5, 1.0, None, 2**70)),
        *({"lines": [{"item_id": wrong, "quantity": 1}]} for wrong in ("", "x", 7, None, ID.replace("-", ""), [ID])),
        {"lines": [{"item_id": ID, "quantity": 1, "price_minor": 1}]},
        {"lines": [{"item_id": ID, "quantity": 1, "note": "n" * 201}]},
        _order(note="n" * 201),
        _order(pickup_name="n" * 41),
        _order(pickup_name="a\nb"),
        _order(email="nobody"),
        _order(expected_total_minor=-1),
        _order(expected_total_minor=1.5),
        _order(expected_total_minor=2**60),
        _order(total_minor=1),
    ],
)
def test_an_order_of_another_shape_is_invalid(bad: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        OrderNew.model_validate(bad)


def test_lines_with_the_same_item_and_note_are_joined_at_the_place_of_the_first() -> None:
    wanted = OrderNew.model_validate(
        {
            "lines": [
                {"item_id": ID, "quantity": 1},
                {"item_id": OTHER, "quantity": 2, "note": "hot"},
                {"item_id": ID, "quantity": 98, "note": "  "},
                {"item_id": OTHER, "quantity": 3},
                {"item_id": OTHER.upper(), "quantity": 4, "note": " hot\r\n"},
            ]
        }
    )

    assert [(str(line.item_id), line.quantity, line.note) for line in wanted.joined()] == [
        (ID, 99, None),
        (OTHER, 6, "hot"),
        (OTHER, 3, None),
    ]


def test_only_a_cancellation_has_a_reason_of_one_line() -> None:
    assert OrderMove.model_validate({"status": "cancelled", "reason": " no milk "}).reason == "no milk"
    assert OrderMove.model_validate({"status": "cancelled", "reason": "  "}).reason is None
    assert OrderMove.model_validate({"status": "ready", "reason": None}).reason is None
    for bad in (
        {"status": "ready", "reason": "no milk"},
        {"status": "cancelled", "reason": "n" * 201},
        {"status": "cancelled", "reason": "no\nmilk"},
        {"status": "cancelled", "reason": 7},
        {"status": "placed"},
        {"status": None},
        {},
    ):
        with pytest.raises(ValidationError):
            OrderMove.model_validate(bad)


def test_what_is_bounded_has_its_bounds() -> None:
    ItemNew(name="n" * 80, description="d" * 1000, category="c" * 60, price_minor=100_000_000, stock=1_000_000)
    ItemNew(name="n", photo_url="https://a.example/" + "p" * 482, price_minor=0)
    ShopNew(name="n", address="a" * 200, phone="p" * 40, currency="EUR", time_zone="Europe/Berlin")
    Register(email="a@b.co", password="p" * 128, name="n" * 80)
    LineNew.model_validate({"item_id": ID, "quantity": 99, "note": "n" * 200})
    item = {"name": "n", "price_minor": 0}
    for bad in (
        {"name": "n" * 81},
        {"name": ""},
        {"description": "d" * 1001},
        {"category": "c" * 61},
        {"photo_url": "https://a.example/" + "p" * 483},
        {"price_minor": 100_000_001},
        {"price_minor": -1},
        {"stock": 1_000_001},
        {"position": -1},
    ):
        with pytest.raises(ValidationError):
            ItemNew.model_validate(item | bad)
    person = {"email": "a@b.co", "password": "12345678", "name": "n"}
    for wrong in ({"password": "1234567"}, {"password": "p" * 129}, {"role": "admin"}, {"name": " "}):
        with pytest.raises(ValidationError):
            Register.model_validate(person | wrong)
