"""The beats of a socket tell how often they come, so that whoever listens knows when one is missing."""

import pytest

from orderflow.settings import Settings
from tests.live import running


@pytest.mark.parametrize("every_s", [0.25, 60])
async def test_each_beat_tells_when_the_next_one_comes(settings: Settings, every_s: float) -> None:
    async with running(settings, beat_seconds=every_s) as live:
        cafe = await live.shop()
        board = await live.socket(f"/ws/shops/{cafe.shop['id']}", cafe.owner)
        await board.event()

        # The first comes with the snapshot, the others from the clock that all sockets share.
        beats = [await board.beat() for _ in range(3 if every_s < 1 else 1)]

    assert [beat["every_s"] for beat in beats] == [every_s] * len(beats)
