"""The embedded PostgreSQL: found, made, watched, mended after a kill, and never run twice on the same data."""

import asyncio
import os
import select
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from orderflow import embedded, postgresql
from orderflow.embedded import InUse
from orderflow.postgresql import EmbeddedError
from tests import places

DEADLINE_S = 30
IS_ROOT = os.geteuid() == 0

# Owns a data directory until it is told to end, as `serve` does.
OWNER = """
import signal, sys
from pathlib import Path
from orderflow import embedded
embedded.RETRY_S = 2
for sign in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
    signal.signal(sign, lambda *_: sys.exit(0))
with embedded.running(Path(sys.argv[1])) as server:
    print(server.url, flush=True)
    signal.pause()
"""


class Owner:
    """A process that owns a data directory's database."""

    def __init__(self, data: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", OWNER, str(data)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )

    def url(self) -> str:
        out = self.process.stdout
        assert out is not None
        assert select.select([out], [], [], DEADLINE_S)[0], "it says nothing"
        return out.readline().decode().strip()

    def wait_until_it_says(self, words: str) -> None:
        assert self.process.stderr is not None
        assert any(words in line.decode() for line in self.process.stderr), "it has ended without saying it"

    def end(self, sign: signal.Signals) -> int:
        """Send the signal and return the exit code."""
        self.process.send_signal(sign)
        self.process.communicate(timeout=DEADLINE_S)
        return self.process.returncode


@pytest.fixture
def data(spare_data: Path) -> Iterator[Path]:
    """A data directory that has a database, which does not run."""
    with places.copy(spare_data) as data:
        yield data


@pytest.fixture
def place() -> Iterator[Path]:
    """An empty directory for a data directory yet to be made."""
    with places.reachable() as place:
        yield place


@pytest.fixture
def owner(data: Path) -> Iterator[Owner]:
    owner = Owner(data)
    yield owner
    if owner.process.poll() is None:
        owner.end(signal.SIGTERM)


def ask(url: str, question: str) -> object:
    async def asked() -> object:
        connection = await asyncpg.connect(url.replace("+asyncpg", ""))
        try:
            return await connection.fetchval(question)
        finally:
            await connection.close()

    return asyncio.run(asked())


def ask_patiently(url: str, question: str) -> object:
    """Ask a server that may be starting."""
    deadline = time.monotonic() + DEADLINE_S
    while True:
        try:
            return ask(url, question)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            assert time.monotonic() < deadline, "it does not answer"
            time.sleep(0.05)


def postmaster(data: Path) -> int:
    return int((data / "postgresql" / "postmaster.pid").read_text().split()[0])


def is_alive(pid: int, data: Path) -> bool:
    return postgresql.serves(pid, data / "postgresql")


def wait_until_gone(pid: int, data: Path) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while is_alive(pid, data):
        assert time.monotonic() < deadline, f"process {pid} is still there"
        time.sleep(0.02)


def test_a_database_is_made_kept_and_gone_with_its_owner(place: Path) -> None:
    data = place / "data"
    with embedded.running(data) as server:
        assert ask(server.url, "SELECT current_setting('server_version_num')::int >= 170000")
        assert ask(server.url, "SELECT current_database()") == "orderflow"
        ask(server.url, "CREATE TABLE kept AS SELECT 42 AS answer")
        pid = postmaster(data)
    assert not is_alive(pid, data)

    with embedded.running(data) as server:
        assert ask(server.url, "SELECT answer FROM kept") == 42


def test_it_writes_durably_and_listens_to_nobody_but_its_owner(data: Path) -> None:
    with embedded.running(data) as server:
        socket = Path(str(ask(server.url, "SHOW unix_socket_directories")))

        assert ask(server.url, "SHOW fsync") == "on"
        assert ask(server.url, "SHOW listen_addresses") == ""
        assert stat.S_IMODE(socket.stat().st_mode) == 0o700
        assert stat.S_IMODE((data / "postgresql" / "password").stat().st_mode) == 0o600
        with pytest.raises(asyncpg.InvalidPasswordError):
            ask(f"postgresql://orderflow:wrong@/orderflow?host={socket}", "SELECT 1")
    assert not socket.exists()


def test_text_is_lowered_beyond_ascii_whatever_the_machine_speaks(data: Path) -> None:
    with embedded.running(data) as server:
        assert ask(server.url, "SELECT lower('CAFÉ')") == "café"


def test_a_second_start_is_refused_and_names_the_first(data: Path, owner: Owner) -> None:
    owner.url()

    with pytest.raises(InUse, match=f"another orderflow, process {owner.process.pid}"), embedded.running(data):
        pass


def test_a_command_reaches_the_database_that_runs(data: Path, owner: Owner) -> None:
    url = owner.url()

    with embedded.reached(data) as reached:
        assert reached == url


def test_a_command_runs_the_database_itself_when_nobody_does(data: Path) -> None:
    with embedded.reached(data) as url:
        assert ask(url, "SELECT 1") == 1
        pid = postmaster(data)
    assert not is_alive(pid, data)


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP], ids=lambda sign: sign.name)
def test_the_database_ends_when_its_owner_is_told_to(data: Path, owner: Owner, sign: signal.Signals) -> None:
    owner.url()
    pid = postmaster(data)

    begun = time.monotonic()
    assert owner.end(sign) == 0

    assert time.monotonic() - begun < 15
    assert not is_alive(pid, data)


