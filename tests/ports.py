"""Ports for tests, below the range that Linux uses for outgoing connections (32768 and higher).

A port of that range can be taken by a connection of another test while a program is restarted, and
a caller that retries a closed port of that range can connect to itself.
"""

import os
import random
from itertools import cycle
from typing import Final

from penstock.infra.process import is_free

_FIRST: Final = 12_000
_PER_WORKER: Final = 2_500  # for eight workers of pytest-xdist
_NUMBER: Final = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:]) % 8
_START: Final = _FIRST + _NUMBER * _PER_WORKER
_PORTS: Final = cycle(random.sample(range(_START, _START + _PER_WORKER), _PER_WORKER))


def free_port() -> int:
    """Returns a port that is free. The next calls of this process return other ports."""
    return next(port for port in _PORTS if is_free("127.0.0.1", port))
