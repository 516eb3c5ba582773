"""`python -m penstock.entrypoints.gateway '<GatewayConfig as JSON>'`; `-` reads standard input."""

import gc
import sys
from collections.abc import Sequence

from penstock.entrypoints.gateway.config import GatewayConfig
from penstock.infra.main import run_main


def main(arguments: Sequence[str]) -> int:
    """Runs the worker and returns its exit code."""
    return run_main(arguments, GatewayConfig, _run, name="gateway")


def _run(config: GatewayConfig) -> None:
    gc.disable()  # until the worker is built; the collector would take a sixth of the start
    from penstock.entrypoints.gateway.extensions import Extensions  # lazy: after the line above
    from penstock.entrypoints.gateway.process import run  # lazy: the same

    run(config, Extensions())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
