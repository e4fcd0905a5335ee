"""The rules of ARCHITECTURE.md that a reader of the source can check: who may import whom, and what only one may do."""

import ast
import re
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parent.parent
PACKAGE = CHECKOUT / "orderflow"
MOST_LINES_OF_A_FILE = 400
MOST_LINES_OF_A_FUNCTION = 60

# From the top down. A module imports from lower lines only, never from its own; what would point up, app hands in.
LAYERS = (
    ("__main__",),
    ("commands",),
    ("serving",),
    ("app",),
    ("metrics",),
    ("http", "ws", "demo"),
    ("bus", "mailer", "mails", "embedded", "lineage"),
    ("accounts", "erasure", "shops", "staff", "items", "orders"),
    ("feeds", "outbox", "rights", "sessions"),
    ("db", "tables", "mail_tables", "migrations", "delivery", "turns"),
    ("schemas", "frames", "pool", "letters", "columns"),
    ("lifecycle", "credentials", "origins", "fields"),
    ("errors", "settings", "text", "ids", "currencies", "wire", "postgresql", "logs"),
    ("counts", "figures", "scoreboard"),
)
LINE = {name: number for number, names in enumerate(LAYERS) for name in names}
EDGES = ("__main__", "commands", "serving", "app", "http", "ws")

SOURCES = {
    ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__"): ast.parse(
        path.read_text(), filename=str(path)
    )
    for path in sorted(PACKAGE.rglob("*.py"))
    if not any(part.startswith("_") and not part.startswith("__") for part in path.relative_to(PACKAGE).parts[:-1])
}


def imported(tree: ast.Module) -> Iterator[str]:
    """Name all modules that a module imports, wherever in it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.module is not None, "imports are absolute"
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                yield full if full in SOURCES else node.module


def part(module: str) -> str:
    """Name the part of orderflow that a module belongs to: itself, or its package."""
    return module.split(".")[1]


def users(of: str) -> set[str]:
    """Name the parts of orderflow that import a library."""
    return {part(module) for module, tree in SOURCES.items() for name in imported(tree) if name.split(".")[0] == of}


def callers(of: str) -> set[str]:
    """Name the parts of orderflow that call something whose dotted name ends with this pattern."""
    return {
        part(module)
        for module, tree in SOURCES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and re.search(rf"(^|\W|_){of}$", ast.unparse(node.func))
    }


def test_every_module_has_its_place_in_the_layers() -> None:
    assert {part(module) for module in SOURCES if module != "orderflow"} <= LINE.keys()


@pytest.mark.parametrize("module", sorted(SOURCES.keys() - {"orderflow"}))
def test_imports_go_down_only(module: str) -> None:
    own = part(module)

    wrong = [
        name
        for name in imported(SOURCES[module])
        if name.startswith("orderflow.") and part(name) != own and LINE[part(name)] <= LINE[own]
    ]

    assert wrong == []


def test_no_modules_import_each_other_in_a_circle() -> None:
    graph = {
        module: {name for name in imported(tree) if name in SOURCES and name != module}
        for module, tree in SOURCES.items()
    }

    assert len(list(TopologicalSorter(graph).static_order())) == len(SOURCES)


def test_arguments_are_parsed_in_one_place() -> None:
    assert users("argparse") == {"__main__"}


def test_nothing_but_the_command_line_prints() -> None:
    assert callers("print") == {"__main__", "commands"}


def test_nothing_but_the_database_module_commits() -> None:
    # Migrations run before there is a server, in a transaction of their own.
    assert callers(r"(commit|rollback)") <= {"db"}
    assert callers(r"(connection|engine)\.begin") == {"db", "migrations"}
    assert callers("create_async_engine") == {"db", "migrations"}


def test_the_domain_knows_neither_http_nor_websockets() -> None:
    assert users("starlette") | users("uvicorn") <= set(EDGES)


def test_only_the_bus_and_its_wire_know_redis() -> None:
    assert users("redis") <= {"bus", "wire"}


def test_no_email_leaves_from_a_request() -> None:
    importing = {
        name: {part(module) for module, tree in SOURCES.items() if f"orderflow.{name}" in imported(tree)}
        for name in ("delivery", "mailer")
    }

    assert users("resend") == {"delivery"}
    assert importing == {"delivery": {"mailer"}, "mailer": {"app", "commands"}}


def test_only_the_edge_of_http_draws_codes() -> None:
    assert users("segno") == {"http"}


def test_settings_are_read_in_one_place() -> None:
    reading = {
        part(module)
        for module, tree in SOURCES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and ast.unparse(node) in ("os.environ", "os.getenv")
    }

    # `serving` hands them to its workers.
    assert reading <= {"settings", "serving"}


def written(*kinds: str) -> list[Path]:
    """All files of these kinds that people have written."""
    places = ("orderflow", "migrations", "static", "tests", "benchmarks", "docs")
    return sorted(path for place in places for kind in kinds for path in (CHECKOUT / place).rglob(f"*.{kind}"))


def test_no_file_is_longer_than_somebody_reads_at_once() -> None:
    # The one style sheet and the catalogues of texts are looked up, not read.
    files = [path for path in written("py", "js", "mjs", "html", "sql", "c") if not path.name.startswith("words-")]
    lines = {path: len(path.read_text("utf-8").splitlines()) for path in files}

    assert lines
    assert [f"{path}: {count}" for path, count in lines.items() if count > MOST_LINES_OF_A_FILE] == []


def test_no_function_is_longer_than_a_screen() -> None:
    lengths = {
        f"{path}: {node.name}": (node.end_lineno or 0) - node.lineno + 1
        for path in written("py")
        for node in ast.walk(ast.parse(path.read_text("utf-8"), filename=str(path)))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }

    assert lengths
    assert [f"{name}: {count}" for name, count in lengths.items() if count > MOST_LINES_OF_A_FUNCTION] == []
