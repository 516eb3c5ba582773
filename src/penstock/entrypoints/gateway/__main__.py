"""`python -m penstock.entrypoints.gateway '<GatewayConfig as JSON>'`; `-` reads standard input."""

import sys
from collections.abc import Sequence

import msgspec

from penstock.entrypoints.gateway.config import GatewayConfig
from penstock.entrypoints.gateway.extensions import Extensions
from penstock.entrypoints.gateway.process import run
from penstock.infra.process import read_config_argument
from penstock.kernel.errors import SetupError


def main(argv: Sequence[str]) -> int:
    """Exit code 0 after an orderly stop, 2 with one line on standard error otherwise."""
    try:
        config = msgspec.json.decode(read_config_argument(argv), type=GatewayConfig)
        run(config, Extensions())
    except SetupError as error:
        return _report(error.sentence())
    except msgspec.DecodeError as error:
        return _report(f"The gateway's configuration is wrong: {error}")
    return 0


def _report(sentence: str) -> int:
    sys.stderr.write(f"{sentence}\n")
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
