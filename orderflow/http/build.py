"""Which build of the pages this is: screens that nobody attends load themselves anew once it is another one."""

import hashlib
from functools import lru_cache
from pathlib import Path


def build(directory: Path) -> str:
    """A short name for what the files in a directory hold, the same on every server that has the same files."""
    files = sorted(file for file in directory.iterdir() if file.is_file())
    return _digest(tuple((file, file.stat().st_mtime_ns) for file in files))


@lru_cache(maxsize=2)
def _digest(files: tuple[tuple[Path, int], ...]) -> str:
    digest = hashlib.sha256()
    for file, _ in files:
        content = file.read_bytes()
        digest.update(f"{file.name} {len(content)}\n".encode() + content)
    return digest.hexdigest()[:12]
