"""Brings servers here from Debian, npm and PyPI, into folders of the benchmark's own and nowhere else."""

import getpass
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.peers.peer import Lacking

PATIENCE_S = 600.0


def cache() -> Path:
    """The folder that keeps what was installed: the user's, or a temporary one where there is none."""
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    found = home / "orderflow-benchmarks"
    try:
        found.mkdir(parents=True, exist_ok=True)
    except OSError:
        return Path(tempfile.gettempdir()) / f"orderflow-benchmarks-{os.getuid()}"
    return found


def compiled(sources: Sequence[Path], program: Path) -> Path:
    """Compile C, if that was not done since the sources changed.

    Raises: Lacking without a compiler, or if it fails.
    """
    newest = max(source.stat().st_mtime for source in (*sources, *sources[0].parent.glob("*.h")))
    if not program.exists() or program.stat().st_mtime < newest:
        program.parent.mkdir(parents=True, exist_ok=True)
        compiler = found("cc", "a C compiler (Debian: gcc and libc6-dev)")
        run([compiler, "-O2", "-o", program, *sources])
    return program


def found(program: str, name: str) -> str:
    """Where a program is.

    Raises: Lacking, with its name for people.
    """
    path = shutil.which(program)
    if path is None:
        raise Lacking(f"{name} is not on the PATH")
    return path


def run(command: Sequence[str | Path], place: Path | None = None, environment: Mapping[str, str] | None = None) -> str:
    """Run what installs or knows something; return what it says.

    Raises: Lacking, with its last line, if it fails.
    """
    try:
        done = subprocess.run(
            command,
            cwd=place,
            env={**os.environ, **(environment or {})},
            capture_output=True,
            text=True,
            check=True,
            timeout=PATIENCE_S,
        )
    except subprocess.CalledProcessError as error:
        said = (error.stderr or error.stdout or "it says nothing").strip().splitlines()
        raise Lacking(f"{Path(command[0]).name} failed: {said[-1] if said else error}") from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Lacking(str(error)) from error
    # Some say their version on standard error.
    return done.stdout or done.stderr


def node_modules(place: Path, package: str, major: int) -> Path:
    """Have a package of npm in this major version; return the folder to give as NODE_PATH."""
    home = place / package
    modules = home / "node_modules"
    if not (modules / package / "package.json").exists():
        home.mkdir(parents=True, exist_ok=True)
        npm = found("npm", "npm")
        run([npm, "install", "--prefix", home, "--no-audit", "--no-fund", "--silent", f"{package}@{major}"])
    return modules


def python_with(place: Path, name: str, *packages: str) -> Path:
    """Have a virtual environment with packages of PyPI; return its Python."""
    home = place / name
    python, is_done = home / "bin" / "python", home / "is-done"
    if not is_done.exists():
        if uv := shutil.which("uv"):
            run([uv, "venv", "--quiet", "--clear", home])
            run([uv, "pip", "install", "--quiet", "--python", python, *packages])
        else:
            run([sys.executable, "-m", "venv", "--clear", home])
            run([python, "-m", "pip", "install", "--quiet", *packages])
        is_done.touch()
    return python


@dataclass(frozen=True)
class Unpacked:
    """Packages of Debian in a folder of their own: its root, and which version of what is in there."""

    root: Path
    versions: dict[str, str]

    @property
    def libraries(self) -> str:
        """What the dynamic linker has to be told, as LD_LIBRARY_PATH."""
        return ":".join(
            str(path) for pattern in ("usr/lib/*-linux-gnu", "lib/*-linux-gnu") for path in self.root.glob(pattern)
        )


def unpacked(place: Path, *packages: str) -> Unpacked:
    """Unpack packages of Debian, with what they need and this machine lacks.

    Raises: Lacking where there is no apt, or no such package.
    """
    home = place / "debian" / packages[0]
    if not (home / "versions").exists():
        state = home / "apt"
        for needed in ("state/lists/partial", "cache/archives/partial", "packages"):
            (state / needed).mkdir(parents=True, exist_ok=True)
        apt = _apt(state)
        run([*apt, "update"])
        plan = run([*apt, "--simulate", "--no-install-recommends", "install", *packages])
        missing = [line.split()[1:3] for line in plan.splitlines() if line.startswith("Inst ")]
        if missing:
            run([*apt, "download", *(name for name, _ in missing)], state / "packages")
        for package in (state / "packages").glob("*.deb"):
            run(["dpkg", "-x", package, home / "root"])
        shutil.rmtree(state)
        (home / "versions").write_text("\n".join(f"{name} {version.strip('()')}" for name, version in missing))
    lines = (home / "versions").read_text().splitlines()
    return Unpacked(home / "root", dict(line.split(maxsplit=1) for line in lines))


def _apt(state: Path) -> list[str]:
    """The command that plans and downloads for this user, whatever the system's apt is doing."""
    options = [f"Dir::State={state}/state", f"Dir::Cache={state}/cache", "Dir::State::status=/var/lib/dpkg/status"]
    options += ["Debug::NoLocking=1", f"APT::Sandbox::User={getpass.getuser()}"]
    return [found("apt-get", "apt-get"), "-qq", *(word for option in options for word in ("-o", option))]


def first(roots: Iterable[Path], path: str) -> Path:
    """Where a file is, of several roots.

    Raises: Lacking if it is in none.
    """
    for root in roots:
        if (root / path).exists():
            return root / path
    raise Lacking(f"{path} is not here")
