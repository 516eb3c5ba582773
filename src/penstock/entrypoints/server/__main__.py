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
    """Returns exit code 0 after an orderly stop, otherwise 2 with one line on standard error."""
    try:
        config = msgspec.json.decode(read_config_argument(argv, "{}"), type=ServerConfig)
        logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s %(message)s")
        logging.getLogger("penstock").setLevel(config.log_level.upper())
        run(config)
    except msgspec.DecodeError as error:
        return _report(SetupError(f"The server's configuration is not valid: {error}."))
    except SetupError as error:
        return _report(error)
    return 0


def _report(error: SetupError) -> int:
    sys.stderr.write(f"penstock server: {error.sentence()}\n")
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
