"""`python -m penstock.entrypoints.server '<ServerConfig as JSON>'`; `-` reads standard input."""

import gc
import logging
import sys
from collections.abc import Sequence

from penstock.entrypoints.server.config import ServerConfig
from penstock.infra.main import run_main


def main(arguments: Sequence[str]) -> int:
    """Runs the server and returns its exit code."""
    return run_main(arguments, ServerConfig, _run, name="server", default="{}")


def _run(config: ServerConfig) -> None:
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("penstock").setLevel(config.log_level.upper())
    gc.disable()  # until the server is built; the collector would take a sixth of the start
    from penstock.entrypoints.server.process import run  # lazy: after the line above

    run(config)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
