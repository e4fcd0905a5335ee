"""README.md and docs/promises.md name, for each promise, tests that there are."""

import ast
import re
from typing import Final

from tests.servers import CHECKOUT

ROWS: Final = [
    line
    for document in ("README.md", "docs/promises.md")
    for table in (CHECKOUT / document).read_text().split("| promise | shown by |\n")[1:]
    for line in table.partition("\n\n")[0].splitlines()[1:]
]
TEST: Final = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")


def test_every_promise_names_a_test_that_shows_it() -> None:
    without = [row for row in ROWS if not TEST.search(row.split("|")[2])]

    assert len(ROWS) > 40
    assert without == []


def test_every_test_that_is_named_is_there() -> None:
    named = {found for row in ROWS for found in TEST.findall(row)}

    assert {(path, name) for path, name in named if name not in _tests_in(path)} == set()


def _tests_in(path: str) -> set[str]:
    tree = ast.parse((CHECKOUT / path).read_text())
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
