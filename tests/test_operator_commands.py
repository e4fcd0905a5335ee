"""What the operator does for others while the server runs: a new password, an erasure, a look at e-mails."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import places
from tests.commands import COMMAND, Served, environment_of, on_terminal, open_shop, register, run
from tests.mail_workers import NO_MAILS


@pytest.fixture(scope="module")
def running(spare_data: Path) -> Iterator[Served]:
    """A server on a data directory, for tests that leave it as they found it."""
    with places.copy(spare_data) as data, Served(environment_of(data)) as served:
        yield served


def test_who_forgot_the_password_gets_a_new_one_while_the_server_runs(running: Served) -> None:
    register(running, "grace@example.com")

    done = run(running.environment, "password", "Grace@Example.com", said="the new password\n")

    assert (done.returncode, done.stdout) == (0, "the password is set, and all sessions of this person have ended\n")
    assert running.log_in("grace@example.com", "the old password").status_code == 401
    assert running.log_in("grace@example.com", "the new password").status_code == 200


@pytest.mark.parametrize(
    ("email", "password", "said"),
    [("nobody@example.com", "the new password", "orderflow: "), ("joan@example.com", "short", "8 to 128 characters")],
)
def test_a_password_for_nobody_or_too_short_a_one_is_refused(
    running: Served, email: str, password: str, said: str
) -> None:
    if email.startswith("joan"):
        register(running, email)

    done = run(running.environment, "password", email, said=f"{password}\n")

    assert done.returncode == 1
    assert said in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(("second", "code"), [("the new password", 0), ("the new pasword", 1)])
def test_on_a_terminal_the_password_is_asked_for_twice_and_never_shown(running: Served, second: str, code: int) -> None:
    register(running, f"mary{code}@example.com")

    ended, shown = on_terminal(
        running.environment, ["password", f"mary{code}@example.com"], ["the new password", second]
    )

    assert ended == code
    assert "the new pas" not in shown
    works = running.log_in(f"mary{code}@example.com", "the new password").status_code
    assert works == (200 if code == 0 else 401)


def test_who_asks_the_operator_is_erased_while_the_server_runs_once_that_is_confirmed(running: Served) -> None:
    register(running, "emmy@example.com")

    for said in ("", "no\n", "y\n"):
        done = run(running.environment, "erase", "emmy@example.com", said=said)
        assert (done.returncode, done.stdout, done.stderr) == (1, "", "orderflow: nothing was erased\n")
    assert running.log_in("emmy@example.com", "the old password").status_code == 200

    done = run(running.environment, "erase", "Emmy@Example.com", said="yes\n")

    assert (done.returncode, done.stdout) == (0, "the account is erased, and all sessions of this person have ended\n")
    assert running.log_in("emmy@example.com", "the old password").status_code == 401


@pytest.mark.parametrize("email", ["nobody@example.com", "rosa@example.com"])
def test_nobody_and_the_owner_of_a_shop_are_not_erased(running: Served, email: str) -> None:
    if email.startswith("rosa"):
        open_shop(running, email)

    done = run(running.environment, "erase", "--yes", email)

    assert done.returncode == 1
    assert ("This account owns Corner Café" if email.startswith("rosa") else "Nobody has registered") in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(("answer", "code"), [("yes", 0), ("", 1)])
def test_on_a_terminal_an_erasure_is_asked_about(running: Served, answer: str, code: int) -> None:
    register(running, f"hedy{code}@example.com")

    ended, shown = on_terminal(running.environment, ["erase", f"hedy{code}@example.com"], [answer])

    assert ended == code
    assert f"Erase the account of hedy{code}@example.com for good?" in shown
    assert running.log_in(f"hedy{code}@example.com", "the old password").status_code == (401 if code == 0 else 200)


def test_the_embedded_database_is_reached_by_what_works_beside_its_server(running: Served) -> None:
    with subprocess.Popen([*COMMAND, "work"], env=running.environment, text=True, stdout=subprocess.PIPE) as working:
        assert working.stdout is not None
        assert working.stdout.readline() == "orderflow sends e-mails\n"
        working.terminate()

    shown = run(running.environment, "mails")

    assert working.returncode == 0
    assert (shown.returncode, shown.stdout) == (0, NO_MAILS)
