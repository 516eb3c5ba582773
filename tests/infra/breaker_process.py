"""A process that takes the probe of a target, says so, and then waits to be killed or stopped.

`python breaker_process.py FOLDER KEY NOW [lock]`; with `lock` it keeps the lock of the row.
"""

import sys
import time
from pathlib import Path

from penstock.infra.breaker_file import BreakerFile
from penstock.rules.attempts.breaker import Breaker
from penstock.rules.attempts.breaker_state import BreakerState


def main(folder: str, key: str, now: str, *mode: str) -> None:
    cell = BreakerFile(Path(folder)).cell(bytes.fromhex(key))
    if mode == ("lock",):
        cell.change(_wait)
    taken = Breaker(cell).take_probe(float(now)) is not None
    print("taken" if taken else "refused", flush=True)
    time.sleep(600)


def _wait(state: BreakerState) -> BreakerState:
    print("locked", flush=True)
    time.sleep(600)
    return state


if __name__ == "__main__":
    main(*sys.argv[1:])
