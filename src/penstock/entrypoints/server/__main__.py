"""`python -m penstock.entrypoints.server '<ServerConfig as JSON>'`; `-`: on standard input."""

import logging
import sys
from collections.abc import Sequence

import msgspec

from penstock.entrypoints.server.config import ServerConfig
from penstock.entrypoints.server.process import run
from penstock.infra.process import read_config_argument
from penstock.kernel.errors import SetupError


def main(argv: Sequence[str]) -> int:
    """Exit code 0 after an ordered stop, 2 with one line on standard error otherwise."""
    try:
        config = msgspec.json.decode(read_config_argument(argv, "{}"), type=ServerConfig)
        logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s %(message)s")
        logging.getLogger("penstock").setLevel(config.log_level.upper())
        run(config)
    except msgspec.DecodeError as error:
        return _refuse(SetupError(f"The server's configuration is not usable: {error}."))
    except SetupError as error:
        return _refuse(error)
    return 0


def _refuse(error: SetupError) -> int:
    sys.stderr.write(f"penstock server: {error.sentence()}\n")
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
