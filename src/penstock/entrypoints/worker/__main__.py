"""`python -m penstock.entrypoints.worker '<WorkerConfig as JSON>'`; `-` reads standard input."""

import logging
import sys
from collections.abc import Sequence

from penstock.entrypoints.worker.config import WorkerConfig
from penstock.entrypoints.worker.process import run
from penstock.infra.main import run_main


def main(arguments: Sequence[str]) -> int:
    """Runs the worker and returns its exit code."""
    return run_main(arguments, WorkerConfig, _run, name="worker")


def _run(config: WorkerConfig) -> None:
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("penstock").setLevel(config.log_level.upper())
    run(config)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
