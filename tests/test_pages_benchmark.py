"""The benchmark of the pages, in its shortest form: that it still measures all of them."""

import re
import subprocess
import sys
from typing import Final

from tests.servers import CHECKOUT

ROW: Final = re.compile(r"^\| ([a-z ]+) \| (\d+) \(\d+ to \d+\) \| (\d+\.\d\d) \(", re.MULTILINE)


def test_every_page_is_measured_beside_one_that_only_opens_a_socket() -> None:
    command = [sys.executable, "-m", "benchmarks.pages", "--rounds", "1"]

    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, timeout=120, check=False)

    assert done.returncode == 0, done.stderr
    found = {name: (int(ms), float(ratio)) for name, ms, ratio in ROW.findall(done.stdout)}
    assert found.keys() == {
        "only opens a socket", "menu", "an order", "my orders", "counter board", "pickup screen", "manage"
    }  # fmt: skip
    assert all(ms > 0 and ratio > 0 for ms, ratio in found.values())
