"""A gateway worker that kills itself at a named step of its spool.

`python faulty_gateway.py '<GatewayConfig as JSON>' shipped 3`: when the third batch is stored but
not yet deleted from the spool.
"""

import os
import signal
import sys
from collections.abc import Callable

import msgspec

from penstock.entrypoints.gateway.config import GatewayConfig
from penstock.entrypoints.gateway.extensions import Extensions
from penstock.entrypoints.gateway.process import run


def killing_at(step: str, times: int) -> Callable[[str], None]:
    left = times

    def on_step(reached: str) -> None:
        nonlocal left
        left -= reached == step
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)

    return on_step


if __name__ == "__main__":
    config = msgspec.json.decode(sys.argv[1], type=GatewayConfig)
    run(config, Extensions(on_step=killing_at(sys.argv[2], int(sys.argv[3]))))