def test_a_killed_owner_leaves_nothing_that_a_new_start_minds(data: Path, owner: Owner) -> None:
    url = owner.url()
    ask(url, "CREATE TABLE kept AS SELECT 42 AS answer")
    pid = postmaster(data)

    owner.end(signal.SIGKILL)

    with embedded.running(data) as server:
        assert ask(server.url, "SELECT answer FROM kept") == 42
        assert not is_alive(pid, data)
    assert not Path(url.partition("host=")[2].partition("&")[0]).exists()


def test_an_orphan_that_does_not_end_by_itself_is_ended_by_the_next_start(data: Path, owner: Owner) -> None:
    owner.url()
    orphan = postmaster(data)
    os.kill(orphan, signal.SIGSTOP)
    owner.end(signal.SIGKILL)
    assert is_alive(orphan, data)

    successor = Owner(data)
    successor.wait_until_it_says("ending the PostgreSQL that an earlier run has left behind")
    os.kill(orphan, signal.SIGCONT)

    assert ask(successor.url(), "SELECT 1") == 1
    assert not is_alive(orphan, data)
    assert successor.end(signal.SIGTERM) == 0


def test_a_killed_database_comes_back_at_the_same_address(data: Path) -> None:
    with embedded.running(data) as server:
        url, killed = server.url, postmaster(data)
        ask(url, "CREATE TABLE kept AS SELECT 42 AS answer")

        os.kill(killed, signal.SIGKILL)
        wait_until_gone(killed, data)

        assert ask_patiently(url, "SELECT answer FROM kept") == 42
        assert server.url == url
        assert not server.failed


def test_when_both_are_killed_the_next_start_recovers_what_was_committed(data: Path, owner: Owner) -> None:
    ask(owner.url(), "CREATE TABLE kept AS SELECT 42 AS answer")

    os.kill(postmaster(data), signal.SIGKILL)
    owner.end(signal.SIGKILL)

    with embedded.running(data) as server:
        assert ask(server.url, "SELECT answer FROM kept") == 42


def test_a_stale_pid_file_that_names_a_stranger_does_no_harm(data: Path) -> None:
    with embedded.running(data):
        pass
    stranger = subprocess.Popen(["sleep", "60"])
    note = data / "postgresql" / "postmaster.pid"
    note.write_text(f"{stranger.pid}\n{data}/postgresql\n0\n5432\n/tmp/nowhere\n\n0 0\nready\n")
    shutil.chown(note, (data / "postgresql").owner())

    with embedded.running(data) as server:
        assert ask(server.url, "SELECT 1") == 1

    assert stranger.poll() is None
    stranger.kill()
    stranger.wait()


def test_a_start_that_was_cut_short_is_begun_anew(place: Path) -> None:
    data = place / "data"
    (data / "postgresql.new").mkdir(parents=True)
    (data / "postgresql.new" / "PG_VERSION").write_text("18")
    (data / "password.new").write_text("half a pass")

    with embedded.running(data) as server:
        assert ask(server.url, "SELECT 1") == 1


def test_a_database_that_dies_again_and_again_ends_orderflow_with_a_reason(data: Path, owner: Owner) -> None:
    owner.url()
    shutil.rmtree(data / "postgresql" / "global")

    os.kill(postmaster(data), signal.SIGKILL)

    _, said = owner.process.communicate(timeout=DEADLINE_S)
    assert owner.process.returncode == 1
    assert b"the embedded PostgreSQL has died and does not start again" in said


def test_a_path_of_150_characters_works(place: Path) -> None:
    deep = place / "/".join(["a-directory-name"] * 10)
    assert len(str(deep)) >= 150

    with embedded.running(deep) as server:
        assert ask(server.url, "SELECT 1") == 1


def test_a_database_of_another_version_is_named(data: Path) -> None:
    (data / "postgresql" / "PG_VERSION").write_text("12\n")

    with pytest.raises(EmbeddedError, match="was made by PostgreSQL 12, which is not here"), embedded.running(data):
        pass


def test_without_any_postgresql_it_says_what_to_do(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgresql, "_candidates", list)

    with pytest.raises(EmbeddedError, match="set DATABASE_URL"), embedded.running(place / "data"):
        pass


def test_somebody_elses_database_is_left_alone() -> None:
    with pytest.raises(EmbeddedError, match="belongs to root: start orderflow as the user who started it before"):
        postgresql.check_owner(Path("/etc"))


def test_where_the_databases_user_cannot_go_data_and_programs_are_put_elsewhere(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state, closed = place / "state", place / "closed"
    closed.mkdir(mode=0o700)
    monkeypatch.setattr(postgresql, "STATE", state)
    hidden = _hide_programs(closed, monkeypatch)

    data = closed / "clone" / ".orderflow"
    with embedded.running(data) as server:
        assert ask(server.url, "SELECT 1") == 1

    assert stat.S_IMODE(closed.stat().st_mode) == 0o700
    if not IS_ROOT:
        assert (data / "postgresql").exists()
        return
    assert not data.exists()
    home = postgresql.home(data)
    assert home.parent == state
    assert "closed-clone-" in home.name
    assert postgresql.programs(home).is_relative_to(home)
    assert not postgresql.programs(home).is_relative_to(hidden)


def _hide_programs(closed: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put a copy of PostgreSQL's programs into the closed directory, and let no others be found."""
    original = postgresql._candidates()[0].parent
    package = original.parent
    hidden = closed / package.name / original.name
    shutil.copytree(original, hidden, symlinks=True)
    if package.with_suffix(".libs").exists():
        shutil.copytree(package.with_suffix(".libs"), closed / f"{package.name}.libs")
    monkeypatch.setattr(postgresql, "_candidates", lambda: [hidden / "bin"])
    return hidden
