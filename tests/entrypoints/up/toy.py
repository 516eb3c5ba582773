"""Programs for the supervisor's tests, run as `python -m tests.entrypoints.up.toy -`.

Config: `log` is a file that gets a line `<name> <event> <pid>` per event; `behaviour` is one of
serve (until SIGTERM), listen (each connection gets the process id, and stays until the client sends
a byte; after SIGUSR1 it accepts no more, and ends with the last one), "listen once" (the same for
the first process, others exit with 1), stubborn (ignores SIGTERM), refuse (exit 2), crash (exit 1).
"""

import contextlib
import json
import os
import select
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

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
    if behaviour.startswith("listen"):
        return listen(config, note)
    note("started")
    if behaviour in {"refuse", "crash"}:
        return 2 if behaviour == "refuse" else 1
    while True:
        time.sleep(60)


def listen(config: dict[str, Any], note: Callable[[str], None]) -> int:
    log = Path(config["log"])
    first = not log.exists() or f"{config['name']} started" not in log.read_text()
    note("started")
    if config["behaviour"] == "listen once" and not first:
        return 1
    retired: list[int] = []

    def retire(number: int, frame: object) -> None:
        retired.append(number)

    signal.signal(signal.SIGUSR1, retire)
    talks: list[threading.Thread] = []
    with socket.socket(fileno=config["listen_fd"]) as sock:
        sock.setblocking(False)
        sock.listen(64)
        print("serving", flush=True)
        while not retired:
            if select.select([sock], [], [], 0.02)[0]:
                with contextlib.suppress(BlockingIOError):
                    talks.append(threading.Thread(target=talk, args=sock.accept(), daemon=True))
                    talks[-1].start()
    note("retired")
    for one in talks:
        one.join()
    note("stopped")
    return 0


def talk(connection: socket.socket, _: object) -> None:
    with connection:
        connection.setblocking(True)
        connection.sendall(f"{os.getpid()}\n".encode())
        connection.recv(1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
