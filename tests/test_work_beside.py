"""`orderflow work` beside a server that runs the embedded database: before it, after it, and over its restarts."""

import select
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from orderflow import embedded
from tests import places
from tests.commands import COMMAND, DEADLINE_S, Served, environment_of, run
from tests.counter import counter_of
from tests.mail_workers import NO_MAILS, settled
from tests.resend_server import ResendServer

SENDS = "orderflow sends e-mails\n"


@pytest.fixture
def data() -> Iterator[Path]:
    """A place for a data directory of which there is nothing yet."""
    with places.reachable() as place:
        yield place / "data"


@contextmanager
def working(environment: dict[str, str]) -> Iterator["subprocess.Popen[str]"]:
    with subprocess.Popen([*COMMAND, "work"], env=environment, text=True, stdout=subprocess.PIPE) as process:
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(DEADLINE_S) == 0


def said(process: "subprocess.Popen[str]") -> str:
    """The next line of it."""
    assert process.stdout is not None
    assert select.select([process.stdout], [], [], DEADLINE_S)[0], "it says nothing"
    return process.stdout.readline()


def waits_for(data: Path) -> str:
    return f"waiting for `orderflow serve`, which runs the database in {data}\n"


async def test_work_finds_the_database_again_after_a_restart_and_sends(spare_data: Path, resend: ResendServer) -> None:
    with ExitStack() as stack:
        data = stack.enter_context(places.copy(spare_data))
        # What owns the database here sends nothing itself, as a server would.
        with embedded.running(data) as first:
            worker = stack.enter_context(working(environment_of(data) | resend.settings))
            assert said(worker) == SENDS
        assert said(worker) == waits_for(data)
        with embedded.running(data) as second:
            assert second.url != first.url
            assert said(worker) == SENDS
            async with counter_of(second.url) as counter:
                await counter.place(2)
                await counter.make_ready()
            await settled(second.url, sent=2)

    assert len(resend.accepted) == 2


def test_work_that_was_first_waits_for_a_server_and_both_run(data: Path) -> None:
    environment = environment_of(data)
    with working(environment) as worker:
        assert said(worker) == waits_for(data)
        for _ in range(2):
            with Served(environment) as served:
                assert said(worker) == SENDS
                assert served.get("readyz") == 200
                assert run(environment, "mails").stdout == NO_MAILS
            assert said(worker) == waits_for(data)


def test_work_that_waits_ends_when_it_is_told_to(data: Path) -> None:
    with working(environment_of(data)) as worker:
        assert said(worker) == waits_for(data)

    assert worker.returncode == 0
    assert not data.exists()
