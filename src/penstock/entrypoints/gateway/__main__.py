"""`python -m penstock.entrypoints.gateway '<GatewayConfig as JSON>'`; `-` reads standard input."""

import sys
from collections.abc import Sequence

from penstock.entrypoints.gateway.config import GatewayConfig
from penstock.entrypoints.gateway.extensions import Extensions
from penstock.entrypoints.gateway.process import run
from penstock.infra.main import run_main


def main(arguments: Sequence[str]) -> int:
    """Runs the worker and returns its exit code."""
    return run_main(arguments, GatewayConfig, _run, name="gateway")


def _run(config: GatewayConfig) -> None:
    run(config, Extensions())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
