"""Programs for the supervisor's tests, run as `python -m tests.entrypoints.up.toy -`.

Config: `log` is a file that gets a line `<name> <event> <pid>` per event; `behaviour` is one of
serve (until SIGTERM), stubborn (ignores SIGTERM), refuse (exit 2), crash (exit 1).
"""

import json
import os
import signal
import sys
import time
from pathlib import Path

from penstock.infra.process import read_config_argument


def main(argv: list[str]) -> int:
    config = json.loads(read_config_argument(argv))
    behaviour = config["behaviour"]

    def note(event: str) -> None:
        with Path(config["log"]).open("a") as log:
            log.write(f"{config['name']} {event} {os.getpid()}\n")

    def stop(number: int, frame: object) -> None:
        note("stopped")
        if behaviour != "stubborn":
            sys.exit(0)

    signal.signal(signal.SIGTERM, stop)
    note("started")
    if behaviour in {"refuse", "crash"}:
        return 2 if behaviour == "refuse" else 1
    while True:
        time.sleep(60)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
