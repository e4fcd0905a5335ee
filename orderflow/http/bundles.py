"""Joins the modules of the pages as they are read: a page asks for two files, where its modules are thirty.

What two pages or more want at once is in COMMON, what only one page wants at once is in the file of that page's own
module. All others, which come later or are made for each answer, stay files of their own. In a joined file each module
is a function of its own, called once; what it exports is an object that is named after it: `$words` for words.js.
"""

import re
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

from orderflow.http import modules

COMMON: Final = "common.js"
# Made for each answer: screens ask it whether they are of another build.
ANSWERED: Final = "settings.js"

_IMPORT: Final = re.compile(r'^import (?:\* as (\w+)|\{([^{}]*)\}) from "\./([\w-]+\.js)";$', re.MULTILINE)
_EXPORT: Final = re.compile(r"^export (?=(?:const|class|function|async function) (\w+))", re.MULTILINE)
_OTHER: Final = re.compile(r"^(?:import|export|await)\b.*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Plan:
    """Which module is in which joined file, and in which order: each after those that it imports."""

    sources: dict[str, str]
    files: dict[str, list[str]]
    file_of: dict[str, str]


def names(directory: Path, page: str) -> list[str]:
    """The files that a page wants at once."""
    made = plan(directory, stamp(directory))
    return sorted({made.file_of.get(name, name) for name in modules.first(directory, page)})


def text(directory: Path, name: str) -> str | None:
    """The text of a joined file, or of a module that is none but imports from such; None for all others."""
    made = plan(directory, stamp(directory))
    if name in made.files:
        return _joined(made, name)
    if name not in made.sources or name in made.file_of:
        return None
    return _IMPORT.sub(lambda found: _taken(made, found), made.sources[name])


def stamp(directory: Path) -> int:
    """Another number a second after any of the files is another: what is written from many of them is written anew."""
    return _stamp(directory, int(time.monotonic()))


@lru_cache(maxsize=4)
def _stamp(directory: Path, _second: int) -> int:
    # To look at all of them takes a millisecond of the loop that serves the sockets too.
    return hash(tuple((file.name, file.stat().st_mtime_ns) for file in sorted(directory.iterdir())))


@lru_cache(maxsize=2)
def plan(directory: Path, _stamp: int) -> Plan:
    """How the modules of the pages of a directory are joined."""
    pages = [file.read_text("utf-8") for file in sorted(directory.glob("*.html"))]
    sources = {file.name: file.read_text("utf-8") for file in sorted(directory.glob("*.js"))}
    wanted = Counter(name for page in pages for name in modules.first(directory, page))
    reached = Counter(name for page in pages for name in modules.all_of(directory, page))
    apart = {ANSWERED} | {name for source in sources.values() for name in modules.LATER.findall(source)}
    file_of = {}
    for page in pages:
        own = modules.entry(page)
        for name in set(modules.first(directory, page)) - apart:
            # What another page may fetch later must not bring this page's own module with it.
            is_own = wanted[name] == reached[name] == 1
            file_of[name] = own if is_own else COMMON
    files: dict[str, list[str]] = {}
    for name in _in_order(file_of, sources):
        files.setdefault(file_of[name], []).append(name)
    return Plan(sources, files, file_of)


def _in_order(wanted: Iterable[str], sources: dict[str, str]) -> Iterator[str]:
    """Modules, each after those that it imports.

    Raises:
        ValueError: some import each other in a circle.
    """
    done: set[str] = set()
    open_: list[str] = []

    def visit(name: str) -> Iterator[str]:
        if name in done:
            return
        if name in open_:
            raise ValueError(f"modules import each other: {' > '.join([*open_, name])}")
        open_.append(name)
        for found in _IMPORT.finditer(sources[name]):
            yield from visit(found[3])
        done.add(open_.pop())
        yield name

    names_ = set(wanted)
    for name in sorted(names_):
        yield from (each for each in visit(name) if each in names_)


def _joined(made: Plan, file: str) -> str:
    parts = []
    outside: dict[str, list[str]] = {}
    for name in made.files[file]:
        source = made.sources[name]
        for found in _IMPORT.finditer(source):
            origin = made.file_of.get(found[3], found[3])
            taken = outside.setdefault(origin, [])
            if origin != file and found[3] not in taken:
                taken.append(found[3])
        parts.append(_function(name, source))
    imports = [_object_import(taken, origin) for origin, taken in outside.items() if taken]
    objects = ", ".join(_object(name) for name in made.files[file])
    return "".join([*imports, *parts, f"export {{ {objects} }};\n"])


def _function(name: str, source: str) -> str:
    """A module as a function that is called, and returns what the module exports.

    Raises:
        ValueError: it exports or waits in a way that a function can't.
    """
    body = _IMPORT.sub(_unpacked, source)
    exported = ", ".join(_EXPORT.findall(body))
    body = _EXPORT.sub("", body)
    if other := _OTHER.search(body):
        raise ValueError(f"{name} cannot be joined: {other[0]}")
    return f"// {name}\nconst {_object(name)} = (() => {{\n{body}return {{ {exported} }};\n}})();\n"


def _taken(made: Plan, found: re.Match[str]) -> str:
    """An import of a module that stands alone, from the file where that now is."""
    origin = made.file_of.get(found[3])
    return found[0] if origin is None else _object_import([found[3]], origin).rstrip() + " " + _unpacked(found)


def _object_import(names: list[str], origin: str) -> str:
    """An import of modules' objects from a joined file, or of a module that stands alone as such an object."""
    objects = ", ".join(_object(name) for name in names)
    return f'import {f"* as {objects}" if names == [origin] else f"{{ {objects} }}"} from "./{origin}";\n'


def _unpacked(found: re.Match[str]) -> str:
    """What an import brings, as constants."""
    whole, some, name = found.groups()
    return f"const {whole or '{' + some.replace(' as ', ': ') + '}'} = {_object(name)};"


def _object(module: str) -> str:
    return "$" + module.removesuffix(".js").replace("-", "_")
