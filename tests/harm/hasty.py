"""`HASTY="…" python -m tests.harm.hasty serve …`: orderflow with a tenth of some of its patience, for the short forms.

Only what is no setting is changed here, and only how long things take: what happens then is the same.
"""

import os
from types import ModuleType
from typing import Final

from orderflow import __main__, serving
from orderflow.ws import connection, protocol

# Of what never reads, and of what is silent.
READING: Final = "MAX_BEHIND_S LINGER_S"
SILENCE: Final = "SOCKET_PING_S FIRST_PING_S DEAD_S"
WHERE: Final[dict[str, ModuleType]] = {
    "MAX_BEHIND_S": connection,
    "LINGER_S": protocol,
    "FIRST_PING_S": protocol,
    "DEAD_S": protocol,
    "SOCKET_PING_S": serving,
}


def main() -> None:
    """Run it."""
    for name in os.environ["HASTY"].split():
        setattr(WHERE[name], name, getattr(WHERE[name], name) / 10)
    __main__.main()


if __name__ == "__main__":
    main()
