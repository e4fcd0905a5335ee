"""How a database is recognised, and what follows when it is another one than was noted."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from sqlalchemy.engine import make_url

from orderflow import embedded, migrations, postgresql
from orderflow.db import Database
from orderflow.errors import Unavailable
from orderflow.ids import new_id
from orderflow.lineage import Lineage
from orderflow.settings import Settings
from tests import places
from tests.backups import beside
from tests.live import running
from tests.people import Api, People, Person, refused
from tests.stored import away, connected, stored

NOTICED = "not the database as it was noted"


@pytest.fixture
async def db(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url, announce=lambda _: None)
    yield database
    await database.close()


async def feed(database_url: str) -> str:
    """A feed of somebody; return its epoch."""
    statement = "INSERT INTO feeds (id, epoch, head, menu_seq, number) VALUES ($1, 'first', 0, 0, 0)"
    await stored(database_url, statement, new_id())
    return "first"


async def epoch(database_url: str) -> str:
    (row,) = await stored(database_url, "SELECT epoch FROM feeds")
    return str(row["epoch"])


async def note(database_url: str) -> dict[str, Any] | None:
    rows = await stored(database_url, "SELECT * FROM lineage")
    return dict(rows[0]) if rows else None


async def another(database_url: str, figure: str = "system_identifier") -> None:
    """Let the database have been noted as another one."""
    await stored(database_url, f"UPDATE lineage SET {figure} = {figure} + 1")  # noqa: S608 - a name from below


async def test_a_first_start_notes_the_database_and_the_next_ones_leave_it_as_it_is(
    db: Database, database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    await Lineage(db).begin()
    noted, known = await note(database_url), await feed(database_url)

    await Lineage(db).begin()
    await Lineage(db).check()

    assert noted is not None
    assert None not in (noted[figure] for figure in ("system_identifier", "timeline", "database_oid", "feeds_oid"))
    assert await note(database_url) == noted
    assert await epoch(database_url) == known
    assert caplog.text == ""


async def test_positions_from_before_there_was_a_note_are_not_trusted(db: Database, database_url: str) -> None:
    known = await feed(database_url)

    await Lineage(db).begin()

    assert await epoch(database_url) != known


async def test_a_database_that_is_just_being_restored_is_not_noted_by_a_server_that_runs(
    db: Database, database_url: str
) -> None:
    lineage = Lineage(db)
    await lineage.begin()
    known = await feed(database_url)
    await stored(database_url, "DELETE FROM lineage")

    await lineage.check()

    assert await note(database_url) is None
    assert await epoch(database_url) == known


async def test_a_database_that_was_away_at_the_start_is_noted_by_the_first_look_at_it(
    db: Database, database_url: str
) -> None:
    lineage = Lineage(db)
    known = await feed(database_url)
    async with away(database_url):
        for look in (lineage.begin, lineage.check):
            with pytest.raises(Unavailable):
                await look()

    await lineage.check()

    assert await note(database_url) is not None
    assert await epoch(database_url) != known


async def test_a_half_of_a_restore_is_not_noted_by_a_server_that_starts_either(db: Database, database_url: str) -> None:
    known, lineage = await feed(database_url), Lineage(db)
    # A restore makes the keys when it has brought all rows back.
    await stored(database_url, "ALTER TABLE lineage DROP CONSTRAINT pk_lineage")

    for look in (lineage.begin, lineage.check):
        with pytest.raises(Unavailable):
            await look()
    assert (await note(database_url), await epoch(database_url)) == (None, known)
    await stored(database_url, "ALTER TABLE lineage ADD CONSTRAINT pk_lineage PRIMARY KEY (id)")

    await lineage.check()

    assert await note(database_url) is not None


async def test_a_restore_is_noticed_by_a_server_that_began_without_a_database(
    settings: Settings, database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with AsyncExitStack() as stack:
        async with away(database_url):
            await stack.enter_async_context(running(settings))
        async with asyncio.timeout(10):
            while not await note(database_url):
                pass
        known = await feed(database_url)

        await another(database_url)

        async with asyncio.timeout(10):
            while await epoch(database_url) == known:
                pass
    assert caplog.text.count(NOTICED) == 1


@pytest.mark.parametrize("figure", ["system_identifier", "timeline", "database_oid", "feeds_oid"])
async def test_another_cluster_timeline_or_database_is_noticed_once(
    db: Database, database_url: str, caplog: pytest.LogCaptureFixture, figure: str
) -> None:
    await Lineage(db).begin()
    known = await feed(database_url)
    await another(database_url, figure)

    await asyncio.gather(*(Lineage(db).check() for _ in range(4)))

    assert await epoch(database_url) != known
    assert caplog.text.count(NOTICED) == caplog.text.count(f"another {figure}") == 1


async def test_what_a_server_does_not_tell_is_said_and_the_rest_still_counts(
    postgres: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with connected(beside(postgres)) as connection:
        await connection.execute("CREATE ROLE ordinary LOGIN PASSWORD 'ordinary'")
        await connection.execute("CREATE DATABASE managed OWNER ordinary TEMPLATE template0")
    url = make_url(postgres).set(username="ordinary", password="ordinary", database="managed")
    managed = url.render_as_string(hide_password=False)
    await stored(
        make_url(postgres).set(database="managed").render_as_string(hide_password=False),
        "REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC",
    )
    await migrations.upgrade(managed)
    database = Database(managed, announce=lambda _: None)
    try:
        await Lineage(database).begin()
        noted, known = await note(managed), await feed(managed)
        await another(managed, "database_oid")
        await Lineage(database).check()

        assert noted is not None
        assert (noted["system_identifier"], noted["timeline"]) == (None, 1)
        assert "does not tell its system_identifier" in caplog.text
        assert await epoch(managed) != known
    finally:
        await database.close()
        async with connected(beside(postgres)) as connection:
            await connection.execute("DROP DATABASE managed WITH (FORCE)")
            await connection.execute("DROP ROLE ordinary")


async def test_a_figure_that_was_not_told_before_is_noted_without_alarm(
    db: Database, database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    await Lineage(db).begin()
    known = await feed(database_url)
    await stored(database_url, "UPDATE lineage SET system_identifier = NULL")

    await Lineage(db).check()

    noted = await note(database_url)
    assert noted is not None
    assert noted["system_identifier"] is not None
    assert (await epoch(database_url), caplog.text) == (known, "")


async def test_numbers_of_today_go_on_above_all_that_the_shop_has_called_lately(api: Api) -> None:
    quiet, busy, ada = await api.shop("Quiet"), await api.shop("Busy"), await api.register()
    database_url = api.state["settings"].database_url
    await ada.order(quiet.shop, quiet.item)
    for day, number in ((1, 140), (36, 970)):
        order = await ada.order(busy.shop, busy.item)
        moved = "UPDATE orders SET number = $2, business_day = business_day - $3::int WHERE id = $1"
        await stored(database_url, moved, order["id"], number, day)

    first, again = await Lineage(api.state["db"]).restored(), await Lineage(api.state["db"]).restored()

    assert first.feeds == again.feeds == 5
    token = (await api.login(ada.user["email"]))["access_token"]
    ada = Person(ada.client, ada.user, token)
    called = [await ada.order(shop.shop, shop.item) for shop in (quiet, busy, quiet)]
    assert [order["number"] for order in called] == [101, 201, 102]
    assert len({order["business_day"] for order in called}) == 1


async def test_logouts_of_hours_are_not_undone_and_a_takeover_signs_nobody_out(api: Api) -> None:
    ada, url = await api.register(), api.state["settings"].database_url
    lineage = Lineage(api.state["db"])

    await another(url)
    await lineage.check()
    await api.state["ended"].refresh(api.state["db"])
    assert (await ada.get("/v1/me")).status_code == 200

    await stored(url, "UPDATE refresh_tokens SET issued_at = issued_at - interval '1 hour'")
    await another(url)
    await lineage.check()
    await api.state["ended"].refresh(api.state["db"])
    refused(await ada.get("/v1/me"), 401, "unauthenticated")
    ada.token = (await api.login(ada.user["email"]))["access_token"]
    assert (await ada.get("/v1/me")).status_code == 200


async def test_a_recovery_to_a_point_in_time_is_noticed_by_the_timeline(
    spare_data: Path, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    # An archive could be made of its log.
    with places.copy(spare_data) as data, mock.patch.dict(embedded.SERVER_SETTINGS, wal_level="replica"):
        with embedded.running(data) as server:
            async with running(settings, database_url=server.url) as live:
                known = await position(live)
        recover(data / "postgresql")
        with embedded.running(data) as server:
            async with running(settings, database_url=server.url), asyncio.timeout(10):
                # It can be read before the recovery ends.
                while not (noted := await note(server.url)) or noted["timeline"] == 1:
                    pass
            found = await stored(server.url, "SELECT epoch FROM feeds")

    assert noted["timeline"] == 2
    assert known not in {row["epoch"] for row in found}
    assert "another timeline)" in caplog.text


async def position(live: People) -> str:
    """Open a shop; return the epoch of its feed."""
    cafe = await live.shop()
    answer = await cafe.owner.get(f"{cafe.path}/events")
    return str(answer.json()["epoch"])


def recover(cluster: Path) -> None:
    """Have the next start recover from an archive, here an empty one."""
    signal = cluster / "recovery.signal"
    signal.touch()
    postgresql.give(signal)
    with (cluster / "postgresql.auto.conf").open("a") as configuration:
        configuration.write("restore_command = 'false'\n")
