"""Runs the real supervisor with toy programs: `python -m tests.entrypoints.up.supervise '<json>'`.

Config: `log`, `drain_s`, and `programs`: name → [behaviour, stop rank].
"""

import json
import sys
from pathlib import Path

from penstock.entrypoints.up.child import Program
from penstock.entrypoints.up.supervisor import Supervisor
from penstock.kernel.errors import SetupError
from penstock.kernel.time import SystemClock


def main(argv: list[str]) -> int:
    config = json.loads(argv[0])
    log = Path(config["log"])
    programs = [
        Program(
            name,
            "tests.entrypoints.up.toy",
            json.dumps({"name": name, "behaviour": behaviour, "log": str(log)}),
            rank,
            announces=behaviour.startswith("listen"),
            listen=("127.0.0.1", config["port"]) if behaviour.startswith("listen") else None,
        )
        for name, (behaviour, rank) in config["programs"].items()
    ]

    def note(line: str) -> None:
        with log.open("a") as file:
            file.write(f"supervisor {line}\n")

    def report(line: str) -> None:
        note(f"reported {line}")

    def ready() -> bool:
        text = log.read_text() if log.exists() else ""
        is_ready = all(f"{name} started" in text for name in config["ready_when"])
        if is_ready:
            note("is ready")
        return is_ready

    supervisor = Supervisor(
        programs,
        drain_s=config["drain_s"],
        retire_s=config["drain_s"],
        clock=SystemClock(),
        report=report,
        publish=lambda state: note(f"restart {state.number} {state.state}"),
    )
    try:
        supervisor.run(ready)
    except SetupError as error:
        report(error.sentence())
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
