"""What a benchmark is doing and about how long it still takes, on standard error."""

import sys
import time
from dataclasses import dataclass, field


@dataclass
class Progress:
    """What is under way, and about how long the rest takes."""

    total: int
    done: int = 0
    began: float = field(default_factory=time.monotonic)

    def say(self, what: str) -> None:
        """Begin the next of all measurements."""
        left = ""
        if self.done:
            minutes = (time.monotonic() - self.began) / self.done * (self.total - self.done) / 60
            left = f", about {minutes:.0f} min left"
        print(f"  {self.done + 1} of {self.total}{left}: {what}", file=sys.stderr, flush=True)
        self.done += 1
