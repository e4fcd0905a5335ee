"""How the modules of the pages are joined. That pages work so is what all tests with a browser show."""

import re
from pathlib import Path
from typing import Final

import pytest

from orderflow.http import bundles, modules
from orderflow.http.pages import PAGES, directory

PLAN: Final = bundles.plan(directory(), bundles.stamp(directory()))
_COMMENT: Final = re.compile(r"/\*.*?\*/", re.DOTALL)
_IMPORTED: Final = re.compile(r'(?:from|\bimport\() ?"\./([\w-]+\.js)"')


def write(directory: Path, page: str, **modules: str) -> Path:
    """A directory with one page, whose own module is home.js."""
    (directory / page).write_text('<script type="module" src="/static/board/home.js"></script>')
    for name, source in modules.items():
        (directory / f"{name}.js").write_text(source)
    return directory


@pytest.mark.parametrize("name", PAGES.values())
def test_a_page_asks_for_few_files_at_once(name: str) -> None:
    wanted = bundles.names(directory(), (directory() / name).read_text("utf-8"))

    assert {bundles.COMMON, name.replace(".html", ".js")} <= set(wanted)
    assert len(wanted) <= 3


@pytest.mark.parametrize("name", PAGES.values())
def test_no_page_gets_a_module_twice(name: str) -> None:
    page = (directory() / name).read_text("utf-8")
    reached = set(modules.all_of(directory(), page))
    files = {PLAN.file_of.get(module, module) for module in reached}

    fetched = {file: bundles.text(directory(), file) or (directory() / file).read_text("utf-8") for file in files}

    imported = {target for text in fetched.values() for target in _IMPORTED.findall(_COMMENT.sub("", text))}
    assert imported <= files
    assert imported.isdisjoint(PLAN.file_of.keys() - PLAN.files.keys())


@pytest.mark.parametrize("name", PAGES.values())
def test_no_page_gets_another_page_with_what_it_fetches_later(name: str) -> None:
    page = (directory() / name).read_text("utf-8")
    files = {PLAN.file_of.get(module, module) for module in modules.all_of(directory(), page)}

    assert files & {modules.entry((directory() / other).read_text("utf-8")) for other in PAGES.values()} == {
        modules.entry(page)
    }


def test_a_joined_file_has_each_module_after_those_that_it_imports(tmp_path: Path) -> None:
    made = write(
        tmp_path,
        "home.html",
        home='import { a as first } from "./a.js";\nimport * as b from "./b.js";\nfirst(b.b);\n',
        a='import { b } from "./b.js";\nexport function a() {\n  return b;\n}\n',
        b="export const b = 1;\n",
    )

    text = bundles.text(made, "home.js")

    assert text == (
        "// b.js\nconst $b = (() => {\nconst b = 1;\nreturn { b };\n})();\n"
        "// a.js\nconst $a = (() => {\nconst { b } = $b;\nfunction a() {\n  return b;\n}\nreturn { a };\n})();\n"
        "// home.js\nconst $home = (() => {\nconst { a: first } = $a;\nconst b = $b;\nfirst(b.b);\n"
        "return {  };\n})();\n"
        "export { $b, $a, $home };\n"
    )


def test_modules_that_import_each_other_are_refused(tmp_path: Path) -> None:
    made = write(
        tmp_path,
        "home.html",
        home='import { a } from "./a.js";\n',
        a='import { b } from "./b.js";\nexport const a = b;\n',
        b='import { a } from "./a.js";\nexport const b = a;\n',
    )

    with pytest.raises(ValueError, match=r"a\.js > b\.js > a\.js"):
        bundles.text(made, "home.js")


@pytest.mark.parametrize(
    "line", ["export let a = 1;", "export default 1;", "export { a };", "await a();", 'import "./b.js";']
)
def test_what_a_function_cannot_do_is_refused(tmp_path: Path, line: str) -> None:
    made = write(tmp_path, "home.html", home=f"{line}\n", b="")

    with pytest.raises(ValueError, match=re.escape(f"home.js cannot be joined: {line}")):
        bundles.text(made, "home.js")
