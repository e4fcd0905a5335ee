"""Pictures of all letters: `python -m tests.letter_previews DIRECTORY` writes them, and each letter as a file."""

import asyncio
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal
from uuid import UUID

from orderflow.letters import eml
from tests.chromium import running
from tests.letter_samples import ID, KINDS, SAMPLES, letter

WIDTHS: Final = (360, 800)
SCHEMES: Final[tuple[Literal["light", "dark"], ...]] = ("light", "dark")


def preview(directory: Path) -> None:
    """Write every letter into a directory: as HTML, as text, as mail programs open it, and as pictures."""
    directory.mkdir(parents=True, exist_ok=True)
    pages = {}
    for kind in KINDS:
        for name, about in SAMPLES.items():
            written, file = letter(about, kind), directory / f"{kind}-{name}"
            file.with_suffix(".html").write_text(written.html)
            file.with_suffix(".txt").write_text(written.text)
            file.with_suffix(".eml").write_bytes(eml(written, UUID(ID), datetime(2026, 11, 22, 9, 15, tzinfo=UTC)))
            pages[file] = written.html
    asyncio.run(photograph(pages))


async def photograph(pages: dict[Path, str]) -> None:
    """Take pictures of pages, each for every width and scheme, at the paths that they are given with."""
    async with running() as browser:
        for width in WIDTHS:
            page = await browser.new_page(viewport={"width": width, "height": 640}, device_scale_factor=1.5)
            for file, html in pages.items():
                await page.set_content(html)
                for scheme in SCHEMES:
                    await page.emulate_media(color_scheme=scheme)
                    await page.screenshot(path=f"{file}-{width}-{scheme}.png", full_page=True)


if __name__ == "__main__":
    preview(Path(sys.argv[1]))
